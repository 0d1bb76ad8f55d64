import { ConnectionFailure } from '../connectionFailure.js';

/** Waits for answers: each may take so long, and the time in which a person thinks does not count. */
export class PausableTimeout {
  readonly #ms: number;
  readonly #expired: () => ConnectionFailure;
  readonly #outer: AbortSignal;
  readonly #controller = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #held = 0;
  readonly #onAbort = (): void => this.#controller.abort(new ConnectionFailure('cancelled', 'Cancelled'));

  constructor(ms: number, signal: AbortSignal, expired: () => ConnectionFailure) {
    this.#ms = ms;
    this.#expired = expired;
    this.#outer = signal;
    if (signal.aborted) this.#onAbort();
    else signal.addEventListener('abort', this.#onAbort, { once: true });
    this.touch();
  }

  /** Aborted when the time is over or the caller gives up, with an ConnectionFailure as the reason. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get reason(): ConnectionFailure {
    const reason: unknown = this.signal.reason;
    return reason instanceof ConnectionFailure ? reason : new ConnectionFailure('cancelled', 'Cancelled');
  }

  /** Something was heard: the time begins again. */
  touch(): void {
    clearTimeout(this.#timer);
    if (this.#held > 0 || this.signal.aborted) return;
    this.#timer = setTimeout(() => this.#controller.abort(this.#expired()), this.#ms);
  }

  hold(): void {
    this.#held++;
    clearTimeout(this.#timer);
  }

  release(): void {
    this.#held--;
    this.touch();
  }

  async race<T>(promise: Promise<T>): Promise<T> {
    let onAbort = (): void => undefined;
    const aborted = new Promise<never>((_, reject) => {
      onAbort = () => reject(this.reason);
      if (this.signal.aborted) onAbort();
      else this.signal.addEventListener('abort', onAbort, { once: true });
    });
    try {
      return await Promise.race([promise, aborted]);
    } finally {
      this.signal.removeEventListener('abort', onAbort);
    }
  }

  /** Withdraws what is still being asked. */
  dispose(): void {
    clearTimeout(this.#timer);
    this.#outer.removeEventListener('abort', this.#onAbort);
    this.#onAbort();
  }
}
