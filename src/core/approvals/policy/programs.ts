import {
  FARTHER_OPTIONS,
  INTERPRETERS,
  MANAGERS,
  NETWORK,
  PRIVILEGED,
  READING,
  RUNNERS,
  SAYING,
  SHELLS,
  TARGETS,
  WRAPPERS,
  WRITING,
} from './programLists.js';
import { SUBCOMMANDS, type Subcommands } from './subcommands.js';

const LISTS = [
  PRIVILEGED,
  MANAGERS,
  SHELLS,
  INTERPRETERS,
  WRAPPERS,
  RUNNERS,
  NETWORK,
  SAYING,
  READING,
  WRITING,
  TARGETS,
];

/** The name of a program without its folder. */
export function programName(word: string): string {
  return word.slice(word.lastIndexOf('/') + 1);
}

/** The name under which a program stands in the lists: `/usr/bin/python3.11` as `python`. */
export function canonicalName(word: string): string {
  const name = programName(word).replace(/\.exe$/iu, '');
  const isListed = (text: string): boolean =>
    Object.hasOwn(SUBCOMMANDS, text) || LISTS.some((members) => members.has(text));
  if (isListed(name)) return name;
  const bare = name.replace(/[-.]?[\d.]+$/u, '');
  return isListed(bare) ? bare : name;
}

/** What its first name means; undefined for a program without such names. */
export function subcommandsOf(program: string): Subcommands | undefined {
  const name = canonicalName(program);
  return Object.hasOwn(SUBCOMMANDS, name) ? SUBCOMMANDS[name] : undefined;
}

export interface SplitCommand {
  readonly program: string;
  /** The first name behind the options in front of it, by its own name. Undefined without one. */
  readonly subcommand: string | undefined;
  /** Where that name stands. */
  readonly at: number;
  /** Every option in front of it is known, with what it takes. */
  readonly sure: boolean;
}

/** Takes a command apart at the name that says what it does. @param words from the program on */
export function splitCommand(words: readonly string[]): SplitCommand {
  const program = canonicalName(words[0] ?? '');
  const known = subcommandsOf(program);
  if (known === undefined) return { program, subcommand: undefined, at: 1, sure: true };
  let at = 1;
  for (; at < words.length; at++) {
    const word = words[at] ?? '';
    if (program === 'cargo' && word.startsWith('+')) continue;
    if (!word.startsWith('-')) break;
    const name = word.replace(/=.*$/su, '');
    // `-Cdir` has its value in itself.
    const isAttached = /^-[^-]./u.test(word) && known.values.has(word.slice(0, 2)) && !known.values.has(name);
    if (isAttached || known.flags.has(word) || (name !== word && known.values.has(name))) continue;
    if (!known.values.has(word)) return { program, subcommand: undefined, at, sure: false };
    at++;
  }
  const subcommand = words[at];
  if (subcommand === undefined) return { program, subcommand, at, sure: true };
  const own = Object.hasOwn(known.aliases, subcommand) ? known.aliases[subcommand] : subcommand;
  return { program, subcommand: own, at, sure: true };
}

/** The same where the file system may take upper and lower case for one: only to be careful with it. */
function foldedName(word: string): string {
  const name = canonicalName(word);
  const folded = canonicalName(word.toLowerCase());
  return LISTS.some((members) => members.has(name)) ? name : folded;
}

export function isPrivileged(program: string): boolean {
  return PRIVILEGED.has(foldedName(program));
}

export function isManager(program: string): boolean {
  return MANAGERS.has(foldedName(program.replace(/\.[cm]?js$/iu, '')));
}

export function isNetwork(program: string): boolean {
  return NETWORK.has(foldedName(program));
}

/** What its words are is run as a command. */
export function isWrapper(program: string): boolean {
  const name = foldedName(program);
  return WRAPPERS.has(name) || PRIVILEGED.has(name) || SHELLS.has(name);
}

export function isShell(program: string): boolean {
  return SHELLS.has(foldedName(program));
}

/** Whether a program may run others that its words, its files or its input name. */
export function isRunner(program: string): boolean {
  const name = foldedName(program);
  return isWrapper(name) || RUNNERS.has(name) || INTERPRETERS.has(name) || MANAGERS.has(name);
}

/** What it is told to run is a program of its own language, or of a shell. */
export function isInterpreter(program: string): boolean {
  return isShell(program) || INTERPRETERS.has(foldedName(program));
}

/** Whether it opens files that no word of it names. @param words from the program on */
export function goesFarther(words: readonly string[]): boolean {
  const options = FARTHER_OPTIONS[canonicalName(words[0] ?? '')];
  return options !== undefined && words.slice(1).some((word) => options.test(word));
}

/** Prints what its words say; none of them is a file. */
export function isSaying(program: string): boolean {
  return SAYING.has(canonicalName(program));
}

export function isReading(program: string): boolean {
  return READING.has(canonicalName(program));
}

export function isWriting(program: string): boolean {
  return WRITING.has(canonicalName(program));
}

/** What may follow the words of a rule: nothing at all, harmless options, or names as well. */
export function mayFollowWords(prefix: readonly string[]): 'nothing' | 'options' | 'names' {
  const name = canonicalName(prefix[0] ?? '');
  if (isRunner(name) && !TARGETS.has(name)) return 'nothing';
  const known = subcommandsOf(name);
  if (known !== undefined) {
    const { subcommand, at } = splitCommand(prefix);
    if (subcommand === undefined || at !== 1) return 'nothing';
    if (known.plain.has(subcommand)) return 'names';
    return known.installs.has(subcommand) ? 'options' : 'nothing';
  }
  // Without a target it makes what its file says first.
  if (TARGETS.has(name)) return prefix.length > 1 ? 'options' : 'nothing';
  return 'names';
}
