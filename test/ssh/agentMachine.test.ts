import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import type { Client } from '../../src/client/api.js';
import type { Machine } from '../../src/protocol/context.js';
import { hasEnded, type Session } from '../../src/protocol/session.js';
import { RemoteHost } from '../helpers/remoteHost.js';
import { sha256, signalProcess, TestServer } from '../helpers/testServer.js';
import { distDir } from '../helpers/testHome.js';
import { until } from '../helpers/until.js';
import type { SshdOptions } from './sshd.js';

interface Far {
  readonly hub: TestServer;
  readonly host: RemoteHost;
  readonly client: Client;
  readonly machine: () => Machine;
}

/** A host on which an agent server has run, and a server here that reaches it over ssh. */
async function setUp(t: TestContext, options: SshdOptions = {}): Promise<Far> {
  const alive = setInterval(() => undefined, 1000);
  t.after(() => clearInterval(alive));
  const hub = new TestServer(t, { env: { SHELL: '/bin/sh' } });
  const host = await RemoteHost.start(t, options);
  host.introduce(hub.home.user, 'far-box');
  await host.runCm('ctx', 'list');
  const client = hub.client({ subscribe: true });
  await client.request('context/add', { name: 'far', path: host.work, machine: { type: 'agent', host: 'far-box' } });
  const machine = (): Machine => {
    const found = client.snapshot.machines.find(({ id }) => id === 'agent:far-box');
    assert.ok(found, 'the machine is shown');
    return found;
  };
  return { hub, host, client, machine };
}

function start({ client }: Far, task: string): Promise<Session> {
  const requestId = randomBytes(8).toString('hex');
  return client.request('session/create', { requestId, tool: 'shell', task, context: 'far' });
}

test('sessions of an agent server over ssh are started, steered and seen like those of this host', async (t) => {
  const far = await setUp(t);
  const { client, hub, host, machine } = far;
  await until('it is connected', () => machine().connection === 'connected');
  const { id, machineId, contextId } = await start(far, 'read line; echo "got $line"; exit 5');
  assert.equal(machineId, 'agent:far-box');
  assert.equal(contextId, (await client.request('context/get', { context: 'far' })).id);
  await hub.session(client, id, 'runs', ({ status }) => status === 'running');
  await client.request('session/send', { session: id, text: 'a word' });
  const ended = await hub.ended(client, id);
  assert.deepEqual([ended.status, ended.exitCode], ['failed', 5]);
  assert.match(host.log(id), /got a word/);
  assert.equal(await client.request('session/attach', { session: id }), null);
  // What is started there at its own keyboard is in the list, too.
  const theirs = await host.runCm('start', 'shell', 'cat', '--name', 'at-the-keyboard');
  await until('it is seen', () => client.snapshot.sessions.some((session) => session.id === theirs));
  const seen = client.snapshot.sessions.find((session) => session.id === theirs);
  assert.deepEqual([seen?.machineId, seen?.contextId], ['agent:far-box', contextId]);
  await client.request('session/kill', { session: 'at-the-keyboard' });
  await hub.ended(client, theirs);
  await client.request('session/archive', { session: id });
  const archived = await client.request('session/list', { archived: true });
  assert.ok(archived.some((session) => session.id === id && session.archived));
  assert.equal(host.link.open, 1, 'one connection');
});

test('a cut link is shown with the age of the last word and heals without a lost or doubled byte', async (t) => {
  const far = await setUp(t);
  const { client, host, machine } = far;
  await until('it is connected', () => machine().connection === 'connected');
  const { id } = await start(far, 'for i in $(seq 1 200); do seq 1 3000; sleep 0.01; done');
  const hash = createHash('sha256');
  let at = 0;
  let cuts = 0;
  const end = await new Promise<number>((resolve, reject) => {
    client.followLog(id, {
      onChunk: ({ offset, bytes }) => {
        assert.equal(offset, at);
        at += bytes.length;
        hash.update(bytes);
        if (at < (cuts + 1) * 300_000 || cuts >= 4 || host.link.open === 0) return;
        cuts++;
        host.link.interrupt();
      },
      onEnd: resolve,
      onError: reject,
    });
  });
  assert.equal(cuts, 4);
  assert.equal(end, at);
  assert.equal(hash.digest('hex'), await sha256(join(host.active, `${id}.log`)));
  const before = await start(far, 'cat');
  host.link.cut();
  await until('it is away', () => machine().connection === 'offline' && machine().nextTry !== null);
  assert.ok(machine().lastSeen);
  assert.ok(machine().problem);
  assert.ok(client.snapshot.sessions.some((session) => session.id === before.id && !hasEnded(session)));
  await assert.rejects(client.request('session/send', { session: before.id, text: 'x' }), { code: 'unavailable' });
  host.link.mend();
  await client.request('machine/connect', { machine: 'far-box' });
  await client.request('session/kill', { session: before.id });
});

test('what was known is listed at once after a restart of this server while the host is away', async (t) => {
  const far = await setUp(t);
  const { client, hub, host, machine } = far;
  await until('it is connected', () => machine().connection === 'connected');
  const { id } = await start(far, 'cat');
  await hub.session(client, id, 'runs', ({ status }) => status === 'running');
  await until('it is written', () => {
    const folder = join(hub.cm, 'machines');
    return (
      existsSync(folder) &&
      readdirSync(folder).some(
        (name) => name.endsWith('.json') && readFileSync(join(folder, name), 'utf8').includes('"running"'),
      )
    );
  });
  host.link.cut();
  const before = hub.pid;
  await hub.kill();
  await until('another one answers', () => client.state.kind === 'connected' && client.state.server.pid !== before);
  await until('it is listed', () => client.snapshot.sessions.some((session) => session.id === id));
  assert.notEqual(machine().connection, 'connected');
});

test('an agent server that is killed there is started again, and its sessions go on', async (t) => {
  const far = await setUp(t);
  const { client, hub, host, machine } = far;
  await until('it is connected', () => machine().connection === 'connected');
  const { id } = await start(far, 'read line; exit 7');
  await hub.session(client, id, 'runs', ({ status }) => status === 'running');
  const connections = host.link.connections;
  const before = host.serverPid;
  assert.ok(before !== undefined);
  signalProcess(before, 'SIGKILL');
  await until('another one runs', () => host.serverPid !== undefined && host.serverPid !== before);
  await until('it is connected', () => machine().connection === 'connected');
  await client.request('session/send', { session: id, text: '' });
  assert.equal((await hub.ended(client, id)).exitCode, 7);
  assert.equal(host.link.connections, connections, 'nobody signed in again');
});

test('a terminal in a session goes over the connection that is open', async (t) => {
  const far = await setUp(t);
  const { client, hub, host, machine } = far;
  await until('it is connected', () => machine().connection === 'connected');
  const { id } = await start(far, 'read line; echo "<$line>"; cat');
  await hub.session(client, id, 'runs', ({ status }) => status === 'running');
  const terminal = await client.openTerminal(id, { columns: 80, rows: 20 });
  let shown = '';
  terminal.onData((bytes) => void (shown += Buffer.from(bytes).toString('utf8')));
  await until('it shows something', () => shown !== '');
  terminal.write(Buffer.from('typed\r'));
  await until('what was typed arrived', () => shown.includes('<typed>'));
  assert.equal(host.link.open, 1);
  await client.request('session/kill', { session: id });
});

test('a host with one session on a connection is used with less', async (t) => {
  const far = await setUp(t, { maxSessions: 1 });
  const { client, hub, host, machine } = far;
  await until('it is connected', () => machine().connection === 'connected');
  const { id } = await start(far, 'seq 1 5000');
  let text = '';
  await new Promise((resolve, reject) => {
    client.followLog(id, {
      onChunk: ({ bytes }) => void (text += Buffer.from(bytes).toString('utf8')),
      onEnd: resolve,
      onError: reject,
    });
  });
  assert.equal(text, host.log(id));
  assert.equal((await hub.ended(client, id)).exitCode, 0);
  assert.equal(host.link.open, 1);
});

test('the steps to an agent server are told, and one that is not there says what to do', async (t) => {
  const far = await setUp(t);
  const { client, host, machine } = far;
  await until('it is connected', () => machine().connection === 'connected');
  const checks = await client.request('context/test', { context: 'far' });
  assert.deepEqual(
    checks.filter(({ status }) => status === 'failed'),
    [],
  );
  for (const name of ['agent server', 'folder', 'tmux'])
    assert.ok(
      checks.some((check) => check.name === name),
      name,
    );
  await client.request('machine/disconnect', { machine: 'far-box' });
  assert.equal(machine().connection, 'offline');
  const fresh = await client.request('machine/test', { machine: 'far-box' });
  assert.deepEqual(
    fresh.slice(0, 4).map(({ name }) => name),
    ['resolve', 'connect', 'host key', 'sign in'],
  );
  await client.request('machine/disconnect', { machine: 'far-box' });
  const folder = join(host.cm, 'servers');
  for (const name of readdirSync(folder).filter((each) => each.endsWith('.sh'))) rmSync(join(folder, name));
  const error = { code: 'dependencyMissing', hint: /cm machine install/ };
  await assert.rejects(client.request('machine/connect', { machine: 'far-box' }), error);
  await until('it is shown', () => machine().connection === 'dependencyMissing');
  const failed = (await client.request('machine/test', { machine: 'far-box' })).at(-1);
  assert.deepEqual([failed?.name, failed?.status, failed?.code], ['agent server', 'failed', 'dependencyMissing']);
});

test('an agent server that is found on the way of a test is tested further over the same connection', async (t) => {
  const far = await setUp(t);
  const { client, host } = far;
  await client.request('context/remove', { context: 'far' });
  const machine = { type: 'ssh', host: 'far-box' } as const;
  await client.request('context/add', { name: 'plain', path: host.work, machine });
  await client.request('machine/disconnect', { machine: 'ssh:far-box' });
  const before = host.link.connections;
  for (const name of ['found', 'known']) {
    const checks = await client.request('context/test', { context: 'plain' });
    assert.deepEqual(
      checks.filter(({ status }) => status === 'failed'),
      [],
      name,
    );
    assert.match(checks.find((check) => check.name === 'agent server')?.detail ?? '', /^\d+\.\d+\.\d+ on /);
  }
  assert.equal(host.link.connections, before + 1);
});

test('when the agent server that was found is taken away a test goes on without it', async (t) => {
  const { client, host, hub } = await setUp(t);
  await client.request('context/remove', { context: 'far' });
  const machine = { type: 'ssh', host: 'far-box' } as const;
  await client.request('context/add', { name: 'plain', path: host.work, machine });
  await client.request('context/test', { context: 'plain' });
  await client.request('machine/disconnect', { machine: 'ssh:far-box' });
  await host.runCm('server', 'stop', '--force');
  rmSync(join(host.cm, 'servers'), { recursive: true });
  const checks = await client.request('context/test', { context: 'plain' });
  assert.deepEqual(
    checks.filter(({ status }) => status === 'failed'),
    [],
  );
  const names = checks.map(({ name }) => name);
  assert.deepEqual(names, [...new Set(names)], 'each step is told once');
  for (const name of ['resolve', 'sign in', 'folder', 'tmux']) assert.ok(names.includes(name), name);
  assert.deepEqual([checks.at(-1)?.name, checks.at(-1)?.detail], ['agent server', 'not installed']);
  const requestId = randomBytes(8).toString('hex');
  const { id } = await client.request('session/create', { requestId, tool: 'shell', task: 'exit 4', context: 'plain' });
  assert.equal((await hub.ended(client, id)).exitCode, 4);
});

test('a sign-in that was refused in a test is never tried again by itself, also when its machine was waited for', async (t) => {
  const far = await setUp(t);
  const { client, host, machine } = far;
  await until('it is connected', () => machine().connection === 'connected');
  const keys = join(host.sshd.dir, 'authorized_keys');
  const text = readFileSync(keys, 'utf8');
  writeFileSync(keys, '');
  for (const how of ['disconnected', 'cut off']) {
    if (how === 'disconnected') await client.request('machine/disconnect', { machine: 'far-box' });
    else {
      writeFileSync(keys, text);
      await client.request('machine/connect', { machine: 'far-box' });
      host.link.cut();
      await until('it is waited for', () => machine().nextTry !== null);
      writeFileSync(keys, '');
      host.link.mend();
    }
    const failed = (await client.request('machine/test', { machine: 'far-box' })).at(-1);
    assert.deepEqual([failed?.name, failed?.status, failed?.code], ['sign in', 'failed', 'unauthorized']);
    assert.deepEqual([machine().connection, machine().nextTry], ['signInNeeded', null], how);
    const { connections } = host.link;
    await client.request('session/list', {});
    await client.request('tool/list', { machine: 'far-box' }).catch(() => undefined);
    assert.equal(host.link.connections, connections);
  }
  writeFileSync(keys, text);
  await client.request('machine/connect', { machine: 'far-box' });
});

test('a port on the host is reached over ssh with a token, and a refused token is never tried again', async (t) => {
  const far = await setUp(t);
  const { client, hub, host } = far;
  // It would be started again.
  await client.request('machine/disconnect', { machine: 'far-box' });
  await host.runCm('server', 'stop', '--force');
  const server = spawn(process.execPath, [join(distDir, 'cm.js'), 'server', 'run', '--port=0'], {
    env: host.env,
  });
  t.after(() => server.kill('SIGKILL'));
  const url = await until('it listens', async () => {
    const status = await host.runCm('server', 'status', '--json').catch(() => '{}');
    return (JSON.parse(status) as { url?: string | null }).url;
  });
  const token = await host.runCm('server', 'token', 'new', 'laptop');
  const machine = { type: 'agent', host: 'far-box', agentPort: Number(new URL(url).port) } as const;
  await client.request('context/add', { name: 'by-port', path: host.work, machine, token });
  const requestId = randomBytes(8).toString('hex');
  const session = await client.request('session/create', {
    requestId,
    tool: 'shell',
    task: 'exit 6',
    context: 'by-port',
  });
  assert.equal((await hub.ended(client, session.id)).exitCode, 6);
  assert.ok(!readFileSync(join(hub.cm, 'contexts.json'), 'utf8').includes(token));
  await host.runCm('server', 'token', 'revoke', 'laptop');
  const id = `agent:far-box/${machine.agentPort}`;
  const info = (): Machine | undefined => client.snapshot.machines.find((each) => each.id === id);
  await until('a person is needed', () => info()?.connection === 'signInNeeded');
  assert.equal(info()?.nextTry, null);
  await assert.rejects(client.request('machine/connect', { machine: id }), { code: 'unauthorized' });
});
