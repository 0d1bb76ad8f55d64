import { isAddressing } from './addressing.js';
import type { HeadlessTerminal, OpenTerminal, Snapshot } from './headlessTerminal.js';
import { append } from './lineText.js';
import { readScreen } from './screenLayout.js';
import { Transcript } from './transcript.js';

/** A program that only printed for this many lines prints lines; its screen need not be watched any more. */
const PLAIN_AFTER_LINES = 200;
/** One that paints may print all of its conversation again, in rows of so few letters. */
const FEWEST_LETTERS = 20;

/** Of a screen that was cut to another size so much is painted anew when the program has heard of it; it always has after so many frames. */
const REPAINTED = 1 / 3;
const REPAINTED_FRAMES = 30;

/** Follows a program that repaints: keeps a conversation for each of the two screens of the terminal. */
export class ScreenLog {
  #terminal: HeadlessTerminal | undefined;
  #columns: number;
  readonly #normal = new Transcript();
  readonly #alternate = new Transcript();
  #current = this.#normal;
  #lastFrame = '';
  #lines: string[] = [];
  #plainLines = 0;
  /** After so many lines it only prints: more than it could print again. */
  #plainAfter = PLAIN_AFTER_LINES;
  /** So many rows what was told could take. */
  #toldRows = 0;
  #isOnAlternate = false;
  /** Rows as the terminal cut them to another size, and how many frames came since, while the program has not painted them. */
  #cut: { rows: readonly string[] | undefined; frames: number } | undefined;

  /** Opens the screen; `told` is on it already and has been given to the reader. */
  static async open(openTerminal: OpenTerminal, columns: number, rows: number, told: string): Promise<ScreenLog> {
    const log = new ScreenLog(columns);
    log.#terminal = await openTerminal(columns, rows, (snapshot) => log.#read(snapshot));
    if (told !== '') {
      await log.write(told);
      log.#terminal.snapshot();
      log.#normal.takeAll();
      log.#lines = [];
    }
    return log;
  }

  private constructor(columns: number) {
    this.#columns = columns;
  }

  /** True when the program has only printed lines for a while. */
  get isPlain(): boolean {
    return this.#plainLines >= this.#plainAfter;
  }

  async write(text: string): Promise<void> {
    await this.#terminal?.write(text);
  }

  /** The terminal lays out anew what is on it, and the program paints it anew for the new size. */
  resize(columns: number, rows: number): void {
    this.#terminal?.resize(columns, rows, () => {
      this.#columns = columns;
      this.#cut = { rows: undefined, frames: 0 };
    });
  }

  /** The lines that have settled since the last call. */
  take(): string[] {
    append(this.#lines, this.#current.takeSettled());
    const lines = this.#lines;
    this.#lines = [];
    for (const { length } of lines) this.#toldRows += 1 + Math.ceil(length / FEWEST_LETTERS);
    return lines;
  }

  /** A moment has passed: gives also what has stood for some of them. */
  stand(): string[] {
    if (this.#terminal?.isBetweenFrames === true) this.#terminal.snapshot();
    append(this.#lines, this.#current.takeStood());
    return this.take();
  }

  settle(): string[] {
    // Who has not painted by then does not.
    this.#cut = undefined;
    this.#terminal?.snapshot();
    append(this.#lines, this.#current.takeQuiet());
    return this.take();
  }

  close(): string[] {
    this.#cut = undefined;
    this.#terminal?.snapshot();
    append(this.#lines, this.#current.takeAll());
    this.#terminal?.dispose();
    return this.take();
  }

  text(): void {
    // Only what ends lines and what addresses the screen tells the two kinds of output apart.
  }

  control(code: number): boolean {
    if (code !== 0x0a || this.#isOnAlternate) return false;
    this.#plainLines++;
    return this.isPlain;
  }

  sequence(kind: 'csi' | 'escape', body: string): boolean {
    if (kind === 'csi' && /^\?[\d;]*\b(?:47|1047|1049)\b[\d;]*[hl]$/.test(body))
      this.#isOnAlternate = body.endsWith('h');
    if (isAddressing(kind, body)) {
      this.#plainLines = 0;
      this.#plainAfter = PLAIN_AFTER_LINES + this.#toldRows;
    }
    return false;
  }

  #read(snapshot: Snapshot): void {
    const frame = snapshot.rows.map((row) => row.text).join('\n');
    const transcript = snapshot.isAlternate ? this.#alternate : this.#normal;
    if (transcript !== this.#current) {
      append(this.#lines, this.#current.takeAll());
      this.#current = transcript;
      this.#lastFrame = '';
    }
    const isUnchanged = frame === this.#lastFrame && snapshot.historyRows === 0;
    const isCut = snapshot.isAlternate && this.#isCut(frame.split('\n'), snapshot.isMisfit);
    if (!isUnchanged && !isCut) {
      const content = readScreen(snapshot.rows, this.#columns, snapshot.historyRows);
      if (snapshot.isReflowed) transcript.reflow(content);
      else transcript.read(content);
    }
    if (!isCut) this.#lastFrame = frame;
    if (snapshot.isErasing && !snapshot.isAlternate) transcript.erase();
    append(this.#lines, transcript.takeSettled());
  }

  /** The alternate screen does not lay its rows out anew: it just cuts them off, until the program has painted them. */
  #isCut(rows: readonly string[], isMisfit: boolean): boolean {
    const cut = this.#cut;
    if (!cut) return false;
    // What is painted for the size before is no better.
    if (isMisfit || cut.rows === undefined) cut.rows = rows;
    const known = cut.rows.filter((row) => row.trim() !== '');
    const painted = rows.filter((row) => row.trim() !== '' && !known.includes(row)).length;
    if (painted < Math.max(1, known.length * REPAINTED) && ++cut.frames < REPAINTED_FRAMES) return true;
    this.#cut = undefined;
    return false;
  }
}
