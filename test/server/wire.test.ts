import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { CodeManagerError } from '../../src/protocol/errors.js';
import type { ServerEvent } from '../../src/protocol/events.js';
import { HELLO, RawWire } from '../helpers/rawWire.js';
import { TestServer } from '../helpers/testServer.js';
import { until } from '../helpers/until.js';

type Answer = { error?: { code: number; message: string; data?: { code: string; hint?: string } }; result?: unknown };

async function setUp(
  t: TestContext,
): Promise<{ server: TestServer; open: () => Promise<RawWire>; check: () => Promise<void> }> {
  const server = new TestServer(t);
  const client = server.client();
  const { socket } = await client.request('server/status', {});
  const pid = server.pid;
  return {
    server,
    open: () => RawWire.open(t, socket),
    /** It goes on serving others. */
    check: async () => {
      const status = await client.request('server/status', {});
      assert.equal(status.server.pid, pid);
    },
  };
}

test('what is no request gets an error, and the connection stays', async (t) => {
  const { open, check } = await setUp(t);
  const wire = await open();
  for (const text of [
    '',
    'hello',
    '{',
    '[]',
    'null',
    '{"jsonrpc":"1.0","id":1,"method":"ping"}',
    '{"jsonrpc":"2.0","method":"ping"}',
    '[1,2,3]',
    '"x"',
  ]) {
    wire.messages.length = 0;
    wire.send(text);
    const { error } = (await wire.answer(null)) as Answer;
    assert.deepEqual([error?.code, error?.data?.code], [-32600, 'invalid'], text);
  }
  wire.messages.length = 0;
  wire.send(Buffer.from('{"jsonrpc":"2.0","id":1,"method":"ping"}'));
  assert.equal(((await wire.answer(null)) as Answer).error?.code, -32600);
  const { error } = (await wire.ask(1, 'session/list', {})) as Answer;
  assert.match(error?.message ?? '', /first request has to be initialize/);
  assert.deepEqual(((await wire.ask(2, 'ping')) as Answer).result, {});
  for (const method of ['no/such', 'toString', '__proto__', 'constructor', '']) {
    wire.messages.length = 0;
    const answer = (await wire.ask(3, method, {})) as Answer;
    assert.deepEqual([answer.error?.code, answer.error?.data?.code], [-32000, 'invalid'], method);
  }
  await wire.ask(4, 'initialize', HELLO);
  const right = { requestId: 'a request', tool: 'shell', path: '/' };
  for (const [id, name, params] of [
    [5, 'requestId', { ...right, requestId: 'x' }],
    [6, 'agent', { ...right, tool: '../x' }],
    [7, 'NUL', { ...right, task: 'a\0b' }],
  ] as const) {
    const wrong = (await wire.ask(id, 'session/create', params)) as Answer;
    assert.equal(wrong.error?.data?.code, 'invalid');
    assert.ok(wrong.error.message.includes(name), wrong.error.message);
  }
  await check();
});

test('a message that is too large or too deep harms nobody else', async (t) => {
  const { open, check } = await setUp(t);
  const large = await open();
  large.send(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping', params: 'x'.repeat(17 * 1024 * 1024) }));
  assert.equal(await until('it is cut', () => large.closed), 1009);
  const deep = await open();
  const nested = '['.repeat(2_000_000) + ']'.repeat(2_000_000);
  deep.send(`{"jsonrpc":"2.0","id":2,"method":"initialize","params":${nested}}`);
  const answer = (await deep.answer(2).catch(() => deep.answer(null))) as Answer;
  assert.equal(answer.error?.data?.code, 'invalid');
  await deep.ask(3, 'initialize', HELLO);
  const machine = `{"type":"x","deep":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
  deep.send(`{"jsonrpc":"2.0","id":4,"method":"context/add","params":{"name":"d","path":"/","machine":${machine}}}`);
  assert.equal(((await deep.answer(4)) as Answer).error?.data?.code, 'invalid');
  await check();
});

test('versions are negotiated: the older side is told which it is', async (t) => {
  const { open } = await setUp(t);
  const wire = await open();
  const tooOld = (await wire.ask(1, 'initialize', { ...HELLO, protocolVersions: [0, -1] })) as Answer;
  assert.deepEqual([tooOld.error?.data?.code, tooOld.error?.data?.hint], ['tooOld', 'Update raw.']);
  const tooNew = (await wire.ask(2, 'initialize', { ...HELLO, protocolVersions: [99] })) as Answer;
  assert.equal(tooNew.error?.data?.code, 'conflict');
  assert.match(tooNew.error.data.hint ?? '', /cm server restart/);
  const fits = (await wire.ask(3, 'initialize', { ...HELLO, protocolVersions: [99, 1] })) as Answer;
  assert.equal((fits.result as { protocolVersion: number }).protocolVersion, 1);
});

interface Initialized {
  readonly server: { readonly instance: string };
  readonly seq: number;
  readonly events?: readonly ServerEvent[];
  readonly snapshot?: { readonly sessions: readonly { readonly name: string }[] };
}

test('who was away for a while gets what happened, who was away for long gets the whole picture', async (t) => {
  const { server, open } = await setUp(t);
  const client = server.client();
  const { id } = await server.shell(client, 'cat');
  const first = await open();
  const start = ((await first.ask(1, 'initialize', { ...HELLO, subscribe: true })) as Answer).result as Initialized;
  assert.equal(start.snapshot?.sessions.length, 1);
  const resume = { instance: start.server.instance, seq: start.seq };
  const again = async (from: { instance: string; seq: number }): Promise<Initialized> =>
    ((await (await open()).ask(1, 'initialize', { ...HELLO, subscribe: true, resume: from })) as Answer)
      .result as Initialized;

  for (let n = 0; n < 5; n++) await client.request('session/rename', { session: id, name: `name ${n}` });
  const missed = await again(resume);
  assert.equal(missed.snapshot, undefined);
  const numbers = missed.events?.map(({ seq }) => seq) ?? [];
  assert.deepEqual(
    numbers,
    Array.from({ length: missed.seq - start.seq }, (_, n) => start.seq + 1 + n),
  );
  const names = missed.events?.flatMap(({ change }) =>
    change.type === 'session/changed' ? [change.session.name] : [],
  );
  assert.deepEqual(names?.slice(-5), ['name 0', 'name 1', 'name 2', 'name 3', 'name 4']);
  await until('the first one heard the same', () => {
    const heard = first.messages.flatMap(({ params }) => (params as ServerEvent | undefined)?.seq ?? []);
    return numbers.every((seq) => heard.includes(seq));
  });

  assert.ok((await again({ ...resume, instance: 'another' })).snapshot);
  assert.ok((await again({ ...resume, seq: missed.seq + 1000 })).snapshot, 'numbers that were never given');
  for (let n = 0; n < 6100; n += 100) {
    const batch = Array.from({ length: 100 }, (_, i) =>
      client.request('session/update', { session: id, pinned: i % 2 === n % 2 }),
    );
    await Promise.all(batch);
  }
  const late = await again(resume);
  assert.equal(late.events, undefined);
  assert.equal(late.snapshot?.sessions[0]?.name, 'name 4');
});

test('many sessions with large tasks can still be listed, and one has its whole task', async (t) => {
  const { server } = await setUp(t);
  const client = server.client({ subscribe: true });
  const task = `: ${'ö'.repeat(45_000)}`;
  const sessions = await Promise.all(Array.from({ length: 40 }, () => server.shell(client, task)));
  const second = server.client({ subscribe: true });
  await second.request('ping', {});
  assert.equal(second.snapshot.sessions.length, 40);
  assert.ok(JSON.stringify(second.snapshot).length < 1024 * 1024);
  assert.equal((await second.request('session/get', { session: sessions[0]?.id ?? '' })).task, task);
  assert.equal(server.record(sessions[1]?.id ?? '').task, task);
});

test('a client that asks too much at once is told so', async (t) => {
  const { server, open, check } = await setUp(t);
  const wire = await open();
  await wire.ask(0, 'initialize', HELLO);
  for (let n = 1; n <= 1000; n++) wire.send(JSON.stringify({ jsonrpc: '2.0', id: n, method: 'tool/list', params: {} }));
  const last = (await wire.answer(1000)) as Answer;
  assert.equal(last.error?.data?.code, 'unavailable');
  const { id } = await server.shell(server.client(), 'cat');
  assert.ok(id);
  await check();
});

test('asking again with the same request id gives the same session', async (t) => {
  const { server } = await setUp(t);
  const client = server.client();
  const request = { requestId: 'the same request', tool: 'shell', task: 'exit 0', path: server.work };
  const sessions = await Promise.all(Array.from({ length: 10 }, () => client.request('session/create', request)));
  assert.equal(new Set(sessions.map(({ id }) => id)).size, 1);
  await assert.rejects(client.request('session/create', { ...request, requestId: 'short' }), CodeManagerError);
});
