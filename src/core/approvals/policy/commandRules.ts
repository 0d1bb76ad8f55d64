import type { PolicyRule } from '../../../protocol/policy.js';
import { hostOfUrl, isHostIn } from './hosts.js';
import { isInside, isPrivate, mayBeInside, namesPrivate } from './paths.js';
import { isHarmlessOption, isNetwork, isPrivileged, isRunner, mustBeWhole, programName } from './programs.js';
import { parseShell, type SimpleCommand } from './shellCommand.js';

export interface CommandTerms {
  /** Where a word leads to as a path from the folder of the session; undefined when that cannot be told. */
  readonly resolve: (word: string) => string | undefined;
  readonly folder: string | undefined;
  readonly scopes: ReadonlyMap<string, string | undefined>;
}

type FindFileRule = (path: string, mode: 'read' | 'write') => PolicyRule | undefined;

/** Programs after which relative paths begin elsewhere. */
const MOVERS = new Set(['cd', 'chdir', 'pushd', 'popd']);
/** Looks like a setting that changes what a program runs: `make SHELL=…`, `dd of=…`. */
const SETTING = /^[A-Za-z_][\w.-]*\+?=/u;

/** The rules that together allow every command and every file that is opened, or why they do not. */
export function allowsCommand(
  rules: readonly PolicyRule[],
  commands: readonly SimpleCommand[],
  terms: CommandTerms,
  findFile: FindFileRule,
): readonly PolicyRule[] | string {
  const used = new Set<PolicyRule>();
  let hasMoved = false;
  for (const command of commands) {
    if (isMoveHome(command, terms) && !hasMoved) continue;
    const here = {
      ...terms,
      resolve: (word: string) => (hasMoved && !/^[/~]/u.test(word) ? undefined : terms.resolve(word)),
    };
    if (command.words.length > 0) {
      const rule = rules.find((each) => allowsOne(each, command, here));
      if (rule === undefined) return `No rule allows "${command.words.join(' ')}".`;
      used.add(rule);
    }
    for (const { path, mode } of command.files) {
      if (path === '/dev/null') continue;
      const resolved = here.resolve(path);
      const rule = resolved === undefined ? undefined : findFile(resolved, mode);
      if (rule === undefined) return `No rule allows to ${mode === 'write' ? 'edit' : 'read'} "${path}".`;
      used.add(rule);
    }
    if (MOVERS.has(command.words[command.assignments] ?? '')) hasMoved = true;
  }
  return used.size === 0 ? 'No rule fits.' : [...used];
}

/** `cd` to where the session is anyway. */
function isMoveHome({ words, files }: SimpleCommand, { resolve, folder }: CommandTerms): boolean {
  const [program, target, ...more] = words;
  if (program !== 'cd' || target === undefined || more.length > 0 || files.length > 0) return false;
  return target.startsWith('/') && folder !== undefined && resolve(target) === folder;
}

function allowsOne(rule: PolicyRule, command: SimpleCommand, terms: CommandTerms): boolean {
  const { words, assignments } = command;
  if (rule.actions.length > 0 && !rule.actions.includes('shell')) return false;
  const prefix = rule.command ?? [];
  if (!prefix.every((word, index) => words[index] === word && !command.tildes.includes(index))) return false;
  const rest = wordsAsPaths(command).slice(prefix.length);
  if (rule.command === null) {
    // Everything but what only a rule of its own can mean.
    if (rule.path !== null || rule.hosts !== null) return false;
    return !startsIn(words).some((inner) => isSpecial(programName(inner[0] ?? ''))) && !rest.some(namesPrivate);
  }
  // Variables may change which program runs: they have to be named.
  if (prefix.length < assignments + 1) return false;
  const own = prefix.slice(assignments);
  if (rest.length > 0 && mustBeWhole(own)) return false;
  if (rest.length > 0 && isNetwork(programName(own[0] ?? '')) && rule.hosts === null) return false;
  return rest.every((word) => mayFollow(word, own, rule, terms));
}

function mayFollow(word: string, prefix: readonly string[], rule: PolicyRule, terms: CommandTerms): boolean {
  if (word.startsWith('-')) return isHarmlessOption(prefix, word);
  if (SETTING.test(word)) return false;
  if (rule.hosts !== null) {
    const host = hostOfUrl(word);
    return host !== undefined && isHostIn(host, rule.hosts);
  }
  if (rule.path === null) return !namesPrivate(word);
  const scope = terms.scopes.get(rule.path);
  const path = terms.resolve(word);
  return scope !== undefined && path !== undefined && isInside(path, scope) && !isPrivate(path.slice(scope.length));
}

/** Its words as paths begin: a `~` that was quoted is no home. */
export function wordsAsPaths({ words, tildes }: Pick<SimpleCommand, 'words' | 'tildes'>): string[] {
  return words.map((word, index) => (tildes.includes(index) ? `./${word}` : word));
}

function isSpecial(program: string): boolean {
  return isPrivileged(program) || isNetwork(program);
}

/** Of a rule that forbids or asks. */
export interface HitTerms extends Pick<PolicyRule, 'actions' | 'command' | 'hosts'> {
  /** It is about commands themselves, not only about the files that they open. */
  readonly isShell: boolean;
  /** Where its path leads to; null without one. */
  readonly scope: string | null;
}

/** Whether a rule that forbids or asks is about one of these commands, also about one that another of them runs. */
export function hitsCommand(
  rule: HitTerms,
  commands: readonly SimpleCommand[],
  terms: CommandTerms,
): 'yes' | 'no' | 'maybe' {
  let isUnsure = false;
  for (const command of commands) {
    for (const { path, mode } of command.files) {
      const kinds = mode === 'write' ? (['edit', 'create'] as const) : (['read'] as const);
      const isAbout = rule.actions.length === 0 || kinds.some((kind) => rule.actions.includes(kind));
      if (!isAbout || rule.command !== null || rule.hosts !== null || path === '/dev/null') continue;
      if (rule.scope === null) return 'yes';
      const resolved = terms.resolve(path);
      if (resolved === undefined) isUnsure = true;
      else if (mayBeInside(resolved, rule.scope)) return 'yes';
    }
    if (!rule.isShell) continue;
    for (const words of startsIn(command.words)) {
      const { command: prefix } = rule;
      if (prefix !== null && !startsWith(words, prefix)) continue;
      if (rule.hosts !== null && !words.some((word) => isHostIn(hostOfUrl(word) ?? '', rule.hosts ?? []))) continue;
      const led = rule.scope === null ? 'yes' : leads(words.slice(1), rule.scope, terms);
      if (led === 'yes') return 'yes';
      if (led === 'maybe' && !isMoveHome(command, terms)) isUnsure = true;
    }
    // Where relative paths begin is not known any more.
    if (rule.scope !== null && MOVERS.has(command.words[command.assignments] ?? '')) isUnsure = true;
  }
  return isUnsure ? 'maybe' : 'no';
}

function startsWith(words: readonly string[], prefix: readonly string[]): boolean {
  return prefix.every((word, index) =>
    index === 0 ? words[0] === word || programName(words[0] ?? '') === word : words[index] === word,
  );
}

/** `maybe`: into a folder that holds it. */
function leads(words: readonly string[], scope: string, { resolve }: CommandTerms): 'yes' | 'no' | 'maybe' {
  let result: 'no' | 'maybe' = 'no';
  for (const word of words.flatMap((each) => [each, /^[^=]*=(.*)$/su.exec(each)?.[1] ?? ''])) {
    const path = word === '' ? undefined : resolve(word);
    if (path === undefined) continue;
    if (mayBeInside(path, scope)) return 'yes';
    if (mayBeInside(scope, path)) result = 'maybe';
  }
  return result;
}

/** The command, and whatever a part of it might start: `xargs rm x` also as `rm x`. */
function startsIn(words: readonly string[], depth = 0): readonly (readonly string[])[] {
  const own = words.findIndex((word) => !SETTING.test(word));
  const plain = own < 0 ? [] : words.slice(own);
  const found: (readonly string[])[] = [plain];
  if (!isRunner(programName(plain[0] ?? '')) || depth > 3) return found;
  for (let i = 1; i < plain.length; i++) {
    found.push(plain.slice(i));
    // A text for a shell: its commands as far as they are understood.
    const word = plain[i] ?? '';
    if (/\s/u.test(word))
      for (const inner of parseShell(word).commands) found.push(...startsIn(inner.words, depth + 1));
  }
  return found;
}
