import { TerminalParser } from './terminalParser.js';

/**
 * Removes every escape sequence, control character and invisible character that directs text from a stream, except for
 * line feeds and tabs. Pieces may be cut anywhere; memory is bounded also for sequences that never end.
 */
export class TerminalStripper {
  readonly #parser = new TerminalParser();
  #output = '';

  /** The text of the next piece of the stream. */
  push(text: string): string {
    this.#parser.push(text, this);
    const output = this.#output;
    this.#output = '';
    return output;
  }

  /** @internal */
  text(source: string, start: number, end: number): void {
    this.#output += source.slice(start, end);
  }

  /** @internal */
  control(code: number): undefined {
    if (isLineEnd(code)) this.#output += '\n';
    else if (code === 0x09) this.#output += '\t';
  }

  /** @internal */
  sequence(kind: 'csi' | 'escape', body: string): undefined {
    if (kind === 'escape' && (body === 'D' || body === 'E')) this.#output += '\n';
  }
}

/** LF, VT, FF, IND, NEL, and Unicode's separators of lines and paragraphs. */
export function isLineEnd(code: number): boolean {
  return (code >= 0x0a && code <= 0x0c) || code === 0x84 || code === 0x85 || code === 0x2028 || code === 0x2029;
}

const PLAIN = /^[\x20-\x7e]*$/;

/**
 * Any string as one harmless line for a label, a title, a notification or a terminal: without escape sequences, control
 * characters and invisible characters that reorder text; line breaks and tabs become single spaces.
 */
export function stripTerminal(text: string): string {
  // Most labels are plain, and a list has thousands of them.
  if (PLAIN.test(text)) return text.trim();
  // A lone carriage return separates words as well, where a terminal would overwrite.
  const lines = text.replace(/\r/g, '\n');
  return new TerminalStripper()
    .push(lines)
    .replace(/ *[\n\t][\n\t ]*/g, ' ')
    .trim();
}
