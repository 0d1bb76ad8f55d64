import { formatDuration } from '../../common/text.js';
import type { RunOptions, RunResult } from '../../core/machine/machine.js';
import { CodeManagerError } from '../../protocol/errors.js';
import { Program, type ProgramHost } from './program.js';

const DEFAULT_TIMEOUT_MS = 15_000;
/** More output than any command of ours has; a runaway must not fill the memory. */
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;
/** A piece of input at a time, so that nothing piles up in memory. */
const CHUNK_BYTES = 64 * 1024;

/**
 * Runs a program on a host without a shell around it and collects what it prints.
 * @throws CodeManagerError `dependencyMissing` when there is no such program, `notFound` for a missing folder,
 * `timeout`, `cancelled`, `invalid` when the arguments are too long, `unavailable` when the host cannot be reached.
 */
export async function runProgram(
  host: ProgramHost,
  command: readonly string[],
  options: RunOptions & { readonly env: Readonly<Record<string, string>> },
): Promise<RunResult> {
  const label = command[0] ?? 'the command';
  const cancelled = (): CodeManagerError => new CodeManagerError('cancelled', `${label} was cancelled`);
  const { signal, stdin } = options;
  if (signal?.aborted === true) throw cancelled();
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  return new Promise((resolve, reject) => {
    let program: Program | undefined;
    let settled = false;
    const settle = (run: () => void): void => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      run();
    };
    const fail = (error: unknown): void => {
      settle(() => reject(error instanceof Error ? error : new Error(String(error))));
      program?.kill();
    };
    const onAbort = (): void => fail(cancelled());
    const timer = setTimeout(() => {
      fail(new CodeManagerError('timeout', `${label} did not finish within ${formatDuration(timeoutMs)}`));
    }, timeoutMs);
    signal?.addEventListener('abort', onAbort, { once: true });
    Program.start(host, command, { ...options, noInput: stdin === undefined }).then((started) => {
      program = started;
      // Nobody waits for it any more.
      if (settled) return started.kill();
      const chunks: Buffer[] = [];
      let bytes = 0;
      started.onData((data) => {
        bytes += data.length;
        if (bytes > MAX_OUTPUT_BYTES) fail(new CodeManagerError('unavailable', `${label} printed too much`));
        else chunks.push(Buffer.from(data));
      });
      started.onExit(({ code, signal: endedBy, stderr, error }) => {
        if (error !== undefined) fail(error);
        else settle(() => resolve({ code, signal: endedBy, stdout: Buffer.concat(chunks).toString(), stderr }));
      });
      started.resume();
      if (stdin !== undefined) void feed(started, Buffer.from(stdin));
    }, fail);
  });
}

async function feed(program: Program, data: Buffer): Promise<void> {
  for (let at = 0; at < data.length; at += CHUNK_BYTES) await program.write(data.subarray(at, at + CHUNK_BYTES));
  program.end();
}
