import type { DrawnRow, ScreenDialog } from '../../protocol/screen.js';
import type { FoundOptions } from './dialogOptions.js';
import { pattern } from './patterns.js';
import { type ScreenLine } from './screenLines.js';

/** What is asked, to the byte. */
export interface ExactlyAsked {
  readonly command?: string;
  readonly path?: string;
}

/** Where a screen is wider than what stands on it. */
export interface DialogPlace {
  readonly lines: readonly ScreenLine[];
  readonly found: FoundOptions;
  /** Matches a header of any dialog of the tool. */
  readonly headers: readonly string[];
  /** Of the terminal, where they are known. */
  readonly columns: number | undefined;
}

/** One line in which every sign can be seen for what it is, and nothing can hide at either end. */
const PLAIN = /^[!-~](?:[ -~]*[!-~])?$/u;
/** A sign at the right edge of a frame, or drawn up to it. */
const EDGE = /[│╮╯─╌]$/u;
/** The frame at the right. */
const ONLY_FRAME = /^[ │]+$/u;
/** Without a frame at its right so many columns stay free beside a line that is known not to go on. */
const SPARE = 4;
/** A path that a tool has shortened. */
const SHORTENED = /\.\.\.|…/u;

/**
 * What a dialog asks, when every row of it from above its only header down to its options stands exactly as the tool
 * draws it around one line of plain text; undefined when anything else could be meant.
 */
export function readExactly({ drawn }: Pick<ScreenDialog, 'drawn'>, place: DialogPlace): ExactlyAsked | undefined {
  const { lines, found, headers } = place;
  const heads = lines
    .slice(0, found.first)
    .flatMap(({ text }, index) => (headers.some((source) => pattern(source).test(text)) ? [index] : []));
  const [head, ...more] = heads;
  if (head === undefined || more.length > 0 || !areDistinct(found)) return undefined;
  for (const rows of drawn) {
    for (let start = head; start >= Math.max(0, head - rows.length); start--) {
      const taken = matchRows(rows, lines, start, found.first);
      const asked = taken && askedIn(taken, place);
      if (asked) return asked;
    }
  }
  return undefined;
}

function areDistinct({ options }: FoundOptions): boolean {
  return options.length > 1 && new Set(options.map(({ label }) => label)).size === options.length;
}

/** A row that one pattern matched. */
interface Taken {
  readonly raw: string;
  readonly groups: Readonly<Record<string, string>>;
  /** There may be any number of it, of any content. */
  readonly isFree: boolean;
}

/** The rows from `start` to before `end`, each with the element that it is; undefined when they are anything else. */
function matchRows(
  rows: readonly DrawnRow[],
  lines: readonly ScreenLine[],
  start: number,
  end: number,
): readonly Taken[] | undefined {
  const failed = new Set<number>();
  const from = (element: number, at: number): readonly Taken[] | undefined => {
    const key = element * (end + 1) + at;
    if (failed.has(key)) return undefined;
    const row = rows[element];
    if (row === undefined) return at === end ? [] : undefined;
    const found = step(row, element, at);
    if (found === undefined) failed.add(key);
    return found;
  };
  const step = (row: DrawnRow, element: number, at: number): readonly Taken[] | undefined => {
    if (typeof row !== 'string' && 'words' in row) {
      const past = wordsEnd(row.words, lines, at, end);
      return (past === undefined ? undefined : from(element + 1, past)) ?? from(element + 1, at);
    }
    const times = typeof row === 'string' ? '1' : row.times;
    const taken = at < end ? takenBy(typeof row === 'string' ? row : row.row, lines[at], times === '*') : undefined;
    const rest = taken && from(times === '*' ? element : element + 1, at + 1);
    if (taken && rest) return [taken, ...rest];
    return times === '1' ? undefined : from(element + 1, at);
  };
  return from(0, start);
}

function takenBy(source: string, line: ScreenLine | undefined, isFree: boolean): Taken | undefined {
  const match = line && pattern(source).exec(line.raw);
  if (match?.[0] !== line?.raw || !match) return undefined;
  return { raw: match[0], groups: { ...match.groups }, isFree };
}

/** Where fixed words end that a screen may have wrapped at any of their blanks; undefined when they do not stand there. */
function wordsEnd(words: string, lines: readonly ScreenLine[], start: number, end: number): number | undefined {
  let left = words;
  for (let at = start; at < end; at++) {
    const part = lines[at]?.raw.trim() ?? '';
    if (part === '' || !left.startsWith(part)) return undefined;
    left = left.slice(part.length);
    if (left === '') return at + 1;
    if (!left.startsWith(' ')) return undefined;
    left = left.slice(1);
  }
  return undefined;
}

function askedIn(taken: readonly Taken[], { lines, columns }: DialogPlace): ExactlyAsked | undefined {
  const edges = taken.filter(({ raw, isFree }) => !isFree && EDGE.test(raw)).map(({ raw }) => raw.length);
  const widths = [...edges, ...(columns === undefined || edges.length === 0 ? [] : [columns])];
  if (new Set(widths).size > 1) return undefined;
  const width = columns ?? widths[0] ?? Math.max(...lines.map(({ raw }) => raw.length));
  const asked: Record<string, string> = {};
  for (const { raw, groups } of taken) {
    for (const [name, drawnText] of Object.entries(groups)) {
      const text = drawnText.replace(/ +$/u, '');
      const behind = raw.slice(raw.indexOf(drawnText) + drawnText.length);
      // The blanks at its end are padding up to the frame, and without any it may go on.
      const isShort =
        behind === '' ? raw.length <= width - SPARE : text.length < drawnText.length === ONLY_FRAME.test(behind);
      if (!isShort || !PLAIN.test(text) || (asked[name] ?? text) !== text) return undefined;
      asked[name] = text;
    }
  }
  const { command, path } = asked;
  // A blank behind a backslash is part of a command, and cannot be told from padding.
  if (command?.endsWith('\\') === true || (path !== undefined && SHORTENED.test(path))) return undefined;
  return command === undefined && path === undefined
    ? undefined
    : { ...(command === undefined ? {} : { command }), ...(path === undefined ? {} : { path }) };
}
