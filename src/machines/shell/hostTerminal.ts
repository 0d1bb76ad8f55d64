import { Emitter, type Event } from '../../common/emitter.js';
import { toDisposable } from '../../common/disposable.js';
import type { Terminal, TerminalSize } from '../../core/machine/machine.js';
import { quotePosix } from '../../common/quote.js';
import { exportLines, type ProgramHost } from './program.js';
import { newMark, scriptCommand } from './shellText.js';
import type { Channel } from './connection.js';

export type HostTerminalOptions = TerminalSize & {
  readonly cwd?: string;
  /** Can be read by everybody on the host: nothing secret. */
  readonly env: Readonly<Record<string, string>>;
};

/** More than a login shell prints before it starts what it is asked to; then it is shown as it is. */
const MAX_HEAD_BYTES = 64 * 1024;

/** A program in a terminal that sshd makes. */
export class HostTerminal implements Terminal {
  readonly #channel: Channel;
  readonly #data = new Emitter<Uint8Array>();
  readonly #hello: string;
  /** What came before the program; undefined once it runs. */
  #head: Buffer | undefined = Buffer.alloc(0);

  /** @throws CodeManagerError `unavailable` when there is no channel for it */
  static async open(
    host: ProgramHost,
    command: readonly string[],
    options: HostTerminalOptions,
  ): Promise<HostTerminal> {
    const hello = newMark();
    const { TERM: term = 'xterm-256color', ...env } = options.env;
    const script = [
      ...exportLines(env),
      options.cwd === undefined ? ':' : `cd ${quotePosix(options.cwd)} 2>/dev/null`,
      `printf '%s\\n' ${hello}`,
      `exec ${command.map(quotePosix).join(' ')}`,
    ].join('\n');
    host.sent();
    const { columns, rows } = options;
    const channel = await host.openChannel(scriptCommand(script, host.variant), { pty: { columns, rows, term } });
    host.received();
    return new HostTerminal(channel, hello);
  }

  private constructor(channel: Channel, hello: string) {
    this.#channel = channel;
    this.#hello = hello;
    // Held until somebody listens.
    channel.pause();
    channel.onData((data) => this.#take(data));
  }

  readonly onData: Event<Uint8Array> = (listener) => {
    const subscription = this.#data.event(listener);
    this.#channel.resume();
    return subscription;
  };

  readonly onExit: Event<number | null> = (listener) => {
    const subscription = this.#channel.onExit(({ code, error }) => listener(error === undefined ? code : null));
    // The end comes behind all output, which has to go somewhere.
    const timer = setImmediate(() => this.#channel.resume());
    return toDisposable(() => {
      clearImmediate(timer);
      subscription.dispose();
    });
  };

  write(data: Uint8Array): void {
    // What was written may be the caller's buffer.
    void this.#channel.write(Buffer.from(data));
  }

  resize({ columns, rows }: TerminalSize): void {
    this.#channel.resize(columns, rows);
  }

  pause(): void {
    this.#channel.pause();
  }

  resume(): void {
    this.#channel.resume();
  }

  #take(data: Uint8Array): void {
    if (this.#head === undefined) {
      this.#data.fire(data);
      return;
    }
    const head = Buffer.concat([this.#head, data]);
    const mark = head.indexOf(this.#hello);
    const end = mark < 0 ? -1 : head.indexOf('\n', mark);
    if (end < 0 && head.length < MAX_HEAD_BYTES) {
      this.#head = head;
      return;
    }
    this.#head = undefined;
    if (end + 1 < head.length) this.#data.fire(head.subarray(end + 1));
  }

  dispose(): void {
    this.#channel.dispose();
  }
}
