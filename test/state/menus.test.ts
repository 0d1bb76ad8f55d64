import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { withStyledCursor } from '../../src/core/state/styledCursor.js';
import { judgeScreen } from '../../src/core/state/judgeScreen.js';
import { ToolCatalog } from '../../src/core/tools/catalog.js';
import { guardChoice } from '../../src/core/approvals/guards.js';

// Lists in place of the input box of real agents, 120x40, 80x24 and as they were given.

const catalog = new ToolCatalog('/nonexistent');
const FOLDER = join(process.cwd(), 'test/fixtures/menus');
const read = (name: string): string => readFileSync(join(FOLDER, `${name}.txt`), 'utf8');
const judge = (name: string, screen = read(name)): ReturnType<typeof judgeScreen> =>
  judgeScreen(catalog.get(name.split('/')[0] ?? ''), screen, 0);

const menus = ['codex', 'gemini', 'opencode'].flatMap((tool) =>
  readdirSync(join(FOLDER, tool)).flatMap((file) => (file.startsWith('menu-') ? [`${tool}/${file.slice(0, -4)}`] : [])),
);

for (const name of menus) {
  test(`${name} waits for a person and says what it is`, () => {
    const { state, kind, draft, request } = judge(name);
    assert.deepEqual([state, kind, draft], ['waiting', 'question', null]);
    assert.match(request?.text ?? '', /^(?:[A-Z]\w+(?: \w+)*|Where should .*\?)/u);
  });
}

test('the input box of a tool, whatever stands above it, is no list', () => {
  for (const file of readdirSync(join(FOLDER, 'codex')).filter((each) => /^(?:box|closed|typed)-/u.test(each))) {
    assert.equal(judge(`codex/${file.slice(0, -4)}`).state, 'idle', file);
  }
  const printed = '› 1. Use current Git worktree\n  2. Create new Git worktree\n\n  enter select · esc back\n\n';
  const screen = read('codex/closed-120').replace(/^› Ask/mu, `${printed}› Ask`);
  assert.ok(screen.includes(printed));
  assert.equal(judge('codex/closed-120', screen).state, 'idle');
});

test('what is not shown in whole is not answered', () => {
  for (const name of [
    'codex/menu-model-120',
    'codex/menu-model-80',
    'codex/menu-model-given',
    'codex/menu-theme-120',
  ]) {
    assert.deepEqual(judge(name).options, [], name);
  }
});

const ticks = (name: string): string =>
  judge(name)
    .options.map(({ label, ticked, finishes, selected }) =>
      [
        selected === true ? '>' : '',
        ticked === undefined ? '' : ticked ? '+' : '-',
        label,
        finishes === true ? '!' : '',
      ].join(''),
    )
    .join(' ');

test('options of which several can be chosen have their marks, and the row that ends the choice is none of them', () => {
  assert.equal(ticks('claude/several-120'), '>-Apple -Pear -Plum -Type something Next! Chat about this');
  assert.equal(ticks('claude/several-80'), '>-Apple -Pear -Plum -Type something Next! Chat about this');
  assert.equal(ticks('claude/several-given'), '>-Apple -Pear -Plum -Type something Next! Chat about this');
  assert.equal(ticks('claude/several-one-120'), '>-Apple -Pear -Plum -Type something Submit! Chat about this');
  assert.equal(ticks('claude/several-ticked-120'), '-Apple >+Pear -Plum -Type something Next! Chat about this');
  assert.equal(ticks('claude/several-end-120'), '-Apple +Pear -Plum +txt >Next! Chat about this');
  assert.equal(ticks('gemini/several-120'), '>-Apple -Pear -Plum');
  assert.equal(ticks('gemini/several-80'), '>-Apple -Pear -Plum');
  assert.equal(ticks('gemini/several-given'), '>-Apple -Pear -All of the above');
  assert.equal(ticks('gemini/several-end-120'), '-All of the above -Enter a custom value >Done!');
  assert.deepEqual(
    [judge('gemini/several-120').request?.several, judge('gemini/several-120').request?.more],
    [true, true],
  );
  assert.equal(judge('gemini/several-120').request?.question, 'Which fruits?');
  // opencode marks its cursor by colours alone.
  assert.equal(ticks('opencode/several-one-120'), '-Apple -Pear -Plum -Type your own answer');
  assert.equal(ticks('opencode/several-ticked-120'), '+Apple +Pear -Plum -Type your own answer');
  assert.equal(ticks('opencode/several-80'), '+Apple -Pear -Plum -Type your own answer');
  assert.equal(ticks('opencode/several-60'), '+Apple -Pear -Plum -Type your own answer');
  assert.equal(judge('opencode/several-one-120').request?.question, 'Which fruits do you like?');
  assert.equal(judge('opencode/several-60').request?.question, 'Which fruits?');
});

test('a list that opencode opens over its screen is one wherever it stands, and what is printed like it is none', () => {
  const menu = read('opencode/menu-commands-session-120');
  assert.deepEqual(judge('opencode', menu).options, []);
  // A row further left or right is what an agent has printed.
  for (const moved of [menu.replace('    Commands', '  Commands'), menu.replace(/ {5}esc$/mu, ' esc')]) {
    assert.notEqual(moved, menu);
    assert.notEqual(judge('opencode', moved).rule, 'overlay');
  }
  assert.equal(judge('opencode/box-completion-80').state, 'idle');
});

test('a question is read whole, over however many rows its screen draws it', () => {
  const screen = read('opencode/several-60');
  const long = screen.replace('  ┃  Which fruits?', '  ┃  Of all that grows on the trees there.\n  ┃  Which fruits?');
  assert.notEqual(long, screen);
  assert.equal(judge('opencode', long).request?.question, 'Of all that grows on the trees there. Which fruits?');
});

test('where a cursor is marked by colours alone it is found beside options that are chosen', () => {
  const styled = readFileSync(join(FOLDER, 'opencode/several-ticked-120.ansi'), 'utf8');
  const { options } = withStyledCursor(judge('opencode', styled), styled);
  assert.deepEqual(
    options.map(({ label, ticked, selected }) => [label, ticked, selected]),
    [
      ['Apple', false, false],
      ['Pear', true, false],
      ['Plum', false, true],
      ['Type your own answer', false, false],
    ],
  );
});

test('only of one answer it is said that it is meant', () => {
  assert.equal(judge('opencode/review-120').confirms, 'Submit');
  assert.deepEqual(
    [judge('opencode/review-two-60').kind, judge('opencode/review-two-60').confirms],
    ['question', null],
  );
  assert.equal(judge('claude/review-120').confirms, 'Submit answers');
  const two = read('claude/review-120').replace('   → Plum, Pear', '   → Plum, Pear\n ● How many?\n   → One');
  assert.deepEqual(
    [judge('claude/review-120', two).state, judge('claude/review-120', two).confirms],
    ['waiting', null],
  );
});

test('a choice of several ends only as it was meant, and on its last row', () => {
  const { options } = judge('claude/several-end-120');
  guardChoice(options, ['Pear', 'txt']);
  assert.throws(() => guardChoice(options, ['Pear']), { code: 'conflict' });
  assert.throws(() => guardChoice(options, ['Pear', 'txt', 'Plum']), { code: 'conflict' });
  assert.throws(() => guardChoice(judge('claude/several-ticked-120').options, ['Pear']), { code: 'conflict' });
  // Where a key ends it only the marks can be read, and where the cursor is.
  const marked = judge('opencode/several-80').options.map((option, at) => ({ ...option, selected: at === 3 }));
  guardChoice(marked, ['Apple'], true);
  assert.throws(() => guardChoice(marked, ['Apple', 'Pear'], true), { code: 'conflict' });
  assert.throws(() => guardChoice(marked, ['Apple']), { code: 'conflict' });
});

test('an option is one also where a narrow terminal leaves no blank behind its number', () => {
  const screen = [
    '● Bash(touch new-24.txt)',
    '  ⎿  Waiting…',
    '',
    '────────────────────────────────────────────────────────────',
    ' Bash command',
    '',
    '   touch new-24.txt',
    '   Run a scripted command',
    '',
    ' Do you want to proceed?',
    ' ❯ 1. Yes',
    '   2.Yes, and always allow access to project/ from this',
    '     project',
    '   3. No',
    '',
    ' Esc to cancel · Tab to amend · ctrl+e to explain',
  ].join('\n');
  const { state, kind, options } = judge('claude/narrow', screen);
  assert.deepEqual([state, kind], ['waiting', 'permission']);
  assert.deepEqual(
    options.map(({ label }) => label),
    ['Yes', 'Yes, and always allow access to project/ from this project', 'No'],
  );
});
