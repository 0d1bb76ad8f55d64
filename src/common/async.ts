/** Time as the code sees it; tests put their own in its place. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls `run` once after `ms` milliseconds; the result cancels it. Never keeps the process alive by itself. */
  after(ms: number, run: () => void): { cancel(): void };
}

export const systemClock: Clock = {
  now: () => Date.now(),
  after: (ms, run) => startTimer(ms, run, { isAwaited: false }),
};

/** A timer of the runtime that is told to wait for longer, 24.8 days, goes off at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Calls `run` once after `ms` milliseconds, however many; the result cancels it.
 *
 * @param isAwaited whether the process stays alive for it
 */
export function startTimer(ms: number, run: () => void, { isAwaited = true } = {}): { cancel(): void } {
  let left = ms;
  let timer: NodeJS.Timeout;
  const next = (): void => {
    if (left <= 0) return run();
    wait();
  };
  const wait = (): void => {
    const part = Math.min(left, MAX_TIMER_MS);
    left -= part;
    timer = setTimeout(next, part);
    if (!isAwaited) timer.unref();
  };
  wait();
  return { cancel: () => clearTimeout(timer) };
}

/** Resolves after `ms` milliseconds, or at once when the signal aborts. */
export function delay(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = (): void => {
      timer.cancel();
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = startTimer(ms, done);
    signal?.addEventListener('abort', done, { once: true });
  });
}

/** So long one may go on before others have their turn, in milliseconds. */
const TURN_MS = 4;

/** Lets everybody else have their turn where many things from outside are done one after the other. */
export class Turns {
  #since = performance.now();

  /** Resolves at once, or when others have had their turn after a while. */
  async pass(): Promise<void> {
    if (performance.now() - this.#since < TURN_MS) return;
    await new Promise((resolve) => setImmediate(resolve));
    this.#since = performance.now();
  }
}

/** A promise with its handles outside. */
export class Deferred<T> {
  readonly promise: Promise<T>;
  resolve!: (value: T | PromiseLike<T>) => void;
  reject!: (error: unknown) => void;

  constructor() {
    this.promise = new Promise<T>((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }
}

/** Runs tasks of one key after another, tasks of different keys side by side. */
export class KeyedMutex {
  readonly #tails = new Map<string, Promise<unknown>>();

  async run<T>(key: string, task: () => Promise<T>): Promise<T> {
    const previous = this.#tails.get(key) ?? Promise.resolve();
    const current = previous.then(task, task);
    const tail = current.catch(() => undefined);
    this.#tails.set(key, tail);
    try {
      return await current;
    } finally {
      if (this.#tails.get(key) === tail) this.#tails.delete(key);
    }
  }
}

/**
 * Answers many who ask at a time by one look: who asks while others are being answered gets the next answer, together with
 * everybody who has asked until then. So an answer is never older than its question.
 */
export class Together<Q, A> {
  readonly #answer: (questions: readonly Q[]) => Promise<readonly A[]>;
  readonly #limiter: Limiter;
  #next: { readonly questions: Q[]; readonly answers: Promise<readonly A[]> } | undefined;

  /**
   * @param answer gives one answer for each question
   * @param limit how many may be under way at a time
   */
  constructor(answer: (questions: readonly Q[]) => Promise<readonly A[]>, limit = 1) {
    this.#answer = answer;
    this.#limiter = new Limiter(limit);
  }

  async ask(question: Q): Promise<A> {
    const next = (this.#next ??= this.#gather());
    const index = next.questions.push(question) - 1;
    return (await next.answers)[index] as A;
  }

  #gather(): { readonly questions: Q[]; readonly answers: Promise<readonly A[]> } {
    const questions: Q[] = [];
    const answers = this.#limiter.run(async () => {
      // Those that ask at the same moment come along.
      await new Promise((resolve) => setImmediate(resolve));
      this.#next = undefined;
      return this.#answer(questions);
    });
    return { questions, answers };
  }
}

/** Lets at most `limit` tasks run at a time; the others wait in order. */
export class Limiter {
  readonly #limit: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#limit) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#running++;
    try {
      return await task();
    } finally {
      this.#running--;
      this.#waiting.shift()?.();
    }
  }
}

/** Runs a task when asked, and once more when it was asked again meanwhile: never twice at a time, never too seldom. */
export class Rerunner {
  readonly #task: () => Promise<void>;
  readonly #onError: (error: unknown) => void;
  #asked = 0;
  #isRunning = false;

  constructor(task: () => Promise<void>, onError: (error: unknown) => void) {
    this.#task = task;
    this.#onError = onError;
  }

  trigger(): void {
    this.#asked++;
    if (!this.#isRunning) void this.#run();
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    let seen: number;
    do {
      seen = this.#asked;
      try {
        await this.#task();
      } catch (error) {
        this.#onError(error);
      }
    } while (seen !== this.#asked);
    this.#isRunning = false;
  }
}

/** Calls `run` at most once every `ms`, the first time after `ms`, however often it is asked. */
export class Throttler {
  readonly #ms: number;
  readonly #run: () => void;
  readonly #clock: Clock;
  #pending: { cancel(): void } | undefined;

  constructor(ms: number, run: () => void, clock: Clock = systemClock) {
    this.#ms = ms;
    this.#run = run;
    this.#clock = clock;
  }

  trigger(): void {
    this.#pending ??= this.#clock.after(this.#ms, () => {
      this.#pending = undefined;
      this.#run();
    });
  }

  cancel(): void {
    this.#pending?.cancel();
    this.#pending = undefined;
  }
}

/** Waits before each next try: doubling from `firstMs` to `maxMs`, with a tenth of jitter against herds. */
export function backoff(attempt: number, firstMs: number, maxMs: number, random: () => number = Math.random): number {
  const base = Math.min(maxMs, firstMs * 2 ** Math.min(attempt, 30));
  return Math.round(base * (0.9 + 0.2 * random()));
}

/** Rejects with `error()` when `promise` has not settled after `ms` milliseconds. */
export async function withTimeout<T>(promise: Promise<T>, ms: number, error: () => Error): Promise<T> {
  let timer: { cancel(): void } | undefined;
  try {
    return await Promise.race([
      promise,
      new Promise<never>((_, reject) => {
        timer = startTimer(ms, () => reject(error()));
      }),
    ]);
  } finally {
    timer?.cancel();
  }
}
