import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { claimText } from '../../src/machines/nodeClaim.js';
import { chooseRuntimeDirectory } from '../../src/machines/runtimeDirectory.js';
import { CodeManagerError, type ErrorCode } from '../../src/protocol/errors.js';
import { tempDir } from '../helpers/tempDir.js';

function coded(code: ErrorCode, text: RegExp) {
  return (error: unknown): boolean => {
    assert.ok(error instanceof CodeManagerError, String(error));
    assert.equal(error.code, code);
    assert.match(`${error.message}. ${error.hint ?? ''}`, text);
    return true;
  };
}

const long = 'a-long-name-'.repeat(8);

test('sockets live in the home when it is near and short', async (t) => {
  const home = join(tempDir(t), 'home');
  const folder = await chooseRuntimeDirectory(home);
  assert.equal(folder, join(home, 'run'));
  assert.equal(lstatSync(folder).mode & 0o777, 0o700);
  chmodSync(folder, 0o755);
  assert.equal(await chooseRuntimeDirectory(home), folder);
  assert.equal(lstatSync(folder).mode & 0o777, 0o700);
});

test('a home on a network disk, or with a long path, gets a folder elsewhere, always the same and none but its own', async (t) => {
  const root = tempDir(t);
  const fallback = join(root, 'var');
  mkdirSync(fallback);
  const home = join(root, 'home');
  const far = { fallback, isNetworkDisk: async () => true };
  const folder = await chooseRuntimeDirectory(home, far);
  assert.match(folder.slice(fallback.length), /^\/cm-\d+\/[0-9a-f]{12}$/);
  assert.equal(await chooseRuntimeDirectory(home, far), folder);
  assert.notEqual(await chooseRuntimeDirectory(join(root, 'other'), far), folder);
  const deep = await chooseRuntimeDirectory(join(root, long), { fallback });
  assert.ok(deep.startsWith(fallback));
  for (const path of [folder, join(folder, '..')]) assert.equal(lstatSync(path).mode & 0o777, 0o700);
  assert.deepEqual(readdirSync(join(root, long)), []);
  const server = createServer();
  t.after(() => server.close());
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(join(deep, 'x'.repeat(16)), resolve);
  });
});

test('of the nodes that share a home which looks like a local disk the first has the folder in it, also after a reboot or under a new name', async (t) => {
  const root = tempDir(t);
  const fallback = join(root, 'var');
  mkdirSync(fallback);
  const home = join(root, 'home');
  const inHome = join(home, 'run');
  const folderOf = (host: string, bootId: string): Promise<string> =>
    chooseRuntimeDirectory(home, { fallback, node: { host, bootId } });
  const all = await Promise.all(['a', 'b', 'c', 'd'].map((host) => folderOf(host, `boot of ${host}`)));
  assert.equal(new Set(all).size, 4);
  assert.equal(all.filter((folder) => folder === inHome).length, 1);
  const owner = ['a', 'b', 'c', 'd'][all.indexOf(inHome)] ?? '';
  const others = all.filter((folder) => folder !== inHome);
  for (const folder of others) assert.match(folder.slice(fallback.length), /^\/cm-\d+\/[0-9a-f]{12}$/);
  const booted = ['a', 'b', 'c', 'd'].map((host) => folderOf(host, `next boot of ${host}`));
  assert.deepEqual(await Promise.all(booted), all);
  assert.deepEqual(readdirSync(inHome), ['node']);

  assert.equal(await folderOf(owner, 'third'), inHome);
  assert.equal(await folderOf('renamed', 'third'), inHome, 'sockets that are open stay in reach');
  assert.equal(readFileSync(join(inHome, 'node'), 'utf8'), claimText({ host: 'renamed', bootId: 'third' }));
  assert.notEqual(await folderOf(owner, 'fourth'), inHome);
  writeFileSync(join(inHome, 'node'), 'half');
  assert.equal(await folderOf('z', 'unknown'), inHome, 'a file that was damaged is of nobody');
  assert.notEqual(await folderOf('y', 'unknown'), inHome);
});

test('a link, a file or a folder of another user in our place is refused and not touched', async (t) => {
  const root = tempDir(t);
  const uid = process.getuid?.() ?? 0;
  const victim = join(root, 'victim');
  mkdirSync(victim, { mode: 0o755 });
  const cases: [string, (path: string) => void, RegExp][] = [
    ['link', (path) => symlinkSync(victim, path), /it is a link/],
    ['file', (path) => writeFileSync(path, ''), /not a folder/],
  ];
  if (uid === 0) {
    cases.push([
      'stranger',
      (path) => {
        mkdirSync(path, { mode: 0o777 });
        chownSync(path, 12_345, 12_345);
      },
      /another user \(uid 12345\)/,
    ]);
  }
  for (const [name, place, text] of cases) {
    const home = join(root, name);
    mkdirSync(home);
    place(join(home, 'run'));
    await assert.rejects(chooseRuntimeDirectory(home), coded('conflict', text));
    await assert.rejects(chooseRuntimeDirectory(home), coded('conflict', /CM_HOME/));
    const fallback = join(root, `var-${name}`);
    mkdirSync(fallback);
    place(join(fallback, `cm-${uid}`));
    await assert.rejects(
      chooseRuntimeDirectory(join(root, 'far'), { fallback, isNetworkDisk: async () => true }),
      coded('conflict', text),
    );
  }
  assert.deepEqual(readdirSync(victim), []);
  assert.equal(lstatSync(victim).mode & 0o777, 0o755);
});

test('a home that cannot be made or written says what to do', async (t) => {
  const root = tempDir(t);
  writeFileSync(join(root, 'file'), '');
  await assert.rejects(chooseRuntimeDirectory(join(root, 'file', 'home')), coded('unavailable', /CM_HOME/));
  await assert.rejects(chooseRuntimeDirectory('/proc/cm-home'), coded('unavailable', /CM_HOME|disk/));
  assert.ok(!existsSync('/proc/cm-home'));
});
