import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { changesIn } from '../../src/core/git/changes.js';
import { createWorktree } from '../../src/core/git/worktree.js';
import { CodeManagerError } from '../../src/protocol/errors.js';
import { GitBed, refusal } from './gitBed.js';
import { MORE_TRAPS } from './moreTraps.js';
import { TRAPS } from './traps.js';

test('nothing of a repository runs when changes are shown or a worktree is made', async (t) => {
  for (const trap of TRAPS) {
    await t.test(trap.name, async (t) => {
      const bed = new GitBed(t);
      trap.set(bed);
      bed.unmark();
      const { files } = await changesIn(bed.git, bed.folder).catch(refused);
      if (trap.files !== undefined) assert.deepEqual(files.map(({ path }) => path).sort(), trap.files);
      await createWorktree(bed.git, bed.worktree('one')).catch(refused);
      assert.deepEqual(bed.marks(), []);
      assert.ok(trap.isLive !== true || bed.firesByItself(), 'the trap works where git is run as it is');
    });
  }
});

test('no worktree is made where git would write through a link, and what that leads to stays as it is', async (t) => {
  const links = MORE_TRAPS.filter(({ name }) => name.startsWith('link: '));
  assert.ok(links.length >= 5);
  for (const trap of links) {
    await t.test(trap.name, async (t) => {
      const bed = new GitBed(t);
      trap.set(bed);
      assert.match((await refusal(createWorktree(bed.git, bed.worktree('one')))).message, /link/u);
      assert.ok(bed.isOutsideWhole);
    });
  }
});

/** A repository may be refused with a word; it may not be ours that fails. */
function refused(error: unknown): { files: { path: string }[] } {
  assert.ok(error instanceof CodeManagerError && error.code !== 'internal', String(error));
  return { files: [] };
}

test('a plain repository with the filters of the person is as git itself shows it', async (t) => {
  const bed = new GitBed(t);
  bed.personal('filter.caps.clean', 'tr a-z A-Z');
  bed.personal('filter.caps.smudge', 'tr A-Z a-z');
  bed.write('.gitattributes', '*.txt filter=caps\n');
  bed.write('a.txt', 'words\n');
  bed.commit();
  bed.write('new file', '');
  assert.deepEqual((await changesIn(bed.git, bed.folder)).files, [{ status: '??', path: 'new file' }]);
  bed.write('a.txt', 'other\n');
  const { root, branch, files, own } = await changesIn(bed.git, join(bed.folder, 'sub'));
  assert.deepEqual([root, branch, own], [bed.folder, 'main', null]);
  assert.deepEqual(files, [
    { status: 'M', path: 'a.txt' },
    { status: '??', path: 'new file' },
  ]);
  const { path } = await createWorktree(bed.git, bed.worktree('two'));
  assert.equal(readFileSync(join(path, 'a.txt'), 'utf8'), 'words\n');
  // It is git's own from then on.
  assert.equal(bed.run(path, 'status', '--porcelain'), '');
  assert.match(bed.run(bed.folder, 'worktree', 'list'), /cm\/two/u);
  assert.match(
    readFileSync(join(path, '.git'), 'utf8'),
    new RegExp(`^gitdir: ${bed.folder}/.git/worktrees/two\n$`, 'u'),
  );
  bed.write('b', 'x', path);
  assert.deepEqual(await changesIn(bed.git, path).then(({ root, branch }) => [root, branch]), [path, 'cm/two']);
  assert.deepEqual(readdirSync(join(bed.cm, 'git')), [], 'nothing is left behind');
});
