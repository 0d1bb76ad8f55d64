import assert from 'node:assert/strict';
import { chmodSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { TestHome } from '../helpers/testHome.js';

test('a start in a worktree asks once about what the repository has of its own: used, or left out', async (t) => {
  const home = new TestHome(t);
  home.git('init', '-q', '-b', 'main');
  home.git('commit', '-q', '--allow-empty', '-m', 'A commit');
  const mark = join(home.root, 'mark');
  const hook = join(home.work, '.git', 'hooks', 'post-checkout');
  const write = (text: string): void => {
    writeFileSync(hook, text);
    chmodSync(hook, 0o755);
  };
  write(`#!/bin/sh\n: > '${mark}'\n`);
  const start = ['start', 'shell', 'exit 0', '--worktree'];
  const digestIn = (stderr: string): string => /--trust-git ([0-9a-f]{32});/u.exec(stderr)?.[1] ?? '';

  const asked = await home.run(start, { cwd: home.work });
  assert.equal(asked.code, 6);
  assert.match(asked.stderr, new RegExp(`hook post-checkout = #!/bin/sh⏎: > '${mark}'`, 'u'));
  assert.ok(!existsSync(mark));
  assert.equal(home.git('branch', '--format=%(refname:short)'), 'main\n', 'nothing was made');

  const other = await home.run([...start, '--trust-git', '0'.repeat(32)], { cwd: home.work });
  assert.equal(other.code, 6);
  assert.match(other.stderr, /has changed/u);
  assert.ok(!existsSync(mark));

  const used = await home.run([...start, '--trust-git', digestIn(asked.stderr)], { cwd: home.work });
  assert.equal(used.code, 0, used.stderr);
  assert.ok(existsSync(mark), 'it ran');
  assert.equal((await home.run(start, { cwd: home.work })).code, 0, 'asked once');

  write(`#!/bin/sh\n: > '${mark}-other'\n`);
  assert.equal((await home.run(start, { cwd: home.work })).code, 6, 'another content is another question');
  assert.equal((await home.run([...start, '--trust-git', 'no'], { cwd: home.work })).code, 0);
  assert.equal((await home.run(start, { cwd: home.work })).code, 0, 'left out for good');
  assert.ok(!existsSync(`${mark}-other`));
});
