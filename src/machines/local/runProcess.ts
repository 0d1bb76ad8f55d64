import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { statSync } from 'node:fs';
import { reasonOf } from '../../common/systemError.js';
import { formatDuration } from '../../common/text.js';
import type { RunOptions, RunResult } from '../../core/machine/machine.js';
import { CodeManagerError } from '../../protocol/errors.js';

const DEFAULT_TIMEOUT_MS = 15_000;
/** More output than any command of ours has; a runaway must not fill the memory. */
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;
/** How long output may pause after the process has ended, when a child it left behind holds the streams open. */
const DRAIN_MS = 250;

/**
 * Runs a program without a shell, in a session of its own without a terminal.
 * @throws CodeManagerError `dependencyMissing` when there is no such program, `notFound` for a missing folder,
 * `timeout`, `cancelled`, `invalid` when the arguments are too long, `unavailable` when it cannot be started otherwise.
 */
export async function runProcess(
  command: readonly string[],
  options: RunOptions & { readonly env: Readonly<Record<string, string>> },
): Promise<RunResult> {
  if (options.signal?.aborted === true) throw cancelled(command);
  const child = spawnDetached(command, options, [options.stdin === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe']);
  return new Promise((resolve, reject) => {
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    let bytes = 0;
    let failure: CodeManagerError | undefined;
    const fail = (error: CodeManagerError): void => {
      failure ??= error;
      killGroup(child.pid);
      // What the group left behind elsewhere may still hold the streams.
      child.stdout?.destroy();
      child.stderr?.destroy();
    };
    const collect = (chunks: Buffer[]) => (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > MAX_OUTPUT_BYTES) fail(new CodeManagerError('unavailable', `${label(command)} printed too much`));
      else chunks.push(chunk);
    };
    child.stdout?.on('data', collect(stdout));
    child.stderr?.on('data', collect(stderr));
    const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    const timer = setTimeout(() => {
      fail(new CodeManagerError('timeout', `${label(command)} did not finish within ${formatDuration(timeoutMs)}`));
    }, timeoutMs);
    const onAbort = (): void => fail(cancelled(command));
    options.signal?.addEventListener('abort', onAbort, { once: true });
    const settle = (): void => {
      clearTimeout(timer);
      options.signal?.removeEventListener('abort', onAbort);
    };
    child.once('error', (error) => {
      settle();
      reject(failure ?? toStartError(error, command, options.cwd));
    });
    closeAfterExit(child);
    child.once('close', (code, signal) => {
      settle();
      if (failure === undefined) {
        resolve({ code, signal, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() });
      } else {
        reject(failure);
      }
    });
    if (child.stdin !== null) {
      // A program need not read what it is given.
      child.stdin.on('error', () => undefined);
      child.stdin.end(options.stdin);
    }
  });
}

/** Starts a program in a session and process group of its own. Errors come by the `error` event. */
export function spawnDetached(
  command: readonly string[],
  options: { readonly cwd?: string; readonly env: Readonly<Record<string, string>>; readonly argv0?: string },
  stdio: SpawnOptions['stdio'] & object,
): ChildProcess {
  const [program, ...args] = command;
  if (program === undefined) throw new CodeManagerError('invalid', 'A command needs a program');
  if (command.some((word) => word.includes('\0'))) {
    throw new CodeManagerError('invalid', 'A command cannot contain NUL characters');
  }
  try {
    return spawn(program, args, {
      cwd: options.cwd,
      env: options.env,
      ...(options.argv0 === undefined ? {} : { argv0: options.argv0 }),
      stdio,
      detached: true,
      windowsHide: true,
    });
  } catch (error) {
    throw toStartError(error, command, options.cwd);
  }
}

/** Makes `close` come after `exit` also when another process inherited the streams and keeps them open. */
export function closeAfterExit(child: ChildProcess): void {
  child.once('exit', () => {
    let timer: NodeJS.Timeout | undefined;
    const again = (): void => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        // Nobody has begun to read.
        if (child.stdout?.isPaused() === true) return again();
        child.stdout?.destroy();
        child.stderr?.destroy();
      }, DRAIN_MS);
      timer.unref();
    };
    child.stdout?.on('data', again);
    child.stderr?.on('data', again);
    child.once('close', () => clearTimeout(timer));
    again();
  });
}

/** Kills the process group that a detached child leads. */
export function killGroup(pid: number | undefined): void {
  if (pid === undefined || pid <= 1) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}

/** Why a program could not be started, and what to do. */
export function toStartError(error: unknown, command: readonly string[], cwd: string | undefined): CodeManagerError {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const program = label(command);
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      // The system says the same for a missing working folder.
      if (cwd !== undefined && !isFolder(cwd)) {
        return new CodeManagerError('notFound', `The folder ${cwd} does not exist`, { cause: error });
      }
      return new CodeManagerError('dependencyMissing', `${program} was not found`, { cause: error });
    case 'E2BIG':
      return new CodeManagerError('invalid', `The arguments of ${program} are too long`, { cause: error });
    case 'EACCES':
      return new CodeManagerError('unavailable', `${program} may not be run`, {
        hint: 'Check that the file and the folder are accessible.',
        cause: error,
      });
    default:
      return new CodeManagerError('unavailable', `${program} could not be started: ${reasonOf(error)}`, {
        cause: error,
      });
  }
}

function cancelled(command: readonly string[]): CodeManagerError {
  return new CodeManagerError('cancelled', `${label(command)} was cancelled`);
}

function label(command: readonly string[]): string {
  return command[0] ?? 'the command';
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
