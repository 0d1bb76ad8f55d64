import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import fc from 'fast-check';
import { branchName } from '../../src/core/git/worktree.js';

test('a branch keeps the letters of its session’s name, in any script', () => {
  for (const [name, branch] of [
    ['fix-auth', 'cm/fix-auth'],
    ['Fix the Login', 'cm/fix-the-login'],
    ['修复-登录', 'cm/修复-登录'],
    ['исправь вход', 'cm/исправь-вход'],
    ['می‌خواهم', 'cm/می-خواهم'],
    ['👩‍💻 works', 'cm/works'],
    ['a..b', 'cm/a-b'],
    ['x.lock', 'cm/x'],
    ['👩‍💻', 'cm/id'],
  ] as const) {
    assert.equal(branchName(name, 'id'), branch);
  }
});

test('git takes every such name', () => {
  const names = fc.sample(fc.string({ unit: 'grapheme', maxLength: 40 }), 200);
  const script = 'while IFS= read -r name; do git check-ref-format --branch "$name" || exit; done';
  const input = names.map((name) => `${branchName(name.replace(/\n/g, ' '), 'id')}\n`).join('');
  const { status, stderr } = spawnSync('sh', ['-c', script], { input, encoding: 'utf8' });
  assert.equal(status, 0, stderr);
});
