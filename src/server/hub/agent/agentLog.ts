import type { Client, LogChunk } from '../../../client/api.js';
import type { Disposable } from '../../../common/disposable.js';
import { Deferred } from '../../../common/async.js';
import type { LogPosition, LogSink, LogStart, LogSubscription } from '../../../core/machine/machineService.js';
import type { LogSize } from '../../../protocol/logSize.js';

/** So much may wait for a slow reader; then the log is followed anew from where it was, when that has been taken. */
const MAX_WAITING_BYTES = 1024 * 1024;

type Item =
  | { readonly kind: 'chunk'; readonly chunk: LogChunk }
  | { readonly kind: 'size'; readonly size: LogSize }
  | { readonly kind: 'end'; readonly offset: number }
  | { readonly kind: 'fail'; readonly error: Error };

/** A log of another agent server, passed on. It never holds the connection back that it shares with others. */
export class AgentLog implements Disposable {
  readonly #source: () => Pick<Client, 'followLog'>;
  readonly #session: string;
  readonly #sink: LogSink;
  readonly #onDone: () => void;
  readonly #begun = new Deferred<LogStart>();
  #following: Disposable | undefined;
  #queue: Item[] = [];
  #waiting = 0;
  #next: LogPosition;
  #size: LogSize | undefined;
  #started = false;
  #pumping = false;
  #suspended = false;
  #done = false;

  /**
   * @param source the client to follow with, asked each time
   * @param onDone called once when it needs no client any more
   */
  constructor(
    source: () => Pick<Client, 'followLog'>,
    session: string,
    from: LogPosition,
    sink: LogSink,
    onDone: () => void,
  ) {
    this.#source = source;
    this.#session = session;
    this.#next = from;
    this.#sink = sink;
    this.#onDone = onDone;
  }

  /** @throws CodeManagerError what the server there says */
  async open(): Promise<LogSubscription> {
    this.#follow();
    let start: LogStart;
    try {
      start = await this.#begun.promise;
    } catch (error) {
      this.dispose();
      throw error;
    }
    return {
      ...start,
      feed: this,
      start: () => {
        this.#started = true;
        void this.#pump();
      },
    };
  }

  /** Lets go of its client, until {@link restart}. */
  suspend(): void {
    this.#suspended = true;
    this.#following?.dispose();
    this.#following = undefined;
  }

  /** Follows by another client from where it is. */
  restart(): void {
    if (this.#done || (this.#following === undefined && !this.#suspended)) return;
    this.suspend();
    this.#suspended = false;
    // What waits is taken first when there is too much of it.
    if (this.#waiting < MAX_WAITING_BYTES) this.#follow();
  }

  #follow(): void {
    this.#following = this.#source().followLog(this.#session, {
      from: this.#next,
      onStart: (start) => {
        // What was freed there meanwhile cannot be read any more.
        this.#next = start.offset;
        const sizes = start.sizes.slice(0, 1);
        this.#size ??= sizes[0];
        this.#begun.resolve({ ...start, sizes });
      },
      onChunk: (chunk) => this.#take(chunk),
      onResize: (size) => this.#add({ kind: 'size', size }),
      onEnd: (offset) => this.#add({ kind: 'end', offset }),
      onError: (error) => {
        this.#begun.reject(error);
        this.#add({ kind: 'fail', error });
      },
    });
  }

  #take(chunk: LogChunk): void {
    this.#waiting += chunk.bytes.length;
    this.#next = chunk.offset + chunk.bytes.length;
    this.#add({ kind: 'chunk', chunk });
    if (this.#waiting < MAX_WAITING_BYTES) return;
    this.#following?.dispose();
    this.#following = undefined;
  }

  #add(item: Item): void {
    if (this.#done) return;
    this.#queue.push(item);
    void this.#pump();
  }

  async #pump(): Promise<void> {
    if (this.#pumping || !this.#started) return;
    this.#pumping = true;
    try {
      for (let item = this.#queue.shift(); item !== undefined && !this.#isDone(); item = this.#queue.shift()) {
        await this.#give(item);
      }
      this.#pumping = false;
      if (!this.#isDone() && this.#following === undefined && !this.#suspended) this.#follow();
    } catch (error) {
      this.dispose();
      this.#sink.fail(error);
    } finally {
      this.#pumping = false;
    }
  }

  #give(item: Item): Promise<void> | undefined {
    switch (item.kind) {
      case 'chunk': {
        const { offset, bytes } = item.chunk;
        this.#waiting -= bytes.length;
        return this.#sink.write(offset, bytes);
      }
      case 'size': {
        const { size } = item;
        if (size.columns === this.#size?.columns && size.rows === this.#size.rows) return undefined;
        this.#size = size;
        this.#sink.resized(size);
        return undefined;
      }
      case 'end':
        this.dispose();
        this.#sink.end(item.offset);
        return undefined;
      case 'fail':
        this.dispose();
        this.#sink.fail(item.error);
        return undefined;
    }
  }

  // A method, since the flag changes while others are awaited.
  #isDone(): boolean {
    return this.#done;
  }

  dispose(): void {
    if (this.#done) return;
    this.#done = true;
    this.#queue = [];
    this.#following?.dispose();
    this.#onDone();
  }
}
