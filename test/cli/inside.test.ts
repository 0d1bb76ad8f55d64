import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { COMMANDS } from '../../src/cli/commands.js';
import type { Client } from '../../src/client/api.js';
import type { AuditEntry } from '../../src/protocol/audit.js';
import { hasEnded } from '../../src/protocol/session.js';
import { askingScript, askingTool } from '../helpers/askingAgent.js';
import { CM, InsideProgram, type Ran } from '../helpers/insideProgram.js';
import { TestServer } from '../helpers/testServer.js';

interface Desk {
  readonly server: TestServer;
  readonly client: Client;
  readonly inside: InsideProgram;
  readonly other: string;
}

async function desk(t: TestContext, server = new TestServer(t)): Promise<Desk> {
  const client = server.client();
  const inside = await InsideProgram.start(t, server, client, 'agent');
  const { id: other } = await server.shell(client, "trap '' INT; exec cat", { name: 'other' });
  return { server, client, inside, other };
}

/** Every command with its exit code from inside: 6 is refused, null is anything but that and no word of it. */
const TABLE: Readonly<Record<string, readonly (readonly [args: readonly string[], code: 6 | null])[]>> = {
  start: [[['shell', 'true'], 6]],
  status: [
    [[], null],
    [['other'], null],
  ],
  logs: [[['other'], null]],
  approve: [[['other', '--request', 'r'], 6]],
  deny: [[['other', 'no', '--request', 'r'], 6]],
  answer: [[['other', 'yes', '--request', 'r'], 6]],
  audit: [[[], null]],
  'policy list': [[[], null]],
  'policy add': [
    [['allow', '--command', 'ls'], 6],
    [['deny', '--command', 'ls'], 6],
    [['allow', '--action', 'manage', '--command', 'start'], 6],
  ],
  'policy remove': [[['abcde'], 6]],
  'policy test': [[['--session', 'other', '--command', 'ls'], null]],
  'policy off': [[[], 6]],
  'policy on': [[[], 6]],
  explain: [[['other'], null]],
  send: [
    [['other', 'hi'], 6],
    [['other', 'hi', '--force'], 6],
    [['agent', 'hi'], 6],
  ],
  key: [[['other', 'Enter'], 6]],
  attach: [[['other'], 6]],
  wait: [[['other', '--timeout', '1s'], null]],
  interrupt: [[['other'], 6]],
  stop: [[['other'], 6]],
  kill: [
    [['other'], 6],
    [['agent'], 6],
  ],
  resume: [[['other'], 6]],
  rm: [
    [['other', '--force'], 6],
    [['other', '--force', '--purge'], 6],
  ],
  rename: [
    [['other', 'mine'], 6],
    [['agent', 'agent'], null],
  ],
  events: [],
  'ctx add': [[['more', '/'], 6]],
  'ctx list': [[[], null]],
  'ctx show': [[['work'], null]],
  'ctx edit': [[['work', '--name', 'mine'], 6]],
  'ctx remove': [[['work', '--force'], 6]],
  'ctx test': [[['work'], 6]],
  'machine list': [[[], null]],
  'machine test': [[['local'], 6]],
  'machine connect': [[['local'], 6]],
  'machine disconnect': [[['local'], 6]],
  'machine install': [[['local', '--yes'], 6]],
  'server status': [[[], null]],
  'server run': [],
  'server stop': [
    [[], 6],
    [['--force'], 6],
  ],
  'server restart': [[[], 6]],
  'server token': [
    [[], null],
    [['new', 'mine'], 6],
    [['revoke', 'mine'], 6],
  ],
  doctor: [[[], null]],
  completion: [[['bash'], null]],
  version: [[[], null]],
};

const REFUSED =
  /^This runs inside session agent, which may not [a-z ]+\. (A person can allow it: cm policy add allow |No rule allows that; )/m;

const ANSWERS = new Set(['approve', 'deny', 'answer']);

test('every command is refused from inside a session, or only looks', async (t) => {
  const { client, inside } = await desk(t);
  assert.deepEqual(Object.keys(TABLE).sort(), COMMANDS.map(({ path }) => path.join(' ')).sort());
  for (const [path, cases] of Object.entries(TABLE)) {
    for (const [args, code] of cases) {
      const ran = await inside.cm(...path.split(' '), ...args);
      const what = `cm ${path} ${args.join(' ')}: ${ran.code} ${ran.stderr}`;
      if (code === null) {
        assert.notEqual(ran.code, 6, what);
        assert.doesNotMatch(ran.stderr, /inside session/, what);
      } else {
        assert.equal(ran.code, code, what);
        // The command itself looks first whether there is anything to answer.
        if (!ANSWERS.has(path)) assert.match(ran.stderr, REFUSED, what);
      }
    }
  }
  // Changes are told inside as they are outside.
  const { stdout } = await inside.run(`timeout 3 ${CM} events --since 0 --json`);
  assert.match(stdout, /"seq"/);
  const sessions = await client.request('session/list', { archived: true });
  assert.deepEqual(sessions.map(({ name }) => name).sort(), ['agent', 'other']);
  assert.equal(sessions.some(hasEnded), false);
});

test('a rule lets a session do the one thing that it names, and the record says from where', async (t) => {
  const { server, client, inside, other } = await desk(t);
  const { home } = server;
  const add = (...args: string[]): Promise<string> => home.ok('policy', 'add', ...args);
  const verbs: Readonly<Record<string, () => Promise<Ran>>> = {
    start: () =>
      inside.cm('start', 'shell', 'exec sleep 1000', '--name', `made-${Math.random().toString(36).slice(2)}`),
    send: () => inside.cm('send', 'other', 'hello'),
    stop: () => inside.cm('interrupt', 'other'),
  };
  const allowed = async (): Promise<string[]> => {
    const found: string[] = [];
    for (const [verb, run] of Object.entries(verbs)) if ((await run()).code !== 6) found.push(verb);
    return found;
  };
  // However much another rule allows.
  await add('allow', '--action', 'shell', '--action', 'edit', '--path', '/', '--command', 'start').catch(
    () => undefined,
  );
  await add('allow', '--command', 'start');
  assert.deepEqual(await allowed(), []);
  for (const verb of Object.keys(verbs)) {
    const rule = await add('allow', '--action', 'manage', '--command', verb, '--session', inside.id);
    assert.deepEqual(await allowed(), [verb]);
    assert.equal((await inside.cm('send', 'other', 'x', '--force')).code, 6);
    assert.equal((await inside.cm('approve', 'other', '--request', 'r')).code, 6);
    await home.ok('policy', 'remove', rule);
  }
  await add('allow', '--action', 'manage', '--command', 'send', '--session', other);
  assert.deepEqual(await allowed(), []);
  const once = await add('allow', '--action', 'manage', '--command', 'send', '--max', '1');
  assert.deepEqual(await allowed(), ['send']);
  assert.deepEqual(await allowed(), []);
  await home.ok('policy', 'remove', once);
  await add('allow', '--action', 'manage', '--command', 'send');
  await home.ok('policy', 'off');
  assert.deepEqual(await allowed(), []);
  await home.ok('policy', 'on');
  assert.deepEqual(await allowed(), ['send']);
  const tested = await home.ok('policy', 'test', '--session', inside.id, '--action', 'manage', '--command', 'send');
  assert.match(tested, /^allow {2}rule \w+: allow manage send$/);
  await add('ask', '--action', 'manage', '--command', 'send');
  assert.deepEqual(await allowed(), []);
  await add('deny', '--action', 'manage');
  assert.deepEqual(await allowed(), []);
  // Nothing stood in the way of the person.
  assert.equal((await home.run(['send', 'other', 'from the person'])).code, 0);

  const entries = await home.json<AuditEntry[]>('audit', inside.id, '-n', '500');
  const done = entries.filter(({ decision }) => decision === 'allow');
  assert.deepEqual([...new Set(done.map(({ request }) => request.command))].sort(), ['send', 'start', 'stop']);
  for (const { by, from } of done) {
    assert.deepEqual([by.type, from], ['policy', { type: 'session', name: 'agent' }]);
  }
  assert.match(await home.ok('audit', inside.id, '-n', '1'), /no rule, from inside agent/);
  assert.match(
    await home.ok('audit', inside.id, '-n', '500'),
    /send text to sessions: other: hello .*rule \w+, from inside agent/,
  );
  assert.equal(hasEnded(await client.request('session/get', { session: other })), false);
});

test('a request that waits is answered from inside by nobody, whoever asks, and by a person on record', async (t) => {
  const server = new TestServer(t);
  const { home } = server;
  const program = join(server.work, 'asking');
  writeFileSync(program, askingScript(['ask "touch one" one']));
  chmodSync(program, 0o755);
  server.tool('asking', { id: 'asking', ...askingTool(program) });
  const { client, inside } = await desk(t, server);
  const { id } = await server.start(client, 'asking', '', { name: 'asks' });
  await server.session(client, id, 'runs', ({ status }) => status === 'running');
  await client.request('session/key', { session: id, keys: ['Enter'] });
  const { request } = await server.session(client, id, 'asks', (session) => session.request !== null);
  assert.ok(request);
  await home.ok('policy', 'add', 'allow', '--action', 'manage', '--command', 'send');
  const tries = [
    ['approve', 'asks', '--request', request.id],
    ['approve', 'asks', '--request', request.id, '--always'],
    ['deny', 'asks', '--request', request.id],
    ['answer', 'asks', '1', '--request', request.id],
    ['key', 'asks', '1'],
    ['send', 'asks', '1', '--force'],
    ['send', 'asks', '1'],
  ];
  for (const args of tries) {
    const { code, stderr } = await inside.cm(...args);
    assert.equal(code, 6, `${args.join(' ')}: ${stderr}`);
    assert.match(stderr, args.length === 3 && args[0] === 'send' ? /needs input/i : REFUSED, args.join(' '));
  }
  // Also by its own hand.
  const own = { CM_SESSION: id };
  assert.match(
    (await home.run(['approve', 'asks', '--request', request.id], { env: own })).stderr,
    /inside session asks/,
  );
  assert.equal((await client.request('session/get', { session: id })).request?.id, request.id);
  await home.ok('approve', 'asks', '--request', request.id);
  const [entry] = await home.json<AuditEntry[]>('audit', 'asks', '-n', '1');
  assert.deepEqual([entry?.by, entry?.from], [{ type: 'person', client: 'cm' }, { type: 'user' }]);
});

test('a session that was started from inside is inside too', async (t) => {
  const { server, inside } = await desk(t);
  await server.home.ok('policy', 'add', 'allow', '--action', 'manage', '--command', 'start', '--session', inside.id);
  const { stdout, code } = await inside.cm(
    'start',
    'shell',
    `${process.execPath} ${server.serverPath.replace('server.js', 'cm.js')} kill other; echo said $?`,
    '--env',
    `CM_HOME=${server.cm}`,
  );
  assert.equal(code, 0);
  await server.home.ok('wait', stdout.trim());
  assert.match(await server.home.ok('logs', stdout.trim()), /said 6$/);
});

test('a rule about manage that would say more than its words is no rule', async (t) => {
  const { server, inside } = await desk(t);
  const wrong: readonly (readonly string[])[] = [
    ['allow', '--action', 'manage'],
    ['allow', '--action', 'manage', '--command', 'kill'],
    ['allow', '--action', 'manage', '--command', 'start shell'],
    ['allow', '--action', 'manage', '--command', 'start', '--path', '.'],
    ['allow', '--action', 'manage', '--command', 'start', '--host', 'example.com'],
    ['allow', '--action', 'manage', '--action', 'shell', '--command', 'start'],
  ];
  for (const args of wrong) {
    const { code, stderr } = await server.home.run(['policy', 'add', ...args, '--session', inside.id]);
    assert.equal(code, 2, args.join(' '));
    assert.match(
      stderr,
      /^A rule about manage names one of start, send, stop, run, and nothing else\./,
      args.join(' '),
    );
  }
  assert.deepEqual((await server.home.json<{ rules: unknown[] }>('policy', 'list')).rules, []);
});
