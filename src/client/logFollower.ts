import type { Disposable } from '../common/disposable.js';
import { toCodeManagerError } from '../protocol/errors.js';
import type { LogFrame } from '../protocol/wire.js';
import type { FollowLogOptions } from './api.js';
import type { Connection } from './connection.js';
import { checkResult } from './endpoint.js';

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
  #source: LogSource | undefined;
  #subscription: number | undefined;
  /** The next byte that is wanted; undefined before the first answer. */
  #offset: number | undefined;
  #done = false;

  /** @param onDone called once when it needs no more connections */
  constructor(session: string, options: FollowLogOptions, onDone: () => void) {
    this.#session = session;
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
      // Before any frame of it is delivered.
      source.followers.set(subscription, this);
      this.#options.onStart?.(start);
    };
    source.connection.request('log/subscribe', params, { onResult }).catch((error: unknown) => {
      // A broken connection is followed by the next one.
      if (source.connection.isClosed || this.#done) return;
      this.#finish();
      this.#options.onError?.(toCodeManagerError(error));
    });
  }

  receive({ offset, bytes }: LogFrame): void {
    if (this.#done) return;
    const wanted = this.#offset ?? offset;
    const known = Math.min(Math.max(0, wanted - offset), bytes.length);
    if (known === bytes.length) return;
    this.#offset = offset + bytes.length;
    const pending = this.#options.onChunk({ offset: offset + known, bytes: bytes.subarray(known) });
    if (pending === undefined) return;
    this.#source?.connection.pauseUntil(pending);
    pending.catch((error: unknown) => {
      this.dispose();
      this.#options.onError?.(toCodeManagerError(error));
    });
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
