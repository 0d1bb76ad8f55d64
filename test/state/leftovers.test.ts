import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { screenEvidence, type Evidence } from '../../src/core/state/evidence.js';
import { judgeScreen } from '../../src/core/state/judgeScreen.js';
import { initialState, reduceState, type StateEvent, type StateModel } from '../../src/core/state/reducer.js';
import { requestOf } from '../../src/core/state/requestOf.js';
import { visible } from '../../src/core/state/sameRequest.js';
import { ToolCatalog } from '../../src/core/tools/catalog.js';

// What a real Gemini 0.61 leaves on its screen while people look in from other sizes: rows of the same dialog and of
// dialogs before it, at the widths that the terminal had. Each file is named by the columns that it has at last.
const folder = join(process.cwd(), 'test/fixtures/leftovers');
const long = (number: number): string => `mktemp -q allow-${number}-${'x'.repeat(90)}-XXXXXX`;
const ASKED: Readonly<Record<string, string>> = {
  '120-twice.txt': long(4),
  '60-cut.txt': long(2),
  '80-wrapped.txt': 'mktemp -q allow-5-XXXXXX',
  '120-before.txt': long(6),
};
const gemini = new ToolCatalog('/nonexistent').get('gemini');

const judged = (screen: string, columns: number): ReturnType<typeof judgeScreen> => {
  assert.ok(gemini);
  return judgeScreen(gemini, screen, 0, columns);
};

for (const file of readdirSync(folder)) {
  test(`${file}: the dialog that is asked is read, and nothing of what is left above it`, () => {
    const { kind, request, options } = judged(readFileSync(join(folder, file), 'utf8'), parseInt(file, 10));
    assert.equal(kind, 'permission');
    assert.equal(visible(request?.command ?? ''), visible(ASKED[file] ?? ''));
    assert.equal(request?.doubtful, undefined);
    assert.equal(options.length, 3);
  });
}

test('a sign of work above the words that a turn was broken off is left over, one below them is none', () => {
  const screen = readFileSync(join(process.cwd(), 'test/fixtures/given/gemini61/interrupted.txt'), 'utf8');
  const spinner = ' ⠋ Thinking... (esc to cancel, 3s)';
  const words = 'ℹ Request cancelled.';
  assert.ok(screen.includes(words));
  const above = judged(screen.replace(words, `${spinner}\n${'─'.repeat(80)}\n${words}`), 120);
  assert.deepEqual([above.state, above.interrupted], ['idle', true]);
  assert.equal(judged(screen.replace(words, `${words}\n${spinner}`), 120).state, 'working');
});

/** A dialog as Gemini draws it. */
function drawn(rows: readonly string[], columns: number): string {
  const frame = (text: string): string => `│ ${text.padEnd(columns - 4)} │`;
  const line = '─'.repeat(columns - 6);
  return [
    `╭${'─'.repeat(columns - 2)}╮`,
    frame(`? Shell  ${rows[0] ?? ''}`),
    frame(`╭${line}╮`),
    ...rows.map((row) => frame(`│ ${row.padEnd(columns - 8)} │`)),
    frame(`╰${line}╯`),
    frame('Allow execution of [Shell]?'),
    frame(''),
    frame('● 1. Allow once'),
    frame('  2. Allow for this session'),
    frame('  3. No, suggest changes (esc)'),
    `╰${'─'.repeat(columns - 2)}╯`,
  ].join('\n');
}

test('a command that draws a dialog of its own hides nothing that stands above that', () => {
  const inner = drawn(['ls'], 72).split('\n').slice(0, 6);
  const { request } = judged(drawn(['rm -rf precious', ...inner], 80), 80);
  assert.ok(request?.command?.includes('rm -rf precious'), request?.command ?? '');
  assert.equal(request?.doubtful, true);
  // Signs that a terminal draws wider than its program thinks push the rest of a row to the left edge of the next one.
  const forged = [`│ │ rm -rf precious ${'\u{1f468}\u200d\u{1f469}'.repeat(20)}`, ...drawn(['ls'], 80).split('\n')];
  const over = judged(
    ['╭'.padEnd(79, '─') + '╮', '│ ? Shell  rm -rf precious'.padEnd(79) + '│', ...forged].join('\n'),
    80,
  );
  assert.ok(over.request?.command?.includes('rm -rf precious'), over.request?.command ?? '');
  const [top = '', , ...rest] = drawn(['ls'], 80).split('\n');
  const torn = judged([top, '│ ? Shell  rm -rf precious', top, '  ? Shell  ls', ...rest].join('\n'), 80);
  assert.ok(torn.request?.command?.includes('rm -rf precious'), torn.request?.command ?? '');
});

const TITLE: Evidence = {
  source: 'title',
  state: 'waiting',
  phase: null,
  asked: { kind: 'permission', text: '', request: null, options: [] },
  turnEnded: null,
  error: undefined,
  limitedUntil: null,
  background: 0,
  time: 0,
  ttl: null,
  detail: '',
};

/** The model after screens, each with its columns, from a moment on. */
function after(known: StateModel, screens: readonly (readonly [string, number])[], from: number): StateModel {
  // Its title says all the while that it asks, and not what.
  const title = { ...TITLE, time: from };
  const model = known.held.title === undefined ? reduceState(known, { type: 'evidence', evidence: title }) : known;
  return screens.reduce((known, [screen, columns], index) => {
    const evidence = screenEvidence(judged(screen, columns), from + index * 50, columns);
    // That nothing can be read counts later only.
    const time = from + index * 50;
    const event: StateEvent = evidence ? { type: 'evidence', evidence } : { type: 'time', time };
    return reduceState(known, event);
  }, model);
}

/** At another width it wraps within words. */
const wrapped = (command: string, columns: number): readonly string[] =>
  command.match(new RegExp(`.{1,${columns - 8}}`, 'gu')) ?? [];

test('one command at several widths is one request, also before it was told exactly', () => {
  const widths = [120, 80, 60, 120] as const;
  const screens = widths.map((columns) => [drawn(wrapped(long(1), columns), columns), columns] as const);
  const { verdict } = after(initialState(0), screens, 100);
  assert.equal(verdict.request, 1);
  const other = after(after(initialState(0), screens, 100), [[drawn(wrapped(long(2), 80), 80), 80]], 900);
  assert.equal(other.verdict.request, 2);
});

test('a dialog that was told exactly stays what it is while it is drawn anew in pieces, for a moment', () => {
  const whole = drawn(['mktemp one'], 80);
  const first = after(initialState(0), [[whole, 80]], 100);
  const request = requestOf({ action: 'shell', command: 'mktemp one', exact: 'record' });
  const exact = reduceState(first, { type: 'calls', open: [{ id: 'a', request }], began: 150, time: 200 });
  assert.equal(exact.verdict.asked?.request?.exact, 'record');
  const rows = whole.split('\n');
  const pieces: Readonly<Record<string, readonly string[]>> = {
    'without its command': [...rows.slice(0, 1), '│ ? Shell'.padEnd(79) + '│', ...rows.slice(5)],
    'without its options': rows.slice(0, 7),
    'below its old rows': [
      ...rows.slice(1, 5).map((row) => row.slice(0, 40)),
      ...rows.slice(0, 9).map((row) => row.slice(0, 60)),
      ...rows.slice(9),
    ],
  };
  for (const [name, piece] of Object.entries(pieces)) {
    const torn = after(exact, [[piece.join('\n'), 80]], 1000);
    assert.equal(torn.verdict.request, 1, name);
    assert.equal(torn.verdict.asked?.request?.command, 'mktemp one', name);
    const again = after(torn, [[whole, 80]], 1100).verdict;
    assert.deepEqual([again.request, again.asked?.request?.exact], [1, 'record'], name);
  }
  const evidence = screenEvidence(judged(whole, 80), 1000, 80);
  assert.ok(evidence);
  const list = { kind: 'question', text: '', request: requestOf({ text: '' }), options: [] } as const;
  const begun = reduceState(exact, { type: 'evidence', evidence: { ...evidence, asked: list } });
  assert.equal(after(begun, [[whole, 80]], 1100).verdict.request, 1, 'a list of which nothing stands there yet');
  const stays = after(exact, Array(30).fill([(pieces['below its old rows'] ?? []).join('\n'), 80]), 1000);
  assert.equal(stays.verdict.asked?.request?.exact, null, 'what stands there for long is what is asked');
});
