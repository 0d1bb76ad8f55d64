import assert from 'node:assert/strict';
import fc from 'fast-check';
import { evaluate } from '../../src/core/approvals/policy/evaluate.js';
import { judgeScreen } from '../../src/core/state/judgeScreen.js';
import { means } from '../../src/core/state/mergeAsked.js';
import { requestOf } from '../../src/core/state/requestOf.js';
import { ToolCatalog } from '../../src/core/tools/catalog.js';
import type { ScreenJudgement } from '../../src/protocol/judgement.js';
import { PolicyRule } from '../../src/protocol/policy.js';
import { drawers, screenWith, type Drawer, type Drawing } from './drawnDialogs.js';
import { inked, type Ink } from './drawnText.js';

/** What holds of every dialog, whatever is asked and however it is drawn. */

const NOW = Date.parse('2026-11-22T12:00:00Z');
const catalog = new ToolCatalog('/nonexistent');

/** What a drawn dialog says by its screen alone, as if its tool told nothing itself. */
export function judge(tool: string, screen: string, columns?: number): ScreenJudgement {
  const { startup, screen: rules } = catalog.get(tool);
  return judgeScreen({ startup, screen: rules }, screen, NOW, columns);
}

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
    ink: fc.record<Ink>({
      unseen: fc.constantFrom('kept', 'dropped', 'replaced'),
      tab: fc.constantFrom('kept', 'dropped', 'blank', 'blanks'),
      wide: fc.constantFrom('kept', 'apart', 'replaced'),
    }),
  },
  { requiredKeys: ['what', 'columns', 'rows'] },
) as fc.Arbitrary<Drawing>;

const lines = fc.array(line, { minLength: 1, maxLength: 6 });
/** As agents ask: words and paths of plain text, short and long. */
const word = fc.string({ unit: fc.constantFrom(...'abcdefgxyz019./-_='), minLength: 1, maxLength: 70 });
const asked = fc.array(word, { minLength: 1, maxLength: 12 }).map((words) => `/${words.join('/')}`);

/** What a shell does not see, and a tool takes off or a screen cannot show. */
function essence(text: string): string {
  return text.replace(/^\n+|[ \t\n]+$/gu, '');
}

const EVERYTHING = PolicyRule.parse({
  id: 'all',
  effect: 'allow',
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
});

async function verdict(tool: string, { kind, request }: ScreenJudgement): Promise<string> {
  if (kind === null || request === null) return 'ask';
  const session = { id: 's', contextId: 'c', tool, path: '/p' };
  const places = {
    own: '/cm',
    resolve: (paths: readonly string[]) => Promise.resolve(paths.map((path) => `/p/${path}`)),
  };
  const { effect } = await evaluate(
    { session, request: { ...request, kind } },
    { off: false, rules: [EVERYTHING] },
    places,
    NOW,
  );
  return effect;
}

export interface Runs {
  readonly numRuns: number;
  readonly seed?: number;
}

/** By its name: what holds of the dialogs of a drawer. */
export const PROPERTIES: Readonly<Record<string, (drawer: Drawer, runs: Runs) => Promise<void>>> = {
  /** Exactly is read what stands there, and what is not exact no rule allows. */
  exact: (drawer, runs) =>
    fc.assert(
      fc.asyncProperty(drawing, fc.boolean(), async (drawn, isWidthKnown) => {
        const seen = judge(drawer.tool, screenWith(drawer, drawn), isWidthKnown ? drawn.columns : undefined);
        const { request } = seen;
        if (request?.exact === 'screen') {
          const drawnText = drawn.ink === undefined ? drawn.what : inked(drawn.what, drawn.ink);
          assert.equal(request.command ?? request.path, essence(drawnText));
          assert.equal(request.action, drawer.action);
        } else {
          assert.equal(await verdict(drawer.tool, seen), 'ask');
        }
      }),
      runs,
    ),

  /** No row of what is asked is missing where it can be answered, and all of a row of plain text is there. */
  whole: (drawer, runs) =>
    fc.assert(
      fc.asyncProperty(lines, fc.integer({ min: 40, max: 200 }), async (asked, columns) => {
        const drawn = { what: asked.join('\n'), columns, rows: 100 };
        const { kind, request, options: choices } = judge(drawer.tool, screenWith(drawer, drawn), columns);
        // A dialog that is not recognised, or cannot be answered, misleads nobody.
        if (kind !== 'permission' || request === null || choices.length === 0) return;
        const { command, path, action, exact } = request;
        // What repeats the header of another dialog may be taken for that, and is not known exactly then.
        if (action !== drawer.action) return assert.equal(exact, null);
        // Without either nothing is shown as if it were what is asked.
        if (command === null && path === null) return;
        const shown = bare(`${command ?? ''}${path ?? ''}`);
        for (const row of drawn.what.split('\n')) {
          const [part = ''] = bare(row).match(/^[!-~]{1,20}/u) ?? [];
          const all = /^[ -~]*$/u.test(row) && fits(drawer, drawn) ? bare(row) : part;
          assert.ok(shown.includes(all), `${JSON.stringify(all)} is not in ${JSON.stringify(request)}`);
        }
        await Promise.resolve();
      }),
      runs,
    ),

  /** A dialog is known to be that of its own event, and can be answered, whatever its width. */
  event: (drawer, runs) =>
    fc.assert(
      fc.asyncProperty(asked, fc.integer({ min: 60, max: 200 }), async (what, columns) => {
        const drawn = { what, columns, rows: 100 };
        if (!fits(drawer, drawn)) return;
        const { request, options: choices } = judge(drawer.tool, screenWith(drawer, drawn), columns);
        const { action } = drawer;
        const subject = action === 'shell' ? { command: what } : action === 'mcp' ? {} : { path: what };
        const told = requestOf({ action, ...subject, exact: 'event' });
        assert.deepEqual([request?.action, choices.length > 1], [action, true], JSON.stringify(request));
        assert.ok(means(told, request), `${JSON.stringify(told)} is not ${JSON.stringify(request)}`);
        await Promise.resolve();
      }),
      runs,
    ),
};

function bare(text: string): string {
  return text.replace(/[ \t\n⏎⇥␣\u2500-\u259f]/gu, '');
}

/** Whether all of what is asked stands on the screen. */
function fits(drawer: Drawer, drawn: Drawing): boolean {
  const rows = drawer.draw(drawn).length;
  return rows <= drawn.rows && rows - 6 <= (drawer.shows?.(drawn.rows) ?? drawn.rows);
}
