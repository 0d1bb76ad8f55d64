import assert from 'node:assert/strict';
import { mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Context } from '../../src/protocol/context.js';
import type { Check } from '../../src/protocol/requests.js';
import { TestHome } from '../helpers/testHome.js';

test('a context is added, listed, shown, edited and removed', async (t) => {
  const home = new TestHome(t);
  const id = await home.ok('ctx', 'add', 'demo', '.', '--tags', 'a, b');
  const shown = await home.json<Context>('ctx', 'show', 'demo');
  assert.equal(shown.id, id);
  assert.equal(shown.path, realpathSync(home.work));
  assert.equal(shown.machine, 'local');
  assert.deepEqual(shown.tags, ['a', 'b']);
  assert.equal(shown.lastUsed, null);
  assert.deepEqual(await home.json<Context[]>('ctx', 'list'), [shown]);
  assert.deepEqual(await home.json<Context[]>('ctx', 'ls', '--tag', 'b'), [shown]);
  assert.deepEqual(await home.json<Context[]>('ctx', 'list', '--tag', 'c'), []);
  assert.equal(await home.ok('ctx', 'list', '-q'), id);

  const [header, row] = (await home.ok('ctx', 'list')).split('\n');
  assert.match(header ?? '', /^NAME +MACHINE +TYPE +PATH +TAGS +LAST USED$/);
  assert.match(row ?? '', /^demo +\S+ +this host +\S+ +a,b +never$/);
  assert.doesNotMatch(row ?? '', /local/, 'a machine is shown by its name');

  mkdirSync(join(home.user, 'other'));
  assert.equal(await home.ok('ctx', 'edit', 'demo', '--name', 'other', '--path', '~/other', '--tags', ''), id);
  const edited = await home.json<Context>('ctx', 'show', id);
  assert.deepEqual({ ...edited, path: '' }, { ...shown, name: 'other', path: '', tags: [] });
  assert.equal(edited.path, realpathSync(join(home.user, 'other')));
  assert.match(await home.ok('ctx', 'show', 'other'), /^name +other$/m);

  assert.equal(await home.ok('ctx', 'remove', 'other'), id);
  const gone = await home.run(['ctx', 'show', 'other']);
  assert.equal(gone.code, 3);
  assert.equal(gone.stdout, '');
});

test('what cannot be a context is refused with the reason', async (t) => {
  const home = new TestHome(t);
  writeFileSync(join(home.work, 'file'), '');
  await home.ok('ctx', 'add', 'taken', '.');
  for (const [args, code] of [
    [['none', './none'], 2],
    [['file', './file'], 2],
    [['a\nb', '.'], 2],
    [['', '.'], 2],
    [['x', ''], 2],
    [['taken', home.user], 6],
  ] as const) {
    const result = await home.run(['ctx', 'add', ...args]);
    // A folder that does not exist is wrong use, or simply not found: both name it.
    assert.ok(result.code === code || (code === 2 && result.code === 3), `${args.join(' ')}: ${result.stderr}`);
    assert.match(result.stderr, /\S/);
    assert.equal(result.stdout, '');
  }
});

test('a context with running sessions is removed only by force, and its sessions go on', async (t) => {
  const home = new TestHome(t);
  await home.ok('ctx', 'add', 'demo', '.');
  const id = await home.ok('start', 'shell', 'sleep 1000', '--ctx', 'demo');
  const refused = await home.run(['ctx', 'remove', 'demo']);
  assert.equal(refused.code, 6, refused.stderr);
  await home.ok('ctx', 'remove', 'demo', '--force');
  assert.equal((await home.json('status', id))['status'], 'running');
  assert.equal((await home.json('status', id))['contextName'], 'demo');
});

test('a context is tested step by step, and the exit code is that of the first failure', async (t) => {
  const home = new TestHome(t);
  const folder = join(home.user, 'folder');
  mkdirSync(folder);
  await home.ok('ctx', 'add', 'demo', folder);
  const checks = await home.json<Check[]>('ctx', 'test', 'demo');
  assert.ok(checks.length > 2);
  assert.ok(checks.every(({ status }) => status !== 'failed'));
  const lines = (await home.ok('ctx', 'test', 'demo')).split('\n');
  for (const { name } of checks) assert.ok(lines.some((line) => line.includes(name)));
  // Without tmux on the way nothing can run there.
  const broken = new TestHome(t);
  writeFileSync(join(broken.work, 'x'), '');
  mkdirSync(broken.cm, { recursive: true });
  writeFileSync(join(broken.cm, 'config.json'), JSON.stringify({ tmux: '/nowhere/tmux' }));
  await broken.ok('ctx', 'add', 'demo', '.');
  const failed = await broken.run(['ctx', 'test', 'demo']);
  assert.equal(failed.code, 7, failed.stdout + failed.stderr);
  assert.match(failed.stdout, /failed +tmux/);
});
