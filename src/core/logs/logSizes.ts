import { renameSync, rmSync, statSync } from 'node:fs';
import { appendTextSync, readTextSync, writeNewSync } from '../../common/files.js';
import { siblingPath } from '../../protocol/sessionFiles.js';
import { FIRST_SIZE, type LogSize } from '../../protocol/logSize.js';

/** Enough for days of dragging at the edge of a window; beyond that the oldest half is forgotten. */
const MAX_LINES = 1000;

/**
 * The sizes that the terminal of a log had, in a file beside it with a line `<offset> <columns> <rows>` for each.
 *
 * Read and written at once like the log itself: nobody can be sent a byte behind an offset before its size is known.
 */
export class LogSizes {
  readonly #log: string;
  readonly #path: string;

  /** @param log path of the log, `<id>.log` */
  constructor(log: string) {
    this.#log = log;
    this.#path = siblingPath(log, 'log', 'sizes');
  }

  /**
   * The terminal has this size from the present end of the log on.
   *
   * @returns undefined when it had it before
   * @throws what the file system throws
   */
  note(columns: number, rows: number): LogSize | undefined {
    const text = this.#text();
    const sizes = parseLogSizes(text);
    const last = sizes.at(-1);
    if (last?.columns === columns && last.rows === rows) return undefined;
    // A log that was removed goes on behind what it had.
    const offset = Math.max(statSync(this.#log, { throwIfNoEntry: false })?.size ?? 0, last?.offset ?? 0);
    const size = { offset, columns, rows };
    const isWhole = text === '' || text.endsWith('\n');
    if (isWhole && text.split('\n').length <= MAX_LINES) {
      appendTextSync(this.#path, sizeLine(size));
    } else {
      const kept = [...sizes.slice(-MAX_LINES / 2), size];
      const fresh = `${this.#path}.new`;
      rmSync(fresh, { force: true });
      writeNewSync(fresh, kept.map(sizeLine).join(''));
      renameSync(fresh, this.#path);
    }
    return size;
  }

  /** The sizes from an offset on; the first one tells the size there. */
  from(offset: number): LogSize[] {
    return sizesFrom(parseLogSizes(this.#text()), offset);
  }

  #text(): string {
    try {
      return readTextSync(this.#path);
    } catch {
      // Most terminals never change, and what else stands there tells no sizes.
      return '';
    }
  }
}

/** Sizes in the order of their offsets, the last one of each; what is not a whole line of ours is skipped. */
export function parseLogSizes(text: string): LogSize[] {
  const sizes: LogSize[] = [{ offset: 0, ...FIRST_SIZE }];
  for (const [, ...values] of text.matchAll(/^(\d{1,15}) ([1-9]\d{0,4}) ([1-9]\d{0,4})\n/gm)) {
    const [offset = 0, columns = 0, rows = 0] = values.map(Number);
    while ((sizes.at(-1)?.offset ?? -1) >= offset) sizes.pop();
    const last = sizes.at(-1);
    if (last?.columns !== columns || last.rows !== rows) sizes.push({ offset, columns, rows });
  }
  return sizes;
}

/** The sizes from an offset on; the first one tells the size there. */
export function sizesFrom(sizes: readonly LogSize[], offset: number): LogSize[] {
  const index = sizes.findLastIndex((size) => size.offset <= offset);
  return [{ ...(sizes[index] ?? FIRST_SIZE), offset }, ...sizes.slice(index + 1)];
}

/** As {@link parseLogSizes} reads it. */
export function sizeLine({ offset, columns, rows }: LogSize): string {
  return `${offset} ${columns} ${rows}\n`;
}
