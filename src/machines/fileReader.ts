import { Rerunner } from '../common/async.js';
import type { Disposable } from '../common/disposable.js';
import type { FileSink } from '../core/machine/machine.js';
import { isMissing } from '../core/store/diskErrors.js';

export interface FileReaderOptions {
  readonly read: (from: number, length: number) => Promise<Uint8Array>;
  readonly from: number;
  readonly sink: FileSink;
}

const CHUNK_BYTES = 256 * 1024;

/** Follows a file by reading it whenever it may have grown; one that is not there yet is waited for. */
export class FileReader implements Disposable {
  readonly #options: FileReaderOptions;
  readonly #reading: Rerunner;
  #offset: number;
  #disposed = false;

  constructor(options: FileReaderOptions) {
    this.#options = options;
    this.#offset = options.from;
    this.#reading = new Rerunner(
      async () => {
        if (!this.#disposed) await this.#readToEnd();
      },
      (error) => this.fail(error),
    );
    this.onGrown();
  }

  onGrown(): void {
    this.#reading.trigger();
  }

  async #readToEnd(): Promise<void> {
    for (;;) {
      const bytes = await this.#options.read(this.#offset, CHUNK_BYTES).catch((error: unknown) => {
        if (isMissing(error)) return new Uint8Array();
        throw error;
      });
      if (bytes.length === 0 || this.#disposed) break;
      const offset = this.#offset;
      this.#offset += bytes.length;
      await this.#options.sink.data(offset, bytes);
    }
  }

  fail(error: unknown): void {
    if (this.#disposed) return;
    this.dispose();
    this.#options.sink.fail(error);
  }

  dispose(): void {
    this.#disposed = true;
  }
}
