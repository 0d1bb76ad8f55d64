import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { CodeManagerError } from '../../src/protocol/errors.js';
import { branchName, createWorktree } from '../../src/core/git/worktree.js';
import { LocalMachine } from '../../src/machines/local/localMachine.js';
import { GitBed } from './gitBed.js';

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
    ['修'.repeat(200), `cm/${'修'.repeat(50)}`],
  ] as const) {
    assert.equal(branchName(name, 'id'), branch);
  }
});

test('git takes every such name', () => {
  const names = fc.sample(fc.string({ unit: 'grapheme', maxLength: 80 }), 200);
  const script = 'while IFS= read -r name; do git check-ref-format --branch "$name" || exit; done';
  const input = names.map((name) => `${branchName(name.replace(/\n/g, ' '), 'id')}\n`).join('');
  const { status, stderr } = spawnSync('sh', ['-c', script], { input, encoding: 'utf8' });
  assert.equal(status, 0, stderr);
});

test('a branch that cannot be had is refused by the reason, with no word of git’s and nothing made', async (t) => {
  const bed = new GitBed(t);
  await createWorktree(bed.git, { ...bed.worktree('first'), branch: 'taken' });
  await createWorktree(bed.git, { ...bed.worktree('second'), branch: 'feat/x' });
  const branches = bed.run(bed.folder, 'branch', '--format=%(refname:short)');
  for (const [branch, message] of [
    ['taken', /^The branch taken is checked out already, in \/.*first$/u],
    ['main', /^The branch main is checked out already$/u],
    ['taken/y', /^The branch taken\/y cannot be made beside taken,/u],
    ['taken/y/z', /^The branch taken\/y\/z cannot be made beside taken,/u],
    ['feat', /^The branch feat cannot be made beside feat\/x,/u],
    ['a b', /^“a b” cannot be the name of a branch$/u],
    ['x'.repeat(300), /cannot be the name of a branch$/u],
    ['x/'.repeat(3) + '修'.repeat(100), /cannot be the name of a branch$/u],
  ] as const) {
    await refused(createWorktree(bed.git, { ...bed.worktree('third'), branch }), message);
  }
  for (const inside of ['.git', '.git/refs']) {
    const options = { ...bed.worktree('third'), branch: 'new', repository: `${bed.folder}/${inside}` };
    await refused(createWorktree(bed.git, options), /is a folder of git’s own/u);
  }
  assert.equal(bed.run(bed.folder, 'branch', '--format=%(refname:short)'), branches);
  // What is beside it in name only is in nobody's way.
  await createWorktree(bed.git, { ...bed.worktree('third'), branch: 'feat/xy' });
});

test('only a repository that has no commit is told so, whatever else its HEAD is', async (t) => {
  const bed = new GitBed(t);
  const commit = bed.run(bed.folder, 'rev-parse', 'HEAD').trim();
  const unreadable = /^What HEAD of \/.* names cannot be read$/u;
  for (const [head, branch, message] of [
    ['ref: refs/heads/unborn\n', commit, /has no commit yet/u],
    ['garbage\n', commit, unreadable],
    ['', commit, unreadable],
    ['ref: refs/heads/\n', commit, unreadable],
    [`${'1'.repeat(40)}\n`, commit, unreadable],
    ['ref: refs/heads/main\n', 'garbage', unreadable],
    ['ref: refs/heads/main\n', '', unreadable],
    ['ref: refs/heads/main\n', '1'.repeat(40), unreadable],
  ] as const) {
    writeFileSync(join(bed.folder, '.git/HEAD'), head);
    writeFileSync(join(bed.folder, '.git/refs/heads/main'), `${branch}\n`);
    await refused(createWorktree(bed.git, { ...bed.worktree('one'), branch: 'other' }), message);
  }
});

test('a bare repository is not called none', async (t) => {
  const bed = new GitBed(t);
  bed.run(bed.home, 'init', '-q', '--bare', 'bare');
  const options = { ...bed.worktree('one'), repository: `${bed.home}/bare` };
  await refused(createWorktree(bed.git, options), /is a bare repository/u);
});

test('a git that does not run is not blamed on the repository', async (t) => {
  const bed = new GitBed(t);
  const folder = join(bed.home, 'bin');
  mkdirSync(folder);
  writeFileSync(join(folder, 'git'), '#!/bin/sh\necho "no libz" >&2\nexit 127\n', { mode: 0o755 });
  const env = { PATH: `${folder}:${process.env['PATH'] ?? ''}`, HOME: bed.home };
  writeFileSync(join(bed.home, '.profile'), `PATH=${env.PATH}\n`);
  const machine = new LocalMachine({ env, home: bed.home, shell: '/bin/sh' });
  const made = createWorktree({ ...bed.git, machine }, { ...bed.worktree('one'), branch: 'other' });
  await refused(made, /\/bin\/git does not run: it said “no libz”$/u);
});

async function refused(made: Promise<unknown>, message: RegExp): Promise<void> {
  const error = await made.then(
    () => assert.fail('it was made'),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof CodeManagerError);
  assert.match(error.message, message);
  assert.doesNotMatch(error.message, /fatal|refs\/heads/u);
}
