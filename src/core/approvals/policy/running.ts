import { isHarmlessOption, takesText } from './options.js';
import { INTERPRETERS, PRIVILEGED, READING, RUNNING_OPTIONS, SAYING, SHELLS, WRITING } from './programLists.js';
import { canonicalName, isWrapper, splitCommand, subcommandsOf } from './programs.js';
import { parseShell } from './shellCommand.js';

/** A command that a line runs, or may run. */
export interface Start {
  /** From the program on. */
  readonly words: readonly string[];
  /** The command is known to be run as it stands there. */
  readonly sure: boolean;
}

/** `env nice sh -c 'env …'`. */
const DEEPEST = 4;
/** Programs whose input becomes further words of the command behind them. */
const GROWING = new Set(['xargs', 'parallel']);
/** Behind these `find` runs what follows. */
const FIND_RUNS = new Set(['-exec', '-execdir', '-ok', '-okdir']);
/** The text or file behind them is the whole program. */
const GIVES_PROGRAM = /^(?:-l?c|-l?ec|-[pnlw]*e|-E|-f|-m|-jar|--?(?:eval|print|command|execute|file|test|check|run))$/u;
/** Letters of shells and interpreters that take no word. */
const TAKES_NOTHING = /^-[aefhklmnptuvxBsSIqwO]+$/u;
/** Programs that talk with whoever feeds them whatever else their words say. */
const TALKING = new Set(
  (
    'at batch psql mysql mariadb mongosh mongo redis-cli ed ex gdb lldb sqlite3 sqlplus duckdb vi vim nvim view emacs nano ' +
    'ftp sftp lftp telnet'
  ).split(' '),
);
/** Read their program from the input when it is named `-`. */
const READS_PROGRAM = new Set('awk gawk mawk nawk sed gsed make gmake bmake crontab parallel'.split(' '));
const INPUT = /^(?:-|\/dev\/(?:stdin|fd\/.*)|\/proc\/.*)$/u;
/** An option in front of its value: `-f/dev/stdin`, `--file=-`. */
const ATTACHED = /^(?:--[\w-]+=|-[A-Za-z]+(?=-$|\/))/u;
/** Variables that change nothing but what a program prints. */
const HARMLESS_VARIABLES =
  /^(?:CI|DEBUG|VERBOSE|FORCE_COLOR|NO_COLOR|CLICOLOR|CLICOLOR_FORCE|COLUMNS|LINES|LANG|LC_\w+|TZ|TERM|COLORTERM|NODE_ENV|RUST_BACKTRACE|RUST_LOG|LOG_LEVEL|PYTHONUNBUFFERED|PYTHONDONTWRITEBYTECODE|GIT_PAGER|GIT_TERMINAL_PROMPT|CGO_ENABLED|GOOS|GOARCH)(?:=|\+=)/u;

/** Whether an assignment may make a program run another one, or another way. */
export function isInjecting(assignment: string): boolean {
  if (/^GIT_PAGER=/u.test(assignment)) return !/^GIT_PAGER=(?:cat)?$/u.test(assignment);
  return !HARMLESS_VARIABLES.test(assignment);
}

/**
 * Whether it is known to run nothing but itself, whatever its words and files say. A program that is not known may run
 * anything, and so does what runs the code of a project.
 * @param words from the program on
 */
export function runsNothing(words: readonly string[]): boolean {
  const [program = ''] = words;
  const name = canonicalName(program);
  // One of that name in the folder of the agent is none of those that are known.
  if (program.includes('/') && !/^\/(?:usr\/(?:local\/)?)?s?bin\/[^/]+$/u.test(program)) return false;
  const options = words.slice(1).filter((word) => word.startsWith('-'));
  if (SAYING.has(name) || READING.has(name) || WRITING.has(name)) {
    const running = Object.hasOwn(RUNNING_OPTIONS, name) ? (RUNNING_OPTIONS[name] ?? []) : [];
    return !options.some((option) => {
      const long = option.replace(/=.*$/su, '');
      return long.length > 2 && running.some((each) => each.startsWith(long));
    });
  }
  const { subcommand, at, sure } = splitCommand(words);
  const isQuiet = subcommand !== undefined && subcommandsOf(name)?.quiet.has(subcommand) === true;
  const prefix = [program, subcommand ?? ''];
  return sure && at === 1 && isQuiet && options.every((option) => isHarmlessOption(prefix, option));
}

/** The command itself, and all that it runs or may run: `xargs rm x` also as `rm x`. @param words from the program on */
export function startsOf(words: readonly string[], depth = 0): readonly Start[] {
  const own: Start = { words, sure: true };
  const [program = ''] = words;
  if (words.length < 2 || depth > DEEPEST || runsNothing(words)) return [own];
  const isWrapping = isWrapper(program);
  const isFind = canonicalName(program) === 'find';
  const found = [own];
  for (let at = 1; at < words.length; at++) {
    const before = words[at - 1] ?? '';
    const word = words[at] ?? '';
    if (takesText(words.slice(0, 2), before)) continue;
    const sure = isWrapping || (isFind && FIND_RUNS.has(before));
    found.push({ words: withoutAssignments(words.slice(at)), sure });
    // A text for a shell: its commands as far as they are understood.
    if (!/[\s;&|]/u.test(word)) continue;
    for (const inner of parseShell(word).commands) {
      const starts = startsOf(inner.words.slice(inner.assignments), depth + 1);
      found.push(...starts.map((start) => ({ ...start, sure: sure && start.sure })));
    }
  }
  return found;
}

function withoutAssignments(words: readonly string[]): readonly string[] {
  const at = words.findIndex((word) => !/^[A-Za-z_]\w*\+?=/u.test(word));
  return at < 0 ? words : words.slice(at);
}

/** Whether more words than those that stand there may follow a command. @param words from the program on */
export function mayGrow(words: readonly string[]): boolean {
  return words.some((word) => GROWING.has(canonicalName(word))) && !runsNothing(words);
}

/** Whether a shell or the like in it runs what it is fed: no word says what that is. @param words from the program on */
export function isFed(words: readonly string[]): boolean {
  if (runsNothing(words)) return false;
  const { program, subcommand } = splitCommand(words);
  const known = subcommandsOf(program);
  if (reads(words)) return true;
  if (subcommand !== undefined && (known?.plain.has(subcommand) === true || known?.installs.has(subcommand) === true)) {
    return false;
  }
  return words.some((_, index) => index > 0 && reads(words.slice(index)));
}

function reads([program = '', ...rest]: readonly string[]): boolean {
  const name = canonicalName(program);
  const operands = rest.filter((word) => !word.startsWith('-'));
  if (READS_PROGRAM.has(name) && rest.some((word) => INPUT.test(word.replace(ATTACHED, '')))) return true;
  if (name === 'crontab' && operands.length === 0 && !rest.includes('-l')) return true;
  if (name === 'parallel') return operands.length === 0;
  if (PRIVILEGED.has(name))
    return rest.length === 0 || rest.some((word) => /^(?:-|-s|-i|--login|--shell)$/u.test(word));
  if (name === 'ssh') return operands.length < 2;
  // What is fed becomes a part of the program.
  if (name === 'xargs') return operands.some((word) => isWrapper(word) || INTERPRETERS.has(canonicalName(word)));
  if (!SHELLS.has(name) && !INTERPRETERS.has(name) && !TALKING.has(name)) return false;
  if (rest.some((word) => /^--?(?:version|help|V)$/u.test(word))) return false;
  if (rest.some((word) => INPUT.test(word) || word === '-s' || word === '-i')) return true;
  if (rest.some((word) => GIVES_PROGRAM.test(word))) return false;
  if (TALKING.has(name) || operands.length === 0) return true;
  const before = rest.slice(0, rest.indexOf(operands[0] ?? ''));
  return operands.length === 1 && !before.every((word) => TAKES_NOTHING.test(word));
}
