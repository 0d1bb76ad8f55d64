import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import type { Client } from '../../src/client/api.js';
import { hasEnded, type Session } from '../../src/protocol/session.js';
import { isRunning, signalProcess, TestServer } from '../helpers/testServer.js';
import { until } from '../helpers/until.js';

/** Says every line that it is sent. */
const ECHO = 'stty -echo; while read line; do echo "heard $line"; done';

async function twenty(server: TestServer, client: Client): Promise<Session[]> {
  return Promise.all(Array.from({ length: 20 }, () => server.shell(client, ECHO)));
}

async function assertAllHear(
  server: TestServer,
  client: Client,
  sessions: readonly Session[],
  text: string,
): Promise<void> {
  await Promise.all(
    sessions.map(async ({ id, pid }) => {
      const now = await client.request('session/get', { session: id });
      assert.deepEqual([now.status, now.pid], ['running', pid]);
      await client.request('session/send', { session: id, text });
      await until(`${id} heard ${text}`, () => server.logText(id).includes(`heard ${text}`));
    }),
  );
}

/** Runs the attach command in a terminal of its own until it shows `expected`. */
async function attachShows(client: Client, session: string, expected: string): Promise<void> {
  const { command, env } =
    (await client.request('session/attach', { session, readOnly: true })) ?? assert.fail('it is here');
  const terminal = spawn('script', ['-qfec', command.map((word) => `'${word}'`).join(' '), '/dev/null'], {
    env: { PATH: process.env['PATH'], TERM: 'xterm-256color', ...env },
  });
  let screen = '';
  terminal.stdout.on('data', (data: Buffer) => (screen += data.toString()));
  await until(`the attached terminal shows ${expected}`, () => screen.includes(expected));
  terminal.kill('SIGKILL');
}

test('the runtime directory can go under twenty sessions', async (t) => {
  const server = new TestServer(t);
  const client = server.client();
  const sessions = await twenty(server, client);
  await assertAllHear(server, client, sessions, 'one');
  const [first] = sessions;
  assert.ok(first);

  const pid = server.pid;
  rmSync(await server.runtimeDirectory, { recursive: true });
  const second = server.client();
  assert.equal((await second.request('session/list', {})).length, 20);
  assert.equal(server.pid, pid, 'the same server goes on');
  await assertAllHear(server, second, sessions, 'two');
  await attachShows(second, first.id, 'heard two');
  await server.shell(second, 'exit 0');

  rmSync(await server.runtimeDirectory, { recursive: true });
  await server.kill();
  await assertAllHear(server, server.client(), sessions, 'three');
  await attachShows(client, first.id, 'heard three');
});

test('a tmux that is killed loses its sessions truthfully, and the next start works', async (t) => {
  const server = new TestServer(t);
  const client = server.client();
  const hearing = await server.shell(client, 'sleep 1000');
  const deaf = await server.shell(client, 'trap "" HUP; sleep 1000');
  signalProcess(await server.tmuxPid(), 'SIGKILL');
  for (const { id } of [hearing, deaf]) {
    const { status, reason } = await server.ended(client, id);
    assert.deepEqual([status, reason], ['lost', 'its tmux has gone']);
  }
  await until('nothing of them is left', () => [hearing, deaf].every(({ pid }) => pid !== null && !isRunning(pid)));
  const next = await server.shell(client, 'exit 3');
  assert.equal((await server.ended(client, next.id)).exitCode, 3);
});

test('a window that a person closes ends its session, and only that', async (t) => {
  const server = new TestServer(t);
  const client = server.client();
  const closed = await server.shell(client, 'sleep 1000');
  const other = await server.shell(client, 'sleep 1000');
  await server.tmux('kill-window', '-t', `=${closed.id}:`);
  const { status, reason } = await server.ended(client, closed.id);
  assert.deepEqual([status, reason], ['lost', 'its window was closed']);
  await until('nothing of it is left', () => closed.pid !== null && !isRunning(closed.pid));
  assert.equal((await client.request('session/get', { session: other.id })).status, 'running');
  await server.tmux('kill-window', '-t', `=${other.id}:`);
  const last = await server.ended(client, other.id);
  assert.deepEqual([last.status, last.reason], ['lost', 'its window was closed'], 'tmux itself is there');
});

test('sessions of an earlier boot are lost with the host that restarted, those of another host are not', async (t) => {
  const server = new TestServer(t);
  const client = server.client();
  const own = await server.shell(client, 'sleep 1000');
  const elsewhere = await server.shell(client, 'sleep 1000');
  await server.kill();
  signalProcess(await server.tmuxPid(), 'SIGKILL');
  const change = (id: string, machine: { host: string; bootId: string }): void =>
    writeFileSync(join(server.active, `${id}.json`), JSON.stringify({ ...server.record(id), machine }));
  change(own.id, { host: own.machine.host, bootId: '00000000-0000-4000-8000-000000000000' });
  change(elsewhere.id, { host: 'another-node', bootId: '00000000-0000-4000-8000-000000000001' });
  const lost = await client.request('session/get', { session: own.id });
  assert.deepEqual([lost.status, lost.reason], ['lost', 'host restarted']);
  assert.equal((await client.request('session/get', { session: elsewhere.id })).status, 'running');
  await assert.rejects(client.request('session/kill', { session: elsewhere.id }), { code: 'unavailable' });
  assert.equal((await client.request('session/purge', { session: elsewhere.id, force: true })).id, elsewhere.id);
  assert.equal((await server.ended(client, (await server.shell(client, 'exit 5')).id)).exitCode, 5);
});

test('windows survive the end of the session that holds them together', async (t) => {
  const server = new TestServer(t);
  const client = server.client();
  const sessions = [await server.shell(client, ECHO), await server.shell(client, ECHO)];
  await server.tmux('kill-session', '-t', '=_cm');
  await until('it is made again', () =>
    server.tmux('has-session', '-t', '=_cm').then(
      () => true,
      () => false,
    ),
  );
  await assertAllHear(server, client, sessions, 'again');
  const [first] = sessions;
  assert.ok(first);
  await client.request('session/send', { session: first.id, text: 'x' });
  assert.equal((await client.request('session/kill', { session: first.id })).status, 'stopped');
});

test('a tmux that does not answer costs no session', async (t) => {
  const server = new TestServer(t);
  const client = server.client();
  const session = await server.shell(client, ECHO);
  const tmux = await server.tmuxPid();
  signalProcess(tmux, 'SIGSTOP');
  // It is only slow: the start that waits for it says so and leaves nothing, neither now nor when tmux gets to it.
  await assert.rejects(server.shell(client, ECHO, { name: 'given up' }), {
    code: 'unavailable',
    message: /^tmux did not answer within \d+ s$/,
  });
  const ids = async (): Promise<string[]> => (await client.request('session/list', {})).map(({ id }) => id);
  assert.deepEqual(await ids(), [session.id]);
  await server.kill();
  // The next server waits for tmux and says nothing about the session meanwhile.
  assert.equal((await client.request('session/get', { session: session.id })).status, 'running');
  await assert.rejects(client.request('session/send', { session: session.id, text: 'x' }), { code: 'unavailable' });
  signalProcess(tmux, 'SIGCONT');
  await until(
    'the session can be reached again',
    () =>
      client.request('session/send', { session: session.id, text: 'y' }).then(
        () => true,
        () => false,
      ),
    // A tmux that was asked while it did not answer is asked again only after a while.
    90_000,
  );
  await until('it heard', () => server.logText(session.id).includes('heard y'));
  await until('the window that came late has gone', async () => {
    const lines = await server.tmux('list-panes', '-a', '-F', '#{session_name}');
    return new Set(lines.split('\n').filter((name) => name !== '_cm')).size === 1;
  });
  assert.deepEqual(await ids(), [session.id]);
});

test('a window without a record is recovered, one whose record cannot be read is left alone', async (t) => {
  const server = new TestServer(t);
  const client = server.client();
  const gone = await server.shell(client, ECHO);
  const torn = await server.shell(client, ECHO);
  const newer = await server.shell(client, ECHO);
  await server.kill();
  rmSync(join(server.active, `${gone.id}.json`));
  writeFileSync(join(server.active, `${torn.id}.json`), '{"id": "' + torn.id);
  const future = JSON.stringify({ ...server.record(newer.id), version: 2, secret: 'of tomorrow' });
  writeFileSync(join(server.active, `${newer.id}.json`), future);

  const sessions = await client.request('session/list', {});
  for (const { id, pid } of [gone, torn]) {
    const found = sessions.find((session) => session.id === id);
    assert.deepEqual([found?.status, found?.pid, found?.path], ['running', pid, server.work]);
    assert.match(found?.reason ?? '', /record was lost/);
    await client.request('session/send', { session: id, text: 'hello' });
    await until('it hears', () => server.logText(id).includes('heard hello'));
    assert.equal((await client.request('session/kill', { session: id })).status, 'stopped');
  }
  assert.equal(readFileSync(join(server.active, `${torn.id}.json.bad-1`), 'utf8'), '{"id": "' + torn.id);
  assert.equal(readFileSync(join(server.active, `${newer.id}.json`), 'utf8'), future);
  assert.ok(newer.pid !== null && isRunning(newer.pid));
  const doctor = await client.request('doctor/run', {});
  for (const id of [torn.id, newer.id])
    assert.ok(
      doctor.some(({ detail }) => detail.includes(id)),
      `${id} is named`,
    );
});

test('a record without a window tells how it ended when that was written, and unknown fields stay', async (t) => {
  const server = new TestServer(t);
  const client = server.client();
  const { id } = await server.shell(client, 'sleep 1000');
  // It would start the server again before the end is written.
  client.dispose();
  await server.kill();
  writeFileSync(
    join(server.active, `${id}.json`),
    JSON.stringify({ ...server.record(id), colour: { of: 'tomorrow' } }),
  );
  await server.tmux('kill-server');
  writeFileSync(join(server.active, `${id}.exit`), 'exit 7\n');
  const next = server.client();
  const ended = await server.ended(next, id);
  assert.deepEqual([ended.status, ended.exitCode], ['failed', 7]);
  await next.request('session/rename', { session: id, name: 'other' });
  const written = JSON.parse(readFileSync(join(server.active, `${id}.json`), 'utf8')) as Record<string, unknown>;
  assert.deepEqual([written['name'], written['colour']], ['other', { of: 'tomorrow' }]);
});

test('a missing or old tmux is named with what to do, and starts work once it is there', async (t) => {
  const server = new TestServer(t);
  mkdirSync(server.cm, { recursive: true });
  const fake = join(server.home.root, 'tmux');
  const config = join(server.cm, 'config.json');
  writeFileSync(config, JSON.stringify({ tmux: fake }));
  const client = server.client();
  await assert.rejects(server.shell(client, 'exit 0'), { code: 'dependencyMissing', message: /cannot be started/ });
  for (const [prints, message] of [
    ['tmux 2.6', /tmux 2\.6 on .* is too old; 2\.7 or newer is needed/],
    ['tmux 1.8', /too old/],
    ['hello', /does not say which tmux it is: it said “hello”/],
  ] as const) {
    writeFileSync(fake, `#!/bin/sh\necho '${prints}'\n`);
    chmodSync(fake, 0o755);
    await assert.rejects(server.shell(client, 'exit 0'), { code: 'dependencyMissing', message });
  }
  assert.deepEqual(await client.request('session/list', {}), []);
  assert.deepEqual(
    readdirSync(server.active).filter((name) => !name.startsWith('.')),
    [],
  );
  const real = execFileSync('sh', ['-c', 'command -v tmux'], { encoding: 'utf8' }).trim();
  writeFileSync(fake, `#!/bin/sh\nexec ${real} "$@"\n`);
  assert.equal((await server.ended(client, (await server.shell(client, 'exit 6')).id)).exitCode, 6);
});

test('two homes live side by side', async (t) => {
  const servers = [new TestServer(t), new TestServer(t)];
  const [one, two] = servers;
  assert.ok(one && two);
  const first = await one.shell(one.client(), 'sleep 1000');
  const second = await two.shell(two.client(), 'sleep 1000');
  assert.notEqual(one.pid, two.pid);
  assert.notEqual(await one.tmuxPid(), await two.tmuxPid());
  await one.client().request('session/kill', { session: first.id });
  const left = await two.client().request('session/list', {});
  assert.deepEqual(
    left.map(({ id, status }) => [id, status]),
    [[second.id, 'running']],
  );
  assert.equal(left.filter(hasEnded).length, 0);
});
