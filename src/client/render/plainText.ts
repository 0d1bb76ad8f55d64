import { isLineEnd } from '../../common/terminalText.js';
import { finishLine, MAX_LINE } from './lineText.js';
import { isAddressing } from './addressing.js';

const TAB_WIDTH = 8;

/** What a program left of plain output when it began to address the screen. */
export interface PlainRest {
  /** The sequence that addressed the screen, as it stood in the stream. */
  readonly sequence: string;
  /** The unfinished line and the position of the cursor in it. */
  readonly line: string;
  readonly column: number;
  /** True when a reader has been given that line. */
  readonly isShown: boolean;
}

/**
 * Reads the output of programs that print lines: overwriting by carriage return and backspace, erasing and moving inside
 * the line act as on a terminal. A sink for the parser; it stops it at the first sequence that addresses the screen.
 */
export class PlainText {
  #lines: string[] = [];
  #line = '';
  #column = 0;
  /** How much of the unfinished line a reader has been given. */
  #shown: string | undefined;
  #sequence: string | undefined;
  readonly #max: number;

  /** @param maxLine the longest line, in UTF-16 units */
  constructor(maxLine = MAX_LINE) {
    this.#max = maxLine;
  }

  /** The lines completed since the last call. */
  take(): string[] {
    const lines = this.#lines;
    this.#lines = [];
    return lines;
  }

  /**
   * The unfinished line, once: when it is completed only what came after it is given.
   *
   * @param isLast nothing more will come; else one that is longer than any for people is left to be whole
   */
  takeUnfinished(isLast: boolean): string[] {
    if (!isLast && this.#line.length > MAX_LINE) return [];
    const line = this.#finished();
    if (line === '' || line === this.#shown) return [];
    const lines = this.#withoutShown(line);
    this.#shown = line;
    return lines;
  }

  /** What the screen needs to go on from here, when the program has addressed it; this object then begins anew. */
  handOver(): PlainRest | undefined {
    if (this.#sequence === undefined) return undefined;
    const isShown = this.#shown !== undefined && this.#shown === this.#finished();
    const rest = { sequence: this.#sequence, line: this.#line, column: this.#column, isShown };
    this.#beginLine();
    this.#sequence = undefined;
    return rest;
  }

  text(source: string, start: number, end: number): void {
    const column = this.#column;
    const max = this.#max;
    const text = end - start > max ? source.slice(start, start + max + 1) : source.slice(start, end);
    this.#column = Math.min(column + (end - start), max + 1);
    if (column === this.#line.length) {
      if (column <= max) this.#line += text;
    } else if (column <= max) {
      this.#line = this.#line.slice(0, column).padEnd(column) + text + this.#line.slice(column + text.length);
    }
    // One unit more than fits is kept, so that the cut shows.
    if (this.#line.length > max + 1) this.#line = this.#line.slice(0, max + 1);
  }

  control(code: number): undefined {
    if (isLineEnd(code)) this.#endLine();
    else if (code === 0x0d) this.#column = 0;
    else if (code === 0x08) this.#column = Math.max(0, this.#column - 1);
    else if (code === 0x09) this.#tab();
  }

  sequence(kind: 'csi' | 'escape', body: string): boolean {
    if (isAddressing(kind, body)) {
      this.#sequence = (kind === 'csi' ? '\x1b[' : '\x1b') + body;
      return true;
    }
    if (kind === 'escape') {
      if (body === 'D' || body === 'E') this.#endLine();
    } else if (!body.endsWith('m')) {
      this.#edit(body);
    }
    return false;
  }

  /** The sequences that change the line the cursor is in. */
  #edit(body: string): void {
    if (!/^\d*[@CDGJKPX`]$/.test(body)) return;
    const count = Number.parseInt(body, 10) || 0;
    // However long a line is that was printed, a few letters never make one of that length.
    const steps = Math.min(count || 1, MAX_LINE);
    const [line, column] = [this.#line, this.#column];
    switch (body.charAt(body.length - 1)) {
      case 'C':
        this.#column = Math.min(column + steps, Math.max(MAX_LINE, line.length));
        break;
      case 'D':
        this.#column = Math.max(0, column - steps);
        break;
      case 'G':
      case '`':
        this.#column = steps - 1;
        break;
      case 'J':
      case 'K':
        if (count === 0) this.#line = line.slice(0, column);
        else if (count === 1) this.#line = ' '.repeat(Math.min(column + 1, line.length)) + line.slice(column + 1);
        else this.#line = '';
        break;
      case 'P':
        this.#line = line.slice(0, column) + line.slice(column + steps);
        break;
      case 'X':
        this.#line =
          line.slice(0, column) +
          ' '.repeat(Math.min(steps, Math.max(0, line.length - column))) +
          line.slice(column + steps);
        break;
      case '@':
        this.#line = (line.slice(0, column) + ' '.repeat(column < line.length ? steps : 0) + line.slice(column)).slice(
          0,
          this.#max + 1,
        );
        break;
    }
  }

  #tab(): void {
    const next = Math.min((Math.floor(this.#column / TAB_WIDTH) + 1) * TAB_WIDTH, this.#max);
    if (this.#column === this.#line.length) this.#line = this.#line.padEnd(next);
    this.#column = Math.max(this.#column, next);
  }

  #endLine(): void {
    const line = this.#finished();
    if (this.#shown === undefined) this.#lines.push(line);
    else if (line !== this.#shown) this.#lines.push(...this.#withoutShown(line));
    this.#beginLine();
  }

  #finished(): string {
    return finishLine(this.#line, this.#max);
  }

  #beginLine(): void {
    this.#line = '';
    this.#column = 0;
    this.#shown = undefined;
  }

  #withoutShown(line: string): string[] {
    const shown = this.#shown;
    return [shown !== undefined && line.startsWith(shown) ? line.slice(shown.length).trimStart() : line];
  }
}
