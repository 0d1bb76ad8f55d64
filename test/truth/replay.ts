import type { Clock } from '../../src/common/async.js';
import { toDisposable } from '../../src/common/disposable.js';
import type { FollowLogOptions } from '../../src/client/api.js';
import { followText } from '../../src/client/followText.js';
import { openHeadlessTerminal, type OpenTerminal } from '../../src/client/render/headlessTerminal.js';
import { FIRST_SIZE } from '../../src/protocol/logSize.js';
import type { Recording, TimedLine } from './logJudge.js';

/** Longer than a follower waits for quiet. */
const QUIET_MS = 5000;

/** What a person who follows the log of a recorded session reads, and when. */
export async function replay({ steps }: Pick<Recording, 'steps'>): Promise<TimedLine[]> {
  const lines: TimedLine[] = [];
  const work = new Work();
  const clock = new ManualClock(steps[0]?.time ?? 0, work);
  let options: FollowLogOptions | undefined;
  const client = {
    followLog: (_session: string, given: FollowLogOptions) => {
      options = given;
      return toDisposable(() => undefined);
    },
  };
  const ended = new Promise<void>((resolve, reject) => {
    followText(client, 'recorded', {
      clock,
      renderer: { openTerminal: work.openTerminal },
      onLines: (told) => {
        for (const text of told) lines.push({ time: clock.now(), text });
      },
      onEnd: () => resolve(),
      onError: reject,
    });
  });
  let offset = 0;
  options?.onStart?.({ base: 0, offset: 0, size: 0, closed: false, sizes: [] } as never);
  for (const step of steps) {
    await clock.advance(step.time);
    if ('bytes' in step) {
      const bytes = Buffer.from(step.bytes, 'latin1');
      await options?.onChunk({ offset, bytes });
      offset += bytes.length;
    } else options?.onResize?.({ ...FIRST_SIZE, ...step, offset });
    await work.done();
  }
  await clock.advance(clock.now() + QUIET_MS);
  options?.onEnd?.(offset);
  await ended;
  return lines;
}

/** Knows when everything that is due has been done. */
class Work {
  #pending = 0;

  readonly openTerminal: OpenTerminal = async (...size) => {
    this.#pending++;
    const terminal = await openHeadlessTerminal(...size);
    this.#pending--;
    const write = terminal.write.bind(terminal);
    terminal.write = async (text) => {
      this.#pending++;
      await write(text);
      this.#pending--;
    };
    return terminal;
  };

  async done(): Promise<void> {
    do await new Promise((resolve) => setImmediate(resolve));
    while (this.#pending > 0);
  }
}

/** Time that only goes on where it is told to. */
class ManualClock implements Clock {
  readonly #work: Work;
  #now: number;
  #timers: { readonly at: number; readonly run: () => void }[] = [];

  constructor(now: number, work: Work) {
    this.#now = now;
    this.#work = work;
  }

  now(): number {
    return this.#now;
  }

  after(ms: number, run: () => void): { cancel(): void } {
    const timer = { at: this.#now + ms, run };
    this.#timers.push(timer);
    return { cancel: () => void (this.#timers = this.#timers.filter((other) => other !== timer)) };
  }

  async advance(time: number): Promise<void> {
    for (;;) {
      const [next] = this.#timers.filter(({ at }) => at <= time).sort((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.#now = Math.max(this.#now, next.at);
      next.run();
      await this.#work.done();
    }
    this.#now = Math.max(this.#now, time);
  }
}
