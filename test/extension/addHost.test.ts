import assert from 'node:assert/strict';
import { test } from 'node:test';
import { folderEntries, freeContextName, typedFolder } from '../../src/extension/model/remoteFolders.js';
import { sshAuthority } from '../../src/extension/model/remoteUri.js';
import {
  agentUrlProblem,
  formatSshTarget,
  parseSshTarget,
  portProblem,
  type SshTarget,
} from '../../src/extension/model/sshTarget.js';

const TARGETS: [string, SshTarget | undefined][] = [
  ['build-box', { host: 'build-box' }],
  [' anna@build-box ', { host: 'build-box', user: 'anna' }],
  ['anna@build-box:2222', { host: 'build-box', user: 'anna', port: 2222 }],
  ['ssh://anna@build-box:2222/', { host: 'build-box', user: 'anna', port: 2222 }],
  ['10.0.0.7:22', { host: '10.0.0.7', port: 22 }],
  ['anna@[fe80::1]:2222', { host: 'fe80::1', user: 'anna', port: 2222 }],
  ['fe80::1', { host: 'fe80::1' }],
  ['', undefined],
  ['two words', undefined],
  ['-oProxyCommand=evil', undefined],
  ['-l@build-box', undefined],
  ['build-box:99999', undefined],
  ['build-box:ssh', undefined],
];
for (const [text, target] of TARGETS) {
  test(`“${text}” ${target === undefined ? 'is no host' : `is read as ${formatSshTarget(target)}`}`, () => {
    assert.deepEqual(parseSshTarget(text), target);
    if (target !== undefined) assert.deepEqual(parseSshTarget(formatSshTarget(target)), target);
  });
}

const URLS: [string, RegExp | undefined][] = [
  ['wss://build-box:9876', undefined],
  ['ws://127.0.0.1:9876', undefined],
  ['ws://localhost:9876', undefined],
  ['ws://[::1]:9876', undefined],
  ['ws://build-box:9876', /wss:/],
  ['wss://anna:secret@build-box', /no part of the URL/],
  ['wss://build-box?token=x', /no part of the URL/],
  ['https://build-box', /wss:/],
  ['build-box', /wss:/],
];
for (const [url, problem] of URLS) {
  test(`${url} ${problem === undefined ? 'can be' : 'cannot be'} the URL of an agent server`, () => {
    if (problem === undefined) assert.equal(agentUrlProblem(url), undefined);
    else assert.match(agentUrlProblem(url) ?? '', problem);
  });
}

test('a port is a number from 1 to 65535 or left out', () => {
  for (const fine of ['', ' 22 ', '65535']) assert.equal(portProblem(fine), undefined, fine);
  for (const wrong of ['0', '65536', '2.5', 'ssh', '-1']) assert.notEqual(portProblem(wrong), undefined, wrong);
});

test('a folder offers itself, the one above and those in it, hidden ones last', () => {
  const shown = (path: string, folders: string[]) =>
    folderEntries(path, folders).map((entry) => `${entry.kind} ${entry.path}`);
  assert.deepEqual(shown('/home/anna', ['src', '.ssh', 'Docs']), [
    'use /home/anna',
    'parent /home',
    'folder /home/anna/Docs',
    'folder /home/anna/src',
    'folder /home/anna/.ssh',
  ]);
  assert.deepEqual(shown('/', ['srv']), ['use /', 'folder /srv']);
});

test('what begins like a path is one', () => {
  assert.deepEqual(typedFolder(' /srv/api '), { kind: 'typed', path: '/srv/api' });
  assert.equal(typedFolder('~')?.path, '~');
  assert.equal(typedFolder('~/src')?.path, '~/src');
  for (const word of ['', 'src', '~anna', 'a/b']) assert.equal(typedFolder(word), undefined, word);
});

test('a new context is named after its folder, and after its host where that name is taken', () => {
  assert.equal(freeContextName('/srv/api', 'build-box', []), 'api');
  assert.equal(freeContextName('/srv/api', 'build-box', ['api']), 'api-build-box');
  assert.equal(freeContextName('/srv/api', 'build-box', ['api', 'api-build-box']), 'api-build-box-2');
  assert.equal(freeContextName('/', 'build-box', []), 'build-box');
});

test('folders of a host are opened by the names that the ssh extension of the editor knows', () => {
  assert.equal(sshAuthority({ type: 'ssh', host: 'build-box' }), 'ssh-remote+build-box');
  const authority = sshAuthority({ type: 'ssh', host: 'BuildBox', user: 'anna', port: 2222 }) ?? '';
  const decoded: unknown = JSON.parse(Buffer.from(authority.replace('ssh-remote+', ''), 'hex').toString('utf8'));
  assert.deepEqual(decoded, { hostName: 'BuildBox', user: 'anna', port: 2222 });
  assert.equal(sshAuthority('local'), undefined);
  assert.equal(sshAuthority({ type: 'agent', url: 'wss://build-box:9876' }), undefined);
});
