import assert from 'node:assert/strict';
import test from 'node:test';
import { hasMovedOn } from '../../src/core/approvals/movedOn.js';
import { draw, SHELL } from './fakeAgent.js';

const before = draw(SHELL);
const labels = SHELL.options;
const moved = draw({ ...SHELL, selected: 1 });

test('a dialog that draws itself anew, or whose cursor moves, has not gone', () => {
  assert.equal(hasMovedOn({ before, now: before, labels, printed: '' }), false);
  assert.equal(hasMovedOn({ before, now: moved, labels, printed: `\x1b[2J\x1b[H${moved}` }), false);
  assert.equal(hasMovedOn({ before, now: moved, labels, printed: '\x1b[8;2H ❯\x1b[7;2H \x1b]0;⠋ Brewing\x07' }), false);
  const inPieces = '\x1b[7;5Hes, and alw\x1b[7;16Hays allow\x1b[3mcess to pro';
  assert.equal(hasMovedOn({ before, now: moved, labels, printed: inPieces }), false);
});

test('an equal dialog below other words is another one', () => {
  const now = `● Ran 1 shell command\n${before}`;
  assert.equal(hasMovedOn({ before, now, labels, printed: '' }), true);
});

test('an equal dialog after words that have gone is another one', () => {
  const printed = `\x1b[2J\x1b[Hworking...\r\n\x1b[2J\x1b[H${before}`;
  assert.equal(hasMovedOn({ before, now: before, labels, printed }), true);
});
