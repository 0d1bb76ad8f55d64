import type { PolicyRule } from '../../../protocol/policy.js';
import { below, foldersOf, wordsAsPaths } from './folders.js';
import { hostOfUrl, isHostIn } from './hosts.js';
import { isHarmlessOption, takesText } from './options.js';
import { isChanging, landingsOf } from './landings.js';
import { isGuarded, isInside, isPrivate, mayBeInside, namesPrivate } from './paths.js';
import { SEARCHING } from './programLists.js';
import {
  canonicalName,
  isInterpreter,
  isManager,
  isNetwork,
  isPrivileged,
  isReading,
  isRunner,
  isSaying,
  isWriting,
  mayFollowWords,
  subcommandsOf,
} from './programs.js';
import { isFed, isInjecting, runsNothing, startsOf } from './running.js';
import type { SimpleCommand } from './simpleCommand.js';

export interface CommandTerms {
  /** Where a word leads to as a path from the folder of the session; undefined when that cannot be told. */
  readonly resolve: (word: string) => string | undefined;
  readonly folder: string | undefined;
  /** The folder of Code Manager's own data. */
  readonly own: string | undefined;
  readonly scopes: ReadonlyMap<string, string | undefined>;
}

/** Where one command of a line stands. */
interface Place extends CommandTerms {
  /** Relative names may lead to other files than in the folder of the session, which rules mean. */
  readonly isElsewhere: boolean;
}

type FindFileRule = (path: string, mode: 'read' | 'write') => PolicyRule | undefined;

/** No system opens a longer one. */
const LONGEST_PATH = 4096;
/** Takes a path apart that leads elsewhere by itself, wherever it is put behind another word. */
const LEADING = /^[/~]|(?:^|\/)\.\.(?:\/|$)/u;
/** In a program of `jq`: other files, and the environment. */
const JQ_REACHES = /\b(?:import|include)\b|\$ENV|(?<![.\w"])env\b/u;
/** Looks like a setting that changes what a program runs: `make SHELL=…`, `dd of=…`. */
const SETTING = /^[A-Za-z_][\w.-]*\+?=/u;

/**
 * Why no rule about commands could allow one of them: what it feeds to a shell is told by no word, and what steers Code
 * Manager is for people.
 */
export function neverAllowedCommand(
  commands: readonly SimpleCommand[],
  { own, resolve }: CommandTerms,
): string | undefined {
  for (const command of commands) {
    const words = command.words.slice(command.assignments);
    if (startsOf(words).some((start) => isManager(start.words[0] ?? '')))
      return 'A person decides on what steers sessions.';
    if (command.words.slice(0, command.assignments).some((word) => /^(?:CM_\w*|TMUX\w*)\+?=/u.test(word))) {
      return 'A person decides on what steers sessions.';
    }
    if (isFed(words)) return `What "${words.join(' ')}" runs is not told by its words.`;
    const paths = wordsAsPaths(command).flatMap((word) => [word, ...valuesIn(word)]);
    const isOwn = (path: string | undefined): boolean =>
      path !== undefined && own !== undefined && mayBeInside(path, own);
    if (paths.some((path) => isOwn(resolve(path)))) return `A person decides on Code Manager's own data.`;
  }
  return undefined;
}

/** What a word may name besides itself: `--output=x` and `-ox` the file `x`, `a:b` both. */
export function valuesIn(word: string): string[] {
  const equals = word.indexOf('=');
  const values = equals < 0 ? [] : [word.slice(equals + 1)];
  const attached = /^-[A-Za-z](?=.)(.*)$/su.exec(word)?.[1];
  if (attached !== undefined) values.push(attached);
  values.push(...(/[:,@]/u.test(word) ? word.split(/[:,@]/u) : []));
  return values.filter((value) => value !== '' && value !== word);
}

/**
 * The rules that together allow every command and every file that is opened, or why they do not.
 * @param isForbidding something is forbidden or asked about by another rule: what may run anything has to be named
 */
export function allowsCommand(
  rules: readonly PolicyRule[],
  commands: readonly SimpleCommand[],
  terms: CommandTerms,
  findFile: FindFileRule,
  isForbidding: boolean,
): readonly PolicyRule[] | string {
  const used = new Set<PolicyRule>();
  const folders = foldersOf(commands);
  for (const [index, command] of commands.entries()) {
    const here = {
      ...terms,
      resolve: fromFolders(terms, folders[index]),
      isElsewhere: !isAtHome(folders[index], terms),
    };
    if (isMoveHome(command, terms) && folders[index]?.length === 1) continue;
    if (command.words.length > 0) {
      const rule = rules.find((each) => allowsOne(each, command, here, isForbidding));
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
  }
  return used.size === 0 ? 'No rule fits.' : [...used];
}

function isAtHome(folders: readonly string[] | undefined, { resolve, folder }: CommandTerms): boolean {
  return folders?.every((each) => each === '.' || (folder !== undefined && resolve(each) === folder)) === true;
}

/** Where a word leads to from the one folder where a command runs; from several only when it is the same for all. */
function fromFolders(terms: CommandTerms, folders: readonly string[] | undefined): CommandTerms['resolve'] {
  return (word) => {
    if (/^[/~]/u.test(word)) return terms.resolve(word);
    const [last, ...others] = (folders ?? []).toReversed();
    const found = last === undefined ? undefined : terms.resolve(below(last, word));
    const inFolder = (path: string | undefined): boolean =>
      path !== undefined && terms.folder !== undefined && isInside(path, terms.folder);
    if (others.length === 0) return found;
    // Wherever it runs in the end, it stays in the folder of the session.
    return inFolder(found) && others.every((folder) => inFolder(terms.resolve(below(folder, word))))
      ? found
      : undefined;
  };
}

/** `cd` to where the session is anyway. */
export function isMoveHome({ words, files }: SimpleCommand, { resolve, folder }: CommandTerms): boolean {
  const [program, target, ...more] = words;
  if (program !== 'cd' || target === undefined || more.length > 0 || files.length > 0) return false;
  return target.startsWith('/') && folder !== undefined && resolve(target) === folder;
}

function allowsOne(rule: PolicyRule, command: SimpleCommand, terms: Place, isForbidding: boolean): boolean {
  if (rule.actions.length > 0 && !rule.actions.includes('shell')) return false;
  if (rule.command === null) return allowsAny(rule, command, terms, isForbidding);
  return formsOf(command).some((form) => allowsForm(rule, rule.command ?? [], form, terms));
}

/** Everything but what only a rule of its own can mean. */
function allowsAny(rule: PolicyRule, command: SimpleCommand, terms: CommandTerms, isForbidding: boolean): boolean {
  if (rule.path !== null || rule.hosts !== null) return false;
  const words = command.words.slice(command.assignments);
  const isSpecial = (program: string): boolean => isPrivileged(program) || isNetwork(program);
  if (startsOf(words).some((start) => isSpecial(start.words[0] ?? ''))) return false;
  const own = wordsAsPaths(command).slice(command.assignments);
  const paths = [...own, ...landingsOf(own)];
  const isHeld = (word: string): boolean => namesPrivate(word) || (isChanging(words) && isGuarded(word));
  if (paths.some((word) => isHeld(word) || leadsToPrivate(word, terms))) return false;
  if (paths.slice(1).some((word) => isDark(word, words, terms))) return false;
  return !isForbidding || (runsNothing(words) && !command.words.slice(0, command.assignments).some(isInjecting));
}

/** Whether a word may be a path of which it cannot be told where it leads to. @param words from the program on */
export function isDark(word: string, [program = '']: readonly string[], { resolve }: CommandTerms): boolean {
  if (word === '' || resolve(word) !== undefined || isSaying(program)) return false;
  // A long text, or one of several lines, is a path only where nothing else is expected.
  return isReading(program) || isWriting(program) || (word.length < LONGEST_PATH && !word.includes('\n'));
}

function leadsToPrivate(word: string, { resolve, folder }: CommandTerms): boolean {
  const path = resolve(word);
  if (path === undefined) return false;
  return isPrivate(folder !== undefined && isInside(path, folder) ? path.slice(folder.length) : path);
}

interface Form {
  readonly words: readonly string[];
  readonly assignments: number;
  readonly tildes: readonly number[];
}

/** The command, and the same without the options in front of its first name that change nothing. */
function formsOf({ words, assignments, tildes }: SimpleCommand): Form[] {
  const own: Form = { words, assignments, tildes };
  const safe = subcommandsOf(words[assignments] ?? '')?.safe;
  let end = assignments + 1;
  while (safe?.has(words[end] ?? '') === true) end++;
  const left = end - assignments - 1;
  if (left === 0) return [own];
  const plain = words.toSpliced(assignments + 1, left);
  return [own, { words: plain, assignments, tildes: tildes.map((at) => (at > assignments ? at - left : at)) }];
}

function allowsForm(rule: PolicyRule, prefix: readonly string[], form: Form, terms: Place): boolean {
  const { words, assignments } = form;
  if (!prefix.every((word, index) => words[index] === word && !form.tildes.includes(index))) return false;
  // Variables may change which program runs: they have to be named.
  if (prefix.length < assignments + 1) return false;
  const own = prefix.slice(assignments);
  if (terms.isElsewhere && namesFile(own)) return false;
  const rest = wordsAsPaths(form).slice(prefix.length);
  if (rest.length === 0) return true;
  const follows = mayFollowWords(own);
  if (follows === 'nothing' || (isNetwork(own[0] ?? '') && rule.hosts === null)) return false;
  const parts = partsOf(own, rest);
  const pattern = patternAt(own, rest, parts);
  const landings = landingsOf(wordsAsPaths(form).slice(assignments));
  return (
    landings.every((path) => mayFollow(path, own, rule, terms)) &&
    rest.every((word, index) => {
      if (parts[index] === 'text') return true;
      if (parts[index] === 'option') return isHarmlessOption(own, word);
      return follows === 'names' && (index === pattern ? isPattern(own, word) : mayFollow(word, own, rule, terms));
    })
  );
}

/** Whether words of a rule are names of files as seen from the folder where it runs. @param own from the program on */
function namesFile([program = '', ...rest]: readonly string[]): boolean {
  if (program.includes('/') && !program.startsWith('/')) return true;
  if (isInterpreter(program)) return rest.some((word) => !word.startsWith('-'));
  return isRunner(program) && rest.some((word) => /^[^/-].*(?:\/|\.[A-Za-z]\w*$)/su.test(word));
}

/** What each word is behind those of a rule: behind `--` every one is a name. */
function partsOf(own: readonly string[], rest: readonly string[]): readonly ('text' | 'option' | 'name')[] {
  let isEnded = own.includes('--');
  let isText = takesText(own, own.at(-1) ?? '');
  return rest.map((word) => {
    const part = isText ? 'text' : word.startsWith('-') && !isEnded ? 'option' : 'name';
    isEnded ||= part === 'option' && word === '--';
    isText = part === 'option' && takesText(own, word);
    return part;
  });
}

/** Which of the words is what to look for, and no file; -1 for none. */
function patternAt(own: readonly string[], rest: readonly string[], parts: readonly string[]): number {
  if (!SEARCHING.has(canonicalName(own[0] ?? '')) || own.length > 1 || rest.includes('--files')) return -1;
  return parts.indexOf('name');
}

function isPattern([program = '']: readonly string[], word: string): boolean {
  return canonicalName(program) !== 'jq' || !JQ_REACHES.test(word);
}

function mayFollow(word: string, own: readonly string[], rule: PolicyRule, terms: CommandTerms): boolean {
  if (isSaying(own[0] ?? '') && rule.path === null && rule.hosts === null) return !namesPrivate(word);
  if (SETTING.test(word) || namesPrivate(word)) return false;
  if (rule.hosts !== null) {
    const host = hostOfUrl(word);
    return host !== undefined && isHostIn(host, rule.hosts);
  }
  // For git it is a pattern of its own, and may begin at the top of the repository.
  if (word.startsWith(':') && canonicalName(own[0] ?? '') === 'git') return false;
  // Without a path a rule reaches the folder of the session.
  const scope = rule.path === null ? terms.folder : terms.scopes.get(rule.path);
  const isReached = (name: string): boolean => {
    const path = terms.resolve(name);
    if (scope === undefined || path === undefined || !isInside(path, scope)) return false;
    const inScope = path.slice(scope.length);
    return !isPrivate(inScope) && !(isChanging(own) && isGuarded(inScope));
  };
  return [word, ...valuesIn(word).filter((value) => LEADING.test(value))].every(isReached);
}
