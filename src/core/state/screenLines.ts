import { stripVTControlCharacters } from 'node:util';

/** A line of a screen without the frames around it, escape sequences and trailing blanks. */
export interface ScreenLine {
  readonly text: string;
  /** The row as it is drawn, but for escape sequences and the blanks at its end. */
  readonly raw: string;
  /** Nothing stands in it, or only what is drawn. */
  readonly blank: boolean;
  /** A line is drawn across the screen. */
  readonly rule: boolean;
}

const LEFT_FRAME = /^\s*[│┃║▎╎╹╻]/u;
const RIGHT_FRAME = /[│┃║▎╎]$/u;
const ONLY_DRAWN = /^[\s\u2500-\u259f]*$/u;
const RULE = /[─━═╌┄]{3}/u;
const CORNER = /[╭╮╰╯┌┐└┘]/u;
/** Frames are rarely nested deeper. */
const FRAMES = 4;

function withoutFrames(line: string): string {
  let text = line;
  for (let depth = 0; depth < FRAMES; depth++) {
    const inner = text.replace(LEFT_FRAME, '').trimEnd().replace(RIGHT_FRAME, '').trimEnd();
    if (inner === text) break;
    text = inner;
  }
  return text.trimEnd();
}

/** So much of a screen is looked at, from its bottom up: those of people are smaller. */
const BYTES = 1_000_000;
const LETTERS = 60_000;
const ROWS = 300;
const COLUMNS = 1000;

/** The rows at the bottom of a screen, each that is cut with a sign that no command is made of. */
function bottomRows(screenText: string): readonly string[] {
  const rows: string[] = [];
  let left = LETTERS;
  for (const row of stripVTControlCharacters(screenText.slice(-BYTES)).split('\n').slice(-ROWS).reverse()) {
    const full = withoutEnd(row, ' \r');
    left -= Math.min(full.length, COLUMNS);
    if (left < 0) break;
    rows.unshift(full.length > COLUMNS ? `${full.slice(0, COLUMNS)}…` : full);
  }
  return rows;
}

/** A text without some letters at its end: an expression for that takes quadratic time. */
function withoutEnd(text: string, letters: string): string {
  let end = text.length;
  while (end > 0 && letters.includes(text.charAt(end - 1))) end--;
  return text.slice(0, end);
}

/** The lines of a screen from top to bottom, up to the last one with anything in it. */
export function screenLines(screenText: string): readonly ScreenLine[] {
  const lines = bottomRows(screenText).map((raw): ScreenLine => {
    const line = raw.replace(/[\u0000-\u0008\u000b-\u001f\u007f]/gu, '').replace(/\u00a0/gu, ' ');
    const blank = ONLY_DRAWN.test(line) || ONLY_DRAWN.test(withoutFrames(line));
    const rule = blank && RULE.test(line);
    return { raw, text: rule && !CORNER.test(line) ? line.trimEnd() : blank ? '' : withoutFrames(line), blank, rule };
  });
  const last = lines.findLastIndex(({ blank, rule }) => !blank || rule);
  return lines.slice(0, last + 1);
}

/** The lines that say something. */
export function textLines(screenText: string): readonly string[] {
  return screenLines(screenText).flatMap(({ text, blank }) => (blank ? [] : [text]));
}
