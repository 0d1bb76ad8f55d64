import { promises as fs, watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { Disposable } from '../../common/disposable.js';
import type { FileSink } from '../../core/machine.js';
import { isMissing } from '../../core/store/diskErrors.js';

const CHUNK_BYTES = 256 * 1024;

/** Reads a file from an offset on and as it grows. */
export class FileFollower implements Disposable {
  readonly #path: string;
  readonly #sink: FileSink;
  #offset: number;
  #watcher: Disposable | undefined;
  #reading = false;
  #grown = true;
  #disposed = false;

  constructor(path: string, from: number, sink: FileSink) {
    this.#path = path;
    this.#offset = from;
    this.#sink = sink;
    // The caller gets the result first.
    queueMicrotask(() => {
      if (this.#isDisposed()) return;
      try {
        const name = basename(path);
        const watcher = watch(dirname(path), { persistent: false }, (_type, file) => {
          if (file === null || file === name) this.#onGrown();
        });
        watcher.on('error', (error) => this.#fail(error));
        this.#watcher = { dispose: () => watcher.close() };
        this.#onGrown();
      } catch (error) {
        this.#fail(error);
      }
    });
  }

  #onGrown(): void {
    this.#grown = true;
    if (this.#reading) return;
    this.#reading = true;
    this.#read()
      .catch((error: unknown) => this.#fail(error))
      .finally(() => {
        this.#reading = false;
        if (this.#grown && !this.#disposed) this.#onGrown();
      });
  }

  async #read(): Promise<void> {
    // Before it is looked for: it may be made while that is under way.
    this.#grown = false;
    const file = await fs.open(this.#path, 'r').catch((error: unknown) => {
      if (isMissing(error)) return undefined;
      throw error;
    });
    if (file === undefined) return;
    try {
      const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
      do {
        for (;;) {
          const { bytesRead } = await file.read(buffer, 0, buffer.length, this.#offset);
          if (bytesRead === 0 || this.#isDisposed()) break;
          const offset = this.#offset;
          this.#offset += bytesRead;
          await this.#sink.data(offset, buffer.subarray(0, bytesRead));
        }
      } while (this.#takeGrown());
    } finally {
      await file.close();
    }
  }

  // Methods, since the flags change while reading awaits.
  #takeGrown(): boolean {
    const grown = this.#grown && !this.#disposed;
    this.#grown = false;
    return grown;
  }

  #isDisposed(): boolean {
    return this.#disposed;
  }

  #fail(error: unknown): void {
    if (this.#disposed) return;
    this.dispose();
    this.#sink.fail(error);
  }

  dispose(): void {
    this.#disposed = true;
    this.#watcher?.dispose();
    this.#watcher = undefined;
  }
}
