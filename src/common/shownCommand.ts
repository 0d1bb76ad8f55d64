import { quotePosix } from './quote.js';

/** A command that a person may paste: quoted only where that is needed. */
export function shownCommand(...words: readonly string[]): string {
  return words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : quotePosix(word))).join(' ');
}
