import type { FollowTextOptions } from '../client/followText.js';
import { followText } from '../client/followText.js';
import { WHOLE_LINE } from '../client/render/lineText.js';
import type { App } from './app.js';
import type { ShowLogOptions } from './showLogOptions.js';

const FIRST_TAIL_BYTES = 128 * 1024;

/** Prints a session's output as readable lines. */
export async function showText(app: App, session: string, options: ShowLogOptions): Promise<void> {
  if (options.lines === 'all') {
    await readLog(app, session, { from: 0, follow: options.follow, onLines: (lines) => printLines(app, lines) });
    return;
  }
  // How many bytes make a line for people is not known before they are read: more are taken until it is enough.
  for (let tail = FIRST_TAIL_BYTES; ; tail *= 4) {
    if (await showTail(app, session, tail, options.lines, options.follow)) return;
  }
}

async function printLines(app: App, lines: readonly string[]): Promise<void> {
  if (!app.output.json) return app.output.lines(lines);
  for (const line of lines) await app.output.record({ line });
}

/** Holds lines back until all that was there is known, then gives the last ones of them. */
class Tail {
  readonly #count: number;
  #held: string[] | undefined = [];
  /** The bytes begin where the log begins, so that there are no more lines to be had. */
  isWhole = false;
  isEnough = true;

  constructor(count: number) {
    this.#count = count;
  }

  get isHolding(): boolean {
    return this.#held !== undefined;
  }

  hold(lines: readonly string[]): void {
    for (const line of lines) this.#held?.push(line);
  }

  /** Nothing when these were too few: the first one may be the rest of a line and does not count. */
  release(): readonly string[] {
    const lines = this.#held ?? [];
    this.#held = undefined;
    this.isEnough = this.isWhole || lines.length > this.#count;
    return this.isEnough && this.#count > 0 ? lines.slice(-this.#count) : [];
  }
}

/** Shows the last lines out of so many last bytes, then what comes. False when these bytes hold too few lines. */
async function showTail(app: App, session: string, bytes: number, count: number, follow: boolean): Promise<boolean> {
  const tail = new Tail(count);
  const stop = new AbortController();
  await readLog(app, session, {
    from: { tail: bytes },
    follow,
    signal: stop.signal,
    onStart: ({ base, offset }) => void (tail.isWhole = offset <= base),
    onLines: async (lines) => {
      if (tail.isHolding) tail.hold(lines);
      else await printLines(app, lines);
    },
    onCaughtUp: async () => {
      // Without following, the end brings what is unfinished.
      if (!follow) return;
      const lines = tail.release();
      if (tail.isEnough) await printLines(app, lines);
      else stop.abort();
    },
  });
  if (tail.isHolding) await printLines(app, tail.release());
  return tail.isEnough;
}

type ReadOptions = Pick<FollowTextOptions, 'from' | 'follow' | 'onStart' | 'onLines'> & {
  readonly onCaughtUp?: () => Promise<void>;
  readonly signal?: AbortSignal;
};

/** Resolves at the end of the log, or when the signal aborts. */
function readLog(app: App, session: string, options: ReadOptions): Promise<void> {
  const { signal, onCaughtUp, ...rest } = options;
  return new Promise((resolve, reject) => {
    const log = followText(app.client, session, {
      // A program takes a line that was cut for another one.
      ...(app.output.isTerminal && !app.output.json ? {} : { renderer: { maxLine: WHOLE_LINE } }),
      ...rest,
      onCaughtUp: () => void onCaughtUp?.().catch(reject),
      onEnd: () => resolve(),
      onError: reject,
    });
    signal?.addEventListener('abort', () => {
      log.dispose();
      resolve();
    });
  });
}
