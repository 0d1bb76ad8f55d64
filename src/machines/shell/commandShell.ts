import { inTheirWords, lastWords } from '../../common/whyFailed.js';
import { Deferred } from '../../common/async.js';
import type { Disposable } from '../../common/disposable.js';
import { formatDuration } from '../../common/text.js';
import { CodeManagerError } from '../../protocol/errors.js';
import { loopCommand, newMark, requestText, SHELL_VARIANTS, type ShellVariant } from './shellText.js';
import type { Channel } from './connection.js';
import type { RoundTrips } from './roundTrips.js';

/** What a script printed on its standard output, and its status. */
export interface ShellAnswer {
  readonly code: number;
  readonly output: Buffer;
}

export interface CommandShellOptions {
  /** How long the login shell may take to start ours, in milliseconds. */
  readonly startMs?: number;
  /** How long one script may take. */
  readonly answerMs?: number;
  readonly roundTrips?: RoundTrips;
}

/** Startup files on slow disks take their time. */
const START_MS = 30_000;
const ANSWER_MS = 30_000;
/** A host that prints without end must not fill the memory. */
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;
const MAX_NOISE_BYTES = 1024 * 1024;

interface Pending {
  readonly done: Deferred<ShellAnswer>;
  readonly timer: NodeJS.Timeout;
}

/**
 * A POSIX shell on a host that runs one script after the other and tells what each printed, byte for byte. Scripts are
 * sent without waiting for the answers to those before, so that several cost one round trip.
 */
export class CommandShell implements Disposable {
  /** Process of the shell on the host. */
  readonly pid: number;
  readonly variant: ShellVariant;
  readonly #channel: Channel;
  readonly #mark = newMark();
  readonly #end: Buffer;
  readonly #answerMs: number;
  readonly #roundTrips: RoundTrips | undefined;
  readonly #pending: Pending[] = [];
  #chunks: Buffer[] = [];
  #bytes = 0;
  #closed: CodeManagerError | undefined;

  /**
   * @param open opens a channel with a command line in the login shell
   * @throws CodeManagerError `unavailable` when the host does not run what it is asked to
   */
  static async start(
    open: (command: string) => Promise<Channel>,
    options: CommandShellOptions = {},
  ): Promise<CommandShell> {
    let failure: unknown;
    for (const variant of SHELL_VARIANTS) {
      const hello = newMark();
      const channel = await open(loopCommand(hello, variant));
      try {
        const { pid, rest } = await greeting(channel, hello, options.startMs ?? START_MS);
        return new CommandShell(channel, pid, variant, rest, options);
      } catch (error) {
        channel.dispose();
        failure ??= error;
        if (error instanceof CodeManagerError && error.code === 'timeout') break;
      }
    }
    throw failure;
  }

  private constructor(
    channel: Channel,
    pid: number,
    variant: ShellVariant,
    rest: Buffer,
    { answerMs = ANSWER_MS, roundTrips }: CommandShellOptions,
  ) {
    this.#channel = channel;
    this.pid = pid;
    this.variant = variant;
    this.#answerMs = answerMs;
    this.#roundTrips = roundTrips;
    this.#end = Buffer.from(`\n${this.#mark} `);
    channel.onData((data) => this.#take(Buffer.from(data)));
    channel.onExit(({ error }) => this.#close(error ?? gone('The shell on the host has ended')));
    if (rest.length > 0) this.#take(rest);
    channel.resume();
    void channel.write(`${this.#mark}\nLC_ALL=C;export LC_ALL\n${this.#mark}\n`);
    // The answer to the line above.
    this.#wait().catch(() => undefined);
  }

  get isClosed(): boolean {
    return this.#closed !== undefined;
  }

  /**
   * Runs a script in a subshell without input. What it prints on its standard error is dropped unless the script says
   * otherwise.
   * @param script no secret is needed to be kept out of it: it is never in the arguments of a process
   * @throws CodeManagerError `unavailable` when the host has gone, `timeout`
   */
  async run(script: string): Promise<ShellAnswer> {
    if (this.#closed !== undefined) throw this.#closed;
    const answer = this.#wait();
    this.#roundTrips?.sent();
    void this.#channel.write(requestText(`(\n${script}\n) </dev/null 2>/dev/null`, this.#mark));
    return answer;
  }

  #wait(): Promise<ShellAnswer> {
    const done = new Deferred<ShellAnswer>();
    const limit = this.#answerMs;
    const timer = setTimeout(() => {
      this.#close(
        new CodeManagerError('timeout', `The host did not answer within ${formatDuration(limit)}`, {
          hint: 'See whether a disk of it hangs.',
        }),
      );
    }, limit);
    this.#pending.push({ done, timer });
    return done.promise;
  }

  #take(data: Buffer): void {
    if (this.#closed !== undefined) return;
    this.#roundTrips?.received();
    this.#chunks.push(data);
    this.#bytes += data.length;
    // The end can only be in what came last, with a piece of what came before.
    const window = this.#end.length + 8;
    const tail = this.#bytes > data.length ? Buffer.concat(lastBytes(this.#chunks, data.length + window)) : data;
    if (tail.includes(this.#end)) {
      this.#split(Buffer.concat(this.#chunks));
    } else if (this.#bytes > MAX_OUTPUT_BYTES) {
      this.#close(gone('The host sent more than it was asked for'));
    }
  }

  #split(all: Buffer): void {
    let start = 0;
    for (;;) {
      const at = all.indexOf(this.#end, start);
      const end = at < 0 ? -1 : all.indexOf(0x0a, at + this.#end.length);
      if (end < 0) break;
      const code = Number(all.toString('latin1', at + this.#end.length, end));
      const pending = this.#pending.shift();
      if (pending !== undefined) {
        clearTimeout(pending.timer);
        pending.done.resolve({ code: Number.isInteger(code) ? code : 1, output: all.subarray(start, at) });
      }
      start = end + 1;
    }
    const rest = all.subarray(start);
    this.#chunks = rest.length === 0 ? [] : [rest];
    this.#bytes = rest.length;
  }

  #close(error: CodeManagerError): void {
    if (this.#closed !== undefined) return;
    this.#closed = error;
    this.#chunks = [];
    for (const { done, timer } of this.#pending.splice(0)) {
      clearTimeout(timer);
      done.promise.catch(() => undefined);
      done.reject(error);
    }
    this.#channel.dispose();
  }

  dispose(): void {
    this.#close(gone('The connection was closed'));
  }
}

/**
 * Waits for the line by which our shell tells that it runs; what the host prints before it is only told on failure.
 * The channel is paused then: listen, and resume it.
 */
export async function greeting(
  channel: Channel,
  hello: string,
  timeoutMs: number,
): Promise<{ readonly pid: number; readonly parent: number; readonly rest: Buffer }> {
  const done = new Deferred<{ pid: number; parent: number; rest: Buffer }>();
  let head = Buffer.alloc(0);
  let errors = '';
  const pattern = new RegExp(`\\n${hello} (\\d+) (\\d+)\\n`);
  const timer = setTimeout(() => {
    const text = `The login shell did not start a shell of ours within ${formatDuration(timeoutMs)}`;
    done.reject(
      new CodeManagerError('timeout', said(text, head.toString(), errors), {
        hint: 'See whether one of its startup files waits for something.',
      }),
    );
  }, timeoutMs);
  const subscriptions = [
    channel.onData((data) => {
      head = Buffer.concat([head, data]);
      const match = pattern.exec(head.toString('latin1'));
      if (match !== null) {
        const rest = head.subarray(match.index + match[0].length);
        channel.pause();
        done.resolve({ pid: Number(match[1]), parent: Number(match[2]), rest: Buffer.from(rest) });
      } else if (head.length > MAX_NOISE_BYTES) {
        done.reject(gone('The login shell prints without end'));
      }
    }),
    channel.onStderr((data) => {
      if (errors.length < 4096) errors += Buffer.from(data).toString();
    }),
    channel.onExit(({ code, error }) => {
      if (error !== undefined) return done.reject(error);
      const text = `The host ended our shell at once${code === null ? '' : ` (exit ${code})`}`;
      done.reject(
        new CodeManagerError('unavailable', said(text, head.toString(), errors), {
          hint: 'The account needs a login shell, and no forced command that runs something else.',
        }),
      );
    }),
  ];
  try {
    return await done.promise;
  } finally {
    clearTimeout(timer);
    for (const subscription of subscriptions) subscription.dispose();
  }
}

/** A sentence with the last line of what the host said, as its own. */
function said(text: string, output: string, errors: string): string {
  const printed = `${output}\n${errors}`;
  return lastWords(printed) === '' ? text : `${text}: ${inTheirWords(printed)}`;
}

function lastBytes(chunks: readonly Buffer[], count: number): Buffer[] {
  const result: Buffer[] = [];
  for (let i = chunks.length - 1, left = count; i >= 0 && left > 0; i--) {
    const chunk = chunks[i];
    if (chunk === undefined) break;
    result.unshift(chunk.subarray(Math.max(0, chunk.length - left)));
    left -= chunk.length;
  }
  return result;
}

function gone(reason: string): CodeManagerError {
  return new CodeManagerError('unavailable', reason);
}
