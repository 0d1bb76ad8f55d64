import { execFile, type ExecFileException } from 'node:child_process';
import { promisify } from 'node:util';
import * as z from 'zod';
import { delay } from '../common/async.js';
import { readText } from '../common/files.js';
import { CodeManagerError } from '../protocol/errors.js';
import type { ServerFile } from '../protocol/files.js';
import { serverEnvironment, startFailure } from './serverProcess.js';

const PS_MS = 2_000;
const FIND_MS = 10_000;
/** One that goes on writes its file within milliseconds. */
const FILED_MS = 5_000;

/** What the program of the server says with `--find`. */
const FoundServer = z.object({ pid: z.number().int().positive(), isFiled: z.boolean(), isStopped: z.boolean() });
export type FoundServer = z.infer<typeof FoundServer>;

/** A server whose process was stopped (SIGSTOP, a debugger): it takes connections and answers none. */
export class ServerStoppedError extends CodeManagerError {
  readonly pid: number;

  constructor(pid: number) {
    super('unavailable', `The agent server does not answer: its process ${pid} is stopped`, {
      hint: `Continue it with kill -CONT ${pid}, or run cm server restart; agents go on.`,
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

/** The server that runs on this host, also one that has lost its file and socket or was stopped. */
export async function findServer(serverPath: string, home: string): Promise<FoundServer | undefined> {
  const options = { timeout: FIND_MS, env: serverEnvironment(home) };
  const { error, stdout, stderr } = await new Promise<{
    error: ExecFileException | null;
    stdout: string;
    stderr: string;
  }>((done) =>
    execFile(process.execPath, [serverPath, '--find'], options, (failed, out, said) =>
      done({ error: failed, stdout: out, stderr: said }),
    ),
  );
  if (error !== null) throw startFailure(stderr, typeof error.code === 'number' ? error.code : null, null);
  return stdout.trim() === '' ? undefined : FoundServer.parse(JSON.parse(stdout));
}

/** Lets a server go on that was stopped, and has it write its file again. */
export async function bringBack(
  { pid, isFiled, isStopped }: FoundServer,
  fileThere: () => Promise<boolean>,
): Promise<void> {
  if (isStopped) process.kill(pid, 'SIGCONT');
  if (isFiled || process.platform === 'win32') return;
  process.kill(pid, 'SIGHUP');
  for (const deadline = Date.now() + FILED_MS; isThere(pid) && !(await fileThere()); await delay(20)) {
    if (Date.now() > deadline) {
      throw new CodeManagerError('unavailable', `The agent server (process ${pid}) does not answer`, {
        hint: `End it with kill -9 ${pid}; agents go on.`,
      });
    }
  }
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
