import { errorText } from '../protocol/errors.js';

/** What failed and what to do, as `cm` says it: with the flag that has it done all the same, where one does. */
export function failureText(error: unknown): string {
  return errorText(error, '--force');
}
