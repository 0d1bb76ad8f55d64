import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '../../src/client/api.js';
import { hasEnded, type Session } from '../../src/protocol/session.js';
import { isRunning, sha256, signalProcess, TestServer } from '../helpers/testServer.js';
import { until } from '../helpers/until.js';

const SESSIONS = 100;
const CUT_STARTS = 20;
const KILLS = 100;

/** Prints until it is told to end, and keeps a record of its own: who it is and what it printed. */
const CHILD = `stty -opost; printf '%s\\n' "$$" >>"$1.pids"; n=0
while [ ! -e stop ]; do
  n=$((n + 1)); printf '%s\\n' "$1 line $n" | tee -a "$1.out"; sleep 1.5
done
printf 'the end' | tee -a "$1.out"
case $2 in signal) kill -KILL $$;; *) exit "$2";; esac`;

const ending = (n: number): string => (n % 9 === 0 ? 'signal' : String(n % 9 === 1 ? 0 : n));

async function create(client: Client, folder: string, n: number): Promise<Session> {
  const name = `child-${n}`;
  return until(`${name} was started`, async () => {
    try {
      return await client.request('session/create', {
        requestId: `request-${n}`,
        tool: 'shell',
        task: CHILD,
        path: folder,
        name,
        args: [name, ending(n)],
      });
    } catch (error) {
      // What a client says after some repetitions; a person would try again.
      if (String(error).includes('agent server')) return undefined;
      throw error;
    }
  });
}

test('a hundred kills of the server cost no session, no byte and no exit status, and start nothing twice', async (t) => {
  const server = new TestServer(t);
  const folder = join(server.work, 'children');
  mkdirSync(folder);
  server.setEnvironment({ CM_TEST_CRASH: 'after-record' });
  const client = server.client();
  const started = new Map<string, Session>();
  let kills = 0;
  for (let n = 0; n < CUT_STARTS; n++) {
    const before = await until('a server', () => server.pid);
    const session = await create(client, folder, n);
    assert.ok(!isRunning(before), 'the server was killed between record and tmux');
    kills++;
    started.set(session.id, session);
  }
  assert.equal(started.size, CUT_STARTS);

  server.setEnvironment({ CM_TEST_CRASH: undefined });
  await server.kill();
  const creating = (async () => {
    for (let n = CUT_STARTS; n < SESSIONS; n += 4) {
      const batch = await Promise.all([n, n + 1, n + 2, n + 3].map((i) => create(client, folder, i)));
      for (const session of batch) started.set(session.id, session);
    }
  })();
  while (kills < KILLS) {
    const pid = await until('a server to kill', () => {
      // Asking keeps the client from waiting ever longer between its tries.
      void client.request('ping', {}).catch(() => undefined);
      return server.pid !== undefined && isRunning(server.pid) && server.pid;
    });
    await sleep(Math.random() * 400);
    signalProcess(pid, 'SIGKILL');
    await until(`server ${pid} has gone`, () => !isRunning(pid));
    kills++;
  }
  await creating;
  assert.equal(started.size, SESSIONS);

  const running = await until('all sessions run', async () => {
    const sessions = await client.request('session/list', {});
    return sessions.every(({ status }) => status === 'running') && sessions;
  });
  assert.deepEqual(running.map(({ id }) => id).sort(), [...started.keys()].sort());
  const lines = (name: string): string[] =>
    readFileSync(join(folder, `${name}.pids`), 'utf8')
      .trim()
      .split('\n');
  for (const { name, pid } of running) {
    const own = await until(`${name} says who it is`, () => existsSync(join(folder, `${name}.pids`)) && lines(name));
    assert.equal(own.length, 1, `${name} was started once`);
    assert.ok(isRunning(Number(own[0])) && pid !== null && isRunning(pid), `${name} runs`);
  }

  writeFileSync(join(folder, 'stop'), '');
  const ended = await until(
    'all sessions have ended',
    async () => {
      const sessions = await client.request('session/list', {});
      return sessions.every(hasEnded) && sessions;
    },
    60_000,
  );
  for (const { id, name, status, exitCode, signal } of ended) {
    const n = Number(name.slice('child-'.length));
    const wanted = ending(n);
    assert.deepEqual(
      { status, exitCode, signal },
      {
        status: wanted === '0' ? 'completed' : 'failed',
        exitCode: wanted === 'signal' ? null : Number(wanted),
        signal: wanted === 'signal' ? 'SIGKILL' : null,
      },
      name,
    );
    assert.equal(await sha256(server.log(id)), await sha256(join(folder, `${name}.out`)), `every byte of ${name}`);
  }
  const left = (): string[] => readdirSync(server.active).filter((file) => !/\.(json|log|history)$/.test(file));
  await until('nothing but records and logs is left', () => left().length === 0).catch(() => undefined);
  assert.deepEqual(left(), [], 'nothing but records and logs is left');
});
