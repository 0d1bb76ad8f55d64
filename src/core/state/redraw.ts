import type { Clock } from '../../common/async.js';
import type { TerminalSize } from '../machine/machine.js';

/** A program that does not draw anew has nothing else to show for its new size. */
const LONGEST_MS = 3_000;
/** The first of what it prints is not all of its new picture. */
const DRAWN_MS = 100;

/**
 * Whether what stands on a screen was drawn for the size that its terminal has: after a change only once the program has
 * printed since, or after three seconds.
 */
export class Redraw {
  readonly #clock: Clock;
  #size: TerminalSize;
  /** Called once it is drawn anew; undefined while nothing has to be. */
  #waiting: (() => void)[] | undefined;
  #timer: { cancel(): void } | undefined;

  constructor(clock: Clock, size: TerminalSize) {
    this.#clock = clock;
    this.#size = size;
  }

  /** Of the terminal. */
  get columns(): number {
    return this.#size.columns;
  }

  /** The screen is still drawn for another size. */
  get isDue(): boolean {
    return this.#waiting !== undefined;
  }

  /** The terminal has this size, maybe as before. */
  onSize({ columns, rows }: TerminalSize): void {
    if (columns === this.#size.columns && rows === this.#size.rows) return;
    this.#size = { columns, rows };
    this.#waiting ??= [];
    this.#endIn(LONGEST_MS);
  }

  /** The program printed something. */
  onOutput(): void {
    if (this.#waiting) this.#endIn(DRAWN_MS);
  }

  /** Resolves when the screen counts. */
  async done(): Promise<void> {
    if (this.#waiting) await new Promise<void>((resolve) => this.#waiting?.push(resolve));
  }

  #endIn(ms: number): void {
    this.#timer?.cancel();
    this.#timer = this.#clock.after(ms, () => this.end());
  }

  /** Nothing is waited for any more. */
  end(): void {
    this.#timer?.cancel();
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const resolve of waiting) resolve();
  }
}
