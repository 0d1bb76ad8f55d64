import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import test, { type TestContext } from 'node:test';
import type { Client } from '../../src/client/api.js';
import type { Machine } from '../../src/protocol/context.js';
import type { Session } from '../../src/protocol/session.js';
import { RemoteHost } from '../helpers/remoteHost.js';
import { TestServer } from '../helpers/testServer.js';
import { until } from '../helpers/until.js';

interface Far {
  readonly hub: TestServer;
  readonly host: RemoteHost;
  readonly client: Client;
  readonly machine: () => Machine | undefined;
  readonly start: (task: string) => Promise<Session>;
}

async function setUp(t: TestContext): Promise<Far> {
  const hub = new TestServer(t, { env: { SHELL: '/bin/sh' } });
  const host = await RemoteHost.start(t);
  host.introduce(hub.home.user, 'far-box');
  const client = hub.client({ subscribe: true });
  const machine = (): Machine | undefined => client.snapshot.machines.find(({ id }) => id === 'ssh:far-box');
  const start = (task: string): Promise<Session> =>
    client.request('session/create', {
      requestId: randomBytes(8).toString('hex'),
      tool: 'shell',
      task,
      context: 'far',
    });
  return { hub, host, client, machine, start };
}

const add = ({ client, host }: Far): Promise<unknown> =>
  client.request('context/add', { name: 'far', path: host.work, machine: { type: 'ssh', host: 'far-box' } });

test('an agent server that runs on a host is used, and the host is still shown as one by ssh', async (t) => {
  const far = await setUp(t);
  await far.host.runCm('ctx', 'list');
  await add(far);
  const info = await until('it is connected', () => {
    const known = far.machine();
    return known?.connection === 'connected' ? known : undefined;
  });
  assert.deepEqual([info.type, info.version !== null], ['ssh', true]);
  const { id, machineId } = await far.start('sleep 1000');
  assert.equal(machineId, 'ssh:far-box');
  assert.equal(await far.host.runCm('status', '-q'), id);
  const { status } = await far.client.request('session/kill', { session: id });
  assert.equal(status, 'stopped');
});

test('an agent server that is started on a host takes over what was driven from here, and nothing is lost', async (t) => {
  const far = await setUp(t);
  await add(far);
  assert.equal(far.machine()?.version, null);
  const { id } = await far.start('read line; echo got $line; exit 5');
  await far.hub.session(far.client, id, 'runs', ({ status }) => status === 'running');
  assert.equal(await far.host.runCm('status', '-q'), id, 'it adopts the session');
  await until('it is used', () => far.machine()?.version !== null && far.machine()?.connection === 'connected');
  assert.equal(far.client.snapshot.sessions.filter((session) => session.id === id).length, 1);
  await far.client.request('session/send', { session: id, text: 'a word' });
  const ended = await far.hub.ended(far.client, id);
  assert.deepEqual([ended.status, ended.exitCode, ended.machineId], ['failed', 5, 'ssh:far-box']);
  assert.match(far.host.log(id), /got a word/);
});
