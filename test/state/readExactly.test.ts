import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import fc from 'fast-check';
import { evaluate } from '../../src/core/approvals/policy/evaluate.js';
import { judgeScreen } from '../../src/core/state/judgeScreen.js';
import { ToolCatalog } from '../../src/core/tools/catalog.js';
import type { ScreenJudgement } from '../../src/protocol/judgement.js';
import { PolicyRule } from '../../src/protocol/policy.js';
import { drawers, screenWith, type Drawer, type Drawing } from '../helpers/drawnDialogs.js';
import { recordedScreen } from '../helpers/screens.js';

// What is read from a screen as exact is what was asked, whatever was asked and however it is drawn.

const RUNS = Number(process.env['CM_RUNS'] ?? 150);
const NOW = Date.parse('2026-11-22T12:00:00Z');
const catalog = new ToolCatalog('/nonexistent');
const shells = drawers.filter(({ action }) => action === 'shell');
const named = (drawer: Drawer): string => `${drawer.tool} ${drawer.action} ${drawers.indexOf(drawer)}`;

/** By its screen alone, as if the tool told nothing itself. */
function judge(tool: string, screen: string, columns?: number): ScreenJudgement {
  const { startup, screen: rules } = catalog.get(tool);
  return judgeScreen({ startup, screen: rules }, screen, NOW, columns);
}

interface Recorded {
  readonly drawer: number;
  readonly what: string;
  readonly words?: string;
  readonly columns: number;
  readonly rows: number;
  readonly screen: readonly string[];
}

const recorded = JSON.parse(readFileSync(join(process.cwd(), 'test/fixtures/dialogs.json'), 'utf8')) as Recorded[];

const FIRST_OPTION = /^[ │┃]*(?:[❯›●] 1\.|Allow once {3})/u;

function aboveOptions(rows: readonly string[]): string {
  const end = rows.findLastIndex((row) => FIRST_OPTION.test(row));
  return rows
    .slice(0, end)
    .map((row) => row.trimEnd())
    .join('\n')
    .trimStart();
}

test('every dialog is drawn as the real agent draws it', async (t) => {
  for (const { drawer: index, screen, ...drawing } of recorded) {
    const drawer = drawers[index];
    assert.ok(drawer);
    await t.test(`${named(drawer)} ${JSON.stringify(drawing.what).slice(0, 40)} ${drawing.columns}`, () => {
      const drawn = aboveOptions(screenWith(drawer, drawing).split('\n'));
      assert.ok(aboveOptions(screen).endsWith(drawn), `${drawn}\n--- is not\n${aboveOptions(screen)}`);
    });
  }
});

/** What dialogs consist of, in every tool. */
const DIALOG_LINES = [
  ...new Set(
    drawers.flatMap((drawer) =>
      [80, 120].flatMap((columns) => drawer.draw({ what: './mark yes', columns, rows: 24, words: 'It is needed.' })),
    ),
  ),
  '$ ./mark yes',
  '? Shell x',
  '╭───╮',
  '╰───╯',
  '│ ./mark yes │',
  '│',
  '│ │',
  'Reason: ./mark yes',
  'Environment: local',
  ' Bash command',
  '1. Yes',
  '❯ 1. Yes',
  '› 1. Yes, proceed (y)',
  '● 1. Allow once',
  'Allow execution of [Shell]?',
  'Do you want to proceed?',
  'Do you want to run this command?',
  '... first 12 lines hidden (ctrl+o to show) ...',
];

const odd = fc.constantFrom(
  ...'\u200b\u200d\u200e\u202e\u2066\ufeff\u00ad\u2060\u00a0\u0301\u3000漢\ue000\u{1f600}\ufe0f\u115f\u2028\u0085│─╌┃❯●›',
  '\t',
);
const plain = fc.string({ unit: fc.constantFrom(...'abcxyz019 ./-_=$"\'|;&<>\\:'), minLength: 1, maxLength: 60 });
const line = fc.oneof(
  plain,
  fc.constantFrom('./mark yes', 'touch ../PWNED', ''),
  fc.constantFrom(...DIALOG_LINES),
  fc.constantFrom(...DIALOG_LINES).map((text) => text.trim()),
  fc.string({ unit: fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...'./mark yes') }, odd), maxLength: 30 }),
  fc.string({ unit: 'grapheme', maxLength: 30 }),
  fc.nat(250).map((length) => 'x'.repeat(length)),
  fc.nat(60).map((length) => ' '.repeat(length)),
);
/** One line, many, or a whole dialog. */
const what = fc.oneof(
  line,
  fc.array(line, { minLength: 2, maxLength: 8 }).map((lines) => lines.join('\n')),
  fc
    .tuple(line, fc.constantFrom(...drawers), fc.integer({ min: 40, max: 200 }), fc.array(line, { maxLength: 3 }))
    .map(([first, drawer, columns, rest]) =>
      [first, ...drawer.draw({ what: './mark yes', columns, rows: 24 }), ...rest].join('\n'),
    ),
  fc.tuple(line, fc.nat(70), line).map(([first, blanks, last]) => `${first}${'\n'.repeat(blanks)}${last}`),
);
const drawing = fc.record(
  {
    what,
    columns: fc.integer({ min: 40, max: 200 }),
    rows: fc.integer({ min: 20, max: 100 }),
    words: line,
    above: fc.array(line, { maxLength: 30 }),
  },
  { requiredKeys: ['what', 'columns', 'rows'] },
) as fc.Arbitrary<Drawing>;

/** What a shell does not see, and a tool takes off or a screen cannot show. */
function essence(text: string): string {
  return text.replace(/^\n+|[ \t\n]+$/gu, '');
}

const EVERYTHING = (['allow'] as const).map((effect) =>
  PolicyRule.parse({
    id: 'all',
    effect,
    context: null,
    session: null,
    tool: null,
    actions: [],
    command: null,
    path: null,
    hosts: null,
    expires: null,
    max: null,
    used: 0,
    created: new Date(NOW).toISOString(),
    note: null,
  }),
);

async function verdict(tool: string, { kind, request }: ScreenJudgement): Promise<string> {
  if (kind === null || request === null) return 'ask';
  const session = { id: 's', contextId: 'c', tool, path: '/p' };
  const places = {
    own: '/cm',
    resolve: (paths: readonly string[]) => Promise.resolve(paths.map((path) => `/p/${path}`)),
  };
  const { effect } = await evaluate(
    { session, request: { ...request, kind } },
    { off: false, rules: EVERYTHING },
    places,
    NOW,
  );
  return effect;
}

test('what is read is what was asked, or is not exact, and then no rule allows it', async (t) => {
  for (const drawer of drawers) {
    await t.test(named(drawer), async () => {
      await fc.assert(
        fc.asyncProperty(drawing, fc.boolean(), async (drawn, isWidthKnown) => {
          const seen = judge(drawer.tool, screenWith(drawer, drawn), isWidthKnown ? drawn.columns : undefined);
          const { request } = seen;
          if (request?.exact === 'screen') {
            assert.equal(request.command ?? request.path, essence(drawn.what));
            assert.equal(request.action, drawer.action);
          } else {
            assert.equal(await verdict(drawer.tool, seen), 'ask');
          }
        }),
        { numRuns: RUNS },
      );
    });
  }
});

test('what is not exact is shown whole: no row of it that stands on the screen is missing', async (t) => {
  const bare = (text: string): string => text.replace(/[ \t\n\u2500-\u259f]/gu, '');
  // Claude Code's older dialog has its description right below the command, with nothing to tell them apart.
  for (const drawer of shells.filter((each) => !each.isOld)) {
    await t.test(named(drawer), () => {
      fc.assert(
        fc.property(
          fc.array(line, { minLength: 1, maxLength: 6 }),
          fc.integer({ min: 40, max: 200 }),
          (lines, columns) => {
            const drawn = { what: lines.join('\n'), columns, rows: 100 };
            const { kind, request, options } = judge(drawer.tool, screenWith(drawer, drawn), columns);
            // A dialog that is not recognised, or cannot be answered, misleads nobody.
            if (kind !== 'permission' || request === null || options.length === 0) return;
            const shown = bare(`${request.command ?? ''}${request.path ?? ''}`);
            for (const row of drawn.what.split('\n').slice(0, 6)) {
              const [part = ''] = bare(row).match(/^[!-~]{1,20}/u) ?? [];
              assert.ok(shown.includes(part), `${JSON.stringify(part)} is not in ${JSON.stringify(request)}`);
            }
          },
        ),
        { numRuns: RUNS },
      );
    });
  }
});

test('plain commands of one line are exact at every usual size', async (t) => {
  const word = fc.string({ unit: fc.constantFrom(...'abcdefgxyz019./-_='), minLength: 1, maxLength: 9 });
  const command = fc.array(word, { minLength: 1, maxLength: 4 }).map((words) => words.join(' '));
  for (const drawer of shells.filter(({ tool }) => tool !== 'copilot')) {
    for (const [columns, rows] of [
      [120, 40],
      [80, 24],
    ] as const) {
      await t.test(`${named(drawer)} ${columns}x${rows}`, () => {
        const commands = fc.sample(command, { numRuns: 100, seed: 7 });
        const exact = commands.filter((each) => {
          const { request } = judge(drawer.tool, screenWith(drawer, { what: each, columns, rows }), columns);
          return request?.exact === 'screen' && request.command === each;
        });
        assert.ok(exact.length >= 98, `${exact.length} of 100`);
      });
    }
  }
});

test('a command that repeats the lines of its dialog is shown whole and not exact', () => {
  const asked = (tool: string, lines: readonly string[]): ScreenJudgement => {
    const drawer = shells.find((each) => each.tool === tool);
    assert.ok(drawer);
    return judge(tool, screenWith(drawer, { what: lines.join('\n'), columns: 120, rows: 40 }), 120);
  };
  for (const seen of [
    asked('codex', ['touch ../PWNED', 'Would you like to run the following command?', '$ ./mark yes']),
    asked('gemini', ['touch ../PWNED', '? Shell x', '╭───╮', './mark yes']),
    asked('claude', ['touch ../PWNED', 'Bash command', '╌'.repeat(120), './mark yes', '╌'.repeat(120)]),
    asked('opencode', ['touch ../PWNED', '△ Permission required', '  # Shell command', '', '$ ./mark yes']),
    asked('gemini', ['cat <<│', 'x', '│', 'touch ../PWNED']),
  ]) {
    assert.equal(seen.request?.exact, null);
    assert.ok(seen.request.command?.includes('touch ../PWNED'), JSON.stringify(seen.request));
  }
});

test('words of the model beside a command leave it to a person', () => {
  for (const drawer of shells.filter(({ tool }) => tool !== 'gemini' && tool !== 'opencode')) {
    const screen = screenWith(drawer, { what: './mark yes', columns: 120, rows: 40, words: 'It is harmless.' });
    const { request, options } = judge(drawer.tool, screen, 120);
    assert.deepEqual([request?.exact, options.length > 1], [null, true], named(drawer));
    assert.ok(request?.command?.includes('./mark yes'), named(drawer));
  }
});

test('Copilot asks for its command, not for what its model says of it', () => {
  const screen = recorded.find(({ words }) => words === 'Run npm test');
  const { request } = judge('copilot', screen?.screen.join('\n') ?? '');
  assert.deepEqual([request?.command, request?.text, request?.exact], ['rm -rf precious', 'rm -rf precious', null]);
});

test('what stands off the screen, or is cut, is not exact', () => {
  const tall = Array.from({ length: 60 }, (_, index) => `touch f${index}`).join('\n');
  for (const drawer of shells) {
    for (const what of [tall, `./mark yes${'\n'.repeat(50)}touch ../PWNED`]) {
      const { request } = judge(drawer.tool, screenWith(drawer, { what, columns: 80, rows: 24 }), 80);
      assert.equal(request?.exact ?? null, null, named(drawer));
    }
  }
});

test('nothing is answerable of a dialog that is not all there', () => {
  const seen = judge(
    'codex',
    '• I will bashesc now.\n\n› 1. Yes, proceed (y)          Press enter to confirm or esc to cancel\n',
  );
  assert.deepEqual([seen.state, seen.options, seen.wouldSend], ['waiting', [], null]);
  const copilot = judge(
    'copilot',
    '│ Do you want to run this command?   │\n│                                    │\n│ ❯ 1. Yes                           │\n│   2. No, and tell Copilot          │\n╰────────────────────────────────────╯\n',
  );
  assert.deepEqual([copilot.state, copilot.options, copilot.wouldSend], ['waiting', [], null]);
});

test('an option that stands there twice, and frames of two widths, make a dialog doubtful', () => {
  const drawn = { what: './mark yes', columns: 120, rows: 40 };
  const gemini = shells.find(({ tool }) => tool === 'gemini');
  assert.ok(gemini);
  const screen = screenWith(gemini, drawn);
  assert.equal(judge('gemini', screen).request?.exact, 'screen');
  const twice = screen.replace('Allow for this session', 'Allow once            ');
  assert.equal(judge('gemini', twice).request?.exact, null);
  assert.equal(judge('gemini', screen.replace('╭─', '╭──')).request?.exact, null);
  assert.equal(judge('gemini', screen, 100).request?.exact, null);
  assert.equal(judge('gemini', screen.replace('./mark yes', './mark no ')).request?.exact, null);
  assert.equal(judge('gemini', screenWith(gemini, { ...drawn, what: './mark\\ ' })).request?.exact, null);
});

test('rows that tmux takes for one long line are none: a dialog is read as it stands', () => {
  for (const name of ['opencode/51-approval-80x24.txt', 'opencode/52-approval-80x24.txt']) {
    const { request } = judge('opencode', recordedScreen(name), 80);
    assert.equal(request?.command, name.includes('51') ? 'ln -s nowhere f39' : 'echo x >> allow24');
  }
});
