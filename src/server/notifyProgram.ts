import { inTheirWords } from '../common/whyFailed.js';
import { Limiter, Throttler, type Clock } from '../common/async.js';
import { DisposableStore, type Disposable } from '../common/disposable.js';
import type { Event } from '../common/emitter.js';
import type { Logger } from '../common/logger.js';
import type { Machine } from '../core/machine/machine.js';
import { errorText } from '../protocol/errors.js';
import type { Change } from '../protocol/events.js';
import { sessionLink } from '../protocol/sessionLink.js';
import { NoticeFinder, noticeOf, type Notice, type NotifyEvent, type PlacedSession } from '../protocol/notice.js';

export interface NotifyProgramOptions {
  /** All sessions as they are now. */
  readonly sessions: () => readonly PlacedSession[];
  readonly onDidChange: Event<Change>;
  /** Program and arguments; undefined for none. Asked at each event, so that a person can change it at any time. */
  readonly command: () => Promise<readonly string[] | undefined>;
  readonly machine: Pick<Machine, 'run' | 'findProgram' | 'loginEnvironment'>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A question that a rule answers at once is nothing to tell. */
const HOLD_MS = 1_000;
const TIMEOUT_MS = 10_000;
/** A program that hangs must not gather events for ever. */
const MAX_WAITING = 200;

/** Runs the person's own program for each event, once, however many clients look on and also when none does. */
export class NotifyProgram implements Disposable {
  readonly #options: NotifyProgramOptions;
  readonly #finder = new NoticeFinder();
  readonly #store = new DisposableStore();
  /** One after the other, in the order in which they happened. */
  readonly #limiter = new Limiter(1);
  readonly #timer: Throttler;
  /** Found at the last look; told when they are still true at the next one. */
  #held: readonly Notice[] = [];
  #waiting = 0;
  /** What went wrong last; the same is not logged twice. */
  #problem: string | undefined;

  constructor(options: NotifyProgramOptions) {
    this.#options = options;
    this.#timer = new Throttler(HOLD_MS, () => this.#look(), options.clock);
    this.#finder.look(options.sessions(), options.clock.now());
    this.#store.add(
      options.onDidChange(({ type }) => {
        if (type === 'session/changed' || type === 'session/removed') this.#timer.trigger();
      }),
    );
  }

  dispose(): void {
    this.#store.dispose();
    this.#timer.cancel();
  }

  #look(): void {
    const { sessions, clock } = this.#options;
    const all = sessions();
    const held = new Map(this.#held.map((notice) => [notice.sessionId, notice]));
    this.#held = this.#finder.look(all, clock.now());
    if (this.#held.length > 0) this.#timer.trigger();
    for (const placed of held.size === 0 ? [] : all) {
      const before = held.get(placed.session.id);
      if (before === undefined) continue;
      const notice = noticeOf(placed);
      if (notice?.kind === before.kind) this.#tell(notice, placed);
    }
  }

  #tell({ kind, text }: Notice, { session }: PlacedSession): void {
    if (this.#waiting >= MAX_WAITING) return this.#note(`more than ${MAX_WAITING} events wait; one was left out`);
    this.#waiting++;
    const event: NotifyEvent = { event: kind, text, time: session.changed, link: sessionLink(session.id), session };
    this.#limiter
      .run(() => this.#run(event))
      .then(
        (problem) => this.#note(problem),
        (error: unknown) => this.#note(errorText(error)),
      )
      .finally(() => this.#waiting--);
  }

  /** What was wrong, one sentence; undefined when all went well. */
  async #run(event: NotifyEvent): Promise<string | undefined> {
    const { command, machine } = this.#options;
    const [program, ...args] = (await command()) ?? [];
    if (program === undefined) return undefined;
    const { env } = await machine.loginEnvironment();
    const path = await machine.findProgram(program, env['PATH'] ?? '');
    if (path === undefined) return `${program} was not found`;
    const stdin = `${JSON.stringify(event)}\n`;
    const { code, signal, stderr } = await machine.run([path, ...args], { env, stdin, timeoutMs: TIMEOUT_MS });
    if (code === 0) return undefined;
    return `${program} ended with ${signal ?? `exit code ${String(code)}`}: ${inTheirWords(stderr)}`;
  }

  #note(problem: string | undefined): void {
    if (problem !== undefined && problem !== this.#problem) this.#options.log.warn(`notify: ${problem}`);
    this.#problem = problem;
  }
}

/** The command of `config.json`: a program alone, or with its arguments. */
export function notifyCommand(notify: string | readonly string[] | undefined): readonly string[] | undefined {
  return typeof notify === 'string' ? (notify === '' ? undefined : [notify]) : notify;
}
