import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { until } from '../helpers/until.js';
import { connect, failure, run, ScriptedAsker } from './client.js';
import { generateKey, Sshd } from './sshd.js';

test('the key of an unknown host is shown to the person, and kept after a yes', async (t) => {
  const host = await Sshd.start(t);
  const home = host.client({ knowsHostKey: false });
  const known = join(home, '.ssh', 'known_hosts');
  const print =
    execFileSync('ssh-keygen', ['-lf', join(host.dir, 'host_key.pub')])
      .toString()
      .split(' ')[1] ?? '';
  const asker = new ScriptedAsker('yes');
  await connect(t, { home, asker, machine: 'the box' });
  assert.deepEqual(asker.asked, [
    {
      machine: 'the box',
      kind: 'hostKey',
      title: 'Trust the key of box?',
      text: `ED25519 ${print}`,
      secret: false,
      timeoutMs: 120_000,
    },
  ]);
  await until('the key is kept', () => existsSync(known));
  assert.equal(readFileSync(known, 'utf8'), `[127.0.0.1]:${host.port} ${host.hostKey}\n`);
  assert.equal(statSync(known).mode & 0o777, 0o600);
  // Now neither we nor ssh itself has to ask.
  assert.equal(await run(await connect(t, { home }), 'echo in'), 'in');
  const options = ['-F', join(home, '.ssh', 'config'), '-o', 'BatchMode=yes'];
  assert.equal(execFileSync('ssh', [...options, 'box', 'echo in'], { stdio: 'pipe' }).toString(), 'in\n');
});

test('a key that nobody accepts is not kept, and no sign-in is tried', async (t) => {
  const host = await Sshd.start(t);
  const home = host.client({ knowsHostKey: false });
  for (const answer of ['no', '', 'YES', null]) {
    const error = await failure(t, 'hostKeyUnknown', { home, asker: new ScriptedAsker(answer) });
    assert.equal(error.needsPerson, true);
  }
  const alone = await failure(t, 'hostKeyUnknown', { home });
  assert.match(alone.message, /^box is not known: it showed ED25519 SHA256:/);
  assert.equal(existsSync(join(home, '.ssh', 'known_hosts')), false);
  assert.doesNotMatch(host.log, /Accepted publickey|Failed publickey/);
});

test('a changed key is refused with its line, and the command that is named mends it', async (t) => {
  const host = await Sshd.start(t);
  const home = host.client();
  const known = join(home, '.ssh', 'known_hosts');
  writeFileSync(known, `# mine\nother ${host.hostKey}\n${readFileSync(known, 'utf8')}`);
  host.newHostKey();
  await host.restart();
  const asker = new ScriptedAsker('yes');
  const error = await failure(t, 'hostKeyChanged', { home, asker });
  assert.deepEqual(asker.asked, []);
  assert.match(error.message, new RegExp(`^box showed another key than the one in ${known}:3: ED25519 SHA256:`));
  assert.equal(error.command, `ssh-keygen -R '[127.0.0.1]:${host.port}' -f ${known}`);
  assert.equal(error.code, 'unauthorized');
  execFileSync('sh', ['-c', error.command], { stdio: 'pipe' });
  await connect(t, { home, asker });
  assert.deepEqual(asker.kinds, ['hostKey']);
});

test('a revoked key is refused, whatever else is known and whoever says yes', async (t) => {
  const host = await Sshd.start(t);
  const home = host.client();
  const known = join(home, '.ssh', 'known_hosts');
  appendFileSync(known, `@revoked * ${host.hostKey}\n`);
  const error = await failure(t, 'hostKeyRevoked', { home, asker: new ScriptedAsker('yes') });
  assert.match(error.hint ?? '', new RegExp(`${known}:2`));
});

test('an authority in known_hosts is no reason to trust a plain key', async (t) => {
  const host = await Sshd.start(t);
  const home = host.client({ knowsHostKey: false });
  writeFileSync(join(home, '.ssh', 'known_hosts'), `@cert-authority * ${host.hostKey}\n`);
  const asker = new ScriptedAsker('no');
  await failure(t, 'hostKeyUnknown', { home, asker });
  assert.match(asker.asked[0]?.text ?? '', /an authority for it, which is not checked/);
});

test('hashed names, names without the port and several files are known as they are to ssh', async (t) => {
  const host = await Sshd.start(t);
  const home = host.client();
  const known = join(home, '.ssh', 'known_hosts');
  execFileSync('ssh-keygen', ['-q', '-H', '-f', known], { stdio: 'pipe' });
  assert.match(readFileSync(known, 'utf8'), /^\|1\|/);
  await connect(t, { home });
  writeFileSync(known, `127.0.0.1 ${host.hostKey}\n`);
  await connect(t, { home });
  writeFileSync(known, '');
  const second = join(host.dir, 'second');
  writeFileSync(second, `box-alias ${host.hostKey}\n`);
  const more = [`GlobalKnownHostsFile ${second}`, 'HostKeyAlias Box-Alias'];
  await connect(t, { home: host.client({ home: join(host.dir, 'global'), knowsHostKey: false, config: more }) });
});

test('a host with several keys shows the one that is known', async (t) => {
  const host = await Sshd.start(t);
  const ecdsa = join(host.dir, 'ecdsa_key');
  const [type, key] = generateKey(ecdsa, 'ecdsa').split(' ');
  await host.restart({ config: [`HostKey ${ecdsa}`] });
  const home = host.client({ knowsHostKey: false });
  writeFileSync(join(home, '.ssh', 'known_hosts'), `[127.0.0.1]:${host.port} ${type} ${key}\n`);
  const steps: string[] = [];
  await connect(t, { home, onStep: (_step, detail) => steps.push(detail) });
  assert.match(steps.join('\n'), /ECDSA SHA256/);
});

test('a host that is known by another kind of key is asked about, with a word about that', async (t) => {
  const host = await Sshd.start(t);
  const home = host.client({ knowsHostKey: false });
  const [type, key] = generateKey(join(host.dir, 'old'), 'rsa').split(' ');
  writeFileSync(join(home, '.ssh', 'known_hosts'), `[127.0.0.1]:${host.port} ${type} ${key}\n`);
  const asker = new ScriptedAsker('no');
  await failure(t, 'hostKeyUnknown', { home, asker });
  assert.match(asker.asked[0]?.text ?? '', /known by another kind of key \(RSA\)/);
});

test('StrictHostKeyChecking: yes refuses without asking, accept-new takes what is new, no asks all the same', async (t) => {
  const host = await Sshd.start(t);
  const homeOf = (value: string): string =>
    host.client({ home: join(host.dir, value), knowsHostKey: false, config: [`StrictHostKeyChecking ${value}`] });
  const strict = new ScriptedAsker('yes');
  const error = await failure(t, 'hostKeyUnknown', { home: homeOf('yes'), asker: strict });
  assert.deepEqual(strict.asked, []);
  assert.match(error.hint ?? '', new RegExp(`ssh-keyscan -p ${host.port} 127.0.0.1`));
  const fresh = homeOf('accept-new');
  await connect(t, { home: fresh });
  await until('the key is kept', () => existsSync(join(fresh, '.ssh', 'known_hosts')));
  await failure(t, 'hostKeyUnknown', { home: homeOf('no') });
  host.newHostKey();
  await host.restart();
  await failure(t, 'hostKeyChanged', { home: fresh });
});

test('keys are exchanged again in a long connection without a question', async (t) => {
  const host = await Sshd.start(t, { config: ['RekeyLimit 1M'] });
  const home = host.client({ knowsHostKey: false });
  const asker = new ScriptedAsker('yes');
  const connection = await connect(t, { home, asker });
  assert.equal(await run(connection, 'head -c 5000000 /dev/zero | tr "\\0" x | wc -c'), '5000000');
  const channel = await connection.exec('head -c 5000000 /dev/zero');
  let size = 0;
  channel.onData((data) => (size += data.length));
  await new Promise((resolve) => channel.onExit(resolve));
  assert.equal(size, 5_000_000);
  assert.deepEqual(asker.kinds, ['hostKey']);
  assert.equal(await run(connection, 'echo on'), 'on');
});
