import type { Disposable } from '../../common/disposable.js';
import { Emitter } from '../../common/emitter.js';
import type { Logger } from '../../common/logger.js';
import type { Machine } from '../machine/machine.js';
import { parseSessionFileName } from '../../protocol/sessionFiles.js';

/** A file of a session was written, made or removed; `json` is its record. */
export type FileNews = NonNullable<ReturnType<typeof parseSessionFileName>>;

/** Tells what happens to the files of the sessions, as it happens. */
export class SessionFolder implements Disposable {
  readonly #machine: Pick<Machine, 'watch'>;
  readonly #directory: string;
  readonly #log: Logger;
  readonly #changed = new Emitter<FileNews>();
  readonly #lost = new Emitter<void>();
  #watching: Disposable | undefined;

  readonly onDidChange = this.#changed.event;
  /** Fires when nothing more is told before {@link watch} is called again. */
  readonly onDidLose = this.#lost.event;

  constructor(machine: Pick<Machine, 'watch'>, directory: string, log: Logger) {
    this.#machine = machine;
    this.#directory = directory;
    this.#log = log;
  }

  /** Begins to tell, unless it does already. */
  watch(): void {
    this.#watching ??= this.#machine.watch(
      this.#directory,
      (name) => {
        const news = parseSessionFileName(name);
        if (news !== undefined) this.#changed.fire(news);
      },
      (error) => {
        this.#log.warn(`the folder of sessions cannot be watched: ${error.message}`);
        this.dispose();
        this.#lost.fire();
      },
    );
  }

  /** Until it is watched again. */
  dispose(): void {
    this.#watching?.dispose();
    this.#watching = undefined;
  }
}
