import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readConfig } from '../../src/core/store/configFile.js';
import { CredentialsStore } from '../../src/core/store/credentialsStore.js';
import { openHome } from '../../src/core/store/home.js';
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

test('a home is made with all its folders, for its owner alone', async (t) => {
  const home = join(tempDir(t), 'deep', 'home');
  const paths = await openHome(home);
  for (const path of Object.values(paths) as string[]) assert.equal(statSync(path).mode & 0o777, 0o700, path);
  await openHome(home);
});

test('a home that others may read is closed to them', async (t) => {
  const home = join(tempDir(t), 'home');
  mkdirSync(home);
  chmodSync(home, 0o755);
  await openHome(home);
  assert.equal(statSync(home).mode & 0o777, 0o700);
});

test('a home may be a link to a folder', async (t) => {
  const folder = tempDir(t);
  mkdirSync(join(folder, 'real'));
  symlinkSync(join(folder, 'real'), join(folder, 'home'));
  await openHome(join(folder, 'home'));
  assert.ok(readdirSync(join(folder, 'real')).includes('sessions'));
});

test('what cannot be a home is refused with what to do', async (t) => {
  const folder = tempDir(t);
  writeFileSync(join(folder, 'file'), '');
  symlinkSync(join(folder, 'nowhere'), join(folder, 'dangling'));
  await assert.rejects(openHome(join(folder, 'file')), coded('conflict', /not a folder.*Move that file/));
  await assert.rejects(openHome(join(folder, 'file', 'home')), coded('unavailable', /CM_HOME/));
  await assert.rejects(openHome(join(folder, 'dangling')), coded('conflict', /does not exist/));
  await assert.rejects(openHome(homedir()), coded('invalid', /CM_HOME/));
  await assert.rejects(openHome('/'), coded('invalid', /CM_HOME/));
});

test("another user's folder is refused", { skip: process.getuid?.() !== 0 }, async (t) => {
  const home = join(tempDir(t), 'home');
  mkdirSync(home);
  chownSync(home, 12_345, 12_345);
  await assert.rejects(openHome(home), coded('conflict', /another user \(uid 12345\).*CM_HOME/));
});

test('a config that is not there or broken gives the defaults, and says what is broken', async (t) => {
  const home = tempDir(t);
  const write = (text: string): void => writeFileSync(join(home, 'config.json'), text);
  assert.deepEqual(await readConfig(home), { config: { logCapMiB: 256, retentionDays: 30 }, problems: [] });
  write('{"logCapMiB": 1');
  const broken = await readConfig(home);
  assert.equal(broken.config.logCapMiB, 256);
  assert.match(broken.problems[0] ?? '', /config\.json.*not valid JSON/);
  write('{"logCapMiB": -1, "retentionDays": 3, "notify": [], "future": {"a": 1}}');
  const partly = await readConfig(home);
  assert.deepEqual(partly.config, { logCapMiB: 256, retentionDays: 3, future: { a: 1 } });
  assert.equal(partly.problems.length, 2);
  assert.match(partly.problems.join('\n'), /logCapMiB/);
});

test('credentials are kept for their owner alone, with the fields of others', async (t) => {
  const home = tempDir(t);
  const path = join(home, 'credentials.json');
  writeFileSync(path, JSON.stringify({ version: 1, note: 'mine', tokens: { a: 'old' } }), { mode: 0o644 });
  const store = new CredentialsStore(home);
  assert.equal(await store.get('a'), 'old');
  assert.equal(statSync(path).mode & 0o777, 0o600);
  await Promise.all([store.set('b', 'two'), store.set('c', 'three'), store.delete('a')]);
  assert.deepEqual(JSON.parse(readFileSync(path, 'utf8')), {
    version: 1,
    note: 'mine',
    tokens: { b: 'two', c: 'three' },
  });
});

test('a broken credentials file is kept aside and its contents are told to nobody', async (t) => {
  const home = tempDir(t);
  writeFileSync(join(home, 'credentials.json'), '{"tokens": {"a": hunter2');
  const store = new CredentialsStore(home);
  assert.equal(await store.get('a'), undefined);
  assert.match(store.problems[0] ?? '', /credentials\.json.*bad-1/);
  assert.doesNotMatch(store.problems.join(), /hunter2/);
  assert.match(readFileSync(join(home, 'credentials.json.bad-1'), 'utf8'), /hunter2/);
  await store.set('a', 'new');
  assert.equal(await store.get('a'), 'new');
});

test('a home on a read-only disk is told as that', { skip: process.getuid?.() !== 0 }, async (t) => {
  let folder = '';
  // What is asked for first is done first, and a folder cannot be removed while a disk is in it.
  t.after(() => execFileSync('umount', ['-l', folder]));
  folder = tempDir(t);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'ro', 'tmpfs', folder]);
  await assert.rejects(openHome(join(folder, 'home')), coded('unavailable', /read-only.*CM_HOME/));
});
