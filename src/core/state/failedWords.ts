import { pattern } from './patterns.js';
import type { ScreenLine } from './screenLines.js';

/** A row that goes on with the one above stands so much further in at most. */
const FURTHER_IN = 4;
/** More rows than what went wrong takes on any screen: those of people are not much higher. */
const MOST_ROWS = 60;
/** What begins a row of its own, where it stands no further in: a mark, a path, a time. */
const OWN_ROW = /^\s*[^\p{L}\p{N}("'“‘]/u;

interface Words {
  readonly text: string;
  /** Index behind its last row. */
  readonly end: number;
}

/**
 * What a tool says went wrong in a turn, whole, however many rows that takes; undefined when it says nothing of that. The
 * lowest counts.
 *
 * @param turn its rows, blank ones too
 * @param near so far from the last row what it says may end
 */
export function failedWords(sources: readonly string[], turn: readonly ScreenLine[], near: number): string | undefined {
  const last = turn.flatMap(({ blank }, index) => (blank ? [] : [index])).slice(-near);
  const [first = Infinity] = last;
  for (let at = turn.length - 1; at >= Math.max(0, first - MOST_ROWS); at--) {
    const { text, end } = wordsFrom(turn, at);
    if (end <= first) continue;
    for (const source of sources) {
      const match = pattern(source).exec(text);
      if (match) return (match[1] ?? match[0]).trim();
    }
  }
  return undefined;
}

/** A row with those that go on with it. */
function wordsFrom(turn: readonly ScreenLine[], at: number): Words {
  const rows = turn.slice(at, at + MOST_ROWS);
  const [{ text: first, blank } = { text: '', blank: true }] = rows;
  const stop = blank ? 1 : rows.findIndex((row, index) => index > 0 && !goesOn(first, row));
  const own = rows.slice(0, stop < 0 ? rows.length : stop);
  return { text: [first, ...own.slice(1).map(({ text }) => text.trim())].join(' '), end: at + own.length };
}

function goesOn(first: string, { text, blank }: ScreenLine): boolean {
  const further = indentOf(text) - indentOf(first);
  return !blank && further <= FURTHER_IN && (further > 0 || (further === 0 && !OWN_ROW.test(text)));
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length;
}
