import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { repoRoot } from '../../scripts/lib/paths.mjs';
import type { Client } from '../../src/client/api.js';
import type { AuditEntry } from '../../src/protocol/audit.js';
import { accessOf, REQUESTS, type Method, type Params } from '../../src/protocol/requests.js';
import { hasEnded } from '../../src/protocol/session.js';
import { CM, InsideProgram } from '../helpers/insideProgram.js';
import { HELLO } from '../helpers/rawWire.js';
import { quote, TestServer } from '../helpers/testServer.js';
import { until } from '../helpers/until.js';

interface Desk {
  readonly server: TestServer;
  readonly client: Client;
  readonly inside: InsideProgram;
  /** Another session. */
  readonly other: string;
}

async function desk(t: TestContext): Promise<Desk> {
  const server = new TestServer(t);
  const client = server.client();
  const inside = await InsideProgram.start(t, server, client, 'agent');
  const { id: other } = await server.shell(client, 'exec sleep 1000', { name: 'other' });
  return { server, client, inside, other };
}

async function audit(client: Client): Promise<AuditEntry[]> {
  return client.request('audit/list', {});
}

/** Requests of every kind with the least that they take, about another session than the one that asks. */
function requests({ server, other, inside }: Desk): { readonly [M in Method]: readonly object[] } {
  const session = other;
  const size = { columns: 80, rows: 24 };
  const rule = { effect: 'allow', actions: ['shell'], command: null };
  return {
    initialize: [],
    ping: [{}],
    'context/list': [{}],
    'context/get': [{ context: 'none' }],
    'context/add': [{ name: 'more', path: server.work }],
    'context/forPath': [{ path: server.work }, { path: '/', create: true }],
    'context/edit': [{ context: 'work', name: 'mine' }],
    'context/remove': [{ context: 'work', force: true }],
    'context/test': [{ context: 'work' }],
    'machine/list': [{}],
    'machine/connect': [{ machine: 'local' }],
    'machine/disconnect': [{ machine: 'local' }],
    'machine/test': [{ machine: 'local' }],
    'machine/install': [{ machine: 'local' }],
    'machine/folders': [{ machine: 'local', path: '/' }],
    'machine/hosts': [{}],
    'question/answer': [{ id: 'q', answer: 'secret' }],
    'operation/cancel': [{ operation: 'none' }],
    'tool/list': [{ versions: false }],
    'screen/judge': [{ tool: 'shell', screen: '' }],
    'session/create': [{ requestId: 'a-request-id', tool: 'shell', task: 'true', path: server.work }],
    'session/list': [{}],
    'session/get': [{ session }],
    'session/send': [
      { session, text: 'hi' },
      { session, text: 'hi', force: true },
    ],
    'session/key': [{ session, keys: ['Enter'] }],
    'session/answer': [{ session, request: 'r', answer: { type: 'allow' }, by: 'the person' }],
    'session/interrupt': [{ session }],
    'session/stop': [{ session }],
    'session/kill': [{ session }],
    'session/rename': [
      { session, name: 'renamed' },
      { session: inside.id, name: inside.name },
    ],
    'session/update': [
      { session, pinned: true },
      { session: inside.id, unread: false },
    ],
    'session/archive': [{ session, force: true }],
    'session/purge': [{ session, force: true }],
    'session/attach': [{ session }, { session, readOnly: true }],
    'terminal/open': [
      { session, ...size },
      { session, ...size, readOnly: true },
    ],
    'terminal/resize': [{ terminal: 99, ...size }],
    'terminal/close': [{ terminal: 99 }],
    'session/transcript': [{ session }],
    'session/resume': [{ session, requestId: 'a-request-id' }],
    'session/explain': [{ session }],
    'session/changes': [{ session }],
    'session/trustGit': [{ session, digest: 'd' }],
    'log/subscribe': [{ session }],
    'log/unsubscribe': [{ subscription: 99 }],
    'log/info': [{ session }],
    'audit/list': [{}],
    'policy/list': [{}],
    'policy/add': [{ rule }],
    'policy/remove': [{ rule: 'none' }],
    'policy/test': [{ session, action: 'shell', command: 'ls' }],
    'policy/off': [{ off: true }, { off: false }],
    'policy/propose': [{ session, request: 'r' }],
    'server/status': [{}],
    'server/problems': [{}],
    'server/stop': [{}, { force: true }, { replace: true }],
    'doctor/run': [{}],
    'token/list': [{}],
    'token/new': [{ name: 'mine' }],
    'token/revoke': [{ token: 'none' }],
  };
}

/** A client without anything of ours: asks what a file says and writes down what came. */
const PROBE = `
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { WebSocket } from ${JSON.stringify(join(repoRoot, 'node_modules/ws/wrapper.mjs'))};
const [url, token, asked, said] = process.argv.slice(2);
const headers = token === '' ? {} : { authorization: 'Bearer ' + token };
const socket = new WebSocket(url, { headers });
const results = [];
const requests = JSON.parse(readFileSync(asked, 'utf8'));
const send = (id, method, params) => socket.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
socket.on('error', (error) => { writeFileSync(said + '.new', JSON.stringify({ error: String(error) })); renameSync(said + '.new', said); process.exit(1); });
socket.on('open', () => send(-1, 'initialize', ${JSON.stringify(HELLO)}));
socket.on('message', (data, isBinary) => {
  const message = isBinary ? {} : JSON.parse(data);
  if (typeof message.id !== 'number') return;
  if (message.id >= 0) results[message.id] = message.error?.data ?? { code: 'ok' };
  const next = message.id + 1;
  if (next < requests.length) return send(next, requests[next].method, requests[next].params);
  writeFileSync(said + '.new', JSON.stringify(results));
  renameSync(said + '.new', said);
  process.exit(0);
});
`;

interface Answered {
  readonly code: string;
  readonly message?: string;
  readonly hint?: string;
}

const REFUSED = /^This runs inside session agent, which may not [a-z ]+$/;

/** Asks each of them in turn from inside, over one connection. */
async function probe(desk: Desk, url: string, token: string): Promise<(readonly [Method, object, Answered])[]> {
  const { server, inside } = desk;
  const all = Object.entries(requests(desk)).flatMap(([method, each]) =>
    each.map((params) => ({ method: method as Method, params })),
  );
  const file = (name: string): string => join(server.home.root, name);
  writeFileSync(file('probe.mjs'), PROBE);
  writeFileSync(file('asked.json'), JSON.stringify(all));
  const words = [process.execPath, file('probe.mjs'), url, token, file('asked.json'), file('said.json')];
  // Nothing but its place in the tree of processes tells where it comes from.
  const { code, stderr } = await inside.run(`env -i ${words.map(quote).join(' ')}; cat ${file('said.json')}`, 120_000);
  assert.equal(code, 0, stderr);
  const said = JSON.parse(readFileSync(file('said.json'), 'utf8')) as Answered[];
  return all.map(({ method, params }, index) => [method, params, said[index] ?? { code: 'none' }] as const);
}

function check(answers: readonly (readonly [Method, object, Answered])[], own: string): void {
  for (const [method, params, { code, message = '', hint = '' }] of answers) {
    const what = `${method} ${JSON.stringify(params)}: ${code} ${message}`;
    const access = accessOf(method, REQUESTS[method].params.parse(params) as Params<typeof method>);
    const isOwn = access.kind === 'own' && 'session' in params && params.session === own;
    if (access.kind === 'read' || isOwn) {
      assert.doesNotMatch(message, /inside session/, what);
      continue;
    }
    assert.equal(code, 'conflict', what);
    assert.match(message, REFUSED, what);
    const rule = `cm policy add allow --action manage --command ${access.kind === 'manage' ? access.verb : ''}`;
    assert.equal(hint.includes(rule), access.kind === 'manage', what);
  }
}

test('from inside a session every request does what its class says, over the socket', async (t) => {
  const here = await desk(t);
  const { server, client, inside, other } = here;
  const before = await client.request('policy/list', {});
  const url = `ws+unix:${(await client.request('server/status', {})).socket}:/`;
  const answers = await probe(here, url, '');
  assert.deepEqual([...new Set(answers.map(([method]) => method))].length, Object.keys(REQUESTS).length - 1);
  check(answers, inside.id);
  // Nothing of it was done.
  assert.deepEqual(await client.request('policy/list', {}), before);
  assert.deepEqual((await client.request('token/list', {})).length, 0);
  const sessions = await client.request('session/list', { archived: true });
  assert.deepEqual(sessions.map(({ name }) => name).sort(), ['agent', 'other']);
  assert.equal(sessions.some(hasEnded), false);
  assert.ok(server.pid);
  // All of it is on record, also that it came from inside.
  const refused = answers.filter(([, , { message = '' }]) => REFUSED.test(message));
  const entries = await audit(client);
  assert.equal(entries.length, refused.length);
  for (const entry of entries) {
    assert.equal(entry.session, inside.id);
    assert.deepEqual(entry.from, { type: 'session', name: 'agent' });
    assert.deepEqual([entry.decision, entry.by.type, entry.request.action], ['deny', 'boundary', 'manage']);
  }
  assert.ok(entries.some(({ request }) => request.text === `answer requests: ${other}`));
});

test('the same over TCP, whatever the token', async (t) => {
  const server = new TestServer(t);
  const token = 'a-token-that-somebody-brought-along-0123456789';
  const child = spawn(process.execPath, [server.serverPath, '--foreground', '--port=0'], {
    env: { ...process.env, CM_HOME: server.cm, CM_AGENT_TOKEN: token },
    stdio: 'ignore',
  });
  t.after(() => child.kill('SIGKILL'));
  await until('it listens', () => server.pid !== undefined);
  const client = server.client({ serverPath: undefined });
  const inside = await InsideProgram.start(t, server, client, 'agent');
  const { id: other } = await server.shell(client, 'exec sleep 1000', { name: 'other' });
  const { url } = await client.request('server/status', {});
  assert.ok(url);
  const here = { server, client, inside, other };
  check(await probe(here, url, token), inside.id);
  // Who comes from elsewhere on this host with the same token is not.
  const far = server.client({
    serverPath: undefined,
    reconnect: false,
    transport: { kind: 'url', url, token: () => Promise.resolve(token) },
  });
  await far.request('session/rename', { session: other, name: 'renamed' });
});

test('whatever way a process of a session takes, it stays inside', async (t) => {
  const { server, client, inside, other } = await desk(t);
  const out = join(server.home.root, 'way');
  const kill = `${CM} kill ${other}`;
  const bare = `env -i CM_HOME=${quote(server.cm)} HOME=${quote(server.home.user)}`;
  const ways: Readonly<Record<string, string>> = {
    plain: kill,
    'a shell in a shell': `sh -c ${quote(`sh -c ${quote(kill)}; exit $?`)}`,
    'without its environment': `${bare} ${kill}`,
    'of another name': `env CM_SESSION=${other} ${kill}`,
    'without a marker': `env -u CM_SESSION ${kill}`,
    'in another process session': `${bare} setsid ${kill}`,
    'out of the tree, in its process group': `(${bare} sh -c ${quote(`sleep 0.3; ${kill}; echo $? >${out}`)} &) ; sleep 0.1`,
    'out of the tree, with its environment': `(setsid sh -c ${quote(`sleep 0.3; ${kill}; echo $? >${out}`)} &) ; sleep 0.1`,
    'out of both, with its terminal':
      `(setsid ${bare} sh -c ${quote(`sleep 0.3; ${kill} 2>/dev/tty2; echo $? >${out}`)} ` +
      `<"$(readlink /proc/$(cat ${out}.pane)/fd/0)" &) ; sleep 0.1`,
  };
  writeFileSync(`${out}.pane`, String((await client.request('session/get', { session: inside.id })).pid));
  for (const [name, line] of Object.entries(ways)) {
    const isLate = line.includes(`>${out}`);
    const { code, stderr } = await inside.run(`rm -f ${out}; ${line}`);
    const ended = isLate ? Number(await until(name, () => existsSync(out) && readFileSync(out, 'utf8').trim())) : code;
    assert.equal(ended, 6, `${name}: ${stderr}`);
    assert.equal(hasEnded(await client.request('session/get', { session: other })), false, name);
  }
});

test('outside are a person, who is attached too, and inside whoever carries the marker of any session', async (t) => {
  const { server, client, inside, other } = await desk(t);
  const { home } = server;
  const rename = (session: string): Promise<{ code: number | null; stderr: string }> =>
    home.run(['rename', other, `other-${Math.random().toString(36).slice(2)}`], { env: { CM_SESSION: session } });
  // The shell of a person who has opened the session's terminal.
  const { command, env } = (await client.request('session/attach', { session: inside.id })) ?? { command: [], env: {} };
  const person = spawn('script', ['-qec', command.map(quote).join(' '), '/dev/null'], {
    env: { ...process.env, ...env, TERM: 'xterm' },
  });
  t.after(() => person.kill('SIGKILL'));
  await until('the person sees it', async () => (await server.tmux('list-clients')).split('\n').length > 1);
  assert.equal((await home.run(['rename', other, 'by-a-person'])).code, 0);
  assert.equal((await rename(inside.id)).code, 6);
  // Of one that is archived, and of one that nobody knows.
  const { id: gone } = await server.shell(client, 'exit 0', { name: 'gone' });
  await server.ended(client, gone);
  await client.request('session/archive', { session: gone });
  assert.match((await rename(gone)).stderr, /inside session gone/);
  assert.match((await rename('zzzzzzzzzzzz')).stderr, /inside session zzzzzzzzzzzz/);
});

test('a server that was started inside a session of another home takes its fellows for what they are', async (t) => {
  const server = new TestServer(t, { env: { CM_SESSION: 'zzzzzzzzzzzz' } });
  const client = server.client();
  const { id } = await server.shell(client, 'exec sleep 1000', { env: { CM_HOME: server.cm } });
  await client.request('session/rename', { session: id, name: 'renamed' });
  const other = await server.home.run(['rename', id, 'again'], { env: { CM_SESSION: 'yyyyyyyyyyyy' } });
  assert.equal(other.code, 6);
  assert.equal((await server.home.run(['rename', id, 'more'], { env: { CM_SESSION: id } })).code, 0);
  assert.equal((await server.home.run(['kill', id], { env: { CM_SESSION: id } })).code, 6);
});

test('who goes before it is known who they are gets nothing done', async (t) => {
  const { client, server, inside } = await desk(t);
  const { socket } = await client.request('server/status', {});
  const file = join(server.home.root, 'hasty.mjs');
  const ask = (id: number, method: string, params: object): string =>
    JSON.stringify({ jsonrpc: '2.0', id, method, params });
  const add = { rule: { effect: 'deny', actions: ['shell'], command: 'x' } };
  writeFileSync(
    file,
    `import { WebSocket } from ${JSON.stringify(join(repoRoot, 'node_modules/ws/wrapper.mjs'))};
const socket = new WebSocket('ws+unix:' + ${JSON.stringify(socket)} + ':/');
socket.on('open', () => {
  socket.send(${JSON.stringify(ask(1, 'initialize', HELLO))});
  for (let i = 0; i < 20; i++) socket.send(${JSON.stringify(ask(2, 'policy/add', add))});
  socket.send('{}', () => process.exit(0));
});
`,
  );
  for (let i = 0; i < 5; i++) {
    const { code, stderr } = await inside.run(`env -i ${quote(process.execPath)} ${quote(file)}`);
    assert.equal(code, 0, stderr);
  }
  await until('they have gone', async () => (await client.request('server/status', {})).clients === 1);
  assert.deepEqual((await client.request('policy/list', {})).rules, []);
});

test('through the way by which other hosts come it is inside too', async (t) => {
  const { server, inside, other, client } = await desk(t);
  const file = (name: string): string => join(server.home.root, name);
  const frames = [
    ['initialize', HELLO],
    ['session/kill', { session: other }],
  ].map(([method, params], id) => JSON.stringify({ jsonrpc: '2.0', id, method, params }));
  writeFileSync(
    file('dial.mjs'),
    `import { spawn } from 'node:child_process';
import { Duplex } from 'node:stream';
import { WebSocket } from ${JSON.stringify(join(repoRoot, 'node_modules/ws/wrapper.mjs'))};
const child = spawn(process.execPath, [${JSON.stringify(server.serverPath)}, '--dial-stdio'], { stdio: ['pipe', 'pipe', 'inherit'] });
let head = '';
const onHead = (data) => {
  head += data;
  if (!head.includes('\\n')) return;
  child.stdout.off('data', onHead);
  const stream = Duplex.from({ readable: child.stdout, writable: child.stdin });
  const socket = new WebSocket('ws://localhost/', { createConnection: () => stream });
  const frames = ${JSON.stringify(frames)};
  socket.on('open', () => socket.send(frames.shift()));
  socket.on('message', (data) => {
    console.log(String(data));
    if (frames.length > 0) socket.send(frames.shift());
    else process.exit(0);
  });
};
child.stdout.on('data', onHead);
`,
  );
  const { stdout } = await inside.run(`${quote(process.execPath)} ${quote(file('dial.mjs'))}`);
  assert.match(stdout, /"conflict"/);
  assert.match(stdout, /inside session agent/);
  assert.equal(hasEnded(await client.request('session/get', { session: other })), false);
});
