import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createServer, type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import test from 'node:test';
import { promisify } from 'node:util';
import { ConnectionFailure, type ConnectionFailureReason } from '../../src/machines/connectionFailure.js';
import { LinkProxy } from '../helpers/linkProxy.js';
import { until } from '../helpers/until.js';
import { connect, failure, output, run } from './client.js';
import { freePort, Sshd } from './sshd.js';

const is =
  (reason: ConnectionFailureReason) =>
  (error: unknown): boolean =>
    error instanceof ConnectionFailure && error.reason === reason;

test('a command runs on the host: with its input, both outputs and its exit code', async (t) => {
  const host = await Sshd.start(t);
  const connection = await connect(t, { home: host.client() });
  assert.equal(connection.target, `${host.user}@127.0.0.1:${host.port}`);
  const channel = await connection.exec('cat; echo "$HOME" >&2; exit 3');
  await channel.write('hello ');
  await channel.write(Buffer.from('there'));
  channel.end();
  assert.deepEqual(await output(channel), {
    stdout: 'hello there',
    stderr: `${host.home}\n`,
    exit: { code: 3, signal: null, error: undefined },
  });
  // Who asks late is told as well.
  assert.equal((await new Promise<{ code: number | null }>((resolve) => channel.onExit(resolve))).code, 3);
});

test('the steps are told in order, with what there is to say about each', async (t) => {
  const host = await Sshd.start(t);
  const steps: string[] = [];
  await connect(t, { home: host.client(), onStep: (step, detail) => steps.push(`${step}: ${detail}`) });
  assert.deepEqual(
    steps.map((step) => step.replace(/SHA256:\S+/, 'SHA256')),
    [
      'resolve: 127.0.0.1',
      `connect: 127.0.0.1 port ${host.port}`,
      'host key: ED25519 SHA256',
      `sign in: key ${host.keyFile}`,
    ],
  );
});

test('many bytes go both ways whole, at the pace of the slower side', async (t) => {
  const host = await Sshd.start(t);
  const connection = await connect(t, { home: host.client() });
  const channel = await connection.exec('sleep 0.3; tee /dev/stderr | sha256sum >&2');
  const piece = Buffer.alloc(256 * 1024, 'abcdefghijklmnopqrstuvwxyz\n');
  const digest = createHash('sha256');
  const received: Uint8Array[] = [];
  channel.onData(() => assert.fail('everything goes to the other stream'));
  channel.onStderr((data) => received.push(Buffer.from(data)));
  const ended = new Promise((resolve) => channel.onExit(resolve));
  let waited = 0;
  for (let i = 0; i < 40; i++) {
    digest.update(piece);
    const slow = channel.write(piece);
    if (slow !== undefined) waited++;
    await slow;
  }
  channel.end();
  await ended;
  const expected = digest.digest('hex');
  const size = 40 * piece.length;
  const stderr = Buffer.concat(received);
  assert.equal(createHash('sha256').update(stderr.subarray(0, size)).digest('hex'), expected);
  assert.equal(stderr.subarray(size).toString(), `${expected}  -\n`);
  assert.ok(waited > 0, 'the writer never had to wait');
});

test('a channel that is paused holds the host back, and loses nothing', async (t) => {
  const host = await Sshd.start(t);
  const connection = await connect(t, { home: host.client() });
  const channel = await connection.exec('head -c 20000000 /dev/zero; echo done >&2');
  let size = 0;
  let done = false;
  channel.onData((data) => (size += data.length));
  channel.onStderr(() => (done = true));
  channel.pause();
  const exit = new Promise((resolve) => channel.onExit(resolve));
  await run(connection, 'sleep 0.2');
  assert.equal(size, 0);
  assert.equal(done, false);
  channel.resume();
  await exit;
  assert.equal(size, 20_000_000);
  assert.equal(done, true);
});

test('a command that a signal ended says which', async (t) => {
  const host = await Sshd.start(t);
  const connection = await connect(t, { home: host.client() });
  const { exit } = await output(await connection.exec("exec sh -c 'kill -9 $$'"));
  assert.deepEqual(exit, { code: null, signal: 'KILL', error: undefined });
});

test('a terminal has the size that it is given', async (t) => {
  const host = await Sshd.start(t);
  const connection = await connect(t, { home: host.client() });
  const channel = await connection.exec(
    `trap 'stty size; exit' WINCH; echo $TERM; stty size; while :; do sleep 0.05; done`,
    {
      pty: { columns: 100, rows: 30, term: 'xterm-256color' },
    },
  );
  let printed = '';
  channel.onData((data) => (printed += Buffer.from(data).toString()));
  await until('its first size', () => printed.includes('30 100'));
  channel.resize(120, 40);
  await until('its new size', () => printed.includes('40 120'));
  assert.match(printed, /^xterm-256color\r\n30 100\r\n40 120/);
});

test('a channel that is given up ends the command', async (t) => {
  const host = await Sshd.start(t);
  const connection = await connect(t, { home: host.client() });
  const channel = await connection.exec('exec cat');
  const exit = new Promise((resolve) => channel.onExit(resolve));
  await until('cat runs', () => host.processes().length > 0);
  channel.dispose();
  channel.dispose();
  assert.deepEqual(await exit, { code: null, signal: null, error: undefined });
  await until('cat has ended', () => host.processes().length === 0);
  assert.equal(await run(connection, 'echo on'), 'on');
});

test('a host that opens no further session says so, and those that are open go on', async (t) => {
  const host = await Sshd.start(t, { maxSessions: 2 });
  const connection = await connect(t, { home: host.client() });
  const first = await connection.exec('cat');
  await connection.exec('cat');
  await assert.rejects(connection.exec('echo no'), is('channels'));
  await assert.rejects(connection.sftp(), is('channels'));
  first.dispose();
  assert.equal(await until('a session is free again', () => run(connection, 'echo yes').catch(() => undefined)), 'yes');
});

test('streams lead to ports as the host sees them', async (t) => {
  const host = await Sshd.start(t);
  const server = createServer((socket) => socket.end('from behind')).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await until('the server listens', () => server.listening);
  const { port } = server.address() as AddressInfo;
  const connection = await connect(t, { home: host.client() });
  const stream = await connection.forwardTcp('127.0.0.1', port);
  assert.equal(await text(stream), 'from behind');
  const closed = await freePort();
  await assert.rejects(connection.forwardTcp('127.0.0.1', closed), (error: ConnectionFailure) => {
    assert.equal(error.reason, 'forward');
    assert.match(
      error.message,
      new RegExp(`cannot reach 127\\.0\\.0\\.1 port ${closed}: it said “Connection refused”`),
    );
    return true;
  });
});

test('a host that does not forward says so', async (t) => {
  const host = await Sshd.start(t, { forwarding: false });
  const connection = await connect(t, { home: host.client() });
  await assert.rejects(connection.forwardTcp('127.0.0.1', host.port), (error: ConnectionFailure) => {
    assert.equal(error.reason, 'forward');
    assert.match(error.message, /does not forward connections/);
    return true;
  });
});

test('files go by SFTP, and a host without it says so', async (t) => {
  const host = await Sshd.start(t);
  const connection = await connect(t, { home: host.client() });
  const sftp = await connection.sftp();
  await promisify((done: (error?: Error | null) => void) => sftp.writeFile(`${host.home}/x`, 'by SFTP', done))();
  sftp.end();
  assert.equal(await run(connection, 'cat "$HOME/x"'), 'by SFTP');

  const bare = await Sshd.start(t, { sftp: false });
  const without = await connect(t, { home: bare.client() });
  await assert.rejects(without.sftp(), is('noSftp'));
  assert.equal(await run(without, 'echo on'), 'on');
});

test('a ping is one small round trip', async (t) => {
  const host = await Sshd.start(t);
  const connection = await connect(t, { home: host.client() });
  // The first one also waits for what the host says by itself.
  await connection.ping();
  const before = connection.bytesRead + connection.bytesWritten;
  for (let i = 0; i < 10; i++) await connection.ping();
  const bytes = (connection.bytesRead + connection.bytesWritten - before) / 10;
  assert.ok(bytes > 0 && bytes < 200, `${bytes} bytes`);
});

test('a cut connection ends everything on it with an error', async (t) => {
  const host = await Sshd.start(t);
  const connection = await connect(t, { home: host.client() });
  const channel = await connection.exec('cat');
  const exit = new Promise<{ error: unknown }>((resolve) => channel.onExit(resolve));
  const closed = new Promise<unknown>((resolve) => connection.onClose(resolve));
  await host.stop();
  assert.ok(is('closed')(await closed));
  assert.ok(is('closed')((await exit).error));
  assert.equal(connection.isClosed, true);
  await assert.rejects(connection.exec('echo'), is('closed'));
  await assert.rejects(connection.ping(), is('closed'));
  await assert.rejects(connection.forwardTcp('127.0.0.1', 1), is('closed'));
  await assert.rejects(connection.sftp(), is('closed'));
  assert.equal(channel.write('into the void'), undefined);
  // Who asks late is told as well.
  assert.ok(is('closed')(await new Promise<unknown>((resolve) => connection.onClose(resolve))));
  await host.start();
  assert.equal(await run(await connect(t, { home: host.client() }), 'echo again'), 'again');
});

test('requests in the air fail when the connection is cut', async (t) => {
  const host = await Sshd.start(t);
  const link = await LinkProxy.open(t, { port: host.port });
  const home = host.client({ alias: 'far', config: [`Port ${link.port}`, `HostKeyAlias [127.0.0.1]:${host.port}`] });
  const connection = await connect(t, { home, reach: { host: 'far', port: link.port } });
  await connection.ping();
  link.hold();
  const requests = [
    connection.exec('echo'),
    connection.forwardTcp('127.0.0.1', 1),
    connection.sftp(),
    connection.ping(),
  ];
  link.cut();
  for (const result of await Promise.allSettled(requests)) {
    assert.ok(result.status === 'rejected' && is('closed')(result.reason), JSON.stringify(result));
  }
});

test('a connection that this side closes ends without an error', async (t) => {
  const host = await Sshd.start(t);
  const connection = await connect(t, { home: host.client() });
  const channel = await connection.exec('cat');
  const exit = new Promise((resolve) => channel.onExit(resolve));
  const closed = new Promise<unknown>((resolve) => connection.onClose(resolve));
  connection.dispose();
  connection.dispose();
  assert.equal(await closed, undefined);
  await exit;
  await until('sshd has noticed', () => host.processes().length === 0);
});

test('a connection can be given up at every step', async (t) => {
  const host = await Sshd.start(t);
  const home = host.client();
  for (const at of ['start', 'resolve', 'connect', 'host key']) {
    const controller = new AbortController();
    if (at === 'start') controller.abort();
    const onStep = (step: string): void => {
      if (step === at) controller.abort();
    };
    const error = await failure(t, 'cancelled', { home, signal: controller.signal, onStep });
    assert.equal(error.code, 'cancelled');
  }
});
