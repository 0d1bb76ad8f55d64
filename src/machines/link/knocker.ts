import type { Clock } from '../../common/async.js';
import type { Disposable } from '../../common/disposable.js';

export interface KnockerOptions {
  /** Never rejects. */
  readonly knock: () => Promise<boolean>;
  /** The door was shut and is open again. */
  readonly onOpen: () => void;
  readonly clock: Clock;
}

interface Round {
  next: { cancel(): void } | undefined;
}

const OFTEN_MS = 500;
const SELDOM_MS = 5_000;
/** Most of what is away comes back within this time. */
const OFTEN_FOR_MS = 10 * 60_000;

/**
 * Notices at once that a host can be reached again, where trying to sign in is done less and less often. A door that is
 * open from the beginning tells nothing: what failed then has another reason.
 */
export class Knocker implements Disposable {
  readonly #options: KnockerOptions;
  /** What is under way; another one, or none, when that is not wanted any more. */
  #round: Round | undefined;

  constructor(options: KnockerOptions) {
    this.#options = options;
  }

  /** @param since when the host went away, in milliseconds since the epoch */
  start(since: number): void {
    if (this.#round !== undefined) return;
    const round: Round = { next: undefined };
    this.#round = round;
    void this.#knock(round, since, false);
  }

  async #knock(round: Round, since: number, wasShut: boolean): Promise<void> {
    const { knock, onOpen, clock } = this.#options;
    const began = clock.now();
    const isOpen = await knock();
    if (this.#round !== round) return;
    if (isOpen) {
      if (wasShut) onOpen();
      return;
    }
    const now = clock.now();
    const gap = now - since < OFTEN_FOR_MS ? OFTEN_MS : SELDOM_MS;
    round.next = clock.after(Math.max(0, began + gap - now), () => void this.#knock(round, since, true));
  }

  stop(): void {
    this.#round?.next?.cancel();
    this.#round = undefined;
  }

  dispose(): void {
    this.stop();
  }
}
