import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { AnswerQuestion, Client } from '../../src/client/api.js';
import { createClient } from '../../src/client/client.js';
import { runOperation } from '../../src/client/operation.js';
import { CodeManagerError } from '../../src/protocol/errors.js';
import type { Params } from '../../src/protocol/requests.js';
import { machineRecord, questionRecord } from '../helpers/records.js';
import { ScriptedServer, type Peer } from '../helpers/scriptedServer.js';
import { tempDir } from '../helpers/tempDir.js';
import { until } from '../helpers/until.js';

const PASSWORD = questionRecord();

/** A server whose `machine/connect` asks and then tells what was answered. */
async function asking(t: TestContext, question: object = PASSWORD): Promise<{ server: ScriptedServer; home: string }> {
  const home = tempDir(t);
  const server = await ScriptedServer.start(t, home);
  server.on('question/answer', () => ({}));
  server.on('machine/connect', async (_: Params<'machine/connect'>, peer: Peer) => {
    peer.notify('question', question);
    await until('an answer', () => server.requestsOf('question/answer').length > 0);
    return machineRecord({ host: 'build-box' });
  });
  return { server, home };
}

function connect(t: TestContext, home: string, onQuestion?: AnswerQuestion): Client {
  const client = createClient({ name: 'test', home, ...(onQuestion === undefined ? {} : { onQuestion }) });
  t.after(() => client.dispose());
  return client;
}

/** A person who answers when the question is taken away, which is noted with the reason. */
function undecided(ends: unknown[]): AnswerQuestion {
  return (_, signal) =>
    new Promise((resolve) => {
      signal.addEventListener('abort', () => {
        ends.push(signal.reason);
        resolve('too late');
      });
    });
}

test('a question is put to the person and their answer goes back', async (t) => {
  const { server, home } = await asking(t);
  const client = connect(t, home, async ({ title, secret }) => `${title} ${String(secret)}`);
  await client.request('machine/connect', { machine: 'build-box' });
  assert.deepEqual(server.requestsOf('question/answer'), [{ id: 'q1', answer: 'Password of anna@build-box true' }]);
});

test('a client that cannot ask answers at once that there is no answer', async (t) => {
  for (const onQuestion of [undefined, () => Promise.reject(new Error('no screen'))]) {
    const { server, home } = await asking(t);
    await connect(t, home, onQuestion).request('machine/connect', { machine: 'build-box' });
    assert.deepEqual(server.requestsOf('question/answer'), [{ id: 'q1', answer: null }]);
  }
});

test('a question whose time is over is taken away and not answered', async (t) => {
  const { server, home } = await asking(t, { ...PASSWORD, timeoutMs: 1 });
  const ends: unknown[] = [];
  const client = connect(t, home, undecided(ends));
  await client.request('machine/connect', { machine: 'build-box' });
  assert.deepEqual(ends, ['timeout']);
  assert.deepEqual(server.requestsOf('question/answer'), [{ id: 'q1', answer: null }]);
});

test('a question is taken away when it is withdrawn and when the connection breaks, and is not answered then', async (t) => {
  const home = tempDir(t);
  const server = await ScriptedServer.start(t, home);
  const ends: unknown[] = [];
  const client = connect(t, home, undecided(ends));
  await client.request('ping', {});
  const [peer] = server.peers;
  peer?.notify('question', PASSWORD);
  peer?.notify('question/withdrawn', { id: 'q1' });
  await until('it is withdrawn', () => ends.length === 1);
  peer?.notify('question', { ...PASSWORD, id: 'q2' });
  await client.request('ping', {});
  server.cut();
  await until('it is cut', () => ends.length === 2);
  assert.deepEqual(ends, ['withdrawn', 'cut']);
  assert.deepEqual(server.requestsOf('question/answer'), []);
});

test('an operation tells its own progress only, and is cancelled on the server', async (t) => {
  const home = tempDir(t);
  const server = await ScriptedServer.start(t, home);
  const cancelled: string[] = [];
  server.on('operation/cancel', ({ operation }: Params<'operation/cancel'>) => {
    cancelled.push(operation);
    return {};
  });
  server.on('machine/install', async ({ operation = '' }: Params<'machine/install'>, peer: Peer) => {
    peer.notify('progress', { operation: 'another', message: 'not mine', percent: null });
    peer.notify('progress', { operation, message: 'Uploading', percent: 40 });
    await until('it is cancelled', () => cancelled.includes(operation));
    throw new CodeManagerError('cancelled', 'Cancelled there');
  });
  const controller = new AbortController();
  const told: string[] = [];
  const running = runOperation(
    connect(t, home),
    'machine/install',
    { machine: 'build-box' },
    {
      signal: controller.signal,
      onProgress: ({ message, percent }) => {
        told.push(`${message} ${percent}`);
        controller.abort();
      },
    },
  );
  await assert.rejects(running, { code: 'cancelled' });
  assert.deepEqual(told, ['Uploading 40']);
  assert.equal(cancelled.length, 1);
});
