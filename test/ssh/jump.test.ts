import assert from 'node:assert/strict';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { until } from '../helpers/until.js';
import { connect, failure, run, ScriptedAsker } from './client.js';
import { generateKey, Sshd } from './sshd.js';

test('a proxy command leads to the host, with its tokens', async (t) => {
  const gate = await Sshd.start(t);
  const host = await Sshd.start(t);
  const home = gate.client({ alias: 'gate' });
  const ssh = `ssh -F ${join(home, '.ssh', 'config')} -W %h:%p gate`;
  host.client({ home, config: [`ProxyCommand ${ssh}`] });
  const connection = await connect(t, { home });
  assert.equal(await run(connection, 'echo "$HOME"'), host.home);
  assert.ok(connection.bytesRead > 0 && connection.bytesWritten > 0);
  connection.dispose();
  await until('the proxy has ended', () => /Disconnected from user|Connection closed by/.test(gate.log));
});

test('one host leads to the next, each with its own configuration, key and questions', async (t) => {
  const [gate, inner, host] = [await Sshd.start(t), await Sshd.start(t), await Sshd.start(t)];
  const secret = join(gate.dir, 'locked');
  inner.authorize(generateKey(secret, 'ed25519', 'the secret'));
  const home = gate.client({ alias: 'gate', knowsHostKey: false });
  inner.client({ home, alias: 'inner', identityFiles: [secret], config: ['ProxyJump gate'] });
  host.client({ home, config: ['ProxyJump inner'] });
  const asker = new ScriptedAsker('yes', 'the secret');
  const steps: string[] = [];
  const connection = await connect(t, { home, asker, onStep: (step, detail) => steps.push(`${step}: ${detail}`) });
  assert.equal(await run(connection, 'echo "$HOME"'), host.home);
  assert.deepEqual(
    asker.asked.map(({ kind, title }) => `${kind}: ${title}`),
    ['hostKey: Trust the key of gate?', `passphrase: Passphrase of ${secret}`],
  );
  assert.equal(steps[0], `resolve: by ${inner.user}@127.0.0.1:${inner.port}`);
  assert.deepEqual(
    steps.map((step) => step.split(':')[0]),
    ['resolve', 'connect', 'host key', 'sign in'],
  );

  const closed = new Promise<unknown>((resolve) => connection.onClose(resolve));
  await gate.stop();
  assert.ok((await closed) instanceof Error);
});

test('several hosts may be named in a row, and all are left when the connection is closed', async (t) => {
  const [gate, inner, host] = [await Sshd.start(t), await Sshd.start(t), await Sshd.start(t)];
  const home = gate.client({ alias: 'gate' });
  inner.client({ home, alias: 'inner' });
  host.client({ home, config: [`ProxyJump gate,${host.user}@inner`] });
  const connection = await connect(t, { home });
  assert.equal(await run(connection, 'echo "$HOME"'), host.home);
  assert.match(gate.log, /Accepted publickey/);
  assert.match(inner.log, /Accepted publickey/);
  connection.dispose();
  await until('all of them are left', () =>
    [gate, inner, host].every((each) => /Disconnected from user/.test(each.log)),
  );
});

test('a host on the way that cannot go on says so', async (t) => {
  const [gate, host] = [await Sshd.start(t, { forwarding: false }), await Sshd.start(t)];
  const home = gate.client({ alias: 'gate' });
  host.client({ home, config: ['ProxyJump gate'] });
  const error = await failure(t, 'forward', { home });
  assert.match(error.message, /^\S+@127\.0\.0\.1:\d+ does not forward connections$/);
  await gate.restart({ forwarding: true });
  await host.stop();
  assert.match(
    (await failure(t, 'forward', { home })).message,
    /cannot reach 127\.0\.0\.1 port \d+: it said “Connection refused”/,
  );
  await gate.stop();
  assert.match((await failure(t, 'refused', { home })).message, new RegExp(`port ${gate.port} of`));
});

test('hosts that lead to each other are no way', async (t) => {
  const host = await Sshd.start(t);
  const home = host.client({ alias: 'a', config: ['ProxyJump b'] });
  host.client({ home, alias: 'b', config: ['ProxyJump a'] });
  const error = await failure(t, 'configuration', { home, reach: { host: 'a' } });
  assert.match(error.message, /through itself/);
});

test('a jump host for all hosts is not reached through itself', async (t) => {
  const [gate, host] = [await Sshd.start(t), await Sshd.start(t)];
  const home = gate.client({ alias: 'gate' });
  host.client({ home });
  appendFileSync(join(home, '.ssh', 'config'), 'Host *\n  ProxyJump gate\n');
  assert.equal(await run(await connect(t, { home }), 'echo "$HOME"'), host.home);
});

test('a connection that is there leads to another host, and stays when that is left', async (t) => {
  const [gate, host] = [await Sshd.start(t), await Sshd.start(t)];
  const home = gate.client({ alias: 'gate' });
  host.client({ home });
  const jump = await connect(t, { home, reach: { host: 'gate' } });
  const connection = await connect(t, { home, jump });
  assert.equal(await run(connection, 'echo "$HOME"'), host.home);
  connection.dispose();
  await until('the host is left', () => /Disconnected from user/.test(host.log));
  assert.equal(await run(jump, 'echo "$HOME"'), gate.home);
});
