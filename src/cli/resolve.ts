import { COMMANDS, GROUPS } from './commands.js';
import type { Command } from './command.js';
import { CodeManagerError } from '../protocol/errors.js';
import { usageError } from './parse.js';

export type Resolved =
  | { readonly kind: 'command'; readonly command: Command; readonly words: readonly string[] }
  | { readonly kind: 'group'; readonly group: string }
  | { readonly kind: 'none' };

/** The command that the first words name, and the words after it. Throws `invalid` when there is none. */
export function resolveCommand(words: readonly string[]): Resolved {
  const [first, second] = words;
  if (first === undefined || first.startsWith('-')) return { kind: 'none' };
  for (const command of COMMANDS) {
    for (const path of [command.path, ...(command.aliases ?? [])]) {
      if (path[0] !== first || (path.length > 1 && path[1] !== second)) continue;
      return { kind: 'command', command, words: words.slice(path.length) };
    }
  }
  if (!(first in GROUPS)) throw unknown(first, names());
  if (second === undefined || second.startsWith('-') || second === 'help') return { kind: 'group', group: first };
  throw unknown(`${first} ${second}`, names());
}

function names(): string[] {
  return COMMANDS.flatMap((command) => [command.path, ...(command.aliases ?? [])].map((path) => path.join(' ')));
}

function unknown(name: string, known: readonly string[]): Error {
  const short = name.slice(0, 40);
  // Who stops early means what begins so: `stat` is two letters from `start`, and the beginning of `status`.
  const begun = short.length < 3 ? [] : known.filter((candidate) => candidate.startsWith(short));
  const close = known.filter((candidate) => distance(short, candidate) <= (short.length > 4 ? 2 : 1));
  const guess = begun[0] ?? close[0];
  return guess === undefined
    ? usageError(undefined, `Unknown command "${short}"`)
    : new CodeManagerError('invalid', `Unknown command "${short}"`, {
        hint: `Did you mean \`cm ${guess}\`?`,
      });
}

/** Letters to change, add or leave out, or neighbours to swap, to get from one word to the other. */
function distance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  const cell = (i: number, j: number): number => rows[i]?.[j] ?? Infinity;
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    rows.push(row);
    for (let j = 1; j <= b.length; j++) {
      const change = a[i - 1] === b[j - 1] ? 0 : 1;
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row[j] = Math.min(
        cell(i - 1, j) + 1,
        (row[j - 1] ?? Infinity) + 1,
        cell(i - 1, j - 1) + change,
        isSwap ? cell(i - 2, j - 2) + 1 : Infinity,
      );
    }
  }
  return cell(a.length, b.length);
}
