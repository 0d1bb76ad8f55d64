import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Case, Desk } from '../desk.js';

function git(desk: Desk, ...args: readonly string[]): string {
  const identity = ['-c', 'user.name=A Person', '-c', 'user.email=person@example.org'];
  return execFileSync('git', ['-C', desk.folder, ...identity, ...args], { encoding: 'utf8' });
}

function repository(desk: Desk): void {
  git(desk, 'init', '-q', '-b', 'main');
  desk.write('kept', 'one\n');
  desk.write('with "quotes" and ümläuts', 'one\n');
  git(desk, 'add', '-A');
  git(desk, 'commit', '-q', '-m', 'First');
}

/** Folders under git, and what tools record themselves. */
export const gitCases: readonly Case[] = [
  {
    name: 'the changes in the folder of a session are told, also after its end',
    run: async (desk) => {
      repository(desk);
      const { id } = await desk.ran(
        `echo two >kept; mkdir new; echo x >"new/a b"; rm with*; git mv kept moved 2>/dev/null; :`,
      );
      const changes = await desk.client.request('session/changes', { session: id });
      assert.equal(changes.branch, 'main');
      assert.ok(changes.files.some(({ path }) => path === 'new/a b'));
      return changes;
    },
  },
  {
    name: 'a folder without git has no changes',
    run: async (desk) => {
      const { id } = await desk.ran('touch x');
      const changes = await desk.client.request('session/changes', { session: id });
      assert.deepEqual(changes, { root: null, branch: null, files: [], own: null });
      return changes;
    },
  },
  {
    name: 'a session gets a worktree of its own on a new branch',
    run: async (desk) => {
      repository(desk);
      const { id, path, worktree } = await desk.ran('touch made', { worktree: true, name: `tree-${desk.key}` });
      assert.equal(path, join(desk.host.cm, 'worktrees', id));
      assert.ok(existsSync(join(path, 'made')) && existsSync(join(path, 'kept')));
      assert.ok(!desk.has('made'));
      assert.ok(git(desk, 'branch').includes(`cm/tree-${desk.key}`));
      const { branch, files } = await desk.client.request('session/changes', { session: id });
      await desk.client.request('session/purge', { session: id });
      assert.ok(existsSync(join(path, 'made')), 'what an agent did stays');
      return [worktree, branch, files];
    },
  },
  {
    name: 'a worktree on a named branch, and where there can be none',
    run: async (desk) => {
      const none = await desk.fails(desk.shell('exit 0', { worktree: true }));
      repository(desk);
      git(desk, 'branch', 'feature/ünder');
      const { worktree } = await desk.ran('exit 0', { worktree: 'feature/ünder', name: `named-${desk.key}` });
      const errors = [];
      for (const branch of ['feature/ünder', '-x', 'a..b', 'a b']) {
        errors.push(await desk.fails(desk.shell('exit 0', { worktree: branch })));
      }
      return [none, worktree, errors.map(({ code }) => code)];
    },
  },
  {
    name: 'what records no conversation has no transcript and is not resumed',
    run: async (desk) => {
      const { id } = await desk.shell('cat', { name: `plain-${desk.key}` });
      const resume = () => desk.client.request('session/resume', { session: id, requestId: `resume ${desk.key}` });
      const errors = [await desk.fails(resume())];
      await desk.client.request('session/kill', { session: id });
      errors.push(
        await desk.fails(resume()),
        await desk.fails(desk.client.request('session/transcript', { session: id })),
      );
      assert.deepEqual(
        errors.map(({ code }) => code),
        ['conflict', 'conflict', 'notFound'],
      );
      return errors;
    },
  },
];
