import type { Clock } from '../../common/async.js';
import type { Disposable } from '../../common/disposable.js';
import type { Logger } from '../../common/logger.js';
import { errorText } from '../../protocol/errors.js';

/** A look at tmux by itself, should a push have been missed. */
const LOCAL_MS = 60_000;
/** Each look at another machine costs bytes on the way there. */
const FAR_MS = 10 * 60_000;
/** A tmux that did not answer is asked again sooner. */
export const RETRY_MS = 5_000;

export interface WatchdogOptions {
  readonly check: () => Promise<void>;
  /** The watchdog looks at another machine. */
  readonly isFar: boolean;
  /** The machine can be looked at. */
  readonly isOn: () => boolean;
  /** There will be something to look at next time. */
  readonly isNeeded: () => boolean;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Looks at everything now and then, while there is something to look at. */
export class Watchdog implements Disposable {
  readonly #options: WatchdogOptions;
  #next: { cancel(): void } | undefined;

  constructor(options: WatchdogOptions) {
    this.#options = options;
  }

  get #usualMs(): number {
    return this.#options.isFar ? FAR_MS : LOCAL_MS;
  }

  /** Looks in so many milliseconds, unless it is about to look anyway. */
  schedule(ms = this.#usualMs): void {
    const { check, isOn, isNeeded, clock, log } = this.#options;
    if (this.#next || !isOn()) return;
    this.#next = clock.after(ms, () => {
      this.#next = undefined;
      void check()
        .then(
          () => this.#usualMs,
          (error: unknown) => {
            log.warn(`watchdog: ${errorText(error)}`);
            return RETRY_MS;
          },
        )
        .then((next) => {
          if (isNeeded()) this.schedule(next);
        });
    });
  }

  /** Until the next {@link schedule}. */
  dispose(): void {
    this.#next?.cancel();
    this.#next = undefined;
  }
}
