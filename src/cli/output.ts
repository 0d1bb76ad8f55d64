import { stripTerminal } from '../common/terminalText.js';
import { fitWidth } from './displayWidth.js';

const OBEYED = /[\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

export type Colour = 'red' | 'green' | 'yellow' | 'blue' | 'dim' | 'bold';

const CODES: Readonly<Record<Colour, number>> = { red: 31, green: 32, yellow: 33, blue: 34, dim: 2, bold: 1 };

/** Where a command's results and remarks go. */
export class Output {
  readonly #stdout: NodeJS.WriteStream;
  readonly #stderr: NodeJS.WriteStream;
  /** Results as JSON. */
  readonly json: boolean;
  readonly #hasColour: boolean;
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

  /** Text for a terminal goes here only after it was neutralised. Resolves when more may be written. */
  async write(data: string | Uint8Array): Promise<void> {
    this.transient('');
    if (this.#stdout.write(data)) return;
    await new Promise<void>((resolve) => this.#stdout.once('drain', resolve));
  }

  async lines(lines: readonly string[]): Promise<void> {
    if (lines.length > 0) await this.write(`${lines.join('\n')}\n`);
  }

  /** One record, one array, or one object of a stream. */
  async record(value: unknown): Promise<void> {
    // What JSON leaves as it is and a terminal would obey.
    const text = JSON.stringify(value).replace(OBEYED, (character) => {
      return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
    });
    await this.write(`${text}\n`);
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

  /** A part of a prompt, as it is: text that is not our own has been neutralised. */
  prompt(text: string): void {
    this.#stderr.write(text);
  }

  /** Our own text for people who called it wrongly, laid out in lines. */
  noteLines(lines: readonly string[]): void {
    this.#stderr.write(`${lines.join('\n')}\n`);
  }

  readonly paint = (colour: Colour, text: string): string =>
    this.#hasColour ? `\x1b[${CODES[colour]}m${text}\x1b[0m` : text;
}
