import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { listSshHosts } from '../../src/machines/ssh/hostList.js';
import { tempDir } from '../helpers/tempDir.js';

function home(t: TestContext, files: Readonly<Record<string, string>>): { HOME: string } {
  const dir = tempDir(t);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), text);
  }
  return { HOME: dir };
}

test('every name of a Host line is a host to pick, patterns and exceptions are not', async (t) => {
  const env = home(t, {
    '.ssh/config': `
Host build-box bb "quoted" *.internal !not web?
  HostName build.example.com
  User anna
Match host x exec "true"
  HostName no
host=alone # a comment
Host bb
  User second
  Port 22
Host *
  User everybody
`,
  });
  assert.deepEqual(await listSshHosts({ env }), [
    { alias: 'build-box', hostName: 'build.example.com', user: 'anna' },
    { alias: 'bb', hostName: 'build.example.com', user: 'anna' },
    { alias: 'quoted', hostName: 'build.example.com', user: 'anna' },
    { alias: 'alone', hostName: null, user: null },
  ]);
});

test('included files are read where they are named: with ~, patterns and in any depth, but not in circles', async (t) => {
  const env = home(t, {
    '.ssh/config': 'Include conf.d/*.conf ~/more none/*\nHost own\n  HostName %h.example.com\n',
    '.ssh/conf.d/b.conf': 'Host b\n  Include deep\n',
    '.ssh/conf.d/a.conf': 'Host a\n',
    '.ssh/conf.d/.hidden.conf': 'Host hidden\n',
    '.ssh/deep': 'Host deep\nInclude config\n',
    more: 'Host more\n',
  });
  const hosts = await listSshHosts({ env });
  assert.deepEqual(
    hosts.map(({ alias }) => alias),
    ['a', 'b', 'deep', 'more', 'own'],
  );
  assert.equal(hosts.find(({ alias }) => alias === 'own')?.hostName, 'own.example.com');
});

test('without a configuration, or with one that nobody understands, there is nothing to pick', async (t) => {
  assert.deepEqual(await listSshHosts({ env: { HOME: tempDir(t) } }), []);
  assert.deepEqual(await listSshHosts({ env: home(t, { '.ssh/config': '\0"\n\'Host\n\x1b]0;x' }) }), []);
});
