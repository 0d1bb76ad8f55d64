import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { WebSocket } from 'ws';
import type { Client } from '../../src/client/api.js';
import { Guesses } from '../../src/server/tcp/guesses.js';
import { Unproved } from '../../src/server/tcp/unproved.js';
import { isOwnHost } from '../../src/server/tcp/hostNames.js';
import { HELLO } from '../helpers/rawWire.js';
import { TestServer } from '../helpers/testServer.js';
import { until } from '../helpers/until.js';

const GIVEN = 'a-token-that-somebody-brought-along-0123456789';

interface Tcp {
  readonly server: TestServer;
  readonly local: Client;
  readonly url: string;
  readonly port: number;
  /** What it printed. */
  readonly printed: () => string;
}

/** A server in the foreground that also listens on a port. */
async function listen(t: TestContext, args: readonly string[] = [], token = GIVEN): Promise<Tcp> {
  const server = new TestServer(t);
  const child = spawn(process.execPath, [server.serverPath, '--foreground', '--port=0', ...args], {
    env: { ...process.env, CM_HOME: server.cm, CM_AGENT_TOKEN: token },
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (printed += String(data)));
  t.after(() => child.kill('SIGKILL'));
  await until('it listens', () => {
    assert.equal(child.exitCode, null, printed);
    return server.pid !== undefined && existsSync(join(server.cm, 'servers'));
  });
  const local = server.client({ serverPath: undefined });
  const { url } = await local.request('server/status', {});
  assert.ok(url);
  return { server, local, url, port: Number(new URL(url).port), printed: () => printed };
}

function client(tcp: Tcp, token: string | undefined, url = tcp.url): Client {
  return tcp.server.client({
    serverPath: undefined,
    reconnect: false,
    transport: { kind: 'url', url, token: () => Promise.resolve(token) },
  });
}

/** Status of an attempt to open a WebSocket; 101 when it is open. */
function knock(port: number, headers: Readonly<Record<string, string>>, path = '/'): Promise<number> {
  return new Promise((resolve, reject) => {
    const upgrade = {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': Buffer.alloc(16).toString('base64'),
    };
    const asked = request({ host: '127.0.0.1', port, path, headers: { ...upgrade, ...headers }, agent: false });
    asked.on('upgrade', (response, socket) => {
      socket.destroy();
      resolve(response.statusCode ?? 0);
    });
    asked.on('response', (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    asked.on('error', reject).end();
  });
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

test('a client with a token does over TCP what it does over the socket, and one without it does nothing', async (t) => {
  const tcp = await listen(t);
  const { local } = tcp;
  const made = await local.request('token/new', { name: 'laptop' });
  assert.match(made.token, /^cm_[\w-]{43}$/);
  assert.ok(!readFileSync(join(tcp.server.cm, 'tokens.json'), 'utf8').includes(made.token.slice(3)));
  assert.equal(statSync(join(tcp.server.cm, 'tokens.json')).mode & 0o777, 0o600);
  for (const token of [made.token, GIVEN]) {
    const far = client(tcp, token);
    const { id } = await tcp.server.shell(far, 'echo over tcp; exit 4');
    assert.equal((await tcp.server.ended(far, id)).exitCode, 4);
    await assert.rejects(far.request('token/list', {}), { code: 'unauthorized' });
    await assert.rejects(far.request('token/new', { name: 'more' }), { code: 'unauthorized' });
  }
  const used = (await local.request('token/list', {})).find(({ name }) => name === 'laptop');
  assert.ok(used?.lastUsed);
  await assert.rejects(client(tcp, 'wrong').request('ping', {}), { code: 'unauthorized', hint: /token new/ });
  await assert.rejects(client(tcp, undefined).request('ping', {}), { code: 'unauthorized' });
  await assert.rejects(local.request('token/new', { name: 'laptop' }), { code: 'conflict' });
});

test('a revoked token ends its connections and opens none, others go on', async (t) => {
  const tcp = await listen(t);
  const one = await tcp.local.request('token/new', { name: 'one' });
  const two = await tcp.local.request('token/new', { name: 'two' });
  const first = client(tcp, one.token);
  const second = client(tcp, two.token);
  await Promise.all([first.request('ping', {}), second.request('ping', {})]);
  assert.equal((await tcp.local.request('token/revoke', { token: 'one' })).id, one.id);
  await until('it is cut', () => first.state.kind === 'disconnected');
  await second.request('ping', {});
  assert.equal(await knock(tcp.port, bearer(one.token)), 401);
  await assert.rejects(tcp.local.request('token/revoke', { token: 'one' }), { code: 'notFound' });
  await tcp.local.request('token/revoke', { token: two.id });
  await until('it is cut', () => second.state.kind === 'disconnected');
});

test('what a browser or a rebound name sends is refused, and a token in the URL is not looked at', async (t) => {
  const { port } = await listen(t);
  assert.equal(await knock(port, bearer(GIVEN)), 101);
  assert.equal(await knock(port, {}), 401);
  assert.equal(await knock(port, { ...bearer(GIVEN), origin: 'http://127.0.0.1' }), 403);
  assert.equal(await knock(port, { ...bearer(GIVEN), host: 'rebound.example' }), 421);
  assert.equal(await knock(port, { ...bearer(GIVEN), host: `localhost:${port}` }), 101);
  assert.equal(await knock(port, {}, `/?token=${GIVEN}`), 400);
  assert.equal(await knock(port, bearer(GIVEN), `/?token=${GIVEN}`), 400);
  assert.equal(await knock(port, bearer(GIVEN), '/other'), 404);
  assert.equal(await knock(port, { authorization: `Basic ${Buffer.from(GIVEN).toString('base64')}` }), 401);
});

test('however many wrong tokens came from an address, the right one enters; nothing secret is in the log', async (t) => {
  const tcp = await listen(t);
  const wrong = Array.from({ length: 40 }, (_, n) => knock(tcp.port, bearer(`guess-${n}`)).catch(() => 0));
  await until('they are refused', () => tcp.server.serverLog.includes('a wrong token came from 127.0.0.1 (number 5)'));
  assert.equal(await knock(tcp.port, bearer(GIVEN)), 101);
  await client(tcp, GIVEN).request('ping', {});
  const statuses = await Promise.all(wrong);
  assert.ok(statuses.every((status) => status === 401));
  // Also while more come.
  let goOn = true;
  const guessing = Array.from({ length: 8 }, async (_, n) => {
    for (let i = 0; goOn; i++) await knock(tcp.port, bearer(`guess-${n}-${i}`)).catch(() => 0);
  });
  for (let n = 0; n < 10; n++) assert.equal(await knock(tcp.port, bearer(GIVEN)), 101);
  goOn = false;
  await Promise.all(guessing);
  for (const text of [tcp.server.serverLog, tcp.printed()]) {
    assert.ok(!text.includes('guess-') && !text.includes(GIVEN));
  }
  assert.ok(tcp.server.serverLog.split('a wrong token').length < 12, 'many are told of once');
});

test('many wrong tokens of one network are answered late, and it is forgotten after an hour', () => {
  let now = 0;
  const guesses = new Guesses({ now: () => now, after: () => ({ cancel: () => undefined }) });
  const waits = Array.from({ length: 7 }, () => guesses.wrong('10.0.0.1').waitMs);
  assert.deepEqual(waits, [250, 250, 250, 250, 250, 1500, 1500]);
  assert.equal(guesses.wrong('::ffff:10.0.0.1').waitMs, 1500, 'the same address in another notation');
  assert.equal(guesses.wrong('10.0.0.2').waitMs, 250);
  for (let n = 0; n < 6; n++) guesses.wrong(`2001:db8::${n}`);
  assert.equal(guesses.wrong('2001:db8::ffff:1').waitMs, 1500, 'one network');
  assert.equal(guesses.wrong('2001:db8:0:1::1').waitMs, 250);
  now += 60 * 60_000 + 1;
  assert.equal(guesses.wrong('10.0.0.1').waitMs, 250);
});

test('a host name is known by table', () => {
  const own = (header: string | undefined): boolean => isOwnHost(header, '127.0.0.1', undefined);
  for (const header of ['localhost', 'LOCALHOST:9876', '127.0.0.1:1', '127.9.9.9', '[::1]:80']) {
    assert.ok(own(header), header);
  }
  for (const header of [
    undefined,
    '',
    'evil.example',
    'localhost.evil.example',
    '10.0.0.1',
    'a@localhost',
    '127.0.0.1.nip.io',
  ]) {
    assert.ok(!own(header), header);
  }
});

test('large frames, deep JSON and floods harm nobody else', async (t) => {
  const tcp = await listen(t);
  const open = (): Promise<WebSocket> =>
    new Promise((resolve, reject) => {
      const socket = new WebSocket(tcp.url, { headers: bearer(GIVEN) });
      t.after(() => socket.terminate());
      socket.once('open', () => resolve(socket)).on('error', reject);
    });
  const large = await open();
  const closed = new Promise<number>((resolve) => large.on('close', resolve));
  large.send(Buffer.alloc(17 * 1024 * 1024));
  assert.equal(await closed, 1009);
  const deep = await open();
  const answers: string[] = [];
  deep.on('message', (data: Buffer) => answers.push(data.toString('utf8')));
  deep.send(`{"jsonrpc":"2.0","id":1,"method":"ping","params":${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}}`);
  await until('it is refused', () => answers.some((text) => text.includes('"error"')));
  const flood = await open();
  let answered = 0;
  flood.on('message', () => answered++);
  flood.send(JSON.stringify({ jsonrpc: '2.0', id: 0, method: 'initialize', params: HELLO }));
  await until('it is initialized', () => answered === 1);
  for (let n = 1; n <= 30_000; n++) flood.send(`{"jsonrpc":"2.0","id":${n},"method":"ping"}`);
  await until('it goes on', () => answered > 1000);
  const other = client(tcp, GIVEN);
  await other.request('ping', {});
  assert.ok(answered < 30_000, 'the flood is held back');
});

test('idle connections keep nobody out: they go oldest first, those with a token never', async (t) => {
  const tcp = await listen(t);
  const proved = new WebSocket(tcp.url, { headers: bearer(GIVEN) });
  t.after(() => proved.terminate());
  await new Promise((resolve) => proved.once('open', resolve));
  proved.send(JSON.stringify({ jsonrpc: '2.0', id: 0, method: 'initialize', params: HELLO }));
  const open = (count: number): Socket[] => {
    const sockets = Array.from({ length: count }, () => connect(tcp.port, '127.0.0.1').on('error', () => undefined));
    t.after(() => sockets.forEach((socket) => socket.destroy()));
    return sockets;
  };
  const idle = open(300);
  await until('they are connected', () => idle.every((socket) => !socket.connecting));
  assert.equal(await knock(tcp.port, bearer(GIVEN)), 101, 'while they are there');
  const half = open(300);
  for (const socket of half) socket.write('GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n');
  assert.equal(await knock(tcp.port, bearer(GIVEN)), 101, 'while they have begun');
  await until('the oldest have gone', () => idle.slice(0, 200).every((socket) => socket.closed));
  await until('all have gone', () => [...idle, ...half].every((socket) => socket.closed));
  assert.equal(proved.readyState, WebSocket.OPEN);
  // More with a token than there are places for those without.
  const many = Array.from({ length: 100 }, () => client(tcp, GIVEN));
  await Promise.all(many.map((each) => each.request('ping', {})));
  await client(tcp, GIVEN).request('ping', {});
});

test('of connections without a token the oldest goes first, each after two seconds at the latest', () => {
  const timers: (() => void)[] = [];
  const unproved = new Unproved({
    now: () => 0,
    after: (ms, run) => {
      assert.equal(ms, 2000);
      timers.push(run);
      return { cancel: () => timers.splice(timers.indexOf(run), 1) };
    },
  });
  const gone: number[] = [];
  const socket = (port: number): Parameters<Unproved['add']>[0] => {
    const fake: unknown = {
      remoteAddress: '10.0.0.1',
      remotePort: port,
      destroy: () => gone.push(port),
      once: () => fake,
    };
    return fake as Parameters<Unproved['add']>[0];
  };
  for (let port = 1; port <= 66; port++) unproved.add(socket(port));
  assert.deepEqual(gone, [1, 2]);
  unproved.proved({ remoteAddress: '10.0.0.1', remotePort: 3 });
  assert.equal(unproved.size, 63);
  unproved.add(socket(67));
  assert.deepEqual(gone, [1, 2], 'one that was proved makes room');
  for (const run of [...timers]) run();
  assert.equal(gone.length, 66);
  assert.ok(!gone.includes(3));
});

test('a token that could be guessed, a lone certificate, and an open interface without TLS are refused', async (t) => {
  const server = new TestServer(t);
  const run = async (args: readonly string[], token = GIVEN): Promise<string> => {
    const child = spawn(process.execPath, [server.serverPath, '--foreground', ...args], {
      env: { ...process.env, CM_HOME: server.cm, CM_AGENT_TOKEN: token },
    });
    let stderr = '';
    child.stderr.on('data', (data) => (stderr += String(data)));
    t.after(() => child.kill('SIGKILL'));
    await until('it has ended', () => child.exitCode !== null);
    return stderr;
  };
  assert.match(await run(['--port=0'], 'short'), /at least 32 letters/);
  assert.match(await run(['--port=0', '--host=0.0.0.0']), /can be reached by others/);
  assert.match(await run(['--port=0', '--tls-cert=/none']), /belong together/);
  assert.match(await run(['--port=0', '--token-file=/none']), /cannot be read/);
  assert.match(await run(['--host=127.0.0.1']), /needs --port/);
  assert.match(await run(['--port=99999']), /--port takes a number/);
});

test('with a certificate other hosts come by wss, when they trust it', async (t) => {
  const server = new TestServer(t);
  const [cert, key] = [join(server.home.root, 'cert.pem'), join(server.home.root, 'key.pem')];
  const made = spawn('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
    ...[
      '-subj',
      '/CN=box.example',
      '-addext',
      'subjectAltName=DNS:box.example,IP:127.0.0.1',
      '-keyout',
      key,
      '-out',
      cert,
    ],
  ]);
  await until('the certificate is made', () => made.exitCode === 0);
  const tcp = await listen(t, ['--host=0.0.0.0', `--tls-cert=${cert}`, `--tls-key=${key}`]);
  assert.match(tcp.url, /^wss:/);
  const url = `wss://127.0.0.1:${tcp.port}/`;
  await assert.rejects(client(tcp, GIVEN, url).request('ping', {}), {
    code: 'unavailable',
    hint: /NODE_EXTRA_CA_CERTS/,
  });
  const status = (host: string): Promise<number> =>
    new Promise((resolve) => {
      const socket = new WebSocket(url, { ca: readFileSync(cert), headers: { ...bearer(GIVEN), host } });
      socket
        .once('open', () => resolve(101))
        .once('unexpected-response', (_r, response) => resolve(response.statusCode ?? 0));
      socket.on('error', () => undefined);
      t.after(() => socket.terminate());
    });
  assert.equal(await status('box.example'), 101);
  assert.equal(await status('other.example'), 421);
});

test('tokens come from a file, and are managed by cm', async (t) => {
  const server = new TestServer(t);
  const file = join(server.home.root, 'token');
  writeFileSync(file, `${GIVEN}\n`, { mode: 0o600 });
  const running = server.home.spawn(['server', 'run', '--port', '0', '--token-file', file]);
  t.after(() => running.child.kill('SIGTERM'));
  await until('it runs', () => server.pid !== undefined);
  const { url } = await server.home.json<{ url: string }>('server', 'status');
  assert.equal(await knock(Number(new URL(url).port), bearer(GIVEN)), 101);
  const token = await server.home.ok('server', 'token', 'new', 'laptop');
  assert.equal(await knock(Number(new URL(url).port), bearer(token)), 101);
  const list = await server.home.ok('server', 'token', 'list');
  assert.match(list, /laptop/);
  assert.match(list, /token file/);
  assert.ok(!list.includes(token));
  await server.home.ok('server', 'token', 'revoke', 'laptop');
  assert.equal(await knock(Number(new URL(url).port), bearer(token)), 401);
  const wrong = await server.home.run(['server', 'token', 'new']);
  assert.deepEqual([wrong.code, /A name is missing/.test(wrong.stderr)], [2, true]);
  running.child.kill('SIGTERM');
  await running.result();
  const seen = server.home.spawn(['server', 'run', '--port=0', '--token', GIVEN]);
  t.after(() => seen.child.kill('SIGTERM'));
  await until('it warns', () => /Others on this host can see/.test(seen.stderr));
});
