import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { WebSocketServer, type WebSocket } from 'ws';
import { RemoteHost } from '../helpers/remoteHost.js';
import { residentBytes, TestServer } from '../helpers/testServer.js';
import { until } from '../helpers/until.js';
import { setUpSsh } from '../conformance/machines/ssh.js';

const MB = 1024 * 1024;
const NASTY = 'red \u001b[31m\u001b]2;title\u0007\u009b2J \u202eback\u0000wards\r\nnew line';
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e]/;

/** The agent server goes on, does not grow without end, and shows nothing that a terminal would obey. */
async function holds(hub: TestServer, before: number): Promise<void> {
  const { pid } = hub;
  assert.ok(pid !== undefined);
  assert.ok(residentBytes(pid) - before < 250 * MB, `it grew by ${Math.round((residentBytes(pid) - before) / MB)} MB`);
  const { code, stdout } = await hub.home.run(['start', 'shell', 'exit 0', '--ctx', 'here']);
  assert.equal(code, 0, 'sessions of other machines go on');
  assert.equal((await hub.home.run(['wait', stdout.trim()])).code, 0);
  for (const command of [
    ['status'],
    ['machine', 'list'],
    ['ctx', 'list'],
    ['status', '--json'],
    ['machine', 'list', '--json'],
  ]) {
    const shown = await hub.home.run(command);
    assert.equal(shown.code, 0, shown.stderr);
    assert.doesNotMatch(`${shown.stdout}${shown.stderr}`, CONTROL, command.join(' '));
  }
}

async function withHere(hub: TestServer): Promise<number> {
  const client = hub.client();
  await client.request('context/add', { name: 'here', path: hub.work });
  client.dispose();
  assert.ok(hub.pid !== undefined);
  return residentBytes(hub.pid);
}

/** What a host may answer to any command. */
const ANSWERS: readonly (readonly [string, string])[] = [
  ['one line of 1 GB', "head -c 1000000000 /dev/zero | tr '\\0' x"],
  ['bytes that mean nothing', 'head -c 300000000 /dev/urandom'],
  ['escape sequences without end', 'yes "$(printf \'\\033[31m\\033]2;title\\007\\033[2J\\033c\')" | head -c 300000000'],
  ['nothing and stays', 'exec sleep 100000'],
  ['nothing and leaves', 'exit 0'],
];

for (const [name, script] of ANSWERS) {
  test(`a host that answers every command with ${name} harms nobody`, { timeout: 200_000 }, async (t) => {
    const { hub, host, spec } = await setUpSsh(t);
    const client = hub.client({ subscribe: true });
    await client.request('context/add', { name: 'far', path: host.work, machine: spec });
    const before = await withHere(hub);
    const path = join(host.sshd.dir, 'hostile');
    writeFileSync(path, `#!/bin/sh\n${script}\n`);
    chmodSync(path, 0o755);
    await host.sshd.restart({ forceCommand: path });
    await until('it is not connected', () =>
      client.snapshot.machines.some(({ id, connection }) => id !== 'local' && connection !== 'connected'),
    );
    const given = { signal: AbortSignal.timeout(8_000) };
    await client.request('machine/connect', { machine: 'far' }, given).catch(() => undefined);
    await holds(hub, before);
    const { code, stdout } = await hub.home.run(['ctx', 'test', 'far', '--timeout', '5s']);
    assert.notEqual(code, 0);
    assert.doesNotMatch(stdout, CONTROL);
    assert.ok(stdout.length < 20_000);
    await host.sshd.restart();
    await client.request('machine/connect', { machine: 'far' }, { timeoutMs: 60_000 });
  });
}

test(
  'records on a host that are deep, huge, foreign or full of control characters are contained',
  {
    timeout: 200_000,
  },
  async (t) => {
    const { hub, host, spec } = await setUpSsh(t);
    const client = hub.client({ subscribe: true });
    await client.request('context/add', { name: 'far', path: host.work, machine: spec });
    const good = await client.request('session/create', {
      requestId: 'a good one',
      tool: 'shell',
      task: 'cat',
      context: 'far',
    });
    const before = await withHere(hub);
    await client.request('machine/disconnect', { machine: 'far' });
    const record = JSON.parse(readFileSync(join(host.active, `${good.id}.json`), 'utf8')) as object;
    const put = (id: string, content: string): void => writeFileSync(join(host.active, `${id}.json`), content);
    put('0000000000a1', `{"deep":${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}}`);
    put(
      '0000000000a2',
      JSON.stringify({ ...record, id: '0000000000a2', name: NASTY, title: NASTY, tool: 'shell', contextName: NASTY }),
    );
    put('0000000000a3', JSON.stringify({ ...record, id: '../../escape', name: 'escape' }));
    put('0000000000a4', JSON.stringify({ ...record, id: '0000000000a4', name: 'x'.repeat(50 * MB) }));
    put('0000000000a5', '\u0000'.repeat(1000));
    put(
      '0000000000a6',
      JSON.stringify({ ...record, id: '0000000000a6', name: 'of-nobody', machineId: 'local', task: NASTY }),
    );
    mkdirSync(join(host.active, '0000000000a7.json'));
    await client.request('machine/connect', { machine: 'far' }, { timeoutMs: 60_000 });
    await until(
      'the good one runs',
      async () => (await client.request('session/get', { session: good.id })).status === 'running',
    );
    const listed = await client.request('session/list', {});
    assert.ok(listed.every(({ id }) => /^[0-9a-z]{12}$/.test(id)));
    const foreign = listed.find(({ id }) => id === '0000000000a6');
    if (foreign !== undefined) assert.notEqual(foreign.machineId, 'local');
    await holds(hub, before);
  },
);

test('a host that calls itself by control characters is shown without them', async (t) => {
  const { hub, host, spec } = await setUpSsh(t);
  const client = hub.client({ subscribe: true });
  host.program('uname', `#!/bin/sh\nprintf 'red\\033[31m\\033]2;title\\007name\\n'\n`);
  host.program('hostname', `#!/bin/sh\nprintf 'red\\033[31m\\033]2;title\\007name\\n'\n`);
  await client.request('context/add', { name: 'far', path: host.work, machine: spec }).catch(() => undefined);
  await holds(hub, await withHere(hub));
});

/** An agent server that is none. */
async function impostor(t: TestContext, talk: (socket: WebSocket) => void): Promise<string> {
  const server = createServer();
  const sockets = new WebSocketServer({ server });
  sockets.on('connection', (socket) => {
    socket.on('error', () => undefined);
    talk(socket);
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    for (const socket of sockets.clients) socket.terminate();
    sockets.close();
    server.close();
  });
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

interface Asked {
  readonly id: number;
  readonly method: string;
}

const IMPOSTORS: readonly (readonly [string, (socket: WebSocket, asked: Asked) => void])[] = [
  [
    'JSON a million deep',
    (socket, { id }) =>
      socket.send(`{"jsonrpc":"2.0","id":${id},"result":${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}}`),
  ],
  [
    'a message of 200 MB',
    (socket, { id }) => socket.send(`{"jsonrpc":"2.0","id":${id},"result":"${'x'.repeat(200 * MB)}"}`),
  ],
  [
    'frames that are none',
    (socket) =>
      (socket as unknown as { _socket: { write(data: Buffer): void } })._socket.write(
        Buffer.from('ff'.repeat(500), 'hex'),
      ),
  ],
  [
    'binary frames of nobody',
    (socket) => {
      for (let n = 0; n < 1000; n++) socket.send(Buffer.alloc(1000, n));
    },
  ],
  ['what is no JSON', (socket) => socket.send(`${NASTY} { [`)],
  [
    'answers to what nobody asked',
    (socket) => {
      for (let n = 0; n < 1000; n++) socket.send(`{"jsonrpc":"2.0","id":${n},"result":{}}`);
    },
  ],
  [
    'errors full of control characters',
    (socket, { id }) =>
      socket.send(
        JSON.stringify({
          jsonrpc: '2.0',
          id,
          error: { code: -32000, message: NASTY, data: { code: 'unavailable', message: NASTY, hint: NASTY } },
        }),
      ),
  ],
  [
    'sessions full of control characters',
    (socket, { id, method }) => {
      const time = new Date().toISOString();
      const session = {
        id: '0123456789ab',
        name: NASTY,
        contextId: 'c',
        contextName: NASTY,
        path: `/${NASTY}`,
        machine: { host: NASTY, bootId: 'b' },
        machineId: 'local',
        tool: 'shell',
        task: NASTY,
        status: 'running',
        state: 'waiting',
        waiting: { kind: 'question', text: NASTY },
        changed: time,
        created: time,
        title: NASTY,
      };
      const server = { version: '1.0.0', build: NASTY, pid: 1, host: NASTY, instance: 'i', started: time };
      const snapshot = {
        machines: [
          {
            id: 'local',
            host: NASTY,
            type: 'local',
            connection: 'connected',
            since: time,
            problem: { message: NASTY, command: NASTY },
          },
        ],
        contexts: [],
        sessions: [session, { ...session, id: '../../x' }],
      };
      const result =
        method === 'initialize'
          ? { protocolVersion: 1, server, capabilities: [], seq: 0, snapshot }
          : method === 'ping'
            ? {}
            : [session];
      socket.send(JSON.stringify({ jsonrpc: '2.0', id, result }));
    },
  ],
];

for (const [name, answer] of IMPOSTORS) {
  test(`an agent server that sends ${name} harms nobody`, { timeout: 120_000 }, async (t) => {
    const hub = new TestServer(t, { env: { SHELL: '/bin/bash' } });
    const before = await withHere(hub);
    const url = await impostor(t, (socket) => {
      socket.on('message', (data) => answer(socket, JSON.parse((data as Buffer).toString()) as Asked));
    });
    const client = hub.client({ subscribe: true });
    const machine = { type: 'agent', url } as const;
    await client
      .request(
        'context/add',
        { name: 'far', path: '/', machine, token: 'x'.repeat(43) },
        { signal: AbortSignal.timeout(8_000) },
      )
      .catch(() => undefined);
    await holds(hub, before);
  });
}

test('a port that lets in and says nothing is given up', { timeout: 120_000 }, async (t) => {
  const hub = new TestServer(t, { env: { SHELL: '/bin/bash' } });
  const before = await withHere(hub);
  const host = await RemoteHost.start(t);
  host.introduce(hub.home.user, 'silent');
  host.link.hold();
  const client = hub.client();
  await assert.rejects(
    client.request(
      'context/add',
      { name: 'far', path: '/', machine: { type: 'ssh', host: 'silent' } },
      { timeoutMs: 60_000 },
    ),
    { code: /unavailable|timeout/ },
  );
  await holds(hub, before);
});
