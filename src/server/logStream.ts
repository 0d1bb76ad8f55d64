import type { Disposable } from '../common/disposable.js';
import type { LogSink } from '../core/machine/machineService.js';
import type { LogSize } from '../protocol/logSize.js';
import type { Notification } from '../protocol/wire.js';

export interface LogStreamOptions {
  readonly subscription: number;
  readonly notify: (notification: Notification) => void;
  readonly send: (offset: number, bytes: Uint8Array) => Promise<void> | undefined;
  /** The log was told to its end, or cannot be followed any more. */
  readonly onEnd: (error?: unknown) => void;
}

/** One log on its way to a client. */
export class LogStream implements LogSink, Disposable {
  readonly #options: LogStreamOptions;
  /** Sizes that came before the client knows the id. */
  #early: LogSize[] | undefined = [];
  #feed: Disposable | undefined;

  constructor(options: LogStreamOptions) {
    this.#options = options;
  }

  /** Begins once the answer with the id is under way. */
  begin(feed: Disposable, start: () => void): void {
    this.#feed = feed;
    setImmediate(() => {
      const early = this.#early ?? [];
      this.#early = undefined;
      if (this.#feed === undefined) return;
      for (const size of early) this.resized(size);
      start();
    });
  }

  write(offset: number, bytes: Uint8Array): Promise<void> | undefined {
    return this.#options.send(offset, bytes);
  }

  resized(size: LogSize): void {
    if (this.#early) this.#early.push(size);
    else {
      const params = { subscription: this.#options.subscription, ...size };
      this.#options.notify({ jsonrpc: '2.0', method: 'log/resized', params });
    }
  }

  end(offset: number): void {
    const { subscription, notify, onEnd } = this.#options;
    onEnd();
    notify({ jsonrpc: '2.0', method: 'log/end', params: { subscription, offset } });
  }

  fail(error: unknown): void {
    this.#options.onEnd(error);
  }

  dispose(): void {
    this.#feed?.dispose();
    this.#feed = undefined;
  }
}
