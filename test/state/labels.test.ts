import assert from 'node:assert/strict';
import test from 'node:test';
import { guardCursor, guardOption } from '../../src/core/approvals/guards.js';
import { judgeScreen } from '../../src/core/state/judgeScreen.js';
import { labelKey } from '../../src/core/state/sameRequest.js';
import { ToolCatalog } from '../../src/core/tools/catalog.js';
import type { ScreenOption } from '../../src/protocol/screen.js';

// The words of an option are told as the agent shows them, blanks included; another width, which may take some of those,
// makes no other option of it.

const catalog = new ToolCatalog('/nonexistent');

function options(rows: readonly string[]): readonly ScreenOption[] {
  const dialog = [' Bash command', '', '   grep x', '   Search', '', ' Do you want to proceed?'];
  const screen = ['─'.repeat(80), ...dialog, ...rows, '', ' Esc to cancel · Tab to amend'];
  return judgeScreen(catalog.get('claude'), screen.join('\n'), 0, 80).options;
}

function asked(rows: readonly string[]): readonly ScreenOption[] {
  const screen = ['─'.repeat(80), ' ☐ Style ', '', 'Which style?', '', ...rows, '', 'Enter to select · Esc to cancel'];
  return judgeScreen(catalog.get('claude'), screen.join('\n'), 0, 80).options;
}

const labels = (all: readonly ScreenOption[]): readonly string[] => all.map(({ label }) => label);

test('the label of a permission keeps all its blanks', () => {
  for (const words of ["grep 'a  b'", 'echo a   b    c', 'a b', "printf '%s  %s'"]) {
    const always = `Yes, and don't ask again for: ${words} *`;
    assert.deepEqual(labels(options([' ❯ 1. Yes', `   2. ${always}`, '   3. No'])), ['Yes', always, 'No']);
  }
});

test('a label that two rows are needed for is the same option', () => {
  const [, wide] = options([' ❯ 1. Yes', "   2. Yes, and don't ask again for: grep 'a  b' *", '   3. No']);
  const narrow = options([' ❯ 1. Yes', "   2. Yes, and don't ask again for: grep 'a", "      b' *", '   3. No']);
  assert.ok(wide);
  assert.notEqual(narrow[1]?.label, wide.label);
  assert.equal(labelKey(narrow[1]?.label ?? ''), labelKey(wide.label));
  assert.equal(guardOption(narrow, wide.label), narrow[1]);
  guardCursor(
    narrow.map((one, index) => ({ ...one, selected: index === 1 })),
    wide.label,
  );
  // Two that differ by blanks alone cannot be told from one another.
  const alike = options([' ❯ 1. Yes', '   2. Yes,  and go', '   3. Yes, and  go', '   4. No']);
  assert.throws(() => guardOption(alike, 'Yes,  and go'), { code: 'conflict' });
});

test('an answer to a question keeps its blanks, and what stands beside it in a column is none of its words', () => {
  assert.deepEqual(labels(asked(['❯ 1. two  blanks', '  2. one blank', '  3. Type something.'])), [
    'two  blanks',
    'one blank',
    'Type something.',
  ]);
  const beside = asked(['❯ 1. Short       does little', '  2. A bit long  does more', '  3. Type something.']);
  assert.deepEqual(
    beside.map(({ label, detail }) => [label, detail]),
    [
      ['Short', 'does little'],
      ['A bit long', 'does more'],
      ['Type something.', null],
    ],
  );
});
