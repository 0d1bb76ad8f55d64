import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import {
  addKnownHost,
  fingerprint,
  judgeHostKey,
  knownHostName,
  knownTypes,
  matchesHost,
  parseKnownHosts,
  readKnownHosts,
} from '../../src/machines/ssh/knownHosts.js';
import { tempDir } from '../helpers/tempDir.js';
import { generateKey } from './sshd.js';

/** A public key blob that is only good for comparing. */
function blob(type: string, seed: number): Buffer {
  const name = Buffer.from(type);
  const head = Buffer.alloc(4);
  head.writeUInt32BE(name.length);
  return Buffer.concat([head, name, Buffer.alloc(32, seed)]);
}

const ED = 'ssh-ed25519';
const RSA = 'ssh-rsa';
const line = (hosts: string, type: string, seed: number): string =>
  `${hosts} ${type} ${blob(type, seed).toString('base64')}`;

function judge(text: string, names: readonly string[], type: string, seed: number): object {
  return judgeHostKey(parseKnownHosts(text, 'known_hosts'), names, blob(type, seed));
}

test('patterns of known_hosts mean hosts as they do for ssh', () => {
  const cases: readonly (readonly [hosts: string, name: string, expected: boolean])[] = [
    ['build-box', 'build-box', true],
    ['BUILD-box', 'build-box', true],
    ['build-box', 'build-box.example.com', false],
    ['other,build-box', 'build-box', true],
    ['*.example.com', 'a.example.com', true],
    ['*.example.com', 'example.com', false],
    ['*.example.com,!bad.example.com', 'bad.example.com', false],
    ['!bad.example.com,*.example.com', 'bad.example.com', false],
    ['!bad.example.com', 'good.example.com', false],
    ['web?', 'web1', true],
    ['web?', 'web12', false],
    ['*', 'anything', true],
    ['[box]:2222', '[box]:2222', true],
    ['[box]:2222', 'box', false],
    ['box', '[box]:2222', false],
    ['[*]:2222', '[box]:2222', true],
    ['b*o*x', 'baaoaax', true],
    ['b*o*x', 'baaoaa', false],
    ['', 'box', false],
    ['|1|bad', 'box', false],
    ['|2|AAAA|AAAA', 'box', false],
  ];
  for (const [hosts, name, expected] of cases) assert.equal(matchesHost(hosts, name), expected, `${hosts} ~ ${name}`);
  assert.equal(knownHostName('Box', 22), 'box');
  assert.equal(knownHostName('Box', 2222), '[box]:2222');
});

test('a key is known, unknown, changed or revoked', () => {
  const text = [
    '# a comment',
    '',
    line('box', ED, 1),
    line('other', ED, 2),
    line('rsa-only', RSA, 3),
    `@revoked ${line('*', ED, 9)}`,
    `@cert-authority ${line('ca.example.com', ED, 4)}`,
    `@something ${line('marked', ED, 5)}`,
    'broken ssh-ed25519 AAAA',
    `liar ssh-rsa ${blob(ED, 6).toString('base64')}`,
    'short',
  ].join('\n');
  const file = 'known_hosts';
  assert.deepEqual(judge(text, ['box'], ED, 1), { kind: 'known', file, line: 3 });
  assert.deepEqual(judge(text, ['box'], ED, 2), { kind: 'changed', file, line: 3, type: ED });
  assert.deepEqual(judge(text, ['nobody'], ED, 1), { kind: 'unknown', otherTypes: [], authority: false });
  assert.deepEqual(judge(text, ['rsa-only'], ED, 1), { kind: 'unknown', otherTypes: [RSA], authority: false });
  assert.deepEqual(judge(text, ['box'], ED, 9), { kind: 'revoked', file, line: 6 });
  for (const host of ['marked', 'broken', 'liar', 'short']) {
    assert.deepEqual(judge(text, [host], ED, 5), { kind: 'unknown', otherTypes: [], authority: false }, host);
  }
});

test('an authority for certificates never makes a plain key known', () => {
  const text = `@cert-authority ${line('ca.example.com', ED, 4)}`;
  assert.deepEqual(judge(text, ['ca.example.com'], ED, 4), { kind: 'unknown', otherTypes: [], authority: true });
});

test('a revoked key is refused although another line knows it', () => {
  const text = `${line('box', ED, 1)}\n@revoked ${line('box', ED, 1)}`;
  assert.deepEqual(judge(text, ['box'], ED, 1), { kind: 'revoked', file: 'known_hosts', line: 2 });
});

test('one of several keys of a host is enough', () => {
  const text = `${line('box', ED, 1)}\n${line('box', ED, 2)}`;
  assert.deepEqual(judge(text, ['box'], ED, 2), { kind: 'known', file: 'known_hosts', line: 2 });
});

test('a key that is known without the port is known, another one there is no change', () => {
  const text = line('box', ED, 1);
  assert.deepEqual(judge(text, ['[box]:2222', 'box'], ED, 1), { kind: 'known', file: 'known_hosts', line: 1 });
  assert.deepEqual(judge(text, ['[box]:2222', 'box'], ED, 2), { kind: 'unknown', otherTypes: [], authority: false });
});

test('a key that is known without the port does not excuse another one with it', () => {
  const text = `${line('[box]:2222', ED, 1)}\n${line('box', ED, 2)}`;
  const file = 'known_hosts';
  assert.deepEqual(judge(text, ['[box]:2222', 'box'], ED, 2), { kind: 'changed', file, line: 1, type: ED });
});

test('names that ssh-keygen hashed are found, and ssh-keygen finds and removes those that we add', async (t) => {
  const dir = tempDir(t);
  const key = Buffer.from(generateKey(join(dir, 'key')).split(' ')[1] ?? '', 'base64');
  const file = join(dir, 'known_hosts');
  writeFileSync(file, `[box]:2222 ssh-ed25519 ${key.toString('base64')}\n`);
  execFileSync('ssh-keygen', ['-q', '-H', '-f', file], { stdio: 'pipe' });
  assert.match(readFileSync(file, 'utf8'), /^\|1\|/);
  const lines = await readKnownHosts([join(dir, 'none'), file]);
  assert.deepEqual(judgeHostKey(lines, ['[box]:2222'], key), { kind: 'known', file, line: 1 });
  assert.deepEqual(knownTypes(lines, ['[box]:2222']), ['ssh-ed25519']);
  assert.equal(judgeHostKey(lines, ['box'], key).kind, 'unknown');

  for (const hash of [true, false]) {
    const own = join(dir, `new-${hash}`, 'known_hosts');
    await addKnownHost(own, '[box]:2200', key, { hash });
    assert.equal(statSync(own).mode & 0o777, 0o600);
    assert.match(execFileSync('ssh-keygen', ['-F', '[box]:2200', '-f', own]).toString(), /found: line 1/);
    assert.equal(execFileSync('ssh-keygen', ['-lf', own]).toString().split(' ')[1], fingerprint(key));
    execFileSync('ssh-keygen', ['-R', '[box]:2200', '-f', own], { stdio: 'pipe' });
    assert.equal(readFileSync(own, 'utf8'), '');
  }
});

test('a key is added on a line of its own, also after a file that ends without a line break', async (t) => {
  const file = join(tempDir(t), 'known_hosts');
  writeFileSync(file, line('a', ED, 1));
  await addKnownHost(file, 'b', blob(ED, 2), { hash: false });
  await addKnownHost(file, 'c', blob(ED, 3), { hash: false });
  assert.equal(readFileSync(file, 'utf8'), ['a', 'b', 'c'].map((name, i) => `${line(name, ED, i + 1)}\n`).join(''));
});
