import { Throttler, type Clock } from '../../common/async.js';
import type { ScreenRequest } from '../../protocol/screen.js';
import type { Tool } from '../../protocol/tool.js';
import type { Machine } from '../machine/machine.js';
import type { OpenCall } from '../state/evidence.js';
import { GeminiCalls } from './geminiCalls.js';

/** What has come since the last reading is read up to so much; more of it is not known. */
const READ_BYTES = 4 * 1024 * 1024;
const CHUNK_BYTES = 256 * 1024;
/** The file's writer may be behind the screen: what has grown lately may grow again. */
const SETTLED_MS = 200;
const SETTLE_LOOKS = 10;
/** A tool can look idle for a moment between two calls. */
const OVER_MS = 2_000;
/** So much of it stays on the disk. */
const KEPT_BYTES = 2 * READ_BYTES;
const BLOCK_BYTES = 4096;
const CAP_CHECK_MS = 5_000;

/** The variable that tells a tool where to write its calls; undefined for a tool that does not, or where a person has it. */
export function callsVariable(
  { calls }: Pick<Tool, 'calls'>,
  env: Readonly<Record<string, string>>,
): string | undefined {
  return calls === undefined || Object.hasOwn(env, calls.variable) ? undefined : calls.variable;
}

export interface CallFileOptions {
  readonly machine: Pick<Machine, 'stat' | 'readFile' | 'releaseHead'>;
  readonly path: string;
  /** Folder of the session. */
  readonly folder: string;
  readonly clock: Clock;
  readonly onError: (error: unknown) => void;
}

/** Reads the file into which a tool writes at our word what it calls, when it asks for something. */
export class CallFile {
  readonly #options: CallFileOptions;
  readonly #calls: GeminiCalls;
  readonly #cap: Throttler;
  #offset = 0;
  #rest: Uint8Array = new Uint8Array();
  #released = 0;
  #ending: { cancel(): void } | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: CallFileOptions) {
    const { folder, clock, onError } = options;
    this.#options = options;
    this.#calls = new GeminiCalls(folder);
    this.#cap = new Throttler(CAP_CHECK_MS, () => void this.#keepCap().catch(onError), clock);
  }

  /** The call that a request shows; none while it is not known for certain. */
  async open(shown: ScreenRequest, request: number): Promise<readonly OpenCall[]> {
    const { clock } = this.#options;
    let size = await this.#read();
    for (let look = 0; look < SETTLE_LOOKS; look++) {
      await new Promise<void>((resolve) => clock.after(SETTLED_MS, resolve));
      const before = size;
      size = await this.#read();
      if (size !== before) continue;
      const call = size === 0 ? undefined : this.#calls.told(shown, request);
      return call === undefined ? [] : [call];
    }
    return [];
  }

  /** The agent's turn is over or goes on: what was called in one that is over for certain will not be asked for. */
  onIdle(isIdle: boolean): void {
    const { clock, onError } = this.#options;
    this.#ending?.cancel();
    this.#ending = isIdle
      ? clock.after(OVER_MS, () => void this.#inTurn(() => this.#skip()).catch(onError))
      : undefined;
  }

  async #skip(): Promise<void> {
    const { machine, path } = this.#options;
    this.#offset = (await machine.stat(path))?.size ?? 0;
    this.#rest = new Uint8Array();
    this.#calls.over();
  }

  /** The file has grown. */
  onGrown(): void {
    this.#cap.trigger();
  }

  #inTurn<T>(step: () => Promise<T>): Promise<T> {
    const done = this.#last.then(step);
    this.#last = done.catch(() => undefined);
    return done;
  }

  /** @returns the size up to which it was read */
  #read(): Promise<number> {
    return this.#inTurn(() => this.#readToEnd());
  }

  async #readToEnd(): Promise<number> {
    const { machine, path } = this.#options;
    const size = (await machine.stat(path))?.size ?? 0;
    const from = Math.max(size - READ_BYTES, this.#released);
    if (size < this.#offset || this.#offset < from) {
      this.#calls.lose();
      this.#offset = size < this.#offset ? 0 : from;
      // A line that began before is none.
      this.#rest = new Uint8Array();
    }
    while (this.#offset < size) {
      const bytes = await machine.readFile(path, this.#offset, Math.min(CHUNK_BYTES, size - this.#offset));
      if (bytes.length === 0) break;
      this.#take(bytes);
      this.#offset += bytes.length;
    }
    return size;
  }

  #take(bytes: Uint8Array): void {
    const begin = this.#offset - this.#rest.length;
    const text = Buffer.concat([this.#rest, bytes]);
    let from = 0;
    for (let end = text.indexOf(0x0a); end >= 0; end = text.indexOf(0x0a, from)) {
      this.#calls.read(text.toString('utf8', from, end), String(begin + from));
      from = end + 1;
    }
    this.#rest = Uint8Array.from(text.subarray(from));
  }

  async #keepCap(): Promise<void> {
    const { machine, path } = this.#options;
    const size = (await machine.stat(path))?.size ?? 0;
    if (size - this.#released <= 2 * KEPT_BYTES) return;
    this.#released = Math.floor((size - KEPT_BYTES) / BLOCK_BYTES) * BLOCK_BYTES;
    await machine.releaseHead(path, this.#released);
  }
}
