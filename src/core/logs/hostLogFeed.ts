import type { Disposable } from '../../common/disposable.js';
import { CodeManagerError, toCodeManagerError } from '../../protocol/errors.js';
import type { Machine } from '../machine/machine.js';
import type { LogFeedOptions } from './logFeed.js';

export interface HostLogFeedOptions extends LogFeedOptions {
  readonly machine: Pick<Machine, 'followFile' | 'readFile' | 'stat' | 'link'>;
}

const CHUNK_BYTES = 256 * 1024;
/** So many are asked for at a time: nobody waits for the way there and back after each. */
const CHUNKS_AHEAD = 8;
const AGAIN_MS = 1_000;

/** Sends one log of another machine from an offset and then what comes. A cut only pauses it. */
export class HostLogFeed implements Disposable {
  readonly #options: HostLogFeedOptions;
  #offset: number;
  #closed: boolean;
  #following: Disposable | undefined;
  #finishing = false;
  #started = false;
  #done = false;
  #again: NodeJS.Timeout | undefined;

  constructor(options: HostLogFeedOptions) {
    this.#options = options;
    this.#offset = options.offset;
    this.#closed = options.closed;
  }

  start(): void {
    this.#started = true;
    this.onReachable();
  }

  /** The machine can be reached, maybe again: goes on behind the last byte that was sent. */
  onReachable(): void {
    if (!this.#started || this.#isDone() || this.#following !== undefined) return;
    if (this.#closed) {
      this.#finish();
      return;
    }
    const { machine, path, sink, base } = this.#options;
    this.#offset = Math.max(this.#offset, base());
    const following = machine.followFile(path, this.#offset, {
      data: (offset, bytes) => {
        if (this.#following !== following || this.#isDone()) return undefined;
        // Nothing twice, whatever a far machine sends.
        const known = this.#offset - offset;
        if (known >= bytes.length) return undefined;
        if (known < 0) {
          this.#fail(new CodeManagerError('internal', `Bytes of ${path} before ${offset} did not come`));
          return undefined;
        }
        this.#offset = offset + bytes.length;
        return sink.write(offset + known, bytes.subarray(known));
      },
      fail: (error) => {
        if (this.#following !== following) return;
        this.#following = undefined;
        if (!isCut(error)) this.#fail(error);
        else this.#tryAgain();
      },
    });
    this.#following = following;
  }

  /** Another file has its name. */
  onRemade(): void {
    if (this.#finishing) return;
    this.#following?.dispose();
    this.#following = undefined;
    this.onReachable();
  }

  /** The file has its last byte. */
  onClosed(): void {
    this.#closed = true;
    if (this.#started) this.#finish();
  }

  /** Reads what is left and ends. */
  #finish(): void {
    if (this.#finishing || this.#isDone()) return;
    this.#finishing = true;
    this.#following?.dispose();
    this.#following = undefined;
    this.#readRest().then(
      () => {
        if (this.#isDone()) return;
        this.dispose();
        this.#options.sink.end(this.#offset);
      },
      (error: unknown) => {
        this.#finishing = false;
        if (!isCut(error)) this.#fail(error);
        else this.#tryAgain();
      },
    );
  }

  async #readRest(): Promise<void> {
    const { machine, path, sink, base } = this.#options;
    const file = await machine.stat(path);
    if (file === undefined) return;
    let ahead: Promise<Uint8Array>[] = [];
    let asked = this.#offset;
    for (;;) {
      if (base() > this.#offset) {
        this.#offset = asked = base();
        ahead = [];
      }
      while (ahead.length === 0 || (ahead.length < CHUNKS_AHEAD && asked < file.size)) {
        const piece = machine.readFile(path, asked, CHUNK_BYTES);
        piece.catch(() => undefined);
        ahead.push(piece);
        asked += CHUNK_BYTES;
      }
      const bytes = await ahead.shift();
      if (bytes === undefined || bytes.length === 0 || this.#isDone()) return;
      const offset = this.#offset;
      this.#offset = offset + bytes.length;
      await sink.write(offset, bytes);
      if (bytes.length === CHUNK_BYTES) continue;
      // What was asked for behind it does not follow it.
      asked = this.#offset;
      ahead = [];
    }
  }

  /** A machine that cannot be reached tells when it can; one that only could not do this is asked again. */
  #tryAgain(): void {
    if (this.#options.machine.link?.state.connection !== 'connected') return;
    this.#again ??= setTimeout(() => {
      this.#again = undefined;
      this.onReachable();
    }, AGAIN_MS);
    this.#again.unref();
  }

  #fail(error: unknown): void {
    if (this.#isDone()) return;
    this.dispose();
    this.#options.sink.fail(error);
  }

  // A method, since the flag changes while reading awaits.
  #isDone(): boolean {
    return this.#done;
  }

  dispose(): void {
    this.#done = true;
    clearTimeout(this.#again);
    this.#following?.dispose();
    this.#following = undefined;
  }
}

function isCut(error: unknown): boolean {
  const { code } = toCodeManagerError(error);
  return code === 'unavailable' || code === 'unauthorized';
}
