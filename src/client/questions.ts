import { DisposableStore, toDisposable } from '../common/disposable.js';
import { systemClock, type Clock } from '../common/async.js';
import type { Question } from '../protocol/question.js';
import type { AnswerQuestion } from './api.js';

/** Why a question went away before it was answered; the reason of its signal. */
export type QuestionEnd = 'withdrawn' | 'timeout' | 'cut';

/** The questions that one connection is asked, each answered once: by the person, or by null when its time is over. */
export class OpenQuestions {
  readonly #ask: AnswerQuestion | undefined;
  readonly #answer: (id: string, answer: string | null) => void;
  readonly #clock: Clock;
  readonly #open = new Map<string, (end: QuestionEnd) => void>();

  /** @param answer sends an answer; not called for what was withdrawn or cut */
  constructor(
    ask: AnswerQuestion | undefined,
    answer: (id: string, answer: string | null) => void,
    clock: Clock = systemClock,
  ) {
    this.#ask = ask;
    this.#answer = answer;
    this.#clock = clock;
  }

  ask(question: Question): void {
    if (this.#ask === undefined) return this.#answer(question.id, null);
    const { id, timeoutMs } = question;
    const controller = new AbortController();
    const cleanup = new DisposableStore();
    const close = (): boolean => {
      cleanup.dispose();
      return this.#open.delete(id);
    };
    const end = (reason: QuestionEnd): void => {
      if (!close()) return;
      controller.abort(reason);
      if (reason === 'timeout') this.#answer(id, null);
    };
    this.#open.set(id, end);
    const timer = this.#clock.after(timeoutMs, () => end('timeout'));
    cleanup.add(toDisposable(() => timer.cancel()));
    const settle = (answer: string | null): void => {
      if (close()) this.#answer(id, answer);
    };
    // A client that cannot ask is one that does not answer.
    this.#ask(question, controller.signal).then(settle, () => settle(null));
  }

  withdraw(id: string): void {
    this.#open.get(id)?.('withdrawn');
  }

  /** The connection is gone, and with it whoever wanted to know. */
  cut(): void {
    for (const end of [...this.#open.values()]) end('cut');
  }
}
