import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import type { TestContext } from 'node:test';

/** A marker that no other process has. */
export function newMarker(): string {
  return `test${randomBytes(6).toString('hex')}`;
}

/** Starts a shell script in a session of its own, as a pane does. Whatever it leaves behind is killed after the test. */
export function startPane(
  t: TestContext,
  script: string,
  env: Record<string, string>,
): ChildProcess & { readonly pid: number } {
  const child = spawn('/bin/sh', ['-c', script], {
    env: { PATH: '/usr/bin:/bin', ...env },
    detached: true,
    stdio: 'ignore',
  });
  const { pid } = child;
  if (pid === undefined) throw new Error('the shell did not start');
  child.unref();
  t.after(() => {
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // It has ended.
    }
  });
  return child as ChildProcess & { readonly pid: number };
}

/** Pids of the running `sleep` processes with this very argument; a zombie does not count. */
export function sleepers(seconds: string): number[] {
  return runningWith((args) => /(^|\/)sleep$/.test(args[0] ?? '') && args[1] === seconds);
}

export function runningWith(test: (args: readonly string[]) => boolean): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const args = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
        return test(args) && !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
      } catch {
        return false;
      }
    });
}

/** Kills them after the test, should it fail. */
export function killAfter(t: TestContext, seconds: string): void {
  t.after(() => {
    for (const pid of sleepers(seconds)) process.kill(pid, 'SIGKILL');
  });
}

/** Fails with the way to get it when a program that a test needs is not there. */
export function need(program: string): string {
  try {
    return execFileSync('/bin/sh', ['-c', `command -v ${program}`], { encoding: 'utf8' }).trim();
  } catch {
    throw new Error(`${program} is needed for this test: apt-get install ${program}`);
  }
}
