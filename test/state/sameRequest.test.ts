import assert from 'node:assert/strict';
import test from 'node:test';
import { isSamePath, isSameText } from '../../src/core/state/sameRequest.js';

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
