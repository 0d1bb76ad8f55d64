import { TerminalParser } from '../../common/terminalParser.js';
import { FIRST_SIZE } from '../../protocol/logSize.js';
import { openHeadlessTerminal, type OpenTerminal } from './headlessTerminal.js';
import { append, finishLine, MAX_LINE } from './lineText.js';
import { PlainText } from './plainText.js';
import { ScreenLog } from './screenLog.js';

export interface LogRendererOptions {
  /** Size of the terminal the first bytes were written for. 120 columns and 40 rows when not given. */
  readonly columns?: number;
  readonly rows?: number;
  /** The longest line of printed output, in UTF-16 units; default: what people read. */
  readonly maxLine?: number;
  /** Opens the terminal for programs that repaint; the default loads the library on first use. */
  readonly openTerminal?: OpenTerminal;
}

/**
 * Turns the raw bytes of a terminal session into lines for a person: each once, in order, without control codes.
 *
 * Output that is printed passes through at once. From the first sequence that addresses the screen on, a terminal without
 * a window interprets the bytes, and lines are given when they settle there or leave it. Calls may overlap; their results
 * keep the order of the calls.
 */
export class LogRenderer {
  #columns: number;
  #rows: number;
  readonly #openTerminal: OpenTerminal;
  readonly #decoder = new TextDecoder();
  readonly #parser = new TerminalParser();
  readonly #plain: PlainText;
  /** The end of the plain output: a program may go up and paint over it. */
  #recent: string[] = [];
  #screen: ScreenLog | undefined;
  #isLastEmpty = true;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(options: LogRendererOptions = {}) {
    this.#columns = options.columns ?? FIRST_SIZE.columns;
    this.#rows = options.rows ?? FIRST_SIZE.rows;
    this.#openTerminal = options.openTerminal ?? openHeadlessTerminal;
    this.#plain = new PlainText(options.maxLine);
  }

  /** Feeds raw bytes, cut anywhere; gives the lines that are complete or settled by then. */
  write(bytes: Uint8Array): Promise<string[]> {
    return this.#inTurn(() => this.#write(this.#decoder.decode(bytes, { stream: true })));
  }

  /** What is written from now on is for a terminal of this size; gives the lines that are settled by then. */
  resize(columns: number, rows: number): Promise<string[]> {
    return this.#inTurn(() => {
      if (columns === this.#columns && rows === this.#rows) return Promise.resolve([]);
      this.#columns = columns;
      this.#rows = rows;
      this.#screen?.resize(columns, rows);
      return Promise.resolve(this.#screen ? this.#separate(this.#screen.take()) : []);
    });
  }

  /**
   * How long the stream should be quiet before {@link settle}, in milliseconds: programs that paint pause in the middle of
   * a sentence as their model does, programs that print do not.
   */
  get quietMs(): number {
    return this.isPainted ? 1000 : 150;
  }

  /** True while the program paints its screen. */
  get isPainted(): boolean {
    return this.#screen !== undefined;
  }

  /** To be called when the stream has been quiet for a moment; gives what stands on the screen or in the last line. */
  settle(): Promise<string[]> {
    return this.#inTurn(() =>
      Promise.resolve(this.#screen ? this.#separate(this.#screen.settle()) : this.#plain.takeUnfinished(false)),
    );
  }

  /**
   * To be called a few times a second while the stream flows; gives what has stood on the screen for some of those
   * moments: of an answer that is still being written whole sentences.
   */
  stand(): Promise<string[]> {
    return this.#inTurn(() => Promise.resolve(this.#screen ? this.#separate(this.#screen.stand()) : []));
  }

  /** The stream has ended; gives all that is left. */
  end(): Promise<string[]> {
    return this.#inTurn(async () => {
      const lines = await this.#write(this.#decoder.decode());
      append(lines, this.#screen ? this.#separate(this.#screen.close()) : this.#plain.takeUnfinished(true));
      this.#screen = undefined;
      return lines;
    });
  }

  #inTurn(task: () => Promise<string[]>): Promise<string[]> {
    const result = this.#queue.then(task);
    this.#queue = result.catch(() => undefined);
    return result;
  }

  async #write(text: string): Promise<string[]> {
    const lines: string[] = [];
    let at = 0;
    while (at < text.length)
      at = this.#screen ? await this.#watch(this.#screen, text, at, lines) : await this.#print(text, at, lines);
    return lines;
  }

  /** Plain output up to the first sequence that addresses the screen. */
  async #print(text: string, start: number, lines: string[]): Promise<number> {
    const end = this.#parser.push(text, this.#plain, start);
    const printed = this.#plain.take();
    this.#recent =
      printed.length >= this.#rows ? printed.slice(-this.#rows) : [...this.#recent, ...printed].slice(-this.#rows);
    append(lines, printed);
    if (printed.length > 0) this.#isLastEmpty = printed.at(-1) === '';
    const rest = this.#plain.handOver();
    if (rest) {
      // A screen has no use for the rest of an endless line.
      const lines = this.#recent.map((line) => `${finishLine(line)}\r\n`).join('');
      const line = rest.line.slice(0, MAX_LINE);
      const told = rest.isShown ? lines + line : lines;
      this.#recent = [];
      this.#screen = await ScreenLog.open(this.#openTerminal, this.#columns, this.#rows, told);
      await this.#screen.write(`${rest.isShown ? '' : line}\x1b[${rest.column + 1}G${rest.sequence}`);
    }
    return end;
  }

  /** Screen output up to where the program has been printing lines for a while. */
  async #watch(screen: ScreenLog, text: string, start: number, lines: string[]): Promise<number> {
    const end = this.#parser.push(text, screen, start);
    await screen.write(text.slice(start, end));
    if (screen.isPlain) {
      append(lines, this.#separate(screen.close()));
      this.#screen = undefined;
    } else {
      append(lines, this.#separate(screen.take()));
    }
    return end;
  }

  /** Lines of a screen: one empty line separates blocks, none begins the log. */
  #separate(lines: readonly string[]): string[] {
    const separated: string[] = [];
    for (const line of lines) {
      if (line !== '' || !this.#isLastEmpty) separated.push(line);
      this.#isLastEmpty = line === '';
    }
    return separated;
  }
}
