import { Rerunner, type Clock } from '../../common/async.js';
import type { Disposable } from '../../common/disposable.js';

export interface ScreenReaderOptions {
  /** The visible screen as text. */
  readonly screen: () => Promise<string>;
  readonly clock: Clock;
  readonly onScreen: (text: string) => void | Promise<void>;
  readonly onError: (error: unknown) => void;
}

/** The screen is read when output has been quiet for so long, or this often while it never is. */
const QUIET_MS = 120;
const BUSY_MS = 500;

/** Reads a screen when it has changed. Driven by output: a quiet tool costs nothing. */
export class ScreenReader implements Disposable {
  readonly #options: ScreenReaderOptions;
  #quiet: { cancel(): void } | undefined;
  #busy: { cancel(): void } | undefined;
  #later: { cancel(): void } | undefined;
  readonly #reading: Rerunner;
  #done = false;

  constructor(options: ScreenReaderOptions) {
    this.#options = options;
    this.#reading = new Rerunner(() => this.#readScreen(), options.onError);
    this.onOutput();
  }

  /** The tool printed something. */
  onOutput(): void {
    if (this.#done) return;
    const { clock } = this.#options;
    this.#quiet?.cancel();
    this.#quiet = clock.after(QUIET_MS, () => this.#read());
    this.#busy ??= clock.after(BUSY_MS, () => this.#read());
  }

  /** Reads it in `ms` milliseconds too, whatever is printed until then; a second call takes the place of the first. */
  readIn(ms: number): void {
    if (this.#done) return;
    this.#later?.cancel();
    this.#later = this.#options.clock.after(ms, () => this.#read());
  }

  #read(): void {
    this.#quiet?.cancel();
    this.#busy?.cancel();
    this.#busy = undefined;
    this.#reading.trigger();
  }

  async #readScreen(): Promise<void> {
    const text = await this.#options.screen();
    if (!this.#done) await this.#options.onScreen(text);
  }

  dispose(): void {
    this.#done = true;
    this.#quiet?.cancel();
    this.#busy?.cancel();
    this.#later?.cancel();
  }
}
