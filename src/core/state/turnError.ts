import { STATUS_CODES } from 'node:http';
import { stripTerminal } from '../../common/terminalText.js';
import { truncate } from '../../common/text.js';

/** Codes that services of models use beside those of HTTP. */
const OWN_CODES: Readonly<Record<string, string>> = { 529: 'Overloaded' };
const LONGEST = 80;

/**
 * What made a turn end in an error, in few words: `401 Unauthorized` where the tool names a status of HTTP, else the
 * tool's own first words. Neutralised, one line; empty when nothing is known but that it failed.
 *
 * @param text what the tool says of it
 */
export function turnErrorText(text: string): string {
  const plain = stripTerminal(text.replace(/\s+/gu, ' ')).trim();
  // Not a part of an address, a version, a count or a time.
  for (const [, code = ''] of plain.matchAll(/(?<!\d[.:]|[\w./-])([45]\d\d)(?![\w/-]|[.:]\d)/gu)) {
    const phrase = STATUS_CODES[code] ?? OWN_CODES[code];
    if (phrase !== undefined) return `${code} ${phrase}`;
  }
  return truncate(plain.replace(/^\[?(?:API )?Error: */iu, '').replace(/\]$/u, ''), LONGEST);
}
