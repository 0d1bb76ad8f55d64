import { closeSync, readSync } from 'node:fs';
import { openToReadSync } from '../../common/files.js';
import { isMissing } from '../../common/systemError.js';
import type { Disposable } from '../../common/disposable.js';
import type { LogSink } from '../machine/machineService.js';

// One buffer serves all feeds: a read from the page cache takes microseconds, less than a trip through the thread
// pool, and what was read is copied into its frame before anything else runs.
const buffer = Buffer.allocUnsafe(256 * 1024);

export interface LogFeedOptions {
  readonly path: string;
  readonly offset: number;
  /** The log has its last byte already. */
  readonly closed: boolean;
  /** First offset that may be read: what lies before it is being freed, and a reader that lags that far skips it. */
  readonly base: () => number;
  readonly sink: Pick<LogSink, 'write' | 'end' | 'fail'>;
}

/** Sends one log from an offset and then what comes, straight from the file. */
export class LogFeed implements Disposable {
  readonly #path: string;
  readonly #base: () => number;
  readonly #sink: LogFeedOptions['sink'];
  #file: number | undefined;
  #offset: number;
  #closed: boolean;
  #pumping = false;
  #again = false;
  #done = false;

  constructor({ path, offset, closed, base, sink }: LogFeedOptions) {
    this.#path = path;
    this.#offset = offset;
    this.#closed = closed;
    this.#base = base;
    this.#sink = sink;
  }

  /** The file may have grown. */
  onGrown(): void {
    this.#again = true;
    if (!this.#pumping) void this.#pump();
  }

  /** Another file has its name. */
  onRemade(): void {
    this.#close();
    this.onGrown();
  }

  /** The file has its last byte. */
  onClosed(): void {
    this.#closed = true;
    this.onGrown();
  }

  async #pump(): Promise<void> {
    this.#pumping = true;
    try {
      while (this.#isWanted()) {
        this.#again = false;
        // Looked at before reading: what is written until a log closes is read after it.
        const closed = this.#closed;
        for (let sent = this.#read(); sent !== undefined; sent = this.#read()) await sent;
        if (!closed || this.#isDone()) continue;
        this.dispose();
        this.#sink.end(this.#offset);
      }
    } catch (error) {
      if (this.#isDone()) return;
      this.dispose();
      this.#sink.fail(error);
    } finally {
      this.#pumping = false;
    }
  }

  /** Sends what can be read at once; undefined at the end of the file. */
  #read(): Promise<void> | undefined {
    if (this.#done || !this.#open()) return undefined;
    this.#offset = Math.max(this.#offset, this.#base());
    const length = readSync(this.#file ?? -1, buffer, 0, buffer.length, this.#offset);
    if (length === 0) return undefined;
    const offset = this.#offset;
    this.#offset += length;
    return this.#sink.write(offset, buffer.subarray(0, length)) ?? Promise.resolve();
  }

  #open(): boolean {
    try {
      this.#file ??= openToReadSync(this.#path);
      return true;
    } catch (error) {
      // A session that has printed nothing may have no log yet.
      if (isMissing(error)) return false;
      throw error;
    }
  }

  // Methods, since the flags change while the pump awaits.
  #isDone(): boolean {
    return this.#done;
  }

  #isWanted(): boolean {
    return this.#again && !this.#done;
  }

  dispose(): void {
    this.#done = true;
    this.#close();
  }

  #close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }
}
