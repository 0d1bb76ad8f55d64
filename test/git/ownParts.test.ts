import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { changesIn } from '../../src/core/git/changes.js';
import { Repository, type FindOptions } from '../../src/core/git/repository.js';
import { createWorktree } from '../../src/core/git/worktree.js';
import { CodeManagerError } from '../../src/protocol/errors.js';
import type { OwnGit } from '../../src/protocol/ownGit.js';
import { GitBed, refusal } from './gitBed.js';

/** Lets it count. */
function use(own: OwnGit | null | undefined): FindOptions {
  return { decision: { digest: own?.digest ?? '', use: true } };
}

test('the person is asked once about filters of a repository, and for other ones again', async (t) => {
  const bed = new GitBed(t);
  bed.own('filter.caps.clean', 'tr a-z A-Z');
  bed.own('filter.caps.smudge', 'tr A-Z a-z');
  bed.own('diff.external', bed.mark('external'));
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
    ['diff.external'],
  );
  await assert.rejects(createWorktree(bed.git, bed.worktree('one')), (error: unknown) => {
    assert.ok(error instanceof CodeManagerError && error.code === 'conflict');
    assert.match(error.message, /filter\.caps\.clean = tr a-z A-Z/u);
    assert.equal(
      error.hint,
      `If you want that, start with --trust-git ${own.digest}; without it, with --trust-git no.`,
    );
    return true;
  });
  const { path } = await createWorktree(bed.git, { ...bed.worktree('one'), trustGit: own.digest });
  assert.equal(readFileSync(join(path, 'a.txt'), 'utf8'), 'words\n');
  assert.deepEqual(await changesIn(bed.git, bed.folder).then(({ own, files }) => [own, files]), [null, []]);
  bed.own('filter.caps.clean', bed.mark('other'));
  const next = await changesIn(bed.git, bed.folder);
  assert.notEqual(next.own?.digest, own.digest);
  await assert.rejects(Repository.find(bed.git, bed.folder, use(own)), /has changed/u);
  assert.deepEqual(bed.marks(), []);
});

test('hooks are asked about where git would run them, and run as they were shown', async (t) => {
  for (const place of ['.git/hooks', '.hooks']) {
    const bed = new GitBed(t);
    const mark = bed.mark('hook', 'ends');
    if (place === '.hooks') bed.own('core.hooksPath', place);
    bed.program(`${place}/post-checkout`, `#!/bin/sh\n'${mark}'\n`);
    bed.program(`${place}/pre-commit`, `#!/bin/sh\n'${bed.mark('other')}'\n`);
    assert.equal((await changesIn(bed.git, bed.folder)).own, null, 'nothing of it would run');
    const asked = await refusal(createWorktree(bed.git, bed.worktree('one')));
    assert.match(asked.message, new RegExp(`hook post-checkout = #!/bin/sh⏎'${mark}'⏎$`, 'u'));
    const [, digest = ''] = /--trust-git ([0-9a-f]{32});/u.exec(asked.hint ?? '') ?? [];
    // What was let run is what was shown, however soon it is another one.
    const repository = await Repository.find(bed.git, bed.folder, {
      isForWorktree: true,
      decision: { digest, use: true },
    });
    bed.program(`${place}/post-checkout`, `#!/bin/sh\n'${bed.mark('swapped', 'ends')}'\n`);
    const path = join(bed.cm, 'worktrees', 'two');
    assert.equal((await repository?.addWorktree(path, '-b', 'two', '--', path))?.code, 0);
    assert.deepEqual(bed.marks(), ['hook']);
    bed.unmark();
    const next = await refusal(createWorktree(bed.git, bed.worktree('three')));
    assert.match(next.message, /swapped/u);
    await createWorktree(bed.git, { ...bed.worktree('three'), trustGit: 'no' });
    await createWorktree(bed.git, bed.worktree('four'));
    assert.deepEqual(bed.marks(), [], 'left out once and for all');
  }
});

test('a monitor of the repository is asked about, runs once it was let, and never when it was left out', async (t) => {
  const bed = new GitBed(t);
  const mark = bed.mark('fsmonitor', 'ends');
  bed.own('core.fsmonitor', mark);
  const { own } = await changesIn(bed.git, bed.folder);
  assert.deepEqual(own?.entries, [{ key: 'core.fsmonitor', value: mark }]);
  await Repository.find(bed.git, bed.folder, { decision: { digest: own.digest, use: false } });
  assert.equal((await changesIn(bed.git, bed.folder)).own, null);
  await createWorktree(bed.git, bed.worktree('one'));
  assert.deepEqual(bed.marks(), []);
  await Repository.find(bed.git, bed.folder, use(own));
  assert.equal((await changesIn(bed.git, bed.folder)).own, null);
  assert.deepEqual(bed.marks(), ['fsmonitor']);
  for (const value of ['true', 'false', '1', '']) {
    bed.own('core.fsmonitor', value);
    assert.equal((await changesIn(bed.git, bed.folder)).own, null, value);
  }
});

test('a hook that reaches what stands in the repository, or cannot be shown, is never let run', async (t) => {
  const bed = new GitBed(t);
  bed.write('tools/sub/clean.sh', '');
  bed.write('build.sh', '');
  for (const [text, why] of [
    ['#!/bin/sh\n. "${0%/*}/h"\n', /beside it/u],
    ['#!/bin/sh\nsh tools/sub/clean.sh\n', /tools\/sub\/clean\.sh is a file/u],
    ['#!/bin/sh\nsh build.sh\n', /build\.sh is a file/u],
    [`#!/bin/sh\ncd '${bed.folder}/tools/sub' && make\n`, /tools\/sub is a file/u],
    ['#!/bin/sh\n\0\n', /cannot be shown/u],
    [`#!/bin/sh\n#${'a'.repeat(70_000)}\n`, /cannot be shown/u],
  ] as const) {
    bed.program('.git/hooks/post-checkout', text);
    const asked = await refusal(createWorktree(bed.git, bed.worktree('one')));
    const [, digest] = /--trust-git ([0-9a-f]{32})/u.exec(asked.hint ?? '') ?? [];
    const refused = await refusal(createWorktree(bed.git, { ...bed.worktree('one'), trustGit: digest }));
    assert.match(refused.message, why);
  }
  bed.program('.git/hooks/post-checkout', '#!/bin/sh\n# build.sh of the tools\nexit 0\n');
  const asked = await refusal(createWorktree(bed.git, bed.worktree('one')));
  const [, digest] = /--trust-git ([0-9a-f]{32})/u.exec(asked.hint ?? '') ?? [];
  await createWorktree(bed.git, { ...bed.worktree('one'), trustGit: digest });
});

test('the hooks of the person run without a question, and those of the repository beside them do not', async (t) => {
  const bed = new GitBed(t);
  const hooks = join(bed.home, 'hooks');
  bed.program(join(hooks, 'post-checkout'), `#!/bin/sh\n'${bed.mark('personal', 'ends')}'\n`);
  bed.program('.git/hooks/post-checkout', `#!/bin/sh\n'${bed.mark('own', 'ends')}'\n`);
  bed.personal('core.hooksPath', hooks);
  await createWorktree(bed.git, bed.worktree('one'));
  assert.deepEqual(bed.marks(), ['personal']);
});

test('a worktree that a hook refused leaves nothing behind', async (t) => {
  const bed = new GitBed(t);
  bed.program('.git/hooks/post-checkout', '#!/bin/sh\necho not today >&2\nexit 3\n');
  const asked = await refusal(createWorktree(bed.git, bed.worktree('one')));
  const [, digest] = /--trust-git ([0-9a-f]{32})/u.exec(asked.hint ?? '') ?? [];
  const failed = await refusal(createWorktree(bed.git, { ...bed.worktree('one'), trustGit: digest }));
  assert.match(failed.message, /hook of the repository refused the worktree: it said “not today”/u);
  assert.equal(bed.run(bed.folder, 'branch', '--format=%(refname:short)'), 'main\n');
  assert.deepEqual(bed.run(bed.folder, 'worktree', 'list').split('\n').length, 2);
  bed.program('.git/hooks/post-checkout', '#!/bin/sh\nexit 3\n');
  const again = await refusal(createWorktree(bed.git, bed.worktree('one')));
  const [, silent] = /--trust-git ([0-9a-f]{32})/u.exec(again.hint ?? '') ?? [];
  const said = await refusal(createWorktree(bed.git, { ...bed.worktree('one'), trustGit: silent }));
  assert.match(said.message, /hook of the repository refused the worktree and gave no reason$/u);
  await createWorktree(bed.git, { ...bed.worktree('one'), trustGit: 'no' });
});

test('what would count is shown whole, spelled out, or is said to be longer', async (t) => {
  const bed = new GitBed(t);
  bed.own('filter.x.clean', `cat ${'a'.repeat(500)} \u200b; evil`);
  const whole = await refusal(createWorktree(bed.git, bed.worktree('one')));
  assert.match(whole.message, /a{500} <U\+200B>; evil$/u);
  bed.own('filter.x.clean', `cat ${'a'.repeat(5_000)} ; evil`);
  const longer = await refusal(createWorktree(bed.git, bed.worktree('one')));
  assert.match(longer.message, /filter\.x\.clean \(too long to be shown whole\)$/u);
});

test('a filter that is a file of the repository is never let run', async (t) => {
  const bed = new GitBed(t);
  bed.write('tools/clean.sh', 'cat');
  bed.own('filter.x.clean', 'sh tools/clean.sh %f');
  const { own } = await changesIn(bed.git, bed.folder);
  await assert.rejects(Repository.find(bed.git, bed.folder, use(own)), /tools\/clean\.sh is a file of the repository/u);
  assert.notEqual((await changesIn(bed.git, bed.folder)).own, null);
});

test('what is swapped after it was let run does not run', async (t) => {
  const bed = new GitBed(t);
  bed.own('filter.x.clean', 'cat');
  bed.write('.gitattributes', '* filter=x\n');
  bed.commit();
  const { own } = await changesIn(bed.git, bed.folder);
  const repository = await Repository.find(bed.git, bed.folder, use(own));
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
  await assert.rejects(Repository.find(bed.git, bed.folder, use(own)), /trusted\.json cannot be read/u);
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
  assert.ok(await Repository.find(bed.git, bed.folder, use(own)));
  assert.equal((await changesIn(bed.git, bed.folder)).own, null);
  bed.own('remote.origin.url', 'ssh://elsewhere.example/x');
  assert.notEqual((await changesIn(bed.git, bed.folder)).own, null);
});
