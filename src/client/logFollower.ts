import { systemClock, type Clock } from '../common/async.js';
import type { Disposable } from '../common/disposable.js';
import { toCodeManagerError } from '../protocol/errors.js';
import type { LogSize } from '../protocol/logSize.js';
import type { LogFrame } from '../protocol/wire.js';
import type { FollowLogOptions } from './api.js';
import type { Connection } from './connection.js';
import { checkResult } from './endpoint.js';

const RETRY_MS = 1000;

/** Where a follower gets its bytes: one connection after another. */
export interface LogSource {
  readonly connection: Connection;
  /** Build of the server at its other end. */
  readonly build: string;
  /** Frames by the subscription they belong to. */
  readonly followers: Map<number, LogFollower>;
}

/** Follows one log across connections: after a cut it goes on from the last byte that it has seen. */
export class LogFollower implements Disposable {
  readonly #session: string;
  readonly #options: FollowLogOptions;
  readonly #onDone: () => void;
  readonly #clock: Clock;
  #source: LogSource | undefined;
  #subscription: number | undefined;
  /** The next byte that is wanted; undefined before the first answer. */
  #offset: number | undefined;
  #size: LogSize | undefined;
  /** Sizes of what has not come yet, in order. */
  #sizes: LogSize[] = [];
  #done = false;

  /** @param onDone called once when it needs no more connections */
  constructor(session: string, options: FollowLogOptions, onDone: () => void, clock: Clock = systemClock) {
    this.#session = session;
    this.#clock = clock;
    this.#options = options;
    this.#onDone = onDone;
  }

  /** Subscribes on a new connection. */
  start(source: LogSource): void {
    if (this.#done) return;
    this.#source = source;
    this.#subscription = undefined;
    const params = { session: this.#session, from: this.#offset ?? this.#options.from ?? 0 };
    const onResult = (raw: unknown): void => {
      const { subscription, ...start } = checkResult('log/subscribe', raw, source.build);
      if (this.#done) return this.#unsubscribe(source, subscription);
      this.#subscription = subscription;
      this.#offset = start.offset;
      this.#sizes = [...start.sizes];
      // Before any frame of it is delivered.
      source.followers.set(subscription, this);
      this.#options.onStart?.(start);
    };
    source.connection.request('log/subscribe', params, { onResult }).catch((error: unknown) => {
      // A broken connection is followed by the next one.
      if (source.connection.isClosed || this.#done) return;
      const failure = toCodeManagerError(error);
      // A machine that cannot be reached just now comes back, and what was read of it before goes on then.
      if (failure.code === 'unavailable' && this.#offset !== undefined) return this.#startLater(source);
      this.#finish();
      this.#options.onError?.(failure);
    });
  }

  #startLater(source: LogSource): void {
    this.#clock.after(RETRY_MS, () => {
      if (!source.connection.isClosed && this.#source === source) this.start(source);
    });
  }

  receive({ offset, bytes }: LogFrame): void {
    const end = offset + bytes.length;
    const pending: Promise<void>[] = [];
    // In pieces of one size each.
    for (let at = Math.max(offset, this.#offset ?? offset); at < end && !this.#isDone(); at = this.#offset) {
      this.#resizeAt(at);
      this.#offset = Math.min(end, this.#sizes[0]?.offset ?? end);
      const taken = this.#options.onChunk({ offset: at, bytes: bytes.subarray(at - offset, this.#offset - offset) });
      if (taken !== undefined) pending.push(taken);
    }
    if (pending.length === 0) return;
    const all = Promise.all(pending);
    this.#source?.connection.pauseUntil(all);
    all.catch((error: unknown) => {
      this.dispose();
      this.#options.onError?.(toCodeManagerError(error));
    });
  }

  /** The bytes from its offset on, which have not come yet, are of another size. */
  resized(size: LogSize): void {
    if (this.#sizes.at(-1)?.offset === size.offset) this.#sizes.pop();
    this.#sizes.push(size);
  }

  /** Tells the size of the bytes at `offset` when it is another one than before. */
  #resizeAt(offset: number): void {
    let size: LogSize | undefined;
    while (this.#sizes[0] && this.#sizes[0].offset <= offset) size = this.#sizes.shift();
    if (!size || (size.columns === this.#size?.columns && size.rows === this.#size.rows)) return;
    this.#size = { offset, columns: size.columns, rows: size.rows };
    this.#options.onResize?.(this.#size);
  }

  // A method, since the flag changes while others are called.
  #isDone(): boolean {
    return this.#done;
  }

  end(offset: number): void {
    if (this.#done) return;
    this.#finish();
    this.#options.onEnd?.(offset);
  }

  /** Gives up because there will be no other connection. */
  fail(error: Error): void {
    if (this.#done) return;
    this.#finish();
    this.#options.onError?.(error);
  }

  dispose(): void {
    if (this.#done) return;
    const source = this.#source;
    const subscription = this.#subscription;
    this.#finish();
    if (source !== undefined && subscription !== undefined) this.#unsubscribe(source, subscription);
  }

  #finish(): void {
    this.#done = true;
    if (this.#subscription !== undefined) this.#source?.followers.delete(this.#subscription);
    this.#onDone();
  }

  #unsubscribe({ connection }: LogSource, subscription: number): void {
    // Whether it works does not matter: nobody listens to it any more.
    connection.request('log/unsubscribe', { subscription }).catch(() => undefined);
  }
}
