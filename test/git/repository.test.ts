import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

import { join } from 'node:path';
import { test } from 'node:test';
import { changesIn } from '../../src/core/git/changes.js';
import { Repository } from '../../src/core/git/repository.js';
import { createWorktree } from '../../src/core/sessions/worktree.js';
import { CodeManagerError } from '../../src/protocol/errors.js';
import { TRAPS } from './traps.js';
import { GitBed } from './gitBed.js';

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

test('the person is asked once about filters of a repository, and for other ones again', async (t) => {
  const bed = new GitBed(t);
  bed.own('filter.caps.clean', 'tr a-z A-Z');
  bed.own('filter.caps.smudge', 'tr A-Z a-z');
  bed.own('core.fsmonitor', bed.mark('fsmonitor'));
  bed.write('.gitattributes', '*.txt filter=caps\n');
  bed.write('a.txt', 'words\n');
  bed.commit();
  bed.unmark();
  const { own } = await changesIn(bed.git, bed.folder);
  assert.deepEqual(own?.entries, [
    { key: 'filter.caps.clean', value: 'tr a-z A-Z' },
    { key: 'filter.caps.smudge', value: 'tr A-Z a-z' },
  ]);
  assert.deepEqual(
    own.never.map(({ key }) => key),
    ['core.fsmonitor'],
  );
  await assert.rejects(createWorktree(bed.git, bed.worktree('one')), (error: unknown) => {
    assert.ok(error instanceof CodeManagerError && error.code === 'conflict');
    assert.match(error.message, /filter\.caps\.clean = tr a-z A-Z/u);
    assert.equal(error.hint, `If you want that, start with --trust-git ${own.digest}.`);
    return true;
  });
  const { path } = await createWorktree(bed.git, { ...bed.worktree('one'), trustGit: own.digest });
  assert.equal(readFileSync(join(path, 'a.txt'), 'utf8'), 'words\n');
  assert.deepEqual(await changesIn(bed.git, bed.folder).then(({ own, files }) => [own, files]), [null, []]);
  bed.own('filter.caps.clean', bed.mark('other'));
  const next = await changesIn(bed.git, bed.folder);
  assert.notEqual(next.own?.digest, own.digest);
  await assert.rejects(Repository.find(bed.git, bed.folder, own.digest), /has changed/u);
  assert.deepEqual(bed.marks(), []);
});

test('a filter that is a file of the repository is never let run', async (t) => {
  const bed = new GitBed(t);
  bed.write('tools/clean.sh', 'cat');
  bed.own('filter.x.clean', 'sh tools/clean.sh %f');
  const { own } = await changesIn(bed.git, bed.folder);
  await assert.rejects(
    Repository.find(bed.git, bed.folder, own?.digest),
    /tools\/clean\.sh is a file of the repository/u,
  );
  assert.notEqual((await changesIn(bed.git, bed.folder)).own, null);
});

test('what is swapped after it was let run does not run', async (t) => {
  const bed = new GitBed(t);
  bed.own('filter.x.clean', 'cat');
  bed.write('.gitattributes', '* filter=x\n');
  bed.commit();
  const { own } = await changesIn(bed.git, bed.folder);
  const repository = await Repository.find(bed.git, bed.folder, own?.digest);
  bed.own('filter.x.clean', bed.mark('swapped'));
  bed.own('core.fsmonitor', bed.mark('fsmonitor'));
  bed.write('kept', 'changed');
  assert.ok(repository);
  assert.equal((await repository.run('status', '--porcelain')).code, 0);
  assert.deepEqual(bed.marks(), []);
});

test('a broken file of what is trusted trusts nothing and is not overwritten', async (t) => {
  const bed = new GitBed(t);
  bed.own('filter.x.clean', 'cat');
  const { own } = await changesIn(bed.git, bed.folder);
  writeFileSync(join(bed.cm, 'trusted.json'), '{');
  await assert.rejects(Repository.find(bed.git, bed.folder, own?.digest), /trusted\.json cannot be read/u);
  assert.equal(readFileSync(join(bed.cm, 'trusted.json'), 'utf8'), '{');
});

test('where objects would be fetched from is shown, and asked about again when it is another place', async (t) => {
  const bed = new GitBed(t);
  bed.own('extensions.partialClone', 'origin');
  bed.own('remote.origin.promisor', 'true');
  bed.own('remote.origin.url', 'https://example.org/x');
  const { own } = await changesIn(bed.git, bed.folder);
  assert.deepEqual(
    own?.entries.map(({ key }) => key),
    ['extensions.partialclone', 'remote.origin.promisor', 'remote.origin.url'],
  );
  assert.ok(await Repository.find(bed.git, bed.folder, own.digest));
  assert.equal((await changesIn(bed.git, bed.folder)).own, null);
  bed.own('remote.origin.url', 'ssh://elsewhere.example/x');
  assert.notEqual((await changesIn(bed.git, bed.folder)).own, null);
});
