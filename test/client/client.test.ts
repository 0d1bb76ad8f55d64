import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { Client, ConnectOptions } from '../../src/client/api.js';
import { createClient } from '../../src/client/client.js';
import { CodeManagerError } from '../../src/protocol/errors.js';
import { machineRecord, sessionRecord } from '../helpers/records.js';
import { ScriptedServer, type Peer } from '../helpers/scriptedServer.js';
import { tempDir } from '../helpers/tempDir.js';
import { until } from '../helpers/until.js';
import { NO_POLICY } from '../../src/protocol/policy.js';

function connect(t: TestContext, home: string, options: Partial<ConnectOptions> = {}): Client {
  const client = createClient({ name: 'test', home, ...options });
  t.after(() => client.dispose());
  return client;
}

const isConnected = (client: Client) => (): boolean => client.state.kind === 'connected';

test('a request waits for the connection and gives the checked result', async (t) => {
  const home = tempDir(t);
  const server = await ScriptedServer.start(t, home);
  server.on('session/get', () => sessionRecord({ name: 'found' }));
  const client = connect(t, home);
  assert.equal(client.state.kind, 'connecting');
  assert.equal((await client.request('session/get', { session: 'found' })).name, 'found');
  assert.equal(client.state.kind, 'connected');
});

test('an error of the server arrives with its code and hint', async (t) => {
  const home = tempDir(t);
  const server = await ScriptedServer.start(t, home);
  server.on('session/get', () => {
    throw new CodeManagerError('notFound', 'No session x', { hint: 'Look again.' });
  });
  await assert.rejects(connect(t, home).request('session/get', { session: 'x' }), {
    name: 'CodeManagerError',
    code: 'notFound',
    message: 'No session x',
    hint: 'Look again.',
  });
});

test('an answer that is not of the protocol is refused, not passed on', async (t) => {
  const home = tempDir(t);
  const server = await ScriptedServer.start(t, home);
  server.on('session/get', () => ({ id: 5 }));
  await assert.rejects(connect(t, home).request('session/get', { session: 'x' }), { code: 'internal' });
});

test('without a server and without a way to start one a request says so', async (t) => {
  const client = connect(t, tempDir(t), { reconnect: false });
  await assert.rejects(client.request('ping', {}), { code: 'unavailable', message: /not running/ });
  assert.deepEqual(client.state.kind === 'disconnected' && client.state.final, true);
  await assert.rejects(client.request('ping', {}), { code: 'unavailable' });
});

test('a client that is told to be too old stops trying', async (t) => {
  const home = tempDir(t);
  const server = await ScriptedServer.start(t, home);
  server.on('initialize', () => {
    throw new CodeManagerError('tooOld', 'This client is too old');
  });
  await assert.rejects(connect(t, home).request('ping', {}), { code: 'tooOld', hint: /Update/ });
  assert.equal(server.requestsOf('initialize').length, 1);
});

test('a cancelled request is rejected as cancelled, before and after the connection', async (t) => {
  const home = tempDir(t);
  const server = await ScriptedServer.start(t, home);
  server.on('doctor/run', () => new Promise(() => {}));
  const client = connect(t, home);
  const early = new AbortController();
  const first = client.request('ping', {}, { signal: early.signal });
  early.abort();
  await assert.rejects(first, { code: 'cancelled' });
  await client.request('ping', {});
  const late = new AbortController();
  const second = client.request('doctor/run', {}, { signal: late.signal });
  await until('the request has arrived', () => server.requestsOf('doctor/run').length === 1);
  late.abort();
  await assert.rejects(second, { code: 'cancelled' });
});

test('disposal rejects what is pending and ends the connection', async (t) => {
  const home = tempDir(t);
  const server = await ScriptedServer.start(t, home);
  server.on('doctor/run', () => new Promise(() => {}));
  const client = connect(t, home);
  const pending = client.request('doctor/run', {});
  await until('the request has arrived', () => server.requestsOf('doctor/run').length === 1);
  client.dispose();
  await assert.rejects(pending, CodeManagerError);
  await until('the server has seen it', () => server.peers.size === 0);
});

test('the snapshot follows the events, in order', async (t) => {
  const home = tempDir(t);
  const first = sessionRecord({ id: '000000000001', name: 'one' });
  const server = await ScriptedServer.start(t, home, {
    seq: 7,
    snapshot: { machines: [machineRecord()], contexts: [], policy: NO_POLICY, sessions: [first] },
  });
  const client = connect(t, home, { subscribe: true });
  const seen: number[] = [];
  client.onDidChange(({ seq }) => seen.push(seq));
  await until('connected', isConnected(client));
  assert.deepEqual(client.snapshot.sessions, [first]);
  const before = client.snapshot;
  const second = sessionRecord({ id: '000000000002', name: 'two' });
  server.emit({ type: 'session/changed', session: second });
  server.emit({ type: 'session/changed', session: { ...first, archived: true } });
  server.emit({ type: 'notice', level: 'info', message: 'hello' });
  await until('three events', () => seen.length === 3);
  assert.deepEqual(seen, [8, 9, 10]);
  assert.deepEqual(client.snapshot.sessions, [second]);
  assert.deepEqual(before.sessions, [first], 'a snapshot that was given out never changes');
});

test('an event of an unknown kind is skipped and costs nothing else', async (t) => {
  const home = tempDir(t);
  const server = await ScriptedServer.start(t, home);
  const client = connect(t, home, { subscribe: true });
  await until('connected', isConnected(client));
  let resets = 0;
  client.onDidReset(() => resets++);
  server.emit({ type: 'weather/changed', sky: 'blue' } as never);
  server.emit({ type: 'session/changed', session: sessionRecord({ name: 'after' }) });
  await until('the next event', () => client.snapshot.sessions[0]?.name === 'after');
  assert.equal(resets, 0);
});

test('a missing event means that the whole picture is fetched anew', async (t) => {
  const home = tempDir(t);
  const server = await ScriptedServer.start(t, home);
  const client = connect(t, home, { subscribe: true });
  await until('connected', isConnected(client));
  server.snapshot = { machines: [], contexts: [], policy: NO_POLICY, sessions: [sessionRecord({ name: 'fresh' })] };
  server.seq += 5;
  server.emit({ type: 'notice', level: 'info', message: 'from the future' });
  await until('the fresh picture', () => client.snapshot.sessions[0]?.name === 'fresh');
});

test('after a cut the missed events are asked for and applied', async (t) => {
  const home = tempDir(t);
  const server = await ScriptedServer.start(t, home);
  server.missed = (seq) => {
    assert.equal(seq, 1);
    server.seq = 2;
    const session = sessionRecord({ name: 'missed' });
    return [{ seq: 2, time: new Date().toISOString(), change: { type: 'session/changed', session } }];
  };
  const client = connect(t, home, { subscribe: true });
  let resets = 0;
  const states: string[] = [];
  await until('connected', isConnected(client));
  client.onDidReset(() => resets++);
  client.onDidChangeState(({ kind }) => states.push(kind));
  server.emit({ type: 'notice', level: 'info', message: 'one' });
  const seen: number[] = [];
  client.onDidChange(({ seq }) => seen.push(seq));
  await until('the first event', () => seen.length === 1);
  server.cut();
  await until('the missed event', () => seen.length === 2);
  assert.deepEqual(seen, [1, 2]);
  assert.equal(client.snapshot.sessions[0]?.name, 'missed');
  assert.equal(resets, 0);
  assert.equal(states.at(-1), 'connected');
});

test('another life of the server brings a new picture', async (t) => {
  const home = tempDir(t);
  const first = await ScriptedServer.start(t, home, { instance: 'first' });
  const client = connect(t, home, { subscribe: true });
  await until('connected', isConnected(client));
  const pictures: number[] = [];
  client.onDidReset(({ sessions }) => pictures.push(sessions.length));
  await first.stop();
  const second = await ScriptedServer.start(t, home, {
    instance: 'second',
    snapshot: { machines: [], contexts: [], policy: NO_POLICY, sessions: [sessionRecord()] },
  });
  await until('the second picture', () => pictures.length === 1);
  assert.deepEqual(pictures, [1]);
  assert.deepEqual((second.requestsOf('initialize')[0] as { resume: unknown }).resume, { instance: 'first', seq: 0 });
});

test('a request that may run twice is repeated after a cut, one that may not says that its outcome is unknown', async (t) => {
  const home = tempDir(t);
  const server = await ScriptedServer.start(t, home);
  let creates = 0;
  server.on('session/create', () => {
    if (++creates === 1) server.cut();
    return sessionRecord({ name: 'created' });
  });
  server.on('session/send', () => {
    server.cut();
    return {};
  });
  const client = connect(t, home);
  const created = await client.request('session/create', { requestId: 'request-1', tool: 'shell' });
  assert.equal(created.name, 'created');
  const ids = server.requestsOf('session/create').map((params) => (params as { requestId: string }).requestId);
  assert.deepEqual(ids, ['request-1', 'request-1']);
  await assert.rejects(client.request('session/send', { session: 'x', text: 'y' }), {
    code: 'unavailable',
    hint: /cm status/,
  });
  assert.equal(server.requestsOf('session/send').length, 1);
});

test('a log is followed across cuts: every byte once and in order', async (t) => {
  const home = tempDir(t);
  const server = await ScriptedServer.start(t, home);
  const content = Buffer.from(Array.from({ length: 50 }, (_, i) => `line ${i}\n`).join(''));
  let subscriptions = 0;
  server.on('log/subscribe', ({ from }: { from: number }, peer: Peer) => {
    const subscription = ++subscriptions;
    // The frames leave in the same packet as the answer, each time a little more and each time cut off.
    setImmediate(() => {
      const end = Math.min(content.length, from + 150);
      for (let at = from; at < end; at += 40)
        peer.sendLog(subscription, at, content.subarray(at, Math.min(at + 40, end)));
      if (end === content.length) peer.notify('log/end', { subscription, offset: end });
      else peer.socket.close();
    });
    return { subscription, base: 0, offset: from, size: content.length, path: '/log' };
  });
  const client = connect(t, home);
  const chunks: Buffer[] = [];
  let next = 0;
  const end = await new Promise<number>((resolve, reject) => {
    client.followLog('s', {
      onChunk: ({ offset, bytes }) => {
        assert.equal(offset, next);
        next += bytes.length;
        chunks.push(Buffer.from(bytes));
      },
      onEnd: resolve,
      onError: reject,
    });
  });
  assert.equal(end, content.length);
  assert.deepEqual(Buffer.concat(chunks), content);
  assert.ok(subscriptions > 2);
});

test('bytes that come in one packet with the answer to the subscription are not lost', async (t) => {
  const home = tempDir(t);
  const server = await ScriptedServer.start(t, home);
  server.on('log/subscribe', (_params, peer: Peer) => {
    queueMicrotask(() =>
      queueMicrotask(() => {
        peer.sendLog(1, 0, Buffer.from('at once'));
        peer.notify('log/end', { subscription: 1, offset: 7 });
      }),
    );
    return { subscription: 1, base: 0, offset: 0, size: 7, path: '/log' };
  });
  const text = await new Promise<string>((resolve, reject) => {
    let got = '';
    connect(t, home).followLog('s', {
      onChunk: ({ bytes }) => void (got += Buffer.from(bytes).toString()),
      onEnd: () => resolve(got),
      onError: reject,
    });
  });
  assert.equal(text, 'at once');
});

test('bytes that come twice are given once', async (t) => {
  const home = tempDir(t);
  const server = await ScriptedServer.start(t, home);
  server.on('log/subscribe', (_params, peer: Peer) => {
    setImmediate(() => {
      peer.sendLog(1, 0, Buffer.from('abcdef'));
      peer.sendLog(1, 2, Buffer.from('cdef'));
      peer.sendLog(1, 4, Buffer.from('efgh'));
      peer.notify('log/end', { subscription: 1, offset: 8 });
    });
    return { subscription: 1, base: 0, offset: 0, size: 8, path: '/log' };
  });
  const text = await new Promise<string>((resolve, reject) => {
    let got = '';
    connect(t, home).followLog('s', {
      onChunk: ({ bytes }) => void (got += Buffer.from(bytes).toString()),
      onEnd: () => resolve(got),
      onError: reject,
    });
  });
  assert.equal(text, 'abcdefgh');
});

test('a log that does not exist ends its follower with the error, and a disposed one is unsubscribed', async (t) => {
  const home = tempDir(t);
  const server = await ScriptedServer.start(t, home);
  server.on('log/unsubscribe', () => ({}));
  server.on('log/subscribe', ({ session }: { session: string }) => {
    if (session === 'none') throw new CodeManagerError('notFound', 'No session none');
    return { subscription: 9, base: 0, offset: 0, size: 0, path: '/log' };
  });
  const client = connect(t, home);
  const error = await new Promise<unknown>((resolve) => {
    client.followLog('none', { onChunk: () => {}, onError: resolve });
  });
  assert.equal((error as CodeManagerError).code, 'notFound');
  await new Promise<void>((resolve) => {
    const log = client.followLog('some', {
      onChunk: () => {},
      onStart: () => {
        log.dispose();
        resolve();
      },
    });
  });
  await until('unsubscribed', () => server.requestsOf('log/unsubscribe').length === 1);
});

test('while a reader is busy nothing more is read', async (t) => {
  const home = tempDir(t);
  const server = await ScriptedServer.start(t, home);
  const size = 64 * 1024;
  const total = 400;
  server.on('log/subscribe', (_params, peer: Peer) => {
    setImmediate(() => {
      for (let i = 0; i < total; i++) peer.sendLog(1, i * size, Buffer.alloc(size));
      peer.notify('log/end', { subscription: 1, offset: total * size });
    });
    return { subscription: 1, base: 0, offset: 0, size: total * size, path: '/log' };
  });
  let bytes = 0;
  let release: () => void = () => {};
  const ended = new Promise<void>((resolve, reject) => {
    connect(t, home).followLog('s', {
      onChunk: (chunk) => {
        bytes += chunk.bytes.length;
        return bytes === chunk.bytes.length ? new Promise<void>((go) => (release = go)) : undefined;
      },
      onEnd: () => resolve(),
      onError: reject,
    });
  });
  const [peer] = await until('a client', () => server.peers.size === 1 && [...server.peers]);
  await until('the first bytes', () => bytes > 0);
  await until('the server has to wait', () => (peer?.socket.bufferedAmount ?? 0) > size);
  assert.ok(bytes < (total * size) / 2, `${bytes} bytes came in spite of the pause`);
  release();
  await ended;
  assert.equal(bytes, total * size);
});
