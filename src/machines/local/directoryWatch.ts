import { readdirSync, statSync, watch, type FSWatcher } from 'node:fs';
import { basename } from 'node:path';
import type { Disposable } from '../../common/disposable.js';

/**
 * Tells the names of files in a folder that were made, changed or removed. When the folder is replaced it is watched
 * anew and every name in it is told once; when that cannot be done, `onLost` is called once and nothing more comes.
 */
export class DirectoryWatch implements Disposable {
  readonly #directory: string;
  readonly #listener: (name: string) => void;
  readonly #onLost: (error: Error) => void;
  #watcher: FSWatcher | undefined;
  #identity = '';
  #disposed = false;

  constructor(directory: string, listener: (name: string) => void, onLost: (error: Error) => void) {
    this.#directory = directory;
    this.#listener = listener;
    this.#onLost = onLost;
    try {
      this.#open();
    } catch (error) {
      // The caller gets the result first.
      queueMicrotask(() => this.#lose(error));
    }
  }

  dispose(): void {
    this.#disposed = true;
    this.#watcher?.close();
    this.#watcher = undefined;
  }

  #open(): void {
    const watcher = watch(this.#directory, { persistent: false }, (type, file) => {
      if (this.#watcher !== watcher) return;
      // The end of the folder itself is told by its own name.
      const isOwn = type === 'rename' && (file === null || file === basename(this.#directory));
      if (isOwn && identityOf(this.#directory) !== this.#identity)
        this.#reopen(new Error(`${this.#directory} was removed`));
      else if (file !== null) this.#listener(file);
    });
    this.#watcher = watcher;
    this.#identity = identityOf(this.#directory);
    watcher.on('error', (error) => {
      if (this.#watcher === watcher) this.#reopen(error);
    });
  }

  #reopen(reason: Error): void {
    this.#watcher?.close();
    this.#watcher = undefined;
    if (this.#disposed) return;
    try {
      this.#open();
    } catch {
      this.#lose(reason);
      return;
    }
    // Changes in between were seen by nobody.
    for (const name of readdirSync(this.#directory)) this.#listener(name);
  }

  #lose(error: unknown): void {
    if (this.#disposed) return;
    this.dispose();
    this.#onLost(error instanceof Error ? error : new Error(String(error)));
  }
}

/** The inode alone is given to the next folder that is made. */
function identityOf(path: string): string {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stat === undefined ? '' : `${stat.dev} ${stat.ino} ${stat.birthtimeNs}`;
}
