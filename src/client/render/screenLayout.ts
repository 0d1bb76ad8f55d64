import { INVISIBLE } from '../../common/terminalParser.js';
import {
  isArt,
  isAside,
  isBoxEnd,
  isClosedBoxEnd,
  isChild,
  isDialogHint,
  isFolder,
  isInput,
  isKeyHint,
  isMessage,
  isOption,
  isRail,
  isRailEnd,
  isRule,
  isStatus,
  isTitledBox,
  isWideRule,
  undecorate,
} from './decoration.js';
import type { ScreenRow } from './headlessTerminal.js';

/** One logical line of the conversation on the screen. */
export interface ContentLine {
  /** Without blanks at both ends. */
  readonly text: string;
  readonly indent: number;
  /** True when a blank row or decoration is above it: it begins a block. */
  readonly beginsBlock: boolean;
  /** True when it has scrolled out of the screen. */
  readonly isHistory: boolean;
  /** True when it is the first line below a status: one that an older picture of the program has left there. */
  readonly isBelowStatus: boolean;
}

/** The screen as a person sees it: a conversation, and below it what is only for the moment. */
export interface ScreenContent {
  readonly lines: readonly ContentLine[];
  /** True while the program shows that it works or asks: its last block may still change. */
  readonly isUnfinished: boolean;
}

/** Rows that an input area with its footers takes at most, for the rules that look for one. */
const MAX_FOOTERS = 5;

/** Reads the rows of a snapshot, the first `historyRows` of which have left the screen. Input boxes, dialogs, status lines, footers and drawings are left out. */
export function readScreen(rows: readonly ScreenRow[], columns: number, historyRows = 0): ScreenContent {
  const texts = rows.map((row) =>
    withoutMargin(
      row.text
        .replace(INVISIBLE, '')
        .replace(/\u00a0/g, ' ')
        .trimEnd(),
      columns,
    ),
  );
  const liveStart = findLiveArea(texts, columns);
  const live = texts.slice(liveStart);
  let isUnfinished = live.some((row) => isStatus(row) || isOption(row) || isDialogHint(row));
  const lines: JoinedLine[] = [];
  let beginsBlock = true;
  // A box that begins above the screen, or with a title: a panel of the program.
  let isInTitledBox = startsInsideBox(texts);
  let isBelowStatus = false;
  let isAfterStatus = false;
  for (const [index, row] of texts.slice(0, liveStart).entries()) {
    isInTitledBox ||= isTitledBox(row);
    const isInside = isInTitledBox;
    if (isBoxEnd(row)) isInTitledBox = false;
    const isStatusRow = isStatus(row);
    isUnfinished ||= isStatusRow;
    isAfterStatus ||= isStatusRow;
    isBelowStatus = isStatusRow || (isBelowStatus && (isChild(row) || isFarIn(row)));
    if (isInside || isBelowStatus || isRule(row) || isArt(row) || isAside(row) || isAtRight(row, columns)) {
      beginsBlock = true;
      continue;
    }
    const text = undecorate(row);
    if (text.trim() === '') {
      // The empty rows inside a box or beside a rail are its padding.
      if (row.trim() === '') beginsBlock = true;
      continue;
    }
    const previous = beginsBlock ? undefined : lines.at(-1);
    const isContinuation = rows[index]?.isContinuation ?? false;
    if (!previous?.join(text, isContinuation, columns)) {
      lines.push(new JoinedLine(text, beginsBlock, isAfterStatus));
      isAfterStatus = false;
    }
    const line = lines.at(-1);
    if (line) line.isHistory = index < historyRows;
    beginsBlock = false;
  }
  return { lines, isUnfinished };
}

/** Gathers the rows over which a program or the terminal has wrapped one line. */
class JoinedLine implements ContentLine {
  text: string;
  readonly indent: number;
  readonly beginsBlock: boolean;
  readonly isBelowStatus: boolean;
  isHistory = false;
  #isBrokenByTerminal = false;
  readonly #textColumn: number;
  /** The same behind the mark of an item of a list. */
  readonly #itemColumn: number;
  #lastRow: string;

  constructor(row: string, beginsBlock: boolean, isBelowStatus: boolean) {
    this.isBelowStatus = isBelowStatus;
    this.text = row.trim();
    this.indent = row.length - row.trimStart().length;
    this.beginsBlock = beginsBlock;
    // Where the text begins behind a bullet.
    this.#textColumn = /^\s*(?:[^\p{L}\p{N}\s"'`([{<$/~-]\s+)?/u.exec(row)?.[0].length ?? 0;
    const mark = /^(?:[-*+•]|\d+[.)])\s+/.exec(row.slice(this.#textColumn))?.[0] ?? '';
    this.#itemColumn = this.#textColumn + mark.length;
    this.#lastRow = row;
  }

  /** Adds `row` when it continues this line; false when it is a line of its own. */
  join(row: string, isContinuation: boolean, columns: number): boolean {
    const text = row.trimStart();
    const isListed = isMessage(row) || /^(?:[-*+•]|\d+[.)]?)\s/.test(text);
    const end = this.#lastRow.length;
    // A terminal forgets too late that it broke a row which was painted anew.
    if (isContinuation && (end === columns || (end > columns * 0.7 && !isListed))) {
      this.#isBrokenByTerminal = true;
      this.text += end < columns ? ` ${text}` : row;
    } else {
      // Who leaves it to the terminal to wrap does not do it himself.
      if (this.#isBrokenByTerminal || this.#lastRow.endsWith('…')) return false;
      const indent = row.length - text.length;
      const firstWord = /^\S+/.exec(text)?.[0] ?? '';
      // Wrapped means that the next word did not fit: at the end of a row, or anywhere when it fits in no row.
      const hadNoRoom =
        end + 1 + firstWord.length > columns - 4 && (end > columns * 0.7 || firstWord.length > columns * 0.9);
      const isBelow = indent === this.#textColumn || indent === this.#itemColumn;
      if (!hadNoRoom || !isBelow || isListed) return false;
      // A word too long for any row is cut at the border, between words a blank is.
      const isCutWord = /\S{60}$/.test(this.#lastRow) && this.#lastRow.length >= columns - 2;
      this.text += (isCutWord ? '' : ' ') + text;
    }
    this.#lastRow = row;
    return true;
  }
}

function startsInsideBox(rows: readonly string[]): boolean {
  return /^\s*[│┃].*[│┃]$/.test(rows[0] ?? '') && isBoxEnd(rows.find((row) => !/^\s*[│┃].*[│┃]$/.test(row)) ?? '');
}

/** The next row of what hangs below another one. */
function isFarIn(row: string): boolean {
  return /^\s{4,}\S/.test(row);
}

/** `row` without a scroll bar at the border and the time of day beside it. */
function withoutMargin(row: string, columns: number): string {
  if (row.length < columns - 4 || isRail(row.trimStart())) return row;
  return row
    .replace(/\s[█▐┃]$/, '')
    .trimEnd()
    .replace(/\s{2,}\d{1,2}:\d\d(?: [AP]M)?$/i, '');
}

/** Status shown at the right side of an otherwise empty row. */
function isAtRight(row: string, columns: number): boolean {
  const indent = row.length - row.trimStart().length;
  return indent > columns / 10 && row.length > columns - 4
    ? true
    : indent > columns * 0.55 && row.length > columns * 0.8;
}

/** The index of the first row of the input area or dialog at the bottom of the screen; the length when there is none. */
function findLiveArea(rows: readonly string[], columns: number): number {
  const last = rows.findLastIndex((row) => row.trim() !== '');
  const start =
    findRailBox(rows, last) ??
    findBox(rows, last) ??
    findRuledArea(rows, last, columns) ??
    findOptions(rows, last) ??
    findInput(rows, last) ??
    rows.length;
  return start < rows.length && isFolder(rows[start - 1] ?? '') ? start - 1 : start;
}

/** A box with only a left rail that stands at the bottom, or with its lower edge above the footers. */
function findRailBox(rows: readonly string[], last: number): number | undefined {
  const lowest = findAboveFooters(rows, last, (row) => isRail(row) || isRailEnd(row));
  if (lowest === undefined) return undefined;
  const isClosed = isRailEnd(rows[lowest] ?? '');
  if (!isClosed && lowest !== last) return undefined;
  let start = isClosed ? lowest : lowest + 1;
  while (start > 0 && isRail(rows[start - 1] ?? '')) start--;
  return isRail(rows[start] ?? '') ? start : undefined;
}

/** A closed box at the bottom that contains an input line or options. */
function findBox(rows: readonly string[], last: number): number | undefined {
  const end = findAboveFooters(rows, last, isClosedBoxEnd);
  if (end === undefined) return undefined;
  const start = rows.findLastIndex((row, index) => index < end && /^ ?╭─+/.test(row));
  const inside = rows.slice(start + 1, end).map((row) => row.replace(/^\s*[│┃]/, ''));
  return start >= 0 && inside.some((row) => isInput(row) || isOption(row)) ? start : undefined;
}

/** The lowest row of a kind, when only a few rows with text are below it. */
function findAboveFooters(
  rows: readonly string[],
  last: number,
  isWanted: (row: string) => boolean,
): number | undefined {
  for (let index = last, footers = 0; index >= 0 && footers <= MAX_FOOTERS; index--) {
    const row = rows[index] ?? '';
    if (isWanted(row)) return index;
    if (row.trim() !== '') footers++;
  }
  return undefined;
}

/** What lies below the highest wide rule, when no message or status stands between that rule and the bottom. */
function findRuledArea(rows: readonly string[], last: number, columns: number): number | undefined {
  let start: number | undefined;
  for (let index = last; index >= 0; index--) {
    const row = rows[index] ?? '';
    if (isWideRule(row, columns)) start = index;
    else if (isStatus(row) ? start !== undefined : isMessage(row) && !isOption(row)) break;
  }
  if (start === undefined) return undefined;
  return rows.slice(start).some((row) => isInput(row) || isOption(row) || isKeyHint(row)) ? start : undefined;
}

/** Options with a cursor and a hint how to confirm: the dialog begins behind the message above them. */
function findOptions(rows: readonly string[], last: number): number | undefined {
  const option = rows.findLastIndex((row) => isOption(row));
  if (option < 0 || !rows.slice(option).some((row) => isDialogHint(row)) || last - option > 15) return undefined;
  let start = option;
  while (start > 0 && !isMessage(rows[start - 1] ?? '') && !isInput(rows[start - 1] ?? '')) start--;
  // What hangs below the message belongs to it.
  while (start < option && (rows[start] ?? '').trim() !== '') start++;
  return start;
}

/** A line to type in without a border, with nothing but footers below it. */
function findInput(rows: readonly string[], last: number): number | undefined {
  const input = rows.findLastIndex((row) => isInput(row));
  if (input < 0 || last - input > 15) return undefined;
  const below = rows.slice(input + 1, last + 1).filter((row) => row.trim() !== '');
  if (below.some((row) => isMessage(row) && !isStatus(row))) return undefined;
  if (below.length > 0 && !below.some((row) => isKeyHint(row) || / · /.test(row))) return undefined;
  return input;
}
