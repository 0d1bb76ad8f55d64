import assert from 'node:assert/strict';
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { isInside, isPrivate, MachinePlaces } from '../../src/core/approvals/policy/paths.js';
import { LocalMachine } from '../../src/machines/local/localMachine.js';

let root: string;
let places: MachinePlaces;

before(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'cm-paths-')));
  places = new MachinePlaces(new LocalMachine({ umask: 0o022 }), '/nowhere');
  await mkdir(join(root, 'proj', 'src', 'deep'), { recursive: true });
  await mkdir(join(root, 'secret'));
  await writeFile(join(root, 'secret', 'key'), '');
  await writeFile(join(root, 'proj', "it's $(x) *"), '');
  await symlink(join(root, 'secret'), join(root, 'proj', 'out'));
  await symlink('../secret/key', join(root, 'proj', 'key'));
  await symlink('../secret/new', join(root, 'proj', 'dangling'));
  await symlink('src', join(root, 'proj', 'inner'));
  await symlink('deep', join(root, 'proj', 'src', 'chain'));
  await symlink('loop', join(root, 'proj', 'loop'));
  await symlink(join(root, 'secret') + '\n', join(root, 'proj', 'line'));
});

after(() => rm(root, { recursive: true, force: true }));

test('paths lead where their links lead, also when they are not there yet', async () => {
  const table: [path: string, expected: string | undefined][] = [
    ['.', 'proj'],
    ['src/a.ts', 'proj/src/a.ts'],
    ['src/', 'proj/src'],
    ['not/there/yet', 'proj/not/there/yet'],
    ['out/key', 'secret/key'],
    ['out/new/file', 'secret/new/file'],
    ['key', 'secret/key'],
    ['dangling', 'secret/new'],
    ['inner/chain/x', 'proj/src/deep/x'],
    ["it's $(x) *", "proj/it's $(x) *"],
    ['src/../src/a', 'proj/src/a'],
    // Through a link `..` is somewhere else for the system than for those who tidy the path up.
    ['out/../x', undefined],
    ['not/there/../../x', undefined],
    ['loop', undefined],
    ['', undefined],
    ['cut…', undefined],
    ['two\nlines', undefined],
    ['~root/x', undefined],
  ];
  const found = await places.resolve(
    table.map(([path]) => path),
    join(root, 'proj'),
  );
  for (const [index, [path, expected]] of table.entries()) {
    assert.equal(found[index], expected === undefined ? undefined : join(root, expected), path);
  }
  const [top] = await places.resolve(['/'], '/');
  assert.equal(top, '/');
});

test('a link to a name with a line break is not taken for one without', async () => {
  const [found] = await places.resolve(['line/key'], join(root, 'proj'));
  assert.notEqual(found, join(root, 'secret', 'key'));
});

test('a folder holds itself and what is in it, and nothing that only begins alike', () => {
  assert.ok(isInside('/a/b', '/a/b'));
  assert.ok(isInside('/a/b/c', '/a/b'));
  assert.ok(isInside('/a', '/'));
  assert.ok(!isInside('/a/bc', '/a/b'));
  assert.ok(!isInside('/a', '/a/b'));
});

test('secrets and what programs obey are known by their names', () => {
  for (const path of [
    '.env',
    'a/.env.local',
    '.git/config',
    'x/.ssh/known',
    'ID_rsa',
    'tls.key',
    'a/credentials.json',
  ]) {
    assert.ok(isPrivate(path), path);
  }
  for (const path of ['src/env.ts', 'git/x', 'environment', 'keys.ts', 'src/a.ts']) assert.ok(!isPrivate(path), path);
});
