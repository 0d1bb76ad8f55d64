import assert from 'node:assert/strict';
import test from 'node:test';
import { isTitle } from '../../src/core/tmux/pane.js';

test('what a program asks about graphics, which tmux takes for its title, is none', () => {
  for (const [title, expected] of [
    ['Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA', false],
    ['Gi=31,s=1,v=1,a=q,t=d,f=24;', false],
    ['Ga=d', false],
    ['Ga=T,f=100,m=1;iVBORw0KGgo/+=', false],
    ['', false],
    ['Claude Code', true],
    ['G', true],
    ['Good=morning', true],
    ['Gi=31 is a query', true],
    ['Gx=1, then', true],
    ['⠂ Gi=31,s=1;AAAA', true],
  ] as const) {
    assert.equal(isTitle(title), expected, title);
  }
});
