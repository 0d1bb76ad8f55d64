import { randomBytes } from 'node:crypto';
import { delay } from '../../common/async.js';
import { quotePosix } from '../../common/quote.js';
import { CodeManagerError } from '../../protocol/errors.js';
import type { SshConnection } from '../ssh/sshConnection.js';
import { ConnectionFailure } from '../connectionFailure.js';

const TIMEOUT_MS = 30_000;
const MAX_OUTPUT_BYTES = 256 * 1024;
const MAX_STDERR = 4 * 1024;

export interface ScriptOptions {
  readonly signal: AbortSignal;
  /** `$1` and so on, any text. */
  readonly args?: readonly string[];
  /** The script's standard input, and how many of its bytes have been taken so far. */
  readonly stdin?: Uint8Array;
  readonly onSent?: (bytes: number) => void;
  readonly timeoutMs?: number;
}

export interface ScriptResult {
  /** Null when it was ended by a signal. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const AGAIN_MS = 100;
const PATIENCE_MS = 2_000;
const CHUNK_BYTES = 32 * 1024;

/**
 * A command line that makes any login shell run a script with `/bin/sh`. The script is one line without single quotes
 * and exclamation marks, which is what POSIX shells, csh and fish all take unchanged.
 */
export function shCommand(script: string, args: readonly string[] = []): string {
  return [`exec /bin/sh -c '${script}' sh`, ...args.map(quotePosix)].join(' ');
}

/** Opens a channel where only one is allowed at a time: the host is not through yet with the one before it. */
export async function patiently<T>(open: () => Promise<T>): Promise<T> {
  for (let waited = 0; ; waited += AGAIN_MS) {
    try {
      return await open();
    } catch (error) {
      if (!(error instanceof ConnectionFailure) || error.reason !== 'channels' || waited >= PATIENCE_MS) throw error;
    }
    await delay(AGAIN_MS);
  }
}

/**
 * Runs a script of ours on a host, on a channel of its own; what its shell prints before it does not count.
 *
 * @throws CodeManagerError `timeout`, `cancelled`, and `unavailable` when the connection ends or there is no channel
 */
export async function runScript(
  connection: SshConnection,
  script: string,
  { signal, args = [], stdin, onSent, timeoutMs = TIMEOUT_MS }: ScriptOptions,
): Promise<ScriptResult> {
  signal.throwIfAborted();
  const mark = `code-manager-${randomBytes(8).toString('hex')}`;
  const channel = await patiently(() =>
    connection.exec(shCommand(`echo; echo "$1"; shift; ${script}`, [mark, ...args])),
  );
  try {
    return await new Promise<ScriptResult>((resolve, reject) => {
      const output: Uint8Array[] = [];
      let size = 0;
      let stderr = '';
      const timer = setTimeout(
        () =>
          reject(new CodeManagerError('timeout', `${connection.target} did not answer within ${timeoutMs / 1000} s`)),
        timeoutMs,
      );
      const onAbort = (): void => reject(new CodeManagerError('cancelled', 'Cancelled'));
      signal.addEventListener('abort', onAbort, { once: true });
      const settle = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
      };
      channel.onData((data) => {
        size += data.length;
        output.push(Uint8Array.from(data));
        if (size > MAX_OUTPUT_BYTES)
          reject(new CodeManagerError('unavailable', `${connection.target} prints too much`));
      });
      channel.onStderr((data) => {
        stderr = (stderr + Buffer.from(data).toString('utf8')).slice(-MAX_STDERR);
      });
      channel.onExit(({ code, error }) => {
        settle();
        if (error !== undefined) return reject(error);
        const text = Buffer.concat(output).toString('utf8');
        const at = text.indexOf(`\n${mark}\n`);
        resolve({ code, stdout: at < 0 ? '' : text.slice(at + mark.length + 2), stderr });
      });
      send(channel, stdin, () => signal.aborted, onSent).catch(reject);
    });
  } finally {
    channel.dispose();
  }
}

async function send(
  channel: { write(data: Uint8Array): Promise<void> | undefined; end(): void },
  stdin: Uint8Array | undefined,
  isAborted: () => boolean,
  onSent: ((bytes: number) => void) | undefined,
): Promise<void> {
  for (let at = 0; stdin !== undefined && at < stdin.length && !isAborted(); at += CHUNK_BYTES) {
    await channel.write(stdin.subarray(at, at + CHUNK_BYTES));
    onSent?.(Math.min(stdin.length, at + CHUNK_BYTES));
  }
  channel.end();
}
