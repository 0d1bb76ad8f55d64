import type { Clock } from '../../common/async.js';
import type { Disposable } from '../../common/disposable.js';
import type { StartupDialog } from '../../protocol/tool.js';
import type { Look } from './look.js';
import type { LookRules } from './looks.js';
import { ScreenReader } from './screenReader.js';

export interface StartupWatchOptions {
  readonly tool: LookRules;
  readonly look: Look;
  /** The visible screen as text. */
  readonly screen: () => Promise<string>;
  readonly clock: Clock;
  /** A screen that only a tool shows which has begun with its task. */
  readonly isPast: (screenText: string) => Promise<boolean>;
  /** Called for each screen that shows one, with its text. */
  readonly onDialog: (dialog: StartupDialog, screenText: string) => Promise<void>;
  readonly onDialogGone: () => void;
  /** The tool takes input. Called once; nothing is called afterwards. */
  readonly onReady: () => void;
  readonly onError: (error: unknown) => void;
}

/**
 * Reads the screens of a starting tool until it is ready. An input box can flash before a dialog, so ready has to hold
 * for the tool's `stableMs`.
 */
export class StartupWatch implements Disposable {
  readonly #options: StartupWatchOptions;
  readonly #reader: ScreenReader;
  #readySince: number | undefined;
  #isAsking = false;
  #done = false;

  constructor(options: StartupWatchOptions) {
    this.#options = options;
    const { screen, clock, onError } = options;
    this.#reader = new ScreenReader({ screen, clock, onError, onScreen: (text) => this.see(text) });
  }

  /** The tool printed something. */
  onOutput(): void {
    this.#reader.onOutput();
  }

  /** The screen as it was read just now, by whomever. */
  async see(text: string): Promise<void> {
    if (this.#done) return;
    const { tool, look, clock } = this.#options;
    const screen = await look.start(tool, text);
    if (this.#isDone()) return;
    if (screen.kind === 'dialog') {
      this.#readySince = undefined;
      this.#isAsking = true;
      await this.#options.onDialog(screen.dialog, text);
      return;
    }
    if (this.#isAsking) {
      this.#isAsking = false;
      this.#options.onDialogGone();
    }
    const isPast = await this.#options.isPast(text);
    if (this.#isDone()) return;
    if (isPast) {
      this.#ready();
      return;
    }
    if (screen.kind === 'unknown') {
      this.#readySince = undefined;
      return;
    }
    this.#readySince ??= clock.now();
    const left = this.#readySince + tool.startup.stableMs - clock.now();
    if (left > 0) this.#reader.readIn(left + 1);
    else this.#ready();
  }

  /** What is looked at may come to an end meanwhile. */
  #isDone(): boolean {
    return this.#done;
  }

  #ready(): void {
    this.dispose();
    this.#options.onReady();
  }

  dispose(): void {
    this.#done = true;
    this.#reader.dispose();
  }
}
