import { randomUUID } from 'node:crypto';
import { neutralise, stripTerminal } from '../common/terminalText.js';
import { fitWidth } from './displayWidth.js';

/** What JSON leaves as it is and a terminal would obey, or nobody would see. */
const OBEYED = /[\x7f-\x9f\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}]/gu;

export type Colour = 'red' | 'green' | 'yellow' | 'blue' | 'dim' | 'bold';

const CODES: Readonly<Record<Colour, number>> = { red: 31, green: 32, yellow: 33, blue: 34, dim: 2, bold: 1 };

/** Where one of our own colours begins or ends in a line; no text from outside can know it. */
const MARK = `\ufdd0${randomUUID()}`;
const MARKED = new RegExp(`${MARK}(\\d+);`);

/**
 * The only way out of a command. Whatever a result or a remark holds, no text directs the terminal or hides in it: that
 * is seen to here, also where nobody has thought of it before.
 */
export class Output {
  readonly #stdout: NodeJS.WriteStream;
  readonly #stderr: NodeJS.WriteStream;
  /** Results as JSON. */
  readonly json: boolean;
  readonly #hasColour: boolean;
  /** A sentence about what has been done, and stays so where its result cannot be written. */
  done = '';
  /** A line on the standard error stands only until something else is said. */
  #hasTransient = false;

  constructor(stdout: NodeJS.WriteStream, stderr: NodeJS.WriteStream, json: boolean, env: NodeJS.ProcessEnv) {
    this.#stdout = stdout;
    this.#stderr = stderr;
    this.json = json;
    this.#hasColour = stdout.isTTY && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb';
  }

  /** Whether a person reads what is said beside the results. */
  get isRemarkTerminal(): boolean {
    return this.#stderr.isTTY;
  }

  get isTerminal(): boolean {
    return this.#stdout.isTTY;
  }

  /** Columns that a line may take; unlimited when nobody looks at it in a terminal. */
  get columns(): number {
    return this.isTerminal ? this.#stdout.columns || 80 : Infinity;
  }

  get rows(): number {
    return this.isTerminal ? this.#stdout.rows || 24 : Infinity;
  }

  onResize(listener: () => void): void {
    this.#stdout.on('resize', listener);
  }

  /** Raw bytes, for who asked for them: a log as it is, and a terminal that is handed over. */
  bytes(data: Uint8Array): Promise<void> {
    return this.#write(data);
  }

  /** Whether a person's terminal is there that can tell them something. */
  get canAlert(): boolean {
    return this.#stdout.isTTY || this.#stderr.isTTY;
  }

  /** A sequence that moves nothing on the screen, for the terminal itself. */
  alert(sequence: string): void {
    (this.#stdout.isTTY ? this.#stdout : this.#stderr).write(sequence);
  }

  /** Resolves when more may be written. */
  async #write(data: string | Uint8Array): Promise<void> {
    this.transient('');
    if (this.#stdout.write(data)) return;
    await new Promise<void>((resolve) => this.#stdout.once('drain', resolve));
  }

  /** Each of these is one line, whatever it holds. */
  async lines(lines: readonly string[]): Promise<void> {
    if (lines.length > 0) await this.#write(`${lines.map(line).join('\n')}\n`);
  }

  /** Draws lines in a terminal in place of as many that were drawn last. */
  async redraw(before: number, lines: readonly string[]): Promise<void> {
    const up = before > 0 ? `\x1b[${before}A\r` : '';
    await this.#write(`${up}\x1b[J${lines.map(line).join('\n')}\n`);
  }

  /** One record, one array, or one object of a stream. */
  async record(value: unknown): Promise<void> {
    const escape = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
    const text = JSON.stringify(value).replace(OBEYED, (letter) => letter.split('').map(escape).join(''));
    await this.#write(`${text}\n`);
  }

  /** Something to know that is no result. */
  note(text: string): void {
    this.transient('');
    this.#stderr.write(`${stripTerminal(text)}\n`);
  }

  /** Shows in a terminal what is going on at this moment, in place of what was shown so before; '' takes it away. */
  transient(text: string): void {
    if (!this.#stderr.isTTY || (text === '' && !this.#hasTransient)) return;
    this.#hasTransient = text !== '';
    this.#stderr.write(`\r\x1b[K${fitWidth(stripTerminal(text), (this.#stderr.columns || 80) - 1)}`);
  }

  /** A part of a prompt. */
  prompt(text: string): void {
    this.#stderr.write(neutralise(text));
  }

  /** What the person types at a prompt, and how it is taken back. */
  echo(letters: string): void {
    this.#stderr.write(letters);
  }

  /** Takes away the line of a prompt. */
  clearPrompt(): void {
    this.#stderr.write('\r\x1b[K');
  }

  /** Our own text for people who called it wrongly, laid out in lines. */
  noteLines(lines: readonly string[]): void {
    this.#stderr.write(`${lines.map(line).join('\n')}\n`);
  }

  readonly paint = (colour: Colour, text: string): string =>
    this.#hasColour ? `${MARK}${CODES[colour]};${text}${MARK}0;` : text;
}

/** One harmless line with our own colours. */
function line(text: string): string {
  if (!text.includes(MARK)) return oneLine(text);
  // Texts and the numbers of colours take turns.
  return text
    .split(MARKED)
    .map((part, i) => (i % 2 === 0 ? oneLine(part) : `\x1b[${part}m`))
    .join('');
}

function oneLine(text: string): string {
  return neutralise(text).replace(/\n/g, ' ');
}
