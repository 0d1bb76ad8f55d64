import type { Question } from '../../protocol/question.js';

/** Who answers what a machine asks while it signs in. Without one nobody is asked, and a sign-in that needs a person fails `unauthorized`. */
export interface Asker {
  /** Null when it was not answered in time or at all. */
  ask(question: Omit<Question, 'id'>, signal: AbortSignal): Promise<string | null>;
}

/** Something long that somebody waits for. */
export interface Operation {
  readonly asker: Asker | undefined;
  /** Aborted when nobody waits for it any more. */
  readonly signal: AbortSignal;
  /** @param percent 0 to 100 where it is known */
  progress(message: string, percent?: number): void;
}
