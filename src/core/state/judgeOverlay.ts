import { stripTerminal } from '../../common/terminalText.js';
import { truncate } from '../../common/text.js';
import type { ScreenJudgement } from '../../protocol/judgement.js';
import type { ScreenRules } from '../../protocol/screen.js';
import { requestOf } from './requestOf.js';
import type { ScreenLine } from './screenLines.js';

/** The overlay's title and its key stand apart. */
const GAP = '   ';
/** Columns that an overlay has at least, or nobody could read it. */
const NARROWEST = 30;
/** So much of a screen may stay free at its right. */
const MARGIN = 4;

/**
 * A list that a person has opened in the middle of the screen. Its title begins as far from the left edge as its key ends
 * from the right one, which what an agent prints does by no accident. What it lists is the person's alone to choose.
 *
 * @param columns of the terminal, where they are known
 */
export function judgeOverlay(
  { overlay }: Pick<ScreenRules, 'overlay'>,
  lines: readonly ScreenLine[],
  columns?: number,
): Partial<ScreenJudgement> | undefined {
  if (overlay === undefined) return undefined;
  const widest = Math.max(0, ...lines.map(({ raw }) => raw.length));
  const fits = (width: number): boolean =>
    columns === undefined ? width >= widest && width <= widest + MARGIN : width === columns;
  for (const { raw } of lines) {
    const found = titleIn(raw, ` ${overlay}`, fits);
    if (found === undefined) continue;
    const question = truncate(stripTerminal(found), 200);
    return { state: 'waiting', kind: 'question', request: requestOf({ question, text: question }), rule: 'overlay' };
  }
  return undefined;
}

function titleIn(raw: string, key: string, fits: (width: number) => boolean): string | undefined {
  for (let at = raw.indexOf(key); at >= 0; at = raw.indexOf(key, at + 1)) {
    const end = at + key.length;
    const before = raw.slice(0, at).trimEnd();
    const start = before.lastIndexOf(GAP) + GAP.length;
    const title = before.slice(start);
    const isApart = start >= GAP.length && at - before.length >= GAP.length && (end === raw.length || raw[end] === ' ');
    if (isApart && end - start >= NARROWEST && fits(start + end) && /^\p{Lu}/u.test(title)) return title;
  }
  return undefined;
}
