import { ansiQuoted, singleQuoted, splitShellWords } from './shellWords.js';
import type { ShellKind } from './shells.js';

/** Words before a command that change nothing about which program runs. */
const TRANSPARENT = new Set(['command', 'builtin', 'noglob', 'nocorrect', 'exec']);
const MAX_DEPTH = 10;

/**
 * Aliases as the shell prints them, resolved to words. Those that need a shell (pipes, substitutions, assignments) are
 * left out.
 * @param output what the shell printed for `alias`.
 */
export function parseAliases(
  kind: ShellKind,
  output: string,
  env: Readonly<Record<string, string>>,
): Record<string, readonly string[]> {
  const fish = kind === 'fish';
  const values = kind === 'csh' ? cshAliases(output) : fish ? fishAliases(output) : posixAliases(output);
  const words = new Map<string, readonly string[]>();
  for (const [name, value] of values) {
    const split = splitShellWords(value, env, { fish });
    if (split !== undefined && split.length > 0) words.set(name, split);
  }
  const resolved: Record<string, readonly string[]> = {};
  for (const name of words.keys()) {
    const command = resolve(name, values, words);
    if (command !== undefined && !/^[A-Za-z_][A-Za-z0-9_]*=/.test(command[0] ?? '=')) resolved[name] = command;
  }
  return resolved;
}

/** An alias may begin with another one; one that begins with its own name means the program. */
function resolve(
  name: string,
  values: ReadonlyMap<string, string>,
  words: ReadonlyMap<string, readonly string[]>,
): readonly string[] | undefined {
  let command = words.get(name) ?? [];
  const seen = new Set([name]);
  for (let depth = 0; depth < MAX_DEPTH; depth++) {
    while (TRANSPARENT.has(command[0] ?? '') && command.length > 1) command = command.slice(1);
    const [first, ...rest] = command;
    if (first === undefined || first.startsWith('-')) return undefined;
    if (seen.has(first) || !values.has(first)) return command;
    const inner = words.get(first);
    if (inner === undefined) return undefined;
    seen.add(first);
    command = [...inner, ...rest];
  }
  return undefined;
}

/** `name='value'` or `alias name='value'`, one after another; a value may have line breaks in its quotes. */
function posixAliases(output: string): Map<string, string> {
  const aliases = new Map<string, string>();
  let i = 0;
  while (i < output.length) {
    const match = /^(?:alias )?(?:-- )?([^\s=']+|'[^']+')=/.exec(output.slice(i, i + 2000));
    const value = match === null ? undefined : quotedValue(output, i + match[0].length);
    if (match === null || value === undefined) {
      // Not an alias: on with the next line.
      const next = output.indexOf('\n', i);
      if (next < 0) break;
      i = next + 1;
      continue;
    }
    aliases.set((match[1] ?? '').replace(/^'(.*)'$/, '$1'), value.text);
    i = value.end + 1;
  }
  return aliases;
}

/** A value as shells quote it in listings: pieces of `'…'`, `$'…'`, `"…"`, `\x` and bare letters up to the line's end. */
function quotedValue(text: string, start: number): { text: string; end: number } | undefined {
  let result = '';
  let i = start;
  while (i < text.length && text.charAt(i) !== '\n') {
    const c = text.charAt(i);
    let piece: { text: string; end: number } | undefined;
    if (c === "'") piece = singleQuoted(text, i);
    else if (c === '$' && text.charAt(i + 1) === "'") piece = ansiQuoted(text, i);
    else if (c === '"') {
      const end = text.indexOf('"', i + 1);
      piece = end < 0 ? undefined : { text: text.slice(i + 1, end), end: end + 1 };
    } else if (c === '\\') piece = { text: text.charAt(i + 1), end: i + 2 };
    else piece = { text: c, end: i + 1 };
    if (piece === undefined) return undefined;
    result += piece.text;
    i = piece.end;
  }
  return { text: result, end: i };
}

/** `alias name value`, each word quoted by fish where it has to be. */
function fishAliases(output: string): Map<string, string> {
  const aliases = new Map<string, string>();
  for (const line of output.split('\n')) {
    const words = line.startsWith('alias ') ? splitShellWords(line, {}, { fish: true }) : undefined;
    const [, name, value] = words ?? [];
    if (name !== undefined && value !== undefined && words?.length === 3) aliases.set(name, value);
  }
  return aliases;
}

/** `name<TAB>value`, a list of several words in parentheses. */
function cshAliases(output: string): Map<string, string> {
  const aliases = new Map<string, string>();
  for (const line of output.split('\n')) {
    const tab = line.indexOf('\t');
    if (tab <= 0) continue;
    const value = line.slice(tab + 1);
    aliases.set(line.slice(0, tab), /^\(.*\)$/.test(value) ? value.slice(1, -1) : value);
  }
  return aliases;
}
