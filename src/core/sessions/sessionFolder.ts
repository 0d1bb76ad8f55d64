import type { Disposable } from '../../common/disposable.js';
import type { Logger } from '../../common/logger.js';
import { parseSessionFileName, type SessionFile } from '../../protocol/sessionFiles.js';
import type { Machine } from '../machine/machine.js';

export interface SessionFolderOptions {
  readonly machine: Pick<Machine, 'watch'>;
  readonly directory: string;
  /** The record of a session was written or removed. */
  readonly onRecord: (id: string) => void;
  /** Its log may have grown. */
  readonly onOutput: (id: string) => void;
  /** Its hooks may have written something. */
  readonly onHooks: (id: string) => void;
  /** Its tool may have written down a call. */
  readonly onCalls: (id: string) => void;
  /** The mark of its end was made or removed. */
  readonly onExit: (id: string) => void;
  /** The mark that nobody writes its log any more was made or removed. */
  readonly onLogClosed: (id: string) => void;
  /** Nothing more is told before {@link SessionFolder.watch} is called again. */
  readonly onLost: () => void;
  readonly log: Logger;
}

/** Tells what happens to the files of the sessions, as it happens. */
export class SessionFolder implements Disposable {
  readonly #options: SessionFolderOptions;
  #watching: Disposable | undefined;

  constructor(options: SessionFolderOptions) {
    this.#options = options;
  }

  /** Begins to tell, unless it does already. */
  watch(): void {
    if (this.#watching) return;
    const { machine, directory, onLost, log } = this.#options;
    this.#watching = machine.watch(
      directory,
      (name) => this.#onFile(name),
      (error) => {
        log.warn(`the folder of sessions cannot be watched: ${error.message}`);
        this.dispose();
        onLost();
      },
    );
  }

  #onFile(name: string): void {
    const { onRecord, onOutput, onHooks, onCalls, onExit, onLogClosed } = this.#options;
    const told: Partial<Record<SessionFile, (id: string) => void>> = {
      json: onRecord,
      log: onOutput,
      hooks: onHooks,
      calls: onCalls,
      exit: onExit,
      closed: onLogClosed,
    };
    const file = parseSessionFileName(name);
    if (file !== undefined) told[file.kind]?.(file.id);
  }

  /** Until it is watched again. */
  dispose(): void {
    this.#watching?.dispose();
    this.#watching = undefined;
  }
}
