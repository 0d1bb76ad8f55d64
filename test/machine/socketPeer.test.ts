import assert from 'node:assert/strict';
import { createConnection, createServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { peerInLsof } from '../../src/machines/local/lsofPeer.js';
import { tcpEnd, unixEnd, type SocketEnd } from '../../src/machines/local/socketEnd.js';
import { peerInSs, SocketPeers } from '../../src/machines/local/socketPeer.js';
import { Origins } from '../../src/server/inside/origins.js';
import { silentLogger } from '../helpers/silentLogger.js';
import { sessionRecord } from '../helpers/records.js';
import { tempDir } from '../helpers/tempDir.js';

/** The server's end of a connection of this very process. */
async function accepted(t: TestContext, where: string | { port: number; host: string }): Promise<Socket> {
  const server = createServer();
  t.after(() => server.close());
  await new Promise<void>((resolve) => {
    if (typeof where === 'string') server.listen(where, resolve);
    else server.listen(where.port, where.host, resolve);
  });
  const { port } = typeof where === 'string' ? { port: 0 } : (server.address() as AddressInfo);
  const both = new Promise<Socket>((resolve) => server.once('connection', resolve));
  const client =
    typeof where === 'string'
      ? createConnection(where)
      : createConnection({ port, host: where.host.replace('::ffff:', '') });
  const socket = await both;
  t.after(() => {
    client.destroy();
    socket.destroy();
  });
  return socket;
}

test(
  'who holds the other end of a socket is found, also without a hint',
  { skip: process.platform !== 'linux' },
  async (t) => {
    const peers = new SocketPeers();
    const unix = unixEnd(await accepted(t, join(tempDir(t), 'a  path 1 * 2')));
    const ends = [unix];
    for (const host of ['127.0.0.1', '::1', '::ffff:127.0.0.1'])
      ends.push(tcpEnd(await accepted(t, { port: 0, host })));
    for (const end of ends) {
      assert.ok(end);
      for (const hint of [undefined, process.pid, 1]) {
        assert.deepEqual(
          await peers.holders(end, hint),
          { kind: 'held', pids: [process.pid] },
          JSON.stringify([end, hint]),
        );
      }
    }
    const far: SocketEnd = {
      kind: 'tcp',
      localAddress: '10.0.0.1',
      localPort: 1,
      remoteAddress: '10.0.0.2',
      remotePort: 2,
    };
    assert.deepEqual(await peers.holders(far), { kind: 'gone' });
    assert.ok(unix);
    assert.deepEqual(await new SocketPeers(['/nowhere/ss']).holders(unix), { kind: 'unknown' });
  },
);

test('the other end in what ss prints', () => {
  const list = [
    'u_str LISTEN 0 4096 /run/x.sock 5 * 0 ',
    'u_str ESTAB  0 0 /run/x y 7 * 9.sock 217719 * 217718 ',
    'u_str ESTAB  0 0 * 217718 * 217719 ',
    'u_str ESTAB  0 0 /run/x.sock 300 * 0 ',
  ].join('\n');
  assert.equal(peerInSs(list, '217719'), 217718);
  assert.equal(peerInSs(list, '217718'), 217719);
  assert.equal(peerInSs(list, '300'), 0);
  assert.equal(peerInSs(list, '5'), undefined);
  assert.equal(peerInSs(list, '17719'), undefined);
});

test('the other end in what lsof prints', () => {
  const list = 'p10\nf21\nd0xaa\nn->0xbb\nf22\nd0xcc\nn/run/server.sock\np20\nf3\nd0xbb\nn->0xaa\nf4\nd0xdd\nn->0xcc\n';
  assert.deepEqual(peerInLsof(list, { kind: 'unix', fd: 21 }, 10), { kind: 'held', pids: [20] });
  assert.deepEqual(peerInLsof(list, { kind: 'unix', fd: 22 }, 10), { kind: 'held', pids: [20] });
  assert.deepEqual(peerInLsof(list, { kind: 'unix', fd: 23 }, 10), { kind: 'gone' });
  const tcp = 'p10\nf5\nn127.0.0.1:80->127.0.0.1:5000\np20\nf6\nn127.0.0.1:5000->127.0.0.1:80\n';
  const end: SocketEnd = {
    kind: 'tcp',
    localAddress: '127.0.0.1',
    localPort: 80,
    remoteAddress: '127.0.0.1',
    remotePort: 5000,
  };
  assert.deepEqual(peerInLsof(tcp, end, 10), { kind: 'held', pids: [20] });
});

test('where it cannot be told, what a client says of itself counts, and the doctor says so', async () => {
  const session = sessionRecord({ id: '000000000001', name: 'agent' });
  const origins = new Origins({
    peers: new SocketPeers(['/nowhere/ss']),
    sessions: () => [session],
    find: () => Promise.reject(new Error('there is none')),
    outer: undefined,
    log: silentLogger,
  });
  const closed = new AbortController().signal;
  const inside = (said: string | undefined): Promise<string | undefined> =>
    origins.inside({ end: undefined, said: { session: said }, closed }).then((found) => found?.name);
  assert.equal(await inside(session.id), 'agent');
  assert.equal(await inside('zzzzzzzzzzzz'), 'zzzzzzzzzzzz');
  assert.equal(await inside(undefined), undefined);
  assert.equal((await origins.check({ engine: undefined })).status, 'warning');
});
