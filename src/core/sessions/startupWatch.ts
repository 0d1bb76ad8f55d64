import type { Clock } from '../../common/async.js';
import type { Disposable } from '../../common/disposable.js';
import type { StartupDialog, Tool } from '../../protocol/tool.js';
import { readStartupScreen } from '../tools/screen.js';

export interface StartupWatchOptions {
  readonly tool: Pick<Tool, 'startup'>;
  /** The visible screen as text. */
  readonly screen: () => Promise<string>;
  readonly clock: Clock;
  readonly onDialog: (dialog: StartupDialog) => void;
  readonly onDialogGone: () => void;
  /** The tool takes input. Called once; nothing is called afterwards. */
  readonly onReady: () => void;
  readonly onError: (error: unknown) => void;
}

/** The screen is read when output has been quiet for so long, or this often while it never is. */
const QUIET_MS = 120;
const BUSY_MS = 500;

/**
 * Reads the screens of a starting tool until it is ready. An input box can flash before a dialog, so ready has to hold
 * for the tool's `stableMs`. Driven by output: a quiet tool costs nothing.
 */
export class StartupWatch implements Disposable {
  readonly #options: StartupWatchOptions;
  #quiet: { cancel(): void } | undefined;
  #busy: { cancel(): void } | undefined;
  #recheck: { cancel(): void } | undefined;
  #readySince: number | undefined;
  #dialog: string | undefined;
  #reading = false;
  #again = false;
  #done = false;

  constructor(options: StartupWatchOptions) {
    this.#options = options;
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

  #read(): void {
    this.#quiet?.cancel();
    this.#busy?.cancel();
    this.#busy = undefined;
    if (this.#done) return;
    if (this.#reading) {
      this.#again = true;
      return;
    }
    this.#reading = true;
    this.#options
      .screen()
      .then((text) => this.#judge(text), this.#options.onError)
      .finally(() => {
        this.#reading = false;
        if (!this.#again) return;
        this.#again = false;
        this.#read();
      });
  }

  #judge(text: string): void {
    if (this.#done) return;
    const { tool, clock } = this.#options;
    const screen = readStartupScreen(tool, text);
    if (screen.kind === 'dialog') {
      this.#readySince = undefined;
      if (this.#dialog === screen.dialog.id) return;
      this.#dialog = screen.dialog.id;
      this.#options.onDialog(screen.dialog);
      return;
    }
    if (this.#dialog !== undefined) {
      this.#dialog = undefined;
      this.#options.onDialogGone();
    }
    if (screen.kind === 'unknown') {
      this.#readySince = undefined;
      return;
    }
    this.#readySince ??= clock.now();
    const left = this.#readySince + tool.startup.stableMs - clock.now();
    this.#recheck?.cancel();
    if (left > 0) {
      this.#recheck = clock.after(left + 1, () => this.#read());
      return;
    }
    this.dispose();
    this.#options.onReady();
  }

  dispose(): void {
    this.#done = true;
    this.#quiet?.cancel();
    this.#busy?.cancel();
    this.#recheck?.cancel();
  }
}
