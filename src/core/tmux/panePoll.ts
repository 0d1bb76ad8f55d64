import { systemClock, type Clock } from '../../common/async.js';
import type { Disposable } from '../../common/disposable.js';
import { parsePane, type Pane } from './pane.js';

const POLL_MS = 1_000;

export interface PanePollOptions {
  /** The lines of all panes; rejects when tmux has gone. */
  readonly lines: () => Promise<readonly string[]>;
  /** A pane of ours is new or not what it was. */
  readonly onPane: (pane: Pane, before: Pane | undefined) => void;
  readonly onClosed: () => void;
  readonly clock?: Clock;
}

/** Asks once a second what a tmux that does not tell of changes has; only while it has panes of ours. */
export class PanePoll implements Disposable {
  readonly #options: PanePollOptions;
  readonly #clock: Clock;
  #known = new Map<string, { readonly line: string; readonly pane: Pane }>();
  #timer: { cancel(): void } | undefined;
  #disposed = false;

  constructor(options: PanePollOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /** There may be panes. */
  start(): void {
    if (this.#disposed) return;
    this.#timer ??= this.#clock.after(POLL_MS, () => void this.#look());
  }

  async #look(): Promise<void> {
    const lines = await this.#options.lines().catch(() => undefined);
    this.#timer = undefined;
    // Who attaches again starts again.
    if (lines === undefined || this.#disposed) return;
    const before = this.#known;
    this.#known = new Map();
    for (const line of lines) {
      const pane = parsePane(line);
      if (pane === undefined) continue;
      this.#known.set(pane.pane, { line, pane });
      const known = before.get(pane.pane);
      if (known?.line !== line) this.#options.onPane(pane, known?.pane);
    }
    if ([...before.keys()].some((pane) => !this.#known.has(pane))) this.#options.onClosed();
    if (this.#known.size > 0) this.start();
  }

  dispose(): void {
    this.#disposed = true;
    this.#timer?.cancel();
  }
}
