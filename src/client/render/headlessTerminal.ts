import type * as Headless from '@xterm/headless';

/** One row of the screen, or of what scrolled out of it. */
export interface ScreenRow {
  readonly text: string;
  /** True when the terminal itself broke the line: this row continues the one above. */
  readonly isContinuation: boolean;
}

/** What is on the screen at one moment, preceded by the rows that scrolled out of it since the last snapshot. */
export interface Snapshot {
  readonly isAlternate: boolean;
  /** Begins with the row that was the first of the screen at the last snapshot (of the normal screen). */
  readonly rows: readonly ScreenRow[];
  /** How many of the rows have scrolled out of the screen. */
  readonly historyRows: number;
  /** True when the program is about to erase the whole screen. */
  readonly isErasing: boolean;
  /** True when nothing was written since the last snapshot, and the rows begin with the first of the screen. */
  readonly isReflowed: boolean;
  /** True when the program went to a place outside of the screen: it takes it for larger than it is. */
  readonly isMisfit: boolean;
}

/** Rows that may scroll out between two snapshots before they are taken into one. */
const SCROLLBACK = 1000;

/** Opens the terminal; the program that draws the screens is loaded by the first call. */
export type OpenTerminal = (
  columns: number,
  rows: number,
  onFrame: (snapshot: Snapshot) => void,
) => Promise<HeadlessTerminal>;

/** A terminal without a window, that tells when a program has finished painting a frame. */
export class HeadlessTerminal {
  readonly #terminal: Headless.Terminal;
  readonly #onFrame: (snapshot: Snapshot) => void;
  /** Follows the first row of the screen of the last snapshot as it scrolls. */
  #top: { readonly line: number; dispose(): void } | undefined;
  #isPainting = false;
  /** Row by row the program erases what it will paint anew. */
  #isErasingRows = false;
  #scrolled = 0;
  #isMisfit = false;

  constructor(terminal: Headless.Terminal, onFrame: (snapshot: Snapshot) => void) {
    this.#terminal = terminal;
    this.#onFrame = onFrame;
    this.#watchFrames();
  }

  /** Resolves when all of `text` has been interpreted; frames in it were reported by then. */
  write(text: string): Promise<void> {
    return new Promise((resolve) => this.#terminal.write(text, resolve));
  }

  /** False while the program paints a frame, as far as it says so. */
  get isBetweenFrames(): boolean {
    return !this.#isPainting && !this.#isErasingRows;
  }

  /** Reports what is on the screen, finished or not. */
  snapshot({ isErasing = false, isReflowed = false } = {}): void {
    const buffer = this.#terminal.buffer.active;
    const isAlternate = buffer.type === 'alternate';
    if (isReflowed && !isAlternate) this.#markTop();
    let first = isAlternate ? 0 : Math.min(buffer.baseY, this.#isTopErased ? buffer.baseY : (this.#top?.line ?? 0));
    while (first > 0 && buffer.getLine(first)?.isWrapped === true) first--;
    const rows: ScreenRow[] = [];
    for (let y = first; y < buffer.length; y++) {
      const line: Headless.IBufferLine | undefined = buffer.getLine(y);
      // A row may keep what stood right of the edge before the screen got narrower.
      if (line)
        rows.push({ text: line.translateToString(true, 0, this.#terminal.cols), isContinuation: line.isWrapped });
    }
    if (!isAlternate) this.#markTop();
    this.#scrolled = 0;
    this.#onFrame({
      isAlternate,
      rows,
      historyRows: buffer.baseY - first,
      isErasing,
      isReflowed,
      isMisfit: this.#isMisfit,
    });
    this.#isMisfit = false;
  }

  /** A mark goes with the row that it marks. */
  get #isTopErased(): boolean {
    return this.#top?.line === -1;
  }

  #markTop(): void {
    this.#top?.dispose();
    this.#top = this.#terminal.registerMarker(-this.#terminal.buffer.active.cursorY);
  }

  /**
   * Changes the size between two snapshots: of what was on the screen before, and of the same after. In the middle of a
   * synchronized update both would show what nobody ever sees.
   *
   * @param onResized called between the two
   */
  resize(columns: number, rows: number, onResized: () => void): void {
    if (!this.#isPainting) this.snapshot();
    this.#terminal.resize(columns, rows);
    onResized();
    if (!this.#isPainting) this.snapshot({ isReflowed: true });
  }

  dispose(): void {
    this.#terminal.dispose();
  }

  /**
   * A frame is finished where a synchronized update ends. Programs that do not use those finish one before they go back
   * up to paint the next or erase its rows, before they erase the screen or change to the other one, and whenever half a
   * screen scrolled.
   */
  #watchFrames(): void {
    const { parser } = this.#terminal;
    const before = (): boolean => {
      if (!this.#isPainting && !this.#isErasingRows) this.snapshot();
      return false;
    };
    const painted = (): boolean => (this.#isErasingRows = false);
    const row = (params: readonly (number | number[])[]): number => Math.max(1, Number(params[0] ?? 1)) - 1;
    const goTo = (params: readonly (number | number[])[]): boolean => {
      const { cols, rows, buffer } = this.#terminal;
      painted();
      if (row(params) < buffer.active.cursorY) before();
      this.#isMisfit ||= row(params) >= rows || Number(params[1] ?? 1) > cols;
      return false;
    };
    parser.registerCsiHandler({ final: 'J' }, (params) => {
      const { cursorX, cursorY } = this.#terminal.buffer.active;
      const isWhole = params[0] === 2 || (params[0] === 0 && cursorX === 0 && cursorY === 0);
      if (!this.#isPainting) this.snapshot({ isErasing: isWhole });
      return false;
    });
    parser.registerCsiHandler({ final: 'K' }, (params) => {
      if (params[0] !== 2 || this.#isErasingRows) return false;
      before();
      this.#isErasingRows = true;
      return false;
    });
    parser.registerCsiHandler({ final: 'G' }, painted);
    for (const final of ['A', 'F', 'u']) parser.registerCsiHandler({ final }, before);
    for (const final of ['H', 'f', 'd']) parser.registerCsiHandler({ final }, goTo);
    for (const final of ['M', '8', 'c']) parser.registerEscHandler({ final }, before);
    const isMode = (params: readonly (number | number[])[], ...modes: readonly number[]): boolean =>
      params.some((mode) => typeof mode === 'number' && modes.includes(mode));
    parser.registerCsiHandler({ prefix: '?', final: 'h' }, (params) => {
      if (isMode(params, 2026)) this.#isPainting = true;
      return isMode(params, 47, 1047, 1049) ? before() : false;
    });
    parser.registerCsiHandler({ prefix: '?', final: 'l' }, (params) => {
      if (isMode(params, 2026) && this.#isPainting) {
        this.#isPainting = false;
        this.snapshot();
      }
      return isMode(params, 47, 1047, 1049) ? before() : false;
    });
    this.#terminal.onLineFeed(() => {
      painted();
      if (this.#isTopErased && this.#terminal.buffer.active.type === 'normal') this.#markTop();
      const isAtBottom = this.#terminal.buffer.active.cursorY === this.#terminal.rows - 1;
      if (isAtBottom && ++this.#scrolled >= this.#terminal.rows / 2) this.snapshot();
    });
  }
}

/** Loads the terminal library on first use: nobody pays for it who reads plain logs only. */
export const openHeadlessTerminal: OpenTerminal = async (columns, rows, onFrame) => {
  const library: typeof Headless & { default?: typeof Headless } = await import('@xterm/headless');
  // As a CommonJS package it has its exports in `default` when Node imports it.
  const { Terminal } = library.default ?? library;
  const terminal = new Terminal({
    cols: columns,
    rows,
    scrollback: SCROLLBACK,
    allowProposedApi: true,
    logLevel: 'off',
  });
  return new HeadlessTerminal(terminal, onFrame);
};
