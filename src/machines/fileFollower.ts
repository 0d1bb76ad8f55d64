import { basename, dirname } from 'node:path/posix';
import { toDisposable, type Disposable } from '../common/disposable.js';
import type { FileSink, Machine } from '../core/machine/machine.js';
import { FileReader } from './fileReader.js';

interface Folder {
  readonly watch: Disposable;
  /** With the name of the file that each of them reads. */
  readonly readers: Set<readonly [string, FileReader]>;
}

/** Follows files by reading them when the watch of their folder tells that they have grown; one watch for each folder. */
export class FileFollower {
  readonly #machine: Pick<Machine, 'watch' | 'readFile'>;
  readonly #folders = new Map<string, Folder>();

  constructor(machine: Pick<Machine, 'watch' | 'readFile'>) {
    this.#machine = machine;
  }

  /** As {@link Machine.followFile} says. */
  follow(path: string, from: number, sink: FileSink): Disposable {
    const folder = dirname(path);
    const { readers, watch } = this.#watched(folder);
    const reader = new FileReader({
      read: (at, length) => this.#machine.readFile(path, at, length),
      from,
      sink: {
        data: (offset, bytes) => sink.data(offset, bytes),
        fail: (error) => {
          release.dispose();
          sink.fail(error);
        },
      },
    });
    const entry = [basename(path), reader] as const;
    readers.add(entry);
    const release = toDisposable(() => {
      reader.dispose();
      readers.delete(entry);
      if (readers.size > 0) return;
      watch.dispose();
      if (this.#folders.get(folder)?.watch === watch) this.#folders.delete(folder);
    });
    return release;
  }

  #watched(folder: string): Folder {
    const known = this.#folders.get(folder);
    if (known !== undefined) return known;
    const readers = new Set<readonly [string, FileReader]>();
    const watch = this.#machine.watch(
      folder,
      (changed) => {
        for (const [name, reader] of readers) if (name === changed || changed === '.') reader.onGrown();
      },
      (error) => {
        this.#folders.delete(folder);
        for (const [, reader] of readers) reader.fail(error);
      },
    );
    const watched = { watch, readers };
    this.#folders.set(folder, watched);
    return watched;
  }
}
