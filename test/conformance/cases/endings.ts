import assert from 'node:assert/strict';
import { isRunning } from '../../helpers/testServer.js';
import { until } from '../../helpers/until.js';
import type { Case, Desk } from '../desk.js';

/** Ways to leave one's session, each with a note of who did. */
const LEAVERS = `note() { sh -c 'echo $PPID >>pids'; }
(note; sleep 1000) &
nohup sh -c 'echo $$ >>pids; sleep 1000; :' >/dev/null 2>&1 &
setsid sh -c 'echo $$ >>pids; sleep 1000; :' >/dev/null 2>&1 </dev/null &
sh -c 'sh -c "echo \\$\\$ >>pids; sleep 1000; :" & exit' >/dev/null 2>&1 &
setsid sh -c 'setsid sh -c "echo \\$\\$ >>pids; sleep 1000; :" & exit' >/dev/null 2>&1 </dev/null &
env -i sh -c 'echo $$ >>pids; sleep 1000; :' &
(trap '' HUP TERM INT; while :; do sleep 1000; done)`;
const LEAVER_COUNT = 6;

const pids = (desk: Desk): number[] => desk.read('pids').split('\n').filter(Boolean).map(Number);

/** How sessions end. */
export const endingCases: readonly Case[] = [
  {
    name: 'every exit code is told as it is',
    run: async (desk) => {
      const codes = [0, 1, 2, 77, 126, 127, 128, 129, 130, 137, 143, 255];
      const ended = await Promise.all(codes.map((code) => desk.ran(`exit ${code}`)));
      const told = ended.map(({ status, exitCode, signal }) => ({ status, exitCode, signal }));
      assert.deepEqual(
        told,
        codes.map((code) => ({ status: code === 0 ? 'completed' : 'failed', exitCode: code, signal: null })),
      );
      return told;
    },
  },
  {
    name: 'every signal is told by its name',
    run: async (desk) => {
      const signals = ['HUP', 'QUIT', 'KILL', 'TERM', 'USR1', 'ALRM', 'SEGV', 'ABRT'];
      const ended = await Promise.all(signals.map((name) => desk.ran(`ulimit -c 0; kill -${name} $$`)));
      const told = ended.map(({ status, exitCode, signal }) => ({ status, exitCode, signal }));
      assert.deepEqual(
        told,
        signals.map((name) => ({ status: 'failed', exitCode: null, signal: `SIG${name}` })),
      );
      return told;
    },
  },
  {
    name: 'what a session that has ended left running is told, and ended by the same commands',
    run: async (desk) => {
      const leaving = `nohup sh -c 'trap "echo bye >>ends; exit" TERM; echo $$ >>left; while :; do sleep 0.1; done' >/dev/null 2>&1 &
env -i PATH="$PATH" nohup sh -c 'echo $$ >>left; exec sleep 1000' >/dev/null 2>&1 &
while [ "$(wc -l <left)" != 2 ]; do sleep 0.1; done`;
      const left = (): number[] => desk.read('left').split('\n').filter(Boolean).map(Number);
      const { id } = await desk.ran(leaving);
      // What is on its way out may be seen beside them for a moment.
      await desk.is(id, 'has left both', ({ left: told }) =>
        left().every((pid) => told.some((one) => one.pid === pid)),
      );
      const stopped = await desk.client.request('session/stop', { session: id, timeoutMs: 10_000 });
      assert.deepEqual([stopped.status, stopped.left], ['completed', []]);
      assert.equal(desk.read('ends'), 'bye\n', 'it was asked first');
      assert.deepEqual(left().filter(isRunning), []);
      const { code, hint } = await desk.fails(desk.client.request('session/kill', { session: id }));
      return [code, hint];
    },
  },
  {
    name: 'stop asks politely and waits',
    run: async (desk) => {
      const { id } = await desk.shell("trap 'echo goodbye >bye; exit 5' TERM; echo up; while :; do sleep 0.05; done");
      await desk.shows(id, 'up');
      const stopped = await desk.client.request('session/stop', { session: id, timeoutMs: 30_000 });
      assert.equal(desk.read('bye'), 'goodbye\n');
      const { status, exitCode, signal, unread } = stopped;
      assert.deepEqual([status, exitCode, signal, unread], ['stopped', 5, null, false]);
      return [
        await desk.fails(desk.client.request('session/stop', { session: id })),
        await desk.fails(desk.client.request('session/kill', { session: id })),
      ];
    },
  },
  {
    name: 'stop ends what is deaf once its time is over',
    run: async (desk) => {
      const { id } = await desk.shell("trap '' TERM HUP INT; echo up; while :; do sleep 0.05; done");
      await desk.shows(id, 'up');
      const { pid } = await desk.get(id);
      const { status, unread } = await desk.client.request('session/stop', { session: id, timeoutMs: 300 });
      assert.ok(pid !== null && !isRunning(pid));
      assert.equal(status, 'stopped');
      return { status, unread };
    },
  },
  {
    name: 'kill leaves no process of a session, however it left',
    run: async (desk) => {
      const { id } = await desk.shell(LEAVERS);
      const left = await until('all have left', () => pids(desk).length === LEAVER_COUNT && pids(desk));
      assert.ok(left.every(isRunning));
      const other = await desk.shell('sleep 1000');
      const { pid } = await desk.get(id);
      const { status, unread, exitCode } = await desk.client.request('session/kill', { session: id });
      assert.deepEqual([...left, pid ?? 0].filter(isRunning), []);
      assert.equal((await desk.get(other.id)).status, 'running');
      return { status, unread, exitCode };
    },
  },
  {
    name: 'several stop the same session: all hear the same end',
    run: async (desk) => {
      const { id } = await desk.shell("trap 'echo x >>asked; exit 0' TERM; echo up; while :; do sleep 0.05; done");
      await desk.shows(id, 'up');
      const answers = await Promise.allSettled(
        [desk.client, desk.otherClient(), desk.client].map((client) => client.request('session/stop', { session: id })),
      );
      // Who comes after the end is told that it has ended.
      for (const answer of answers) {
        if (answer.status === 'rejected') assert.equal((answer.reason as { code: string }).code, 'conflict');
      }
      assert.ok(answers.some(({ status }) => status === 'fulfilled'));
      assert.equal(desk.read('asked'), 'x\n');
      return (await desk.get(id)).status;
    },
  },
  {
    name: 'an end is told after the last byte of the log',
    run: async (desk) => {
      const { id } = await desk.shell(`stty -opost; for n in 1 2 3 4 5 6 7 8; do printf '%s %2000s|' "$n" .; done`);
      await desk.ended(id);
      const { size, closed } = await desk.client.request('log/info', { session: id });
      assert.deepEqual([size, closed], [8 * 2003, true]);
      return size;
    },
  },
];
