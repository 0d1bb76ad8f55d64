import type { Clock } from '../../common/async.js';
import type { Disposable } from '../../common/disposable.js';
import type { Logger } from '../../common/logger.js';
import { errorText } from '../../protocol/errors.js';
import type { SessionRecord } from '../../protocol/files.js';
import type { RecordStore } from './recordStore.js';

export interface SaveAgainOptions {
  readonly store: Pick<RecordStore, 'flush'>;
  /** The machine whose disk it is can be reached. */
  readonly isHere: () => boolean;
  /** What to tell people, one or two sentences. */
  readonly onFailed: (message: string) => void;
  readonly clock: Clock;
  readonly log: Logger;
}

/** How often records that could not be written are tried again. */
const SAVE_AGAIN_MS = 5_000;

/** Records that could not be written: people are told, and it is tried again until disk has what memory has. */
export class SaveAgain implements Disposable {
  readonly #options: SaveAgainOptions;
  #waiting: { cancel(): void } | undefined;

  constructor(options: SaveAgainOptions) {
    this.#options = options;
  }

  onFailed({ name }: Pick<SessionRecord, 'name'>, error: unknown): void {
    const { isHere, onFailed, log } = this.#options;
    // Written when it can be reached again.
    if (!isHere()) return;
    // Once for all records that fail for the same reason.
    if (!this.#waiting) {
      const message = `The record of ${name} could not be written. ${errorText(error)}`;
      log.warn(message);
      onFailed(message);
    }
    this.#tryAgain();
  }

  #tryAgain(): void {
    const { store, isHere, clock, log } = this.#options;
    this.#waiting ??= clock.after(SAVE_AGAIN_MS, () => {
      store.flush().then(
        () => {
          this.#waiting = undefined;
          log.info('all records are written');
        },
        () => {
          this.#waiting = undefined;
          if (isHere()) this.#tryAgain();
        },
      );
    });
  }

  dispose(): void {
    this.#waiting?.cancel();
  }
}
