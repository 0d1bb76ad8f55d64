import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { basename, join } from 'node:path';
import test from 'node:test';
import { serverFilePath } from '../../src/common/home.js';
import { processStart } from '../../src/machines/local/processTree.js';
import { ServerFile } from '../../src/protocol/files.js';
import { isRunning, signalProcess, TestServer } from '../helpers/testServer.js';
import { distDir } from '../helpers/testHome.js';
import { until } from '../helpers/until.js';

/** Processes that run the server of a home. */
function serversOf({ cm, serverPath }: TestServer): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => {
      if (!(pid > 0) || !isRunning(pid)) return false;
      try {
        return (
          readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(serverPath) &&
          readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(`CM_HOME=${cm}`)
        );
      } catch {
        return false;
      }
    });
}

async function oneServer(server: TestServer): Promise<number> {
  await until('one server is left', () => serversOf(server).length === 1);
  const [pid] = serversOf(server);
  assert.equal(server.pid, pid);
  return pid ?? 0;
}

test('ten clients that start at the same instant get one server, and each its session', async (t) => {
  const server = new TestServer(t);
  const clients = Array.from({ length: 10 }, () => server.client());
  const sessions = await Promise.all(clients.map((client) => server.shell(client, 'sleep 1000')));
  assert.equal(new Set(sessions.map(({ id }) => id)).size, 10);
  assert.equal(new Set(sessions.map(({ name }) => name)).size, 10);
  assert.equal(new Set(sessions.map(({ contextId }) => contextId)).size, 1);
  const pid = await oneServer(server);
  const file = ServerFile.parse(JSON.parse(readFileSync(serverFilePath(server.cm), 'utf8')));
  assert.equal(file.processStart, await processStart(pid));
  const status = await clients[3]?.request('server/status', {});
  assert.deepEqual([status?.server.pid, status?.socket, status?.clients], [pid, file.socket, 10]);
});

test('ten clients get one server also past what a crashed one left', async (t) => {
  const server = new TestServer(t);
  const socket = join(await server.runtimeDirectory, 'server.sock');
  // A listener that is killed leaves its socket.
  const listener = spawn(process.execPath, [
    '-e',
    `require('net').createServer().listen(${JSON.stringify(socket)}, () => console.log('ready'))`,
  ]);
  await new Promise((resolve) => listener.stdout.once('data', resolve));
  listener.kill('SIGKILL');
  // A process that runs has the id of the crashed one: ourselves.
  const file = serverFilePath(server.cm);
  mkdirSync(join(server.cm, 'servers'));
  const stale = {
    pid: process.pid,
    processStart: '1',
    bootId: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
    version: '0.0.0',
    build: 'x',
    socket,
    started: new Date().toISOString(),
  };
  writeFileSync(file, JSON.stringify(stale));
  writeFileSync(`${file}.lock`, `${process.pid} 1`);
  const clients = Array.from({ length: 10 }, () => server.client());
  await Promise.all(clients.map((client) => client.request('ping', {})));
  assert.notEqual(await oneServer(server), process.pid);
  const launcher = basename(file).replace(/json$/, 'sh');
  assert.deepEqual(readdirSync(join(server.cm, 'servers')).sort(), [basename(file), launcher]);
});

test('a second server started by hand says that there is one, and leaves it alone', async (t) => {
  const server = new TestServer(t);
  const client = server.client();
  await client.request('ping', {});
  const pid = await oneServer(server);
  const second = spawn(process.execPath, [server.serverPath, '--foreground'], {
    env: { ...process.env, CM_HOME: server.cm },
  });
  let stderr = '';
  second.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
  const code = await new Promise((resolve) => second.once('close', resolve));
  assert.equal(code, 6);
  assert.match(stderr, new RegExp(`An agent server runs already \\(process ${pid}\\)`));
  assert.equal(await oneServer(server), pid);
  await client.request('ping', {});
});

test('a stopped server is named with its process and what to do', async (t) => {
  const server = new TestServer(t);
  const first = server.client();
  await first.request('ping', {});
  const pid = await oneServer(server);
  signalProcess(pid, 'SIGSTOP');
  t.after(() => signalProcess(pid, 'SIGCONT'));
  const second = server.client({ reconnect: false });
  await assert.rejects(second.request('ping', {}, { timeoutMs: 20_000 }), {
    code: 'unavailable',
    message: `The agent server does not answer: its process ${pid} is stopped`,
    hint: `Continue it with kill -CONT ${pid}, or run cm server restart; agents go on.`,
  });
  signalProcess(pid, 'SIGCONT');
  await server.client().request('ping', {});
  assert.equal(await oneServer(server), pid);
});

for (const withSocket of [false, true]) {
  const what = withSocket ? 'file and socket were' : 'file was';
  test(`no second server starts beside a stopped one whose ${what} removed`, async (t) => {
    const server = new TestServer(t);
    const { id } = await server.shell(server.client(), 'sleep 1000');
    const pid = await oneServer(server);
    signalProcess(pid, 'SIGSTOP');
    t.after(() => signalProcess(pid, 'SIGCONT'));
    rmSync(serverFilePath(server.cm));
    if (withSocket) rmSync(join(await server.runtimeDirectory, 'server.sock'));
    for (let tries = 0; tries < 2; tries++) {
      await assert.rejects(server.client({ reconnect: false }).request('ping', {}, { timeoutMs: 20_000 }), {
        code: 'unavailable',
        message: `The agent server does not answer: its process ${pid} is stopped`,
        hint: `Continue it with kill -CONT ${pid}, or run cm server restart; agents go on.`,
      });
      assert.deepEqual(serversOf(server), [pid]);
    }
    signalProcess(pid, 'SIGCONT');
    const sessions = await server.client().request('session/list', {});
    assert.deepEqual(
      sessions.map((session) => [session.id, session.status]),
      [[id, 'running']],
    );
    assert.equal(await oneServer(server), pid);
  });
}

test('a server whose file was removed is found again by its socket', async (t) => {
  const server = new TestServer(t);
  await server.client().request('ping', {});
  const pid = await oneServer(server);
  rmSync(serverFilePath(server.cm));
  await server.client().request('ping', {});
  assert.equal(await oneServer(server), pid);
});

test('somebody else who listens on our socket does not keep the server from starting', async (t) => {
  const server = new TestServer(t);
  const socket = join(await server.runtimeDirectory, 'server.sock');
  const other = createServer((connection) => connection.end('HTTP/1.1 200 OK\r\n\r\n'));
  await new Promise<void>((resolve) => other.listen(socket, resolve));
  t.after(() => other.close());
  await server.client().request('ping', {});
  await oneServer(server);
});

test('an unused server leaves by itself, and one with sessions stays', async (t) => {
  const server = new TestServer(t, { env: { CM_IDLE_EXIT_MS: '300' } });
  const client = server.client({ reconnect: false });
  const { id } = await server.shell(client, 'cat');
  const pid = await oneServer(server);
  client.dispose();
  await until('the server saw the client go', () => !isRunning(pid) || server.logText(id) === '');
  // Twice the time in which an unused one leaves, measured by a session of it.
  await new Promise((resolve) => setTimeout(resolve, 900));
  assert.ok(isRunning(pid));
  const last = server.client({ reconnect: false });
  await last.request('session/kill', { session: id });
  assert.ok(isRunning(pid));
  last.dispose();
  await until('the unused server has gone', () => !isRunning(pid));
  assert.equal(server.pid, undefined, 'its file went with it');
  await assert.rejects(server.tmux('list-sessions'), 'tmux went with it');
});

test('a server that leaves does not take a tmux with it in which a window lives that it does not know', async (t) => {
  const server = new TestServer(t, { env: { CM_IDLE_EXIT_MS: '300' } });
  const client = server.client({ reconnect: false });
  const { id } = await server.shell(client, 'cat');
  const pid = await oneServer(server);
  await server.tmux('new-session', '-d', '-s', 'other', 'sleep 1000');
  await client.request('session/kill', { session: id });
  client.dispose();
  await until('the unused server has gone', () => !isRunning(pid));
  assert.match(await server.tmux('list-sessions', '-F', '#{session_name}'), /^other$/mu);
});

test('a newer client takes over in the middle of requests: they are answered, and sessions go on', async (t) => {
  const server = new TestServer(t);
  const client = server.client();
  const running = await server.shell(client, 'sleep 1000');
  const before = await oneServer(server);
  const requests = Promise.all(Array.from({ length: 20 }, () => server.shell(client, 'exit 4')));
  const slow = client.request('session/stop', {
    session: (await server.shell(client, 'trap "" TERM; sleep 1000')).id,
    timeoutMs: 1000,
  });
  await server.client({ reconnect: false }).request('server/stop', { replace: true });
  const [created, stopped] = await Promise.all([requests, slow]);
  assert.equal(stopped.status, 'stopped');
  assert.equal(new Set(created.map(({ id }) => id)).size, 20);
  const sessions = await client.request('session/list', {});
  assert.equal(sessions.length, 22, 'no request made two');
  await until('the old server has gone', () => !isRunning(before));
  await client.request('ping', {});
  await oneServer(server);
  const found = sessions.find(({ id }) => id === running.id);
  assert.deepEqual([found?.status, found?.pid], ['running', running.pid]);
});

test('a server that was stopped is told of as that, never started beside, and goes on or is restarted', async (t) => {
  const server = new TestServer(t);
  const first = server.client();
  const { id } = await server.shell(first, 'sleep 1000');
  const pid = await oneServer(server);
  // Not waited for in one go: the server is a child of this process, which has to take note of its end.
  const cm = (...args: readonly string[]): Promise<CmResult> => runCm(server, args);
  process.kill(pid, 'SIGSTOP');
  t.after(() => isRunning(pid) && process.kill(pid, 'SIGCONT'));
  for (const args of [['status'], ['server', 'status'], ['ctx', 'list'], ['logs', id]]) {
    const { code, stderr } = await cm(...args);
    assert.equal(code, 4, args.join(' '));
    assert.match(stderr, new RegExp(`process ${pid} is stopped`), args.join(' '));
    assert.match(stderr, new RegExp(`kill -CONT ${pid}`));
  }
  assert.deepEqual(serversOf(server), [pid]);
  process.kill(pid, 'SIGCONT');
  assert.equal((await cm('status', '-q')).stdout.trim(), id);
  process.kill(pid, 'SIGSTOP');
  const restarted = await cm('server', 'restart');
  assert.equal(restarted.code, 0, restarted.stderr);
  assert.notEqual(await oneServer(server), pid);
  assert.equal((await cm('status', '-q')).stdout.trim(), id, 'agents go on');
});

for (const state of ['stopped', 'running'] as const) {
  for (const withSocket of [false, true]) {
    const what = `${state} server whose file ${withSocket ? 'and socket were' : 'was'} removed`;
    test(`cm server status, restart and stop know a ${what}`, async (t) => {
      const server = new TestServer(t);
      const { id } = await server.shell(server.client({ reconnect: false }), 'sleep 1000');
      const lose = async (): Promise<number> => {
        const pid = await oneServer(server);
        if (state === 'stopped') {
          process.kill(pid, 'SIGSTOP');
          t.after(() => isRunning(pid) && process.kill(pid, 'SIGCONT'));
        }
        rmSync(serverFilePath(server.cm));
        if (withSocket) rmSync(join(await server.runtimeDirectory, 'server.sock'));
        return pid;
      };
      const pid = await lose();
      const told = await runCm(server, ['server', 'status']);
      if (state === 'stopped') {
        assert.equal(told.code, 4);
        assert.match(told.stderr, new RegExp(`process ${pid} is stopped\\. Continue it`, 'u'));
      } else {
        assert.match(told.stdout, new RegExp(`pid +${pid}\n`, 'u'), told.stderr);
        rmSync(serverFilePath(server.cm));
      }
      const restarted = await runCm(server, ['server', 'restart']);
      assert.equal(restarted.code, 0, restarted.stderr);
      assert.notEqual(await oneServer(server), pid);
      assert.equal((await runCm(server, ['status', '-q'])).stdout.trim(), id, 'agents go on');
      await lose();
      const ended = await runCm(server, ['server', 'stop', '--force', '--json']);
      assert.deepEqual([ended.code, JSON.parse(ended.stdout)], [0, { stopped: true }], ended.stderr);
      assert.deepEqual(serversOf(server), []);
      const none = await runCm(server, ['server', 'stop', '--json']);
      assert.deepEqual([none.code, JSON.parse(none.stdout)], [0, { stopped: false }]);
    });
  }
}

interface CmResult {
  readonly code: unknown;
  readonly stderr: string;
  readonly stdout: string;
}

/** Not waited for in one go: the server is a child of this process, which has to take note of its end. */
function runCm(server: TestServer, args: readonly string[]): Promise<CmResult> {
  return new Promise((done) => {
    const env = { ...process.env, CM_HOME: server.cm };
    execFile(process.execPath, [join(distDir, 'cm.js'), ...args], { env }, (error, stdout, stderr) =>
      done({ code: error?.code ?? 0, stdout, stderr }),
    );
  });
}
