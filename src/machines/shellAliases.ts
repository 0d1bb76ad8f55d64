import { ansiQuoted, singleQuoted, splitShellWords } from './shellWords.js';
import { isPlainName } from '../core/shell/throughShell.js';
import type { ShellKind } from '../core/shell/shellKind.js';

/** Words before a command that change nothing about which program runs. */
const TRANSPARENT = new Set(['command', 'builtin', 'noglob', 'nocorrect', 'exec']);
const MAX_DEPTH = 10;

const ASSIGNMENT = /^[A-Za-z_][A-Za-z0-9_]*=/;

/**
 * Aliases as the shell prints them, resolved to words; null for those that only the shell can run: with pipes,
 * substitutions or several commands, or that lead to a function.
 * @param output what the shell printed for `alias`.
 */
export function parseAliases(
  kind: ShellKind,
  output: string,
  env: Readonly<Record<string, string>>,
  functions: ReadonlySet<string> = new Set(),
): Record<string, readonly string[] | null> {
  const fish = kind === 'fish';
  const values = kind === 'csh' ? cshAliases(output) : fish ? fishAliases(output) : posixAliases(output);
  const resolver: Resolver = { kind, values, env, functions };
  const resolved = [...values.keys()].map((name) => [name, resolve(name, resolver) ?? null] as const);
  // What else the files print may look like an alias.
  return Object.fromEntries(resolved.filter(([name, words]) => words !== null || isPlainName(name)));
}

interface Resolver {
  readonly kind: ShellKind;
  readonly values: ReadonlyMap<string, string>;
  readonly env: Readonly<Record<string, string>>;
  readonly functions: ReadonlySet<string>;
}

/** An alias may begin with another one; one that begins with its own name means the program. */
function resolve(name: string, { kind, values, env, functions }: Resolver): readonly string[] | undefined {
  const fish = kind === 'fish';
  const words = (of: string): readonly string[] | undefined => splitShellWords(values.get(of) ?? '', env, { fish });
  const assigned: string[] = [];
  let command = words(name);
  const seen = new Set([name]);
  for (let depth = 0; depth < MAX_DEPTH && command !== undefined; depth++) {
    let rest: readonly string[] = command;
    while (kind !== 'csh' && ASSIGNMENT.test(rest[0] ?? '')) {
      assigned.push(rest[0] ?? '');
      rest = rest.slice(1);
    }
    let isProgram = false;
    let isAliasNow = true;
    while (TRANSPARENT.has(rest[0] ?? '') && rest.length > 1) {
      isProgram ||= rest[0] === 'command' || rest[0] === 'exec';
      isAliasNow = false;
      rest = rest.slice(1);
    }
    const [first, ...others] = rest;
    // With an assignment before its own name a function of fish would call itself.
    const callsItself = fish && first === name && assigned.length > 0 && !isProgram;
    if (first === undefined || first.startsWith('-') || callsItself) return undefined;
    if (!isAliasNow || seen.has(first) || !values.has(first)) {
      // What fish calls an alias is a function.
      const isFunction = functions.has(first) && !(fish && values.has(first));
      return isFunction && !isProgram ? undefined : [...assigned, ...rest];
    }
    const inner = words(first);
    seen.add(first);
    command = inner && [...inner, ...others];
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
