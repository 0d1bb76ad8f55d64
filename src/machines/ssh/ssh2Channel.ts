import type { ClientChannel } from 'ssh2';
import type { Disposable } from '../../common/disposable.js';
import { Emitter } from '../../common/emitter.js';
import { OnceEmitter } from '../../common/onceEmitter.js';
import type { Channel, ChannelExit } from '../shell/connection.js';
import type { ConnectionFailure } from '../connectionFailure.js';

/** How long output may pause after the command has ended, when a child that it left behind holds its streams open. */
const DRAIN_MS = 250;

/** A channel of the library. Nothing is read before somebody listens. */
export class Ssh2Channel implements Channel {
  readonly #channel: ClientChannel;
  readonly #data = new Emitter<Uint8Array>();
  readonly #stderr = new Emitter<Uint8Array>();
  readonly #ended = new OnceEmitter<ChannelExit>();
  #status: { readonly code: number | null; readonly signal: string | null } | undefined;
  #flowing = false;
  #paused = false;
  #disposed = false;
  #draining: NodeJS.Timeout | undefined;
  /** Streams that have not ended, and the channel itself. */
  #open = 3;

  /** @param lost says why, when the connection has ended */
  constructor(channel: ClientChannel, lost: () => ConnectionFailure | undefined) {
    this.#channel = channel;
    channel.on('exit', (code: number | null, signal?: string) => {
      this.#status = { code, signal: signal?.replace(/^SIG/, '') ?? null };
      this.#drain();
    });
    const closed = (): void => {
      if (--this.#open > 0) return;
      this.#end(this.#status === undefined && !this.#disposed ? lost() : undefined);
    };
    channel.once('end', closed);
    channel.stderr.once('end', closed);
    channel.once('close', closed);
    channel.on('error', () => undefined);
  }

  readonly onData = (listener: (data: Uint8Array) => void): Disposable => {
    this.#flow();
    return this.#data.event(listener);
  };

  readonly onStderr = (listener: (data: Uint8Array) => void): Disposable => this.#stderr.event(listener);

  readonly onExit = (listener: (exit: ChannelExit) => void): Disposable => {
    this.#flow();
    return this.#ended.event(listener);
  };

  write(data: string | Uint8Array): Promise<void> | undefined {
    const channel = this.#channel;
    if (!channel.writable || channel.write(data)) return undefined;
    return new Promise((resolve) => {
      const done = (): void => {
        channel.off('drain', done);
        channel.off('close', done);
        resolve();
      };
      channel.once('drain', done);
      channel.once('close', done);
    });
  }

  end(): void {
    if (this.#channel.writable) this.#channel.end();
  }

  signal(name: string): void {
    if (!this.#ended.hasFired) this.#channel.signal(name);
  }

  resize(columns: number, rows: number): void {
    if (!this.#ended.hasFired) this.#channel.setWindow(rows, columns, 0, 0);
  }

  pause(): void {
    this.#paused = true;
    this.#channel.pause();
  }

  resume(): void {
    this.#paused = false;
    if (this.#flowing) this.#channel.resume();
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#data.dispose();
    this.#stderr.dispose();
    this.#channel.close();
    // What still comes is thrown away, so that the channel can end.
    this.#channel.resume();
    this.#channel.stderr.resume();
    this.#end(undefined);
  }

  /** After the listeners that are added at the same time as the first one. */
  #flow(): void {
    if (this.#flowing) return;
    this.#flowing = true;
    setImmediate(() => {
      this.#channel.stderr.on('data', (chunk: Uint8Array) => {
        if (this.#status !== undefined) this.#drain();
        this.#stderr.fire(chunk);
      });
      this.#channel.on('data', (chunk: Uint8Array) => {
        if (this.#status !== undefined) this.#drain();
        this.#data.fire(chunk);
      });
      if (this.#paused) this.#channel.pause();
    });
  }

  /** The command has ended: so does the channel, once nothing more comes. */
  #drain(): void {
    clearTimeout(this.#draining);
    if (this.#ended.hasFired) return;
    this.#draining = setTimeout(() => {
      // Nobody has begun to read, or whoever reads needs time.
      if (this.#paused || !this.#flowing) return this.#drain();
      this.dispose();
    }, DRAIN_MS);
    this.#draining.unref();
  }

  #end(error: ConnectionFailure | undefined): void {
    clearTimeout(this.#draining);
    this.#ended.fire({ code: this.#status?.code ?? null, signal: this.#status?.signal ?? null, error });
  }
}
