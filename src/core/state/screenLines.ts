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

const FRAME = /^\s*[│┃║▎╎╹╻]|\s*[│┃║▎╎]\s*$/gu;
const ONLY_DRAWN = /^[\s\u2500-\u259f]*$/u;
const RULE = /[─━═╌┄]{3}/u;
const CORNER = /[╭╮╰╯┌┐└┘]/u;
/** Frames are rarely nested deeper. */
const FRAMES = 4;

function withoutFrames(line: string): string {
  let text = line;
  for (let depth = 0; depth < FRAMES; depth++) {
    const inner = text.replace(FRAME, '').trimEnd();
    if (inner === text) break;
    text = inner;
  }
  return text.trimEnd();
}

const compiled = new Map<string, RegExp>();

/** A pattern of a tool's file. */
export function pattern(source: string): RegExp {
  let expression = compiled.get(source);
  if (expression === undefined) {
    expression = new RegExp(source, 'mu');
    compiled.set(source, expression);
  }
  return expression;
}

/** The lines of a screen from top to bottom, up to the last one with anything in it. */
export function screenLines(screenText: string): readonly ScreenLine[] {
  const lines = stripVTControlCharacters(screenText)
    .split('\n')
    .map((row): ScreenLine => {
      const raw = row.replace(/[ \r]+$/u, '');
      const line = row.replace(/[\u0000-\u0008\u000b-\u001f\u007f]/gu, '').replace(/\u00a0/gu, ' ');
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
