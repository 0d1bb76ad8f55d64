import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { stopped } from '../../src/machines/local/stopped.js';
import { parseProcessStates, processStatesScript, stoppedAmong } from '../../src/machines/stopped.js';
import { tempDir } from '../helpers/tempDir.js';
import { until } from '../helpers/until.js';

const row = (pid: number, ppid: number, pgid: number, state: string): string => `${pid} ${ppid} ${pgid} ${state}`;

for (const { what, rows, isStopped } of [
  { what: 'one that goes on', rows: [row(2, 1, 1, 'Sl+')], isStopped: false },
  { what: 'one that is stopped', rows: [row(2, 1, 1, 'Tl+')], isStopped: true },
  { what: 'one whose debugger holds it', rows: [row(2, 1, 1, 't')], isStopped: false },
  { what: 'a program that a small one has started', rows: [row(2, 1, 1, 'S'), row(3, 2, 1, 'T')], isStopped: true },
  {
    what: 'what a shell has stopped as a job of its own',
    rows: [row(2, 1, 2, 'S'), row(3, 2, 3, 'T')],
    isStopped: false,
  },
  {
    what: 'one of several that it has started',
    rows: [row(2, 1, 1, 'S'), row(3, 2, 1, 'T'), row(4, 2, 1, 'S')],
    isStopped: false,
  },
  {
    what: 'one beside a child that nobody has buried',
    rows: [row(2, 1, 1, 'S'), row(3, 2, 1, 'T'), row(4, 2, 1, 'Z')],
    isStopped: true,
  },
  { what: 'one that has ended', rows: [row(2, 1, 1, 'Z')], isStopped: false },
  { what: 'that of another session', rows: [row(2, 9, 9, 'T')], isStopped: false },
]) {
  test(`a session is ${isStopped ? '' : 'not '}stopped by its processes: ${what}`, () => {
    assert.equal(stoppedAmong([1], parseProcessStates(rows.join('\n'))).has(1), isStopped);
  });
}

/** A launcher, the program that it starts, and the one that this starts in the same group. */
async function launcher(t: TestContext): Promise<{ readonly pid: number; readonly chain: readonly number[] }> {
  const file = join(tempDir(t), 'pids');
  const inner = `sh -c 'echo $$ >>${file}; sleep 1000; :'; :`;
  const script = `sh -c '${`echo $$ >>${file}; ${inner}`.replaceAll("'", "'\\''")}'; :`;
  const child = spawn('sh', ['-c', script], { detached: true, stdio: 'ignore' });
  const { pid = 0 } = child;
  t.after(() => process.kill(-pid, 'SIGKILL'));
  const chain = await until('all run', () => {
    const pids = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').map(Number) : [];
    return pids.length === 2 ? pids : undefined;
  });
  return { pid, chain };
}

for (const { name, look } of [
  { name: 'on this host', look: async (pids: readonly number[]) => await stopped(pids) },
  {
    name: 'by the script for other hosts',
    look: (pids: readonly number[]) => {
      const output = execFileSync('sh', ['-c', processStatesScript(pids)], { encoding: 'utf8' });
      return Promise.resolve<ReadonlySet<number>>(stoppedAmong(pids, parseProcessStates(output)));
    },
  },
]) {
  test(`which of several tools are stopped is seen ${name}, also behind a small program`, async (t) => {
    const [a, b, c] = [await launcher(t), await launcher(t), await launcher(t)];
    const pids = [a.pid, b.pid, c.pid, 999_999_999];
    assert.deepEqual([...(await look(pids))], []);
    process.kill(a.chain[0] ?? 0, 'SIGSTOP');
    process.kill(c.chain[1] ?? 0, 'SIGSTOP');
    await until('both are seen', async () => (await look(pids)).size === 2);
    assert.deepEqual([...(await look(pids))].sort(), [a.pid, c.pid].sort());
    process.kill(a.chain[0] ?? 0, 'SIGCONT');
    await until('one goes on', async () => [...(await look(pids))].join() === String(c.pid));
  });
}
