import type { Conversation } from '../../src/protocol/conversation.js';

/** What a session wrote and which sizes its terminal had, as it came, and what its tool recorded of it. */
export interface Recording {
  readonly program: string;
  readonly steps: readonly RecordedStep[];
  /** In order: each prompt, tool call and sentence that the tool recorded. */
  readonly units: readonly Unit[];
  /** What tools printed: lines of it are no others. */
  readonly results: readonly string[];
  /** When each sentence stood whole on the screen first, by its letters. */
  readonly stood: Readonly<Record<string, number>>;
}

/** At a time in milliseconds: bytes, one a letter, or a size. */
export type RecordedStep =
  | { readonly time: number; readonly bytes: string }
  | { readonly time: number; readonly columns: number; readonly rows: number };

export interface Unit {
  readonly kind: 'prompt' | 'call' | 'sentence';
  readonly text: string;
}

export interface TimedLine {
  readonly time: number;
  readonly text: string;
}

export interface LogVerdict {
  readonly units: number;
  readonly missing: readonly string[];
  readonly repeated: readonly string[];
  /** Lines that are no part of what was said, called or printed. */
  readonly others: readonly string[];
  readonly lines: number;
  /** How long after it stood each sentence was told, in milliseconds. */
  readonly delays: readonly number[];
}

/** Within which a sentence has to be told once it stands. */
const MOST_MS = 1000;

/** Calls that a tool counts instead of naming what they are about. */
const COUNTED_CALLS = /^\W*(?:Read|Searched|Listed)\b.* \d+ \w+/u;

/** Letters and digits alone: what is left of a text however it is drawn and broken. */
export const bare = (text: string): string => text.replace(/[^\p{L}\p{N}]/gu, '');

/** The units of a record, in its order. */
export function unitsOf({ entries }: Pick<Conversation, 'entries'>): Unit[] {
  return entries.flatMap(({ kind, text }): Unit[] => {
    if (kind === 'prompt') return [{ kind, text }];
    if (kind === 'toolCall') return [{ kind: 'call', text: /[\w.]+\.\w+$/.exec(text)?.[0] ?? text }];
    return kind === 'answer' ? sentencesOf(text).map((sentence) => ({ kind: 'sentence', text: sentence })) : [];
  });
}

export function sentencesOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.replace(/^\s*(?:[-*#>]+|\d+\.)\s+|^```.*$/, ''))
    .flatMap((line) => line.split(/(?<=[.?!:])\s+/))
    .filter((sentence) => bare(sentence) !== '');
}

/** Holds the lines of a log against what was said: each unit once, in order. */
export function judgeLog(
  { units, results, stood }: Pick<Recording, 'units' | 'results' | 'stood'>,
  lines: readonly TimedLine[],
): LogVerdict {
  const told = lines.filter(({ text }) => text.trim() !== '').map((line) => ({ ...line, bare: bare(line.text) }));
  const all = told.map((line) => line.bare).join('');
  // Of each letter of the log: the line that it stands in.
  const owner = told.flatMap((line, index) => Array.from({ length: line.bare.length }, () => index));
  const isKnown = new Set<number>();
  const missing: string[] = [];
  const repeated: string[] = [];
  const delays: number[] = [];
  let at = 0;
  for (const [index, { kind, text }] of units.entries()) {
    const letters = bare(text);
    const found = all.indexOf(letters, at);
    if (kind === 'call') {
      const next = units.slice(index + 1).find((unit) => unit.kind !== 'call');
      const end = next === undefined ? -1 : all.indexOf(bare(next.text), at);
      const until = end < 0 ? all.length : end;
      const between = told.filter((_, line) => (owner[at] ?? 0) <= line && line <= (owner[until] ?? told.length));
      // Its name may stand in a later prompt as well.
      if ((found < 0 || found >= until) && between.some(({ text: line }) => COUNTED_CALLS.test(line))) continue;
    }
    if (found < 0) {
      missing.push(`${all.includes(letters) ? 'not in order' : 'missing'}: ${kind}: ${text}`);
      continue;
    }
    at = found + letters.length;
    for (let letter = found; letter < at; letter++) isKnown.add(owner[letter] ?? 0);
    const time = told[owner[at - 1] ?? 0]?.time;
    const since = stood[letters];
    if (kind === 'sentence' && since !== undefined && time !== undefined) delays.push(time - since);
    if (kind === 'call' || letters.length < 20) continue;
    const again = all.indexOf(letters, at);
    const twice = units.filter((unit) => bare(unit.text).includes(letters)).length > 1;
    if (again >= 0 && !twice) repeated.push(text);
  }
  const printed = new Set(results.flatMap((result) => result.split('\n')).map(bare));
  const isOther = (line: { readonly bare: string }, index: number): boolean =>
    !isKnown.has(index) && !printed.has(line.bare);
  return {
    units: units.length,
    missing,
    repeated,
    others: told.filter(isOther).map(({ text }) => text),
    lines: told.length,
    delays,
  };
}

/** What is wrong with a log, one line each. */
export function wrongOf({ missing, repeated, others, lines, delays }: LogVerdict): string[] {
  const late = delays.filter((delay) => delay > MOST_MS).length;
  return [
    ...missing,
    ...repeated.map((text) => `told twice: ${text}`),
    ...(others.length > lines / 10 ? [`${others.length} of ${lines} lines are others:`, ...others.slice(0, 20)] : []),
    ...(late > 0
      ? [
          `${late} of ${delays.length} sentences came later than ${MOST_MS} ms, the last of them after ${Math.round(Math.max(...delays))}`,
        ]
      : []),
  ];
}
