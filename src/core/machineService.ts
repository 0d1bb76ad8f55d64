import type { Question } from '../protocol/question.js';

/**
 * Who answers what a machine asks while it signs in. Without one nobody is asked, and a sign-in that needs a person
 * fails as `unauthorized`.
 */
export interface Asker {
  /** Null when nobody answered in time or the person declined. */
  ask(question: Omit<Question, 'id'>, signal: AbortSignal): Promise<string | null>;
}

/** Something long that a client asked for and may cancel. */
export interface Operation {
  readonly asker: Asker | undefined;
  readonly signal: AbortSignal;
  progress(message: string, percent?: number): void;
}
