import { delay } from '../../common/async.js';
import type { PendingRequest } from '../../protocol/pendingRequest.js';
import type { SeenScreen } from '../live/screens.js';
import { withoutTick } from '../state/sameRequest.js';
import { isShown } from './guards.js';
import { hasMovedOn } from './movedOn.js';

export interface DialogWatchOptions {
  readonly request: PendingRequest;
  /** Reads the screen now, and lets the one who follows the session's state see it. */
  readonly look: () => Promise<SeenScreen>;
  /** Where its log ends, and what was printed from there on. */
  readonly logEnd: () => Promise<number>;
  readonly printedSince: (from: number) => Promise<string>;
  /** The request is still the pending one, as far as is known after the last look. */
  readonly isPending: () => boolean;
}

/** A screen, and where the log ended when it was read. */
export interface LastRead {
  readonly screen: string;
  readonly logEnd: number;
}

/** A dialog that was answered has gone within this time; agents on a busy machine take seconds. */
export const GONE_MS = 6_000;
const LOOK_EVERY_MS = 25;
/** How long after its screen went a program is known to have ended, in milliseconds. */
const ENDED_MS = 500;
/** A screen may be caught while it is drawn anew: that a dialog has gone is read twice. */
const GONE_READS = 2;

/** Looks at a dialog before it is answered, and after it: whether it has gone. */
export class DialogWatch {
  readonly #options: DialogWatchOptions;
  /** The screen that was read last before the answer. */
  before: LastRead = { screen: '', logEnd: 0 };

  constructor(options: DialogWatchOptions) {
    this.#options = options;
  }

  /** The screen as it is before an answer. */
  async read(): Promise<SeenScreen> {
    const { look, logEnd } = this.#options;
    const end = await logEnd();
    const screen = await look();
    this.before = { screen: screen.screen, logEnd: end };
    return screen;
  }

  async isGone(withinMs: number): Promise<boolean> {
    const { look, request, isPending } = this.#options;
    const end = performance.now() + withinMs;
    let reads = 0;
    do {
      const screen = await look().catch(async (error: unknown) => {
        // A program that ends by the answer takes its screen with it.
        await delay(ENDED_MS);
        if (isPending()) throw error;
      });
      if (screen === undefined) return true;
      // Whoever follows the state has seen it go, or another one come.
      if (!isPending()) return true;
      reads = isShown(request, screen) || isShown(request, unticked(screen)) ? 0 : reads + 1;
      if (reads >= GONE_READS) return true;
      if (reads === 0 && (await this.hasMovedOn(this.before, screen))) return true;
      await delay(LOOK_EVERY_MS);
    } while (performance.now() < end);
    return false;
  }

  /** An equal one stands there instead. */
  async hasMovedOn({ screen: before, logEnd }: LastRead, { screen: now, options }: SeenScreen): Promise<boolean> {
    const printed = await this.#options.printedSince(logEnd);
    return hasMovedOn({ before, now, labels: options.map(({ label }) => label), printed });
  }
}

/** The option that was chosen may be ticked for a moment before its dialog goes. */
function unticked(screen: SeenScreen): SeenScreen {
  return { ...screen, options: screen.options.map((option) => ({ ...option, label: withoutTick(option.label) })) };
}
