import { Rerunner } from '../../common/async.js';
import type { Machine } from './machine.js';

/** How much of a file is read back when a server takes a session over. */
const TAIL_BYTES = 256 * 1024;
const CHUNK_BYTES = 64 * 1024;

export interface GrowingFileOptions {
  readonly machine: Pick<Machine, 'stat' | 'readFile'>;
  readonly path: string;
  /** What stands before this offset was written by another run of the tool. */
  readonly from: number;
  /** Bytes in order; the next ones wait until these are dealt with. They are only valid during the call. */
  readonly onBytes: (bytes: Uint8Array) => Promise<void>;
  /** Everything was read that had been there before anybody listened; when it was written, in the machine's time. */
  readonly onPresent: (mtimeMs: number | undefined) => Promise<void>;
  readonly onError: (error: unknown) => void;
}

/** Reads a file as it grows, from its tail on. */
export class GrowingFile {
  readonly #options: GrowingFileOptions;
  readonly #reading: Rerunner;
  #offset: number | undefined;
  #isPresent = false;

  constructor(options: GrowingFileOptions) {
    this.#options = options;
    this.#reading = new Rerunner(() => this.#readToEnd(), options.onError);
    this.onGrown();
  }

  /** The file may have grown. */
  onGrown(): void {
    this.#reading.trigger();
  }

  async #readToEnd(): Promise<void> {
    const { machine, path, from, onBytes, onPresent } = this.#options;
    const stat = await machine.stat(path);
    const size = stat?.size ?? 0;
    this.#offset ??= Math.max(from, size - TAIL_BYTES);
    while (this.#offset < size) {
      const bytes = await machine.readFile(path, this.#offset, CHUNK_BYTES);
      if (bytes.length === 0) break;
      this.#offset += bytes.length;
      await onBytes(bytes);
    }
    if (this.#isPresent) return;
    this.#isPresent = true;
    await onPresent(stat?.mtimeMs);
  }
}
