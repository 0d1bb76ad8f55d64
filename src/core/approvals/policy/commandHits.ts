import type { PolicyRule } from '../../../protocol/policy.js';
import type { CommandTerms } from './commandRules.js';
import { isDark, isMoveHome, valuesIn } from './commandRules.js';
import { isMove, wordsAsPaths } from './folders.js';
import { hostOfUrl, isHostIn } from './hosts.js';
import { landingsOf } from './landings.js';
import { mayBeInside } from './paths.js';
import { SEARCHING, WALKING } from './programLists.js';
import {
  canonicalName,
  goesFarther,
  isNetwork,
  isReading,
  isSaying,
  isWriting,
  programName,
  splitCommand,
  subcommandsOf,
} from './programs.js';
import { isFed, mayGrow, runsNothing, startsOf } from './running.js';
import type { OpenedFile, SimpleCommand } from './simpleCommand.js';

/** Whether a rule is about something; in doubt `maybe`, which asks. */
export type Hit = 'yes' | 'no' | 'maybe';

/** Of a rule that forbids or asks. */
export interface HitTerms extends Pick<PolicyRule, 'actions' | 'command' | 'hosts'> {
  /** The rule is about commands themselves, not only about the files that they open. */
  readonly isShell: boolean;
  /** Where its path leads to; null without one. */
  readonly scope: string | null;
}

/** Options that name what a repository has, not what is in its files. */
const NAMING = new Set('status branch tag rev-parse version show-ref merge-base describe reflog stash'.split(' '));
/** Variables by which a program can be made to run another one. */
const RUNNING_VARIABLE =
  /^(?:LD_|DYLD_|GIT_|PATH=|PATH\+|BASH_ENV|ENV=|IFS=|SHELLOPTS|NODE_OPTIONS|PYTHON|PERL|RUBY|EDITOR|VISUAL|PAGER|BROWSER|SHELL=|CDPATH|HOME=|XDG_|npm_config_|CARGO_|RUSTC|CC=|CXX=|MAKEFLAGS|JAVA_|_JAVA|JDK_|CLASSPATH|GOFLAGS|LESS|MAN|PROMPT_COMMAND|PS[0-4]=|TERMINFO|\w+_(?:PAGER|EDITOR|COMMAND|ASKPASS|WRAPPER|LAUNCHER)=)/u;
const HARMLESS_GIT_VARIABLE = /^(?:GIT_PAGER=(?:cat)?|GIT_TERMINAL_PROMPT=\d)$/u;

/** Whether a rule that forbids or asks is about one of these commands, also about one that another of them runs. */
export function hitsCommand(rule: HitTerms, commands: readonly SimpleCommand[], terms: CommandTerms): Hit {
  let isUnsure = false;
  for (const command of commands) {
    for (const hit of [hitsFiles(rule, command.files, terms), hitsOne(rule, command, terms)]) {
      if (hit === 'yes') return 'yes';
      if (hit === 'maybe') isUnsure = true;
    }
    // Where relative paths begin is not known any more.
    if (rule.scope !== null && isMove(command) && !isMoveHome(command, terms)) isUnsure = true;
  }
  return isUnsure ? 'maybe' : 'no';
}

function hitsFiles(rule: HitTerms, files: readonly OpenedFile[], { resolve }: CommandTerms): Hit {
  let isUnsure = false;
  if (rule.command !== null || rule.hosts !== null) return 'no';
  for (const { path, mode } of files) {
    const kinds = mode === 'write' ? (['edit', 'create'] as const) : (['read'] as const);
    const isAbout = rule.actions.length === 0 || kinds.some((kind) => rule.actions.includes(kind));
    if (!isAbout || path === '/dev/null') continue;
    if (rule.scope === null) return 'yes';
    const resolved = resolve(path);
    if (resolved === undefined) isUnsure = true;
    else if (mayBeInside(resolved, rule.scope)) return 'yes';
  }
  return isUnsure ? 'maybe' : 'no';
}

function hitsOne(rule: HitTerms, command: SimpleCommand, terms: CommandTerms): Hit {
  const words = command.words.slice(command.assignments);
  if (words.length === 0) return 'no';
  const variables = command.words.slice(0, command.assignments);
  const mayRunAnother = variables.some((word) => RUNNING_VARIABLE.test(word) && !HARMLESS_GIT_VARIABLE.test(word));
  const doubt: Hit = isFed(words) || mayRunAnother ? 'maybe' : 'no';
  const hit = rule.isShell ? hitsShell(rule, command, words, terms) : hitsKinds(rule, command, words, terms);
  return hit === 'no' ? doubt : hit;
}

/** A rule about commands themselves. */
function hitsShell(rule: HitTerms, command: SimpleCommand, words: readonly string[], terms: CommandTerms): Hit {
  const { command: prefix } = rule;
  let hit: Hit = 'no';
  if (prefix === null) {
    hit = 'yes';
  } else {
    for (const start of startsOf(words)) {
      const found = meets(prefix, start.words);
      if (found === 'yes' && start.sure) hit = 'yes';
      else if (found !== 'no' && hit === 'no') hit = 'maybe';
    }
    if (hit === 'no' && !runsNothing(words) && isMentioned(prefix, command.words)) hit = 'maybe';
    if (hit === 'no' && mayGrow(words) && words.some((word) => isSame(word, prefix[0] ?? ''))) hit = 'maybe';
  }
  if (hit === 'no') return 'no';
  const reached = rule.hosts === null ? 'yes' : hitsHosts(words, rule.hosts);
  if (reached === 'no') return 'no';
  const led = rule.scope === null ? 'yes' : leads(command, words, rule.scope, terms);
  if (led === 'no') return 'no';
  return [hit, reached, led].includes('maybe') ? 'maybe' : 'yes';
}

/** A rule about reading, changing files or reaching hosts, which commands do too. */
function hitsKinds(rule: HitTerms, command: SimpleCommand, words: readonly string[], terms: CommandTerms): Hit {
  if (rule.command !== null) return 'no';
  const [program = ''] = words;
  const isAbout = (...kinds: PolicyRule['actions']): boolean => kinds.some((kind) => rule.actions.includes(kind));
  if (isAbout('network') && rule.scope === null) {
    const isReaching = startsOf(words).some((start) => isNetwork(start.words[0] ?? ''));
    // Some of what a program does reaches a host, which one no word says.
    const own = startsOf(words).some((start) => isReachingOut(start.words)) ? 'maybe' : 'no';
    const reached = rule.hosts === null ? (isReaching ? 'yes' : own) : hitsHosts(words, rule.hosts);
    if (reached !== 'no') return reached;
  }
  if (rule.hosts !== null || isSaying(program)) return 'no';
  const reads = isAbout('read') && (isReading(program) || isWriting(program));
  const writes = isAbout('edit', 'create') && isWriting(program);
  const isKnown = isReading(program) || isWriting(program);
  if (isKnown && !reads && !writes) return 'no';
  if (!isAbout('read', 'edit', 'create')) return 'no';
  if (rule.scope === null) return reads || writes ? 'maybe' : 'no';
  const led = leads(command, words, rule.scope, terms);
  return led === 'yes' && isKnown ? 'yes' : led === 'no' ? 'no' : 'maybe';
}

function isReachingOut(words: readonly string[]): boolean {
  const { program, subcommand = '' } = splitCommand(words);
  const known = subcommandsOf(program);
  return known?.reaching.has(subcommand) === true || known?.installs.has(subcommand) === true;
}

function isSame(word: string, other: string): boolean {
  return canonicalName(word).toLowerCase() === canonicalName(other).toLowerCase();
}

/** Whether a command begins as a rule does, whatever options stand between. @param words from the program on */
function meets(rule: readonly string[], words: readonly string[]): Hit {
  const [program = ''] = words;
  const [named = ''] = rule;
  if (!isSame(program, named)) return 'no';
  const isExact = program === named || programName(program) === named;
  if (isExact && rule.every((word, index) => index === 0 || words[index] === word)) return 'yes';
  const known = subcommandsOf(named);
  if (known === undefined) return mayHold(rule.slice(1), words.slice(1)) ? 'maybe' : 'no';
  const [wanted, found] = [splitCommand(rule), splitCommand(words)];
  if (!wanted.sure || !found.sure || wanted.subcommand === undefined) return 'maybe';
  if (found.subcommand === undefined) return 'no';
  const [tail, rest] = [rule.slice(wanted.at + 1), words.slice(found.at + 1)];
  if (found.subcommand === wanted.subcommand) {
    if (isExact && wanted.at === 1 && tail.every((word, index) => rest[index] === word)) return 'yes';
    return mayHold(tail, rest) ? 'maybe' : 'no';
  }
  // Some take the beginning of a name for the name.
  if (wanted.subcommand.startsWith(found.subcommand)) return 'maybe';
  if (known.plain.has(found.subcommand) || known.installs.has(found.subcommand)) return 'no';
  // A name that a person gave may stand for anything.
  if (known.others.size > 0 && !known.others.has(found.subcommand)) return 'maybe';
  return mayHold([wanted.subcommand, ...tail], words.slice(1)) ? 'maybe' : 'no';
}

/** Whether the words of a rule may be meant by these, in their order, with other options and other ways to write them. */
function mayHold(rule: readonly string[], words: readonly string[]): boolean {
  const isOption = (word: string): boolean => /^[-+]./u.test(word);
  let at = 0;
  for (const name of rule.filter((word) => !isOption(word))) {
    at = words.findIndex((word, index) => index >= at && (word === name || valuesIn(word).includes(name))) + 1;
    if (at === 0) return false;
  }
  const options = rule.filter(isOption);
  return options.every((option) => words.includes(option)) || words.some(isOption);
}

/** Whether the words of a rule stand in those of a command, in their order, also within a text. */
function isMentioned(rule: readonly string[], words: readonly string[]): boolean {
  const tokens = words.flatMap((word) => word.split(/[\s;&|()<>"'`=,:!{}$\\]+/u)).filter((token) => token !== '');
  const names = rule.slice(1).filter((word) => !word.startsWith('-'));
  return tokens.some((token, index) => {
    if (!isSame(token, rule[0] ?? '')) return false;
    let at = index + 1;
    return names.every((name) => (at = tokens.indexOf(name, at) + 1) > 0);
  });
}

function hitsHosts(words: readonly string[], hosts: readonly string[]): Hit {
  const operands = words.slice(1).filter((word) => !word.startsWith('-'));
  if (words.some((word) => [word, ...valuesIn(word)].some((each) => isHostIn(hostOfUrl(each) ?? '', hosts))))
    return 'yes';
  const text = words.join(' ').toLowerCase();
  if (hosts.some((host) => text.includes(host.replace(/^\*\./u, '')))) return 'maybe';
  if (!startsOf(words).some((start) => isNetwork(start.words[0] ?? ''))) return 'no';
  return operands.length > 0 && operands.every((word) => hostOfUrl(word) !== undefined) ? 'no' : 'maybe';
}

/** Whether one of its words leads to a place; `maybe`: into a folder that holds it, or to wherever it runs. */
function leads(command: SimpleCommand, words: readonly string[], scope: string, terms: CommandTerms): Hit {
  const { resolve, folder } = terms;
  const [program = ''] = words;
  if (isSaying(program)) return 'no';
  let result: Hit = goesFarther(words) ? 'maybe' : 'no';
  const own = wordsAsPaths(command).slice(command.assignments);
  for (const word of own
    .slice(1)
    .flatMap((each) => [each, ...valuesIn(each)])
    .concat(landingsOf(own))) {
    if (isDark(word, words, terms)) result = 'maybe';
    const path = word === '' ? undefined : resolve(word);
    if (path === undefined) continue;
    if (mayBeInside(path, scope)) return 'yes';
    if (mayBeInside(scope, path) && !isMoveHome(command, terms)) result = 'maybe';
  }
  const isNear = folder === undefined || mayBeInside(scope, folder) || mayBeInside(folder, scope);
  return result === 'no' && isNear && isWalking(words) ? 'maybe' : result;
}

/** Whether a command looks at, or changes, whatever is in the folder where it runs. */
function isWalking(words: readonly string[]): boolean {
  const name = canonicalName(words[0] ?? '');
  const operands = words.slice(1).filter((word) => !word.startsWith('-')).length;
  const { subcommand } = splitCommand(words);
  if (name === 'git' || name === 'hg' || name === 'svn') return subcommand !== undefined && !NAMING.has(subcommand);
  if (WALKING.has(name)) return operands <= (SEARCHING.has(name) ? 1 : 0);
  if (!SEARCHING.has(name) || operands > 1) return false;
  return words.some((word) => /^-(?!-).*[rR]|^--(?:dereference-)?recursive$/u.test(word));
}
