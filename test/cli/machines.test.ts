import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { CutNotes } from '../../src/cli/cutNotes.js';
import type { Machine } from '../../src/protocol/context.js';
import { CodeManagerError } from '../../src/protocol/errors.js';
import type { Params } from '../../src/protocol/requests.js';
import { minutesAgo } from '../helpers/fixtureServer.js';
import type { Peer, ScriptedServer } from '../helpers/scriptedServer.js';
import { until } from '../helpers/until.js';
import { API, BUILD_BOX, scriptedHome, twoMachines } from './scriptedHome.js';

const OFFLINE: Partial<Machine> = {
  connection: 'offline',
  since: minutesAgo(1),
  lastSeen: minutesAgo(3),
  problem: { message: 'build-box does not answer', command: 'cm machine test build-box' },
};

/** Changes build-box and tells everybody. */
function change(server: ScriptedServer, fields: Partial<Machine>): void {
  const { snapshot } = server;
  const machine = { ...BUILD_BOX, ...fields };
  const machines = snapshot.machines.map((one) => (one.id === machine.id ? machine : one));
  server.snapshot = { ...snapshot, machines };
  server.emit({ type: 'machine/changed', machine });
}

test('machines are listed by the name that people see, with their connection, contexts and sessions', async (t) => {
  const { home, server } = await scriptedHome(t, twoMachines(OFFLINE));
  const { stdout, stderr } = await home.run(['machine', 'list']);
  assert.deepEqual(
    stdout
      .split('\n')
      .slice(0, 3)
      .map((line) => line.split(/ {2,}/)),
    [
      ['NAME', 'TYPE', 'STATUS', 'CONTEXTS', 'SESSIONS'],
      ['laptop', 'this host', 'connected', '1', '1'],
      ['build-box', 'ssh', 'offline 3m', '1', '1'],
    ],
  );
  assert.equal(stderr, 'build-box: build-box does not answer. Run: cm machine test build-box\n');
  assert.deepEqual(await home.json('machine', 'ls'), server.snapshot.machines);
});

test('contexts show the machine and its type, and how it is reached', async (t) => {
  const snapshot = twoMachines();
  const agent = {
    ...API,
    id: 'c-2',
    name: 'web',
    machine: { type: 'agent', url: 'wss://lab-3:9876' },
  } as const;
  const machines = [
    ...snapshot.machines,
    { ...BUILD_BOX, id: 'agent:wss://lab-3:9876', host: 'lab-3', type: 'agent' as const, version: '1.4.2' },
  ];
  const { home } = await scriptedHome(t, { ...snapshot, machines, contexts: [...snapshot.contexts, agent] });
  const rows = (await home.ok('ctx', 'list')).split('\n').map((line) => line.split(/ {2,}/).slice(0, 4));
  assert.deepEqual(rows.slice(1), [
    ['demo', 'laptop', 'this host', '/work/demo'],
    ['api', 'build-box', 'ssh', '/srv/api'],
    ['web', 'lab-3', 'agent server 1.4', '/srv/api'],
  ]);
  const shown = await home.ok('ctx', 'show', 'api');
  assert.match(shown, /^machine +build-box \(ssh\)\nconnection +connected\nuser +anna\npath +\/srv\/api$/m);
});

test('ctx add and ctx edit send what was asked for, and a path elsewhere is left alone', async (t) => {
  const { home, server } = await scriptedHome(t);
  server.on('context/add', () => API);
  server.on('context/edit', () => API);
  const token = join(home.work, 'token');
  writeFileSync(token, 'abc\n', { mode: 0o600 });
  mkdirSync(join(home.user, '.ssh'));
  writeFileSync(join(home.user, '.ssh/work'), '');
  assert.equal(await home.ok('ctx', 'add', 'api', 'anna@build-box:~/src', '--key', '~/.ssh/work'), 'c-api');
  await home.ok('ctx', 'add', 'web', 'src', '--host', 'build-box', '--tags', 'a');
  await home.ok('ctx', 'add', 'sim', '/sim', '--url', 'wss://lab-3:9876', '--token-file', token);
  const warned = await home.run(['ctx', 'add', 'sim', '/sim', '--url', 'wss://lab-3:9876', '--token', 'xyz']);
  assert.equal(warned.code, 0);
  assert.match(warned.stderr, /Others on this machine can see.*--token-file/);
  assert.doesNotMatch(warned.stderr, /xyz/);
  await home.ok('ctx', 'add', 'demo', '.');
  const ssh = { type: 'ssh', host: 'build-box' };
  const url = { type: 'agent', url: 'wss://lab-3:9876' };
  assert.deepEqual(server.requestsOf('context/add'), [
    { name: 'api', path: '~/src', machine: { ...ssh, user: 'anna', keyFile: join(home.user, '.ssh/work') } },
    { name: 'web', path: 'src', machine: ssh, tags: ['a'] },
    { name: 'sim', path: '/sim', machine: url, token: 'abc' },
    { name: 'sim', path: '/sim', machine: url, token: 'xyz' },
    { name: 'demo', path: home.work, machine: 'local' },
  ]);
  await home.ok('ctx', 'edit', 'api', '--port', '2222');
  await home.ok('ctx', 'edit', 'api', '--path', 'other');
  await home.ok('ctx', 'edit', 'api', '--host', '', '--path', '.');
  await home.ok('ctx', 'edit', 'demo', '--path', 'build-box:');
  assert.deepEqual(server.requestsOf('context/edit'), [
    { context: 'c-api', machine: { ...ssh, user: 'anna', port: 2222 } },
    { context: 'c-api', path: 'other' },
    { context: 'c-api', path: home.work, machine: 'local' },
    { context: 'c-demo', path: '~', machine: ssh },
  ]);
});

test('what is wrong with a key or a token is said before anything is asked for', async (t) => {
  const { home, server } = await scriptedHome(t);
  writeFileSync(join(home.work, 'key.pub'), '');
  writeFileSync(join(home.work, 'empty'), '\n');
  for (const [flags, message] of [
    [['--host', 'h', '--key', 'none'], /There is no key .*none/],
    [['--host', 'h', '--key', 'key.pub'], /public half/],
    [['--host', 'h', '--token', 'x'], /listens on a port/],
    [['--host', 'h', '--agent', '--token', 'x'], /listens on a port.*--agent-port/],
    [['--url', 'wss://h', '--token', 'x', '--token-file', 'empty'], /exclude each other/],
    [['--url', 'wss://h', '--token-file', 'empty'], /The token is empty/],
    [['--url', 'wss://h', '--token-file', 'none'], /does not exist/],
  ] as const) {
    const { code, stderr } = await home.run(['ctx', 'add', 'x', '/src', ...flags]);
    assert.equal(code, 2, stderr);
    assert.match(stderr, message);
  }
  assert.deepEqual(server.requestsOf('context/add'), []);
});

test('a home that the shell put in is told when the folder is not there on the other machine', async (t) => {
  const { home, server } = await scriptedHome(t);
  server.on('context/add', () => {
    throw new CodeManagerError('notFound', 'There is no folder there');
  });
  const { code, stderr } = await home.run(['ctx', 'add', 'x', join(home.user, 'src'), '--host', 'h']);
  assert.equal(code, 3);
  assert.match(stderr, /There is no folder there\. .*'~\/src' in quotes/);
  assert.doesNotMatch((await home.run(['ctx', 'add', 'x', '/srv', '--host', 'h'])).stderr, /quotes/);
});

test('a test prints a line for each step with its time, then the fix of the first failure, and exits as that says', async (t) => {
  const { home, server } = await scriptedHome(t);
  const ok = { status: 'ok', detail: '', fix: null, ms: 12, code: null };
  for (const [method, args] of [
    ['context/test', ['ctx', 'test', 'api']],
    ['machine/test', ['machine', 'test', 'build-box']],
  ] as const) {
    for (const [code, exit] of [
      ['unavailable', 4],
      ['unauthorized', 5],
      ['dependencyMissing', 7],
    ] as const) {
      server.on(method, ({ operation = '' }: Params<typeof method>, peer: Peer) => {
        peer.notify('progress', { operation, message: 'connect', percent: null });
        return [
          { ...ok, name: 'resolve', detail: '10.0.0.7' },
          { name: 'tmux', status: 'failed', detail: 'not found', fix: 'sudo apt install tmux', ms: 1500, code },
        ];
      });
      const result = await home.run([...args, '--timeout', '5s']);
      assert.equal(result.code, exit);
      assert.equal(
        result.stdout,
        'ok      resolve  12 ms  10.0.0.7\nfailed  tmux     2s     not found\ntmux: sudo apt install tmux\n',
      );
      assert.equal(result.stderr, 'connect\n');
    }
    const [params] = server.requestsOf(method) as Params<typeof method>[];
    assert.equal(params?.timeoutMs, 5000);
  }
});

test('Ctrl-C cancels what is long on the agent server, says nothing and exits with 130', async (t) => {
  const { home, server } = await scriptedHome(t);
  const cancelled: string[] = [];
  server.on('operation/cancel', ({ operation }: Params<'operation/cancel'>) => {
    cancelled.push(operation);
    return {};
  });
  server.on('context/test', async ({ operation = '' }: Params<'context/test'>) => {
    await until('it is cancelled', () => cancelled.includes(operation));
    throw new CodeManagerError('cancelled', 'Cancelled');
  });
  const running = home.spawn(['ctx', 'test', 'api']);
  await until('it has begun', () => server.requestsOf('context/test').length > 0);
  const { code, stdout, stderr } = await running.interrupt();
  assert.deepEqual([code, stdout, stderr], [130, '', '']);
  assert.equal(cancelled.length, 1);
});

test('connect and disconnect say what they did, and give the machine as JSON', async (t) => {
  const { home, server } = await scriptedHome(t);
  server.on('machine/connect', () => BUILD_BOX);
  server.on('machine/disconnect', () => ({ ...BUILD_BOX, connection: 'offline' }));
  assert.equal((await home.run(['machine', 'connect', 'api'])).stderr, 'Connected to build-box.\n');
  assert.deepEqual(await home.json('machine', 'connect', 'build-box'), BUILD_BOX);
  assert.match((await home.run(['machine', 'disconnect', 'api'])).stderr, /^Disconnected from build-box; its sessions/);
  server.on('machine/connect', () => {
    throw new CodeManagerError('unavailable', 'build-box does not answer', {
      hint: 'Run `cm machine test build-box`.',
    });
  });
  assert.equal((await home.run(['machine', 'connect', 'api'])).code, 4);
});

test('install asks before it does anything, and shows how far it is', async (t) => {
  const { home, server, shell } = await scriptedHome(t);
  server.on('machine/install', ({ operation = '' }: Params<'machine/install'>, peer: Peer) => {
    for (const percent of [10, 60]) peer.notify('progress', { operation, message: 'Uploading', percent });
    peer.notify('progress', { operation, message: 'Starting', percent: null });
    return { ...BUILD_BOX, type: 'agent', version: '0.1.0' };
  });
  const unasked = await home.run(['machine', 'install', 'build-box']);
  assert.equal(unasked.code, 2);
  assert.match(unasked.stderr, /agent server \S+ on build-box.*agreed to.*--yes/);
  assert.equal((await home.run(['machine', 'install', 'none'])).code, 3);
  const refused = await shell('"$@"; echo "ended with $?"; sleep 100', 'machine', 'install', 'api');
  await refused.shows(/Install the agent server \S+ on build-box.*\[y\/N\]/);
  await refused.keys('Enter');
  await refused.shows(/ended with 130/);
  assert.deepEqual(server.requestsOf('machine/install'), []);
  const agreed = await shell('"$@"; echo "ended with $?"; sleep 100', 'machine', 'install', 'api');
  await agreed.shows(/\[y\/N\]/);
  await agreed.type('y');
  await agreed.keys('Enter');
  assert.match(await agreed.shows(/ended with 0/), /build-box has the agent server 0\.1 now\./);
  const { code, stderr } = await home.run(['machine', 'install', 'api', '--yes']);
  assert.deepEqual([code, stderr], [0, 'Uploading\nStarting\nbuild-box has the agent server 0.1 now.\n']);
});

test('status shows sessions of other machines with their machine, and what they were when it is away', async (t) => {
  const { home } = await scriptedHome(t, twoMachines(OFFLINE));
  const rows = (await home.ok('status')).split('\n').map((line) => line.split(/ {2,}/));
  assert.deepEqual(
    rows.slice(1).map(([, name, , context, word, , detail]) => [name, context, word, detail]),
    [
      ['here', 'demo', 'Working', undefined],
      ['there', 'api @build-box', 'Offline', 'was working, seen 3m ago'],
    ],
  );
  const one = await home.ok('status', 'there');
  assert.match(one, /^status +Offline · was working, seen 3m ago$/m);
  assert.match(one, /^machine +build-box \(ssh, offline 3m\) · build-box does not answer: cm machine test build-box$/m);
  assert.match(await home.ok('status', 'here'), /^machine +laptop$/m);
});

test('status -w follows machines: sessions go offline and come back, by name of the machine too', async (t) => {
  const { home, server } = await scriptedHome(t);
  const watching = home.spawn(['status', '-w', '--machine', 'build-box']);
  await watching.line(/there +shell +api @build-box +Working/);
  const recording = home.spawn(['status', '-w', '--json']);
  await until('the other one', () => recording.lines.length === 2);
  change(server, OFFLINE);
  await watching.line(/there.*Offline.*was working, seen 3m ago/);
  change(server, { connection: 'connecting', lastSeen: minutesAgo(3) });
  change(server, {});
  await until('it is back', () => watching.lines.length === 3);
  assert.match(watching.lines[2] ?? '', /there.*Working/);
  assert.doesNotMatch(watching.stdout, / here /);
  await recording.line(/"machine":\{"id":"ssh:anna@build-box".*"connection":"offline"/);
  await watching.interrupt();
  await recording.interrupt();
});

test('cm logs -f goes on through a cut link and says that nothing was lost', async (t) => {
  const { home, server } = await scriptedHome(t);
  server.on('log/subscribe', (_: Params<'log/subscribe'>, peer: Peer) => {
    setImmediate(() => peer.sendLog(1, 0, Buffer.from('before\r\n')));
    return { subscription: 1, base: 0, offset: 0, size: 8, path: '' };
  });
  const running = home.spawn(['logs', 'there', '-f']);
  await running.line(/before/);
  await until('it listens', () => server.peers.size === 2);
  change(server, { connection: 'offline', since: '2026-01-02T14:07:09.000Z' });
  await until('it says so', () => /offline 14:07/.test(running.stderr));
  change(server, { connection: 'connecting', since: '2026-01-02T14:11:09.000Z' });
  change(server, { since: '2026-01-02T14:12:09.000Z' });
  for (const peer of server.peers) peer.sendLog(1, 8, Buffer.from('after\r\n'));
  await running.line(/after/);
  for (const peer of server.peers) peer.notify('log/end', { subscription: 1, offset: 15 });
  const { code, stdout, stderr } = await running.result();
  assert.deepEqual([code, stdout], [0, 'before\nafter\n']);
  assert.equal(stderr, '— build-box offline 14:07 —\n— build-box offline 14:07, reconnected 14:12, nothing lost —\n');
});

test('what stands in the way of a log is told once, with the command that clears it', () => {
  const notes = new CutNotes();
  const next = (fields: Partial<Machine>): string | undefined => notes.next({ ...BUILD_BOX, ...fields }, Date.now());
  assert.equal(next({}), undefined);
  assert.equal(next({ connection: 'connecting' }), undefined);
  assert.equal(next({ connection: 'signInNeeded' }), '— build-box: sign-in needed; cm machine connect build-box —');
  assert.equal(next({ connection: 'signInNeeded' }), undefined);
  assert.match(next({}) ?? '', /reconnected/);
  assert.equal(next({}), undefined);
});

test('machines and hosts of the ssh configuration are offered by Tab', async (t) => {
  const { home, server } = await scriptedHome(t);
  server.on('machine/hosts', () => [
    { alias: 'build-box', hostName: '10.0.0.7', user: 'anna' },
    { alias: 'bastion', hostName: null, user: null },
  ]);
  const offers = async (...words: string[]): Promise<string> => home.ok('__complete', 'fish', ...words);
  assert.equal(await offers('machine', 'connect', 'b'), 'build-box\tssh, connected');
  assert.equal(await offers('status', '--machine', ''), 'laptop\tthis host, connected\nbuild-box\tssh, connected');
  assert.equal(await offers('ctx', 'add', 'x', '/src', '--host', 'b'), 'build-box\t10.0.0.7\nbastion');
});
