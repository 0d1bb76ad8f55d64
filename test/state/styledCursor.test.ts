import assert from 'node:assert/strict';
import test from 'node:test';
import { judgeScreen } from '../../src/core/state/judgeScreen.js';
import { withStyledCursor } from '../../src/core/state/styledCursor.js';
import type { ScreenJudgement } from '../../src/protocol/judgement.js';
import { OPENCODE } from '../approvals/fakeAgent.js';

const GROUND = '\x1b[48;2;30;30;30m';
const MARK = '\x1b[38;2;10;10;10m\x1b[48;2;245;167;66m';
const GREY = '\x1b[38;2;128;128;128m';

/** The permission of opencode, with one of its options on another ground. */
function permission(chosen: string, rest = `${GROUND}      \x1b[38;2;238;238;238menter ${GREY}confirm`): string {
  const options = ['Allow once', 'Allow always', 'Reject'].map((label) =>
    label === chosen ? `${MARK} ${label} ${GROUND}` : `${GREY} ${label} `,
  );
  const lines = ['△ Permission required', '  # Shell command', '', '$ touch b.txt', '', `${options.join(' ')}${rest}`];
  return lines.map((line) => `  \x1b[38;2;245;167;66m┃${GROUND}  ${line}\x1b[0m`).join('\n');
}

const judged = (text: string): ScreenJudgement => withStyledCursor(judgeScreen(OPENCODE, text, 0), text);
const shown = ({ options }: ScreenJudgement): unknown =>
  options.map(({ label, selected, keys }) => [label, selected, keys]);

test('an option on another ground is the chosen one, and the others are so many steps away', () => {
  assert.deepEqual(shown(judged(permission('Allow once'))), [
    ['Allow once', true, ['Enter']],
    ['Allow always', false, ['Right', 'Enter']],
    ['Reject', false, ['Right', 'Right', 'Enter']],
  ]);
  assert.deepEqual(shown(judged(permission('Reject'))), [
    ['Allow once', false, ['Left', 'Left', 'Enter']],
    ['Allow always', false, ['Left', 'Enter']],
    ['Reject', true, ['Enter']],
  ]);
});

test('where nothing is marked, or more than one, nobody knows which is chosen', () => {
  const none = judged(permission(''));
  assert.deepEqual(new Set(none.options.map(({ selected }) => selected)), new Set([null]));
  const both = permission('Allow once').replace(`${GREY} Reject `, `${MARK} Reject ${GROUND}`);
  assert.deepEqual(new Set(judged(both).options.map(({ selected }) => selected)), new Set([null]));
});

test('in a list the one that is written in another colour is chosen', () => {
  const line = (label: string, colour: string): string => `  ┃  ${colour}${label}\x1b[0m`;
  const text = [
    '  ┃  Which colour?',
    '  ┃',
    line('1. Red', GREY),
    line('2. Blue', '\x1b[38;2;92;156;245m'),
    line('3. Type your own answer', GREY),
    '  ┃',
    '  ┃  ↑↓ select  enter submit  esc dismiss',
  ].join('\n');
  const found = judged(text);
  assert.equal(found.kind, 'question');
  assert.deepEqual(
    found.options.map(({ selected, keys }) => [selected, keys]),
    [
      [false, ['Up', 'Enter']],
      [true, ['Enter']],
      [false, ['Down', 'Enter']],
    ],
  );
});
