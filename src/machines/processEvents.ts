import type { Disposable } from '../common/disposable.js';
import { Emitter } from '../common/emitter.js';
import { OnceEmitter } from '../common/onceEmitter.js';

const MAX_HELD_BYTES = 1024 * 1024;

/** How a process ended. */
export interface ProcessExit {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stderr: string;
}

/** Output and end of a process for those who listen, maybe later than it comes. */
export class ProcessEvents {
  readonly #source: { pause(): void; resume(): void };
  readonly #data = new Emitter<Uint8Array>();
  readonly #ended = new OnceEmitter<ProcessExit>();
  /** Output that came before anybody listened; undefined once somebody does. */
  #held: Uint8Array[] | undefined = [];
  #heldBytes = 0;

  /** @param source is held back when too much would have to be held here */
  constructor(source: { pause(): void; resume(): void }) {
    this.#source = source;
  }

  get hasEnded(): boolean {
    return this.#ended.hasFired;
  }

  /** What comes before the first listener is held for it, unless somebody waits for the end without one. */
  readonly onData = (listener: (data: Uint8Array) => void): Disposable => {
    const subscription = this.#data.event(listener);
    if (this.#held !== undefined) queueMicrotask(() => this.#release());
    return subscription;
  };

  /** One who asks after the end is told, too. */
  readonly onExit = (listener: (exit: ProcessExit) => void): Disposable => {
    // A program whose output nobody takes would never end; one who wants both asks for both at once.
    if (!this.hasEnded) setImmediate(() => this.#release());
    return this.#ended.event(listener);
  };

  /** Output has come. @param data only valid during the call */
  take(data: Uint8Array): void {
    if (this.#held === undefined) {
      this.#data.fire(data);
      return;
    }
    this.#held.push(Uint8Array.from(data));
    this.#heldBytes += data.length;
    if (this.#heldBytes > MAX_HELD_BYTES) this.#source.pause();
  }

  /** The process has ended, and all its output was taken; only the first time counts. */
  end(exit: ProcessExit): void {
    this.#ended.fire(exit);
  }

  #release(): void {
    const held = this.#held;
    if (held === undefined) return;
    this.#held = undefined;
    for (const data of held) this.#data.fire(data);
    this.#source.resume();
  }
}
