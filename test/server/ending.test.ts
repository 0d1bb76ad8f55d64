import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { isRunning, TestServer } from '../helpers/testServer.js';
import { until } from '../helpers/until.js';

/** Ways to leave one's session, each with a note of who did. */
const LEAVERS = `note() { sh -c 'echo $PPID >>pids'; }
(note; sleep 1000) &
nohup sh -c 'echo $$ >>pids; sleep 1000; :' >/dev/null 2>&1 &
setsid sh -c 'echo $$ >>pids; sleep 1000; :' >/dev/null 2>&1 </dev/null &
sh -c 'sh -c "echo \\$\\$ >>pids; sleep 1000; :" & exit' >/dev/null 2>&1 &
perl -e 'setpgrp(0,0); open F,">>pids"; print F "$$\\n"; close F; sleep 1000' &
setsid sh -c 'setsid sh -c "echo \\$\\$ >>pids; sleep 1000; :" & exit' >/dev/null 2>&1 </dev/null &
env -i sh -c 'echo $$ >>pids; sleep 1000; :' &
(trap '' HUP TERM INT; echo ready; while :; do sleep 1000; done)`;
const LEAVER_COUNT = 7;

function pids(server: TestServer): number[] {
  const file = join(server.work, 'pids');
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').map(Number) : [];
}

test('kill leaves no process of a session, however it left', async (t) => {
  const server = new TestServer(t);
  const client = server.client();
  const { id, pid } = await server.shell(client, LEAVERS);
  const left = await until('all have left', () => pids(server).length === LEAVER_COUNT && pids(server));
  assert.ok(left.every(isRunning));
  const other = await server.shell(client, 'sleep 1000');
  const killed = await client.request('session/kill', { session: id });
  assert.deepEqual([killed.status, killed.unread], ['stopped', false]);
  assert.deepEqual([...left, pid ?? 0].filter(isRunning), []);
  assert.equal((await client.request('session/get', { session: other.id })).status, 'running');
  assert.ok(!readdirSync(server.active).some((name) => name.startsWith(id) && !/\.(json|log|history)$/.test(name)));
});

test('stop asks first, waits, and then ends what is left', async (t) => {
  const server = new TestServer(t);
  const client = server.client();
  const polite = await server.shell(
    client,
    "trap 'echo goodbye >bye; exit 5' TERM; echo up; while :; do sleep 0.05; done",
  );
  await until('it is up', () => server.logText(polite.id).includes('up'));
  const stopped = await client.request('session/stop', { session: polite.id, timeoutMs: 30_000 });
  assert.deepEqual([stopped.status, stopped.exitCode, stopped.signal], ['stopped', 5, null]);
  assert.equal(readFileSync(join(server.work, 'bye'), 'utf8'), 'goodbye\n');

  const deaf = await server.shell(client, "trap '' TERM; echo up; while :; do sleep 0.05; done");
  await until('it is up', () => server.logText(deaf.id).includes('up'));
  const ended = await client.request('session/stop', { session: deaf.id, timeoutMs: 300 });
  assert.equal(ended.status, 'stopped');
  assert.ok(deaf.pid !== null && !isRunning(deaf.pid));
  await assert.rejects(client.request('session/stop', { session: deaf.id }), {
    code: 'conflict',
    message: /has ended/,
  });
});

test('what a person stopped stays stopped, also when the server dies in the middle of it', async (t) => {
  const server = new TestServer(t);
  const client = server.client();
  const { id } = await server.shell(client, "trap '' TERM; echo up; while :; do sleep 0.05; done");
  await until('it is up', () => server.logText(id).includes('up'));
  // The client asks again after the cut.
  const stopping = client.request('session/stop', { session: id, timeoutMs: 1_500 });
  await until('the wish is recorded', () => server.record(id).ending === 'stop');
  await server.kill();
  assert.equal((await stopping).status, 'stopped');
  await server.kill();
  const after = await client.request('session/get', { session: id });
  assert.deepEqual([after.status, after.pid], ['stopped', null]);
  assert.equal((await client.request('session/list', {})).length, 1);
});
