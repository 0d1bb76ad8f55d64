import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { parseJump } from '../../src/machines/ssh/configValues.js';
import { parseEffectiveConfig, readSshConfig, type EffectiveConfig } from '../../src/machines/ssh/sshConfig.js';
import type { SshReach } from '../../src/machines/ssh/sshConnection.js';
import { ConnectionFailure } from '../../src/machines/connectionFailure.js';
import { tempDir } from '../helpers/tempDir.js';

interface Person {
  readonly env: NodeJS.ProcessEnv;
  readonly read: (reach: SshReach) => Promise<EffectiveConfig>;
}

function person(t: TestContext, config: string): Person {
  const home = tempDir(t);
  mkdirSync(join(home, '.ssh'));
  writeFileSync(join(home, '.ssh', 'config'), config);
  const env = { PATH: process.env['PATH'], HOME: home, SSH_AUTH_SOCK: '/agent' };
  return { env, read: (reach) => readSshConfig(reach, { env }) };
}

test('ssh itself says what its configuration means for a host', async (t) => {
  const { env, read } = person(
    t,
    `
Host bb build-box
  HostName build.example.com
  User anna
  Port 2200
  IdentityFile ~/.ssh/%r-at-%h
  IdentityFile "~/with space/100%%"
  IdentitiesOnly yes
  IdentityAgent ~/agent.sock
  UserKnownHostsFile ~/.ssh/own_hosts "~/with space"
  GlobalKnownHostsFile /etc/hosts_of_all
  HostKeyAlias the-box
  HashKnownHosts yes
  StrictHostKeyChecking yes
  ConnectTimeout 7
  ProxyJump gate,anna@inner:2222,[::1]:24
  AddressFamily inet6
  PreferredAuthentications password,publickey,hostbased
  BatchMode yes
Host proxied
  ProxyCommand nc -X 5 %h %p %% %r
  IdentityAgent none
  StrictHostKeyChecking accept-new
  PasswordAuthentication no
Host careless
  StrictHostKeyChecking no
Match host *.example.com
  Compression yes
`,
  );
  const home = env['HOME'] ?? '';
  const { algorithms, ...config } = await read({ host: 'bb' });
  assert.deepEqual(config, {
    alias: 'bb',
    hostName: 'build.example.com',
    port: 2200,
    user: 'anna',
    identityFiles: [join(home, '.ssh', 'anna-at-build.example.com'), join(home, 'with space/100%')],
    identitiesOnly: true,
    // ssh fills in the home of the account by itself.
    identityAgent: config.identityAgent,
    userKnownHosts: config.userKnownHosts,
    globalKnownHosts: ['/etc/hosts_of_all'],
    hostKeyAlias: 'the-box',
    hashKnownHosts: true,
    strictHostKeys: 'yes',
    jumps: [
      { host: 'gate', user: null, port: null },
      { host: 'inner', user: 'anna', port: 2222 },
      { host: '::1', user: null, port: 24 },
    ],
    proxyCommand: undefined,
    connectTimeoutMs: 7000,
    family: 6,
    bindAddress: undefined,
    methods: ['password', 'publickey'],
    batchMode: true,
  });
  assert.ok(algorithms?.hostKey.includes('ssh-ed25519'));

  const proxied = await read({ host: 'proxied' });
  assert.equal(proxied.proxyCommand, `nc -X 5 proxied 22 % ${userInfo().username}`);
  assert.equal(proxied.identityAgent, undefined);
  assert.equal(proxied.strictHostKeys, 'accept-new');
  assert.deepEqual(proxied.methods, ['publickey', 'keyboard-interactive']);
  // Nobody's configuration switches the check off.
  assert.equal((await read({ host: 'careless' })).strictHostKeys, 'ask');
});

test('what a context says wins over the configuration', async (t) => {
  const { env, read } = person(t, 'Host bb\n  HostName 10.0.0.1\n  User anna\n  Port 2200\n');
  const home = env['HOME'] ?? '';
  const config = await read({ host: 'bb', user: 'root', port: 23, keyFile: '~/keys/100% mine' });
  assert.deepEqual([config.user, config.port, config.hostName], ['root', 23, '10.0.0.1']);
  assert.equal(config.identityFiles[0], join(home, 'keys/100% mine'));
});

test('without a word about it, HOME holds the keys and known_hosts, and the agent is that of the environment', async (t) => {
  const { env, read } = person(t, '');
  const config = await read({ host: 'box' });
  assert.ok(config.identityFiles.includes(join(env['HOME'] ?? '', '.ssh', 'id_ed25519')));
  assert.equal(config.userKnownHosts[0], join(env['HOME'] ?? '', '.ssh', 'known_hosts'));
  assert.equal(config.identityAgent, '/agent');
  assert.deepEqual(config.methods, ['publickey', 'keyboard-interactive', 'password']);
});

test('where there is no ssh program its defaults hold', async (t) => {
  const home = tempDir(t);
  const config = await readSshConfig(
    { host: 'box', user: 'anna', port: 2200, keyFile: '~/k' },
    { env: { HOME: home, PATH: home } },
  );
  assert.deepEqual(
    [config.hostName, config.user, config.port, config.identityFiles, config.userKnownHosts, config.algorithms],
    ['box', 'anna', 2200, [join(home, 'k')], [join(home, '.ssh', 'known_hosts')], undefined],
  );
});

test('a wrong configuration is named by ssh', async (t) => {
  const { read } = person(t, 'Hots typo\n');
  await assert.rejects(read({ host: 'box' }), (error: ConnectionFailure) => {
    assert.equal(error.reason, 'configuration');
    assert.match(error.message, /config: line 1: Bad configuration option: hots/i);
    return true;
  });
});

test('a host name cannot be an option of ssh', async (t) => {
  const { read } = person(t, '');
  for (const host of ['-oProxyCommand=touch /tmp/x', '', 'a b', 'a\nb']) {
    await assert.rejects(
      read({ host }),
      (error) => error instanceof ConnectionFailure && error.reason === 'configuration',
    );
  }
});

test('hops are read in every form in which they can be written', () => {
  const hop = (host: string, user: string | null, port: number | null): object => ({ host, user, port });
  assert.deepEqual(parseJump('gate'), hop('gate', null, null));
  assert.deepEqual(parseJump('u@gate:22'), hop('gate', 'u', 22));
  assert.deepEqual(parseJump('ssh://u@gate:22/'), hop('gate', 'u', 22));
  assert.deepEqual(parseJump('u@[fe80::1%eth0]:22'), hop('fe80::1%eth0', 'u', 22));
  assert.deepEqual(parseJump('fe80::1'), hop('fe80::1', null, null));
  for (const wrong of ['', '-oX', 'a/b', 'u@', '@', 'a:b']) {
    assert.throws(() => parseJump(wrong), ConnectionFailure, wrong);
  }
});

test('what ssh prints is taken with care', () => {
  const config = parseEffectiveConfig('garbage\nport x\n\nhostname h\n', { host: 'a' }, { HOME: '/h' });
  assert.equal(config.port, 22);
  assert.equal(config.hostName, 'h');
});
