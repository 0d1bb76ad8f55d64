import assert from 'node:assert/strict';
import test from 'node:test';
import { isSameAbout, isSamePath, isSameText, type About } from '../../src/core/state/sameRequest.js';

test('a command is the same however a screen wraps it', () => {
  assert.ok(isSameText("printf '%s'  a |\n\tsh", "printf '%s' a | sh"));
  assert.ok(!isSameText('rm a', 'rm b'));
});

test('a path is the same as its end from a folder on', () => {
  for (const shown of ['/work/a/new.txt', 'a/new.txt', './a/new.txt', 'new.txt', '/work/a/new .txt']) {
    assert.ok(isSamePath('/work/a/new.txt', shown), shown);
    assert.ok(isSamePath(shown, '/work/a/new.txt'), shown);
  }
  for (const shown of ['', 'w.txt', 'b/new.txt', '/a/new.txt', '/work/a/new.txt2']) {
    assert.ok(!isSamePath('/work/a/new.txt', shown), shown);
  }
});

test('exact texts decide to the byte; of what screens show blanks count, unless the tool itself says better', () => {
  const about = (command: string, exact: 'event' | 'screen' | null): About => ({ command, path: null, exact });
  const [one, other] = ['rm -rf /tmp/x', 'rm -rf / tmp/x'];
  assert.ok(isSameAbout(about(one, 'event'), about(one, 'screen')));
  assert.ok(!isSameAbout(about(one, 'event'), about(other, 'event')));
  assert.ok(!isSameAbout(about(one, null), about(other, null)));
  assert.ok(isSameAbout(about('a  b\n c', null), about('a b c', null)));
  assert.ok(isSameAbout(about(other, 'event'), about(one, null)), 'as a screen may wrap it');
  assert.ok(isSameAbout(about('./mark\u200b yes', 'event'), about('./mark yes', null)), 'a screen drops it');
  assert.ok(!isSameAbout(about('./mark yes', 'event'), about('./mark no', null)));
  assert.ok(!isSameAbout(about('./mark yes; rm x', 'event'), about('./mark yes', null)), 'too little of it');
  const long = `git commit -m "${'many words '.repeat(10)}"`;
  assert.ok(isSameAbout(about(`${long}; rm x`, 'event'), about(long, null)), 'a screen shows the part that fits');
});
