import { stripTerminal } from './terminalText.js';
import { truncate } from './text.js';

const MAX_LETTERS = 300;

/** What the network does to a connection, as Node says it in codes. */
const CONNECTION_ERRORS: Readonly<Record<string, string>> = {
  ECONNRESET: 'the other side has cut it',
  EPIPE: 'the other side has closed it',
  ECONNABORTED: 'this system has ended it',
  ETIMEDOUT: 'nothing came for too long',
  EHOSTUNREACH: 'there is no route to it any more',
  ENETUNREACH: 'there is no network any more',
  ENETDOWN: 'there is no network any more',
  ECONNREFUSED: 'nothing listens there',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
};

/** The last line with a word in it, for messages. */
export function lastWords(printed: string): string {
  const lines = stripTerminal(printed)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  return truncate(lines.at(-1) ?? '', MAX_LETTERS);
}

/** The words of somebody else, told as theirs: `it said “Failure”`. */
export function inTheirWords(printed: string): string {
  const words = lastWords(printed);
  return words === '' ? 'it gave no reason' : `it said “${words}”`;
}

/** What a library says of a connection: in our words where its code is one of the system's, else as its own. */
export function whyCut(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const code = Object.keys(CONNECTION_ERRORS).find((name) => new RegExp(`\\b${name}\\b`).test(text));
  return (code === undefined ? undefined : CONNECTION_ERRORS[code]) ?? inTheirWords(text);
}
