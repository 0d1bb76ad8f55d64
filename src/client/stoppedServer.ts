import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { readText } from '../common/files.js';
import { CodeManagerError } from '../protocol/errors.js';
import type { ServerFile } from '../protocol/files.js';

const PS_MS = 2_000;

/** A server whose process was stopped (SIGSTOP, a debugger): it takes connections and answers none. */
export class ServerStoppedError extends CodeManagerError {
  readonly pid: number;

  /** @param isFiled its file names it, so that others find it too */
  constructor(pid: number, { isFiled = true } = {}) {
    super('unavailable', `The agent server does not answer: its process ${pid} is stopped`, {
      hint: `Continue it with kill -CONT ${pid}${isFiled ? ', or run cm server restart' : ''}; agents go on.`,
    });
    this.name = 'ServerStoppedError';
    this.pid = pid;
  }
}

/** Whether the process that wrote this file is there and was stopped; false where the system does not tell. */
export async function isStopped({ pid, processStart }: Pick<ServerFile, 'pid' | 'processStart'>): Promise<boolean> {
  if (process.platform === 'linux') {
    const stat = await readText(`/proc/${pid}/stat`).catch(() => '');
    // The name of the program, in parentheses, may hold anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const start = fields[19] ?? '';
    return /^[Tt]$/.test(fields[0] ?? '') && (processStart === '' || start === processStart);
  }
  if (process.platform === 'win32') return false;
  const { stdout } = await promisify(execFile)('ps', ['-o', 'state=', '-p', String(pid)], { timeout: PS_MS }).catch(
    () => ({
      stdout: '',
    }),
  );
  return stdout.trim().startsWith('T');
}

/** Whether a process is there, whoever it is. */
export function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
