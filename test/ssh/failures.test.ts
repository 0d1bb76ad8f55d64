import assert from 'node:assert/strict';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { mkdirSync } from 'node:fs';
import test, { type TestContext } from 'node:test';
import { tcpFailure } from '../../src/machines/ssh/wire.js';
import { tempDir } from '../helpers/tempDir.js';
import { until } from '../helpers/until.js';
import { failure } from './client.js';
import { freePort, Sshd } from './sshd.js';

function emptyHome(t: TestContext): string {
  const home = tempDir(t);
  mkdirSync(join(home, '.ssh'));
  return home;
}

/** Something on a port that is no sshd. */
async function listener(t: TestContext, onSocket: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    onSocket(socket);
  }).listen(0, '127.0.0.1');
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  await until('the server listens', () => server.listening);
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

test('a name that nobody has', async (t) => {
  const error = await failure(t, 'hostNotFound', { home: emptyHome(t), reach: { host: 'no-such-host.invalid' } });
  assert.match(error.message, /no-such-host\.invalid/);
  assert.equal(error.code, 'unavailable');
});

test('a port on which nothing listens', async (t) => {
  const port = await freePort();
  const error = await failure(t, 'refused', { home: emptyHome(t), reach: { host: '127.0.0.1', port } });
  assert.equal(error.message, `Nothing listens on port ${port} of 127.0.0.1`);
  assert.equal(error.needsPerson, false);
});

test('what the system says of a network becomes a cause', () => {
  const reasonOf = (code: string): string => tcpFailure(Object.assign(new Error(code), { code }), 'box', 22).reason;
  assert.deepEqual(['EHOSTUNREACH', 'ENETUNREACH', 'ETIMEDOUT', 'ECONNREFUSED', 'ECONNRESET'].map(reasonOf), [
    'noRoute',
    'noRoute',
    'timedOut',
    'refused',
    'closed',
  ]);
});

test('a host that says nothing at all', async (t) => {
  const port = await listener(t, () => undefined);
  const error = await failure(t, 'timedOut', {
    home: emptyHome(t),
    reach: { host: '127.0.0.1', port },
    timeoutMs: 200,
  });
  assert.equal(error.message, `127.0.0.1 port ${port} does not answer`);
});

test('a host that stops in the middle of the sign-in', async (t) => {
  const port = await listener(t, (socket) => socket.write('SSH-2.0-slow\r\n'));
  await failure(t, 'timedOut', { home: emptyHome(t), reach: { host: '127.0.0.1', port }, timeoutMs: 200 });
});

test('a host that hangs up without a word', async (t) => {
  const port = await listener(t, (socket) => socket.end());
  const error = await failure(t, 'notSsh', { home: emptyHome(t), reach: { host: '127.0.0.1', port } });
  assert.match(error.message, /hung up without a word/);
});

test('a web server on the port', async (t) => {
  const port = await listener(t, (socket) =>
    socket.once('data', () => socket.end('HTTP/1.1 400 Bad \x1b[31mRequest\r\n\r\n')),
  );
  const error = await failure(t, 'notSsh', { home: emptyHome(t), reach: { host: '127.0.0.1', port } });
  assert.equal(error.message, `127.0.0.1 port ${port} does not speak ssh: it said "HTTP/1.1 400 Bad Request"`);
});

test('a host that speaks a protocol of the last century', async (t) => {
  const port = await listener(t, (socket) => socket.write('SSH-1.5-OpenSSH_1.2\r\n'));
  await failure(t, 'noCommonAlgorithms', { home: emptyHome(t), reach: { host: '127.0.0.1', port } });
});

test('a host that sends garbage, or without end', async (t) => {
  for (const garbage of [
    Buffer.alloc(100_000, 0xff),
    Buffer.alloc(3_000_000, 'x\n'),
    Buffer.from('SSH-2.0-x\r\n\xff\xff\xff\xff garbage'),
  ]) {
    const port = await listener(t, (socket) => socket.write(garbage));
    const controller = new AbortController();
    const result = await failure(t, 'notSsh', {
      home: emptyHome(t),
      reach: { host: '127.0.0.1', port },
      timeoutMs: 500,
      signal: controller.signal,
    }).catch((error: unknown) => (error as Error).cause as { code: string });
    assert.equal(result.code, 'unavailable');
  }
});

test('algorithms that both sides do not share', async (t) => {
  const host = await Sshd.start(t, { config: ['KexAlgorithms curve25519-sha256'] });
  const home = host.client({ config: ['KexAlgorithms ecdh-sha2-nistp256'] });
  const error = await failure(t, 'noCommonAlgorithms', { home });
  assert.match(error.message, /have no key exchange algorithm in common/);
  const cipher = await Sshd.start(t, { config: ['Ciphers aes256-ctr'] });
  await failure(t, 'noCommonAlgorithms', { home: cipher.client({ config: ['Ciphers aes128-ctr'] }) });
});

test('an account that may not log in now', async (t) => {
  const host = await Sshd.start(t, { config: ['DenyUsers *'], banner: 'Closed for maintenance\n' });
  const error = await failure(t, 'signInRefused', { home: host.client() });
  assert.match(error.message, /It says: “Closed for maintenance/);
});

test('a proxy command that fails says why', async (t) => {
  const host = await Sshd.start(t);
  const home = host.client({ config: ['ProxyCommand echo no way >&2; exit 1'] });
  const error = await failure(t, 'configuration', { home });
  assert.equal(error.message, 'The ProxyCommand for box made no connection: it said “no way”');
  const missing = host.client({ home: join(host.dir, 'm'), config: ['ProxyCommand /no/such/program'] });
  assert.match((await failure(t, 'configuration', { home: missing })).message, /no\/such\/program/);
});
