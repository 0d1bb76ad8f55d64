import { FOLDER_VARIABLE, firstPrompt } from '../core/shell/firstPrompt.js';
import { GUARD_VARIABLES } from '../core/shell/guardVariables.js';
import { isPlainName } from '../core/shell/throughShell.js';
import type { Shell } from '../core/shell/shellKind.js';

/** Holds the script that the shell is to run, with what it is to tell as `$1`. */
export const PROBE_VARIABLE = 'CM_PROBE_SCRIPT';

/** More than any environment has; an rc file that prints without end must not fill the memory. */
export const MAX_ANSWER_BYTES = 32 * 1024 * 1024;

/** How a shell is asked for what a person would have at its prompt. */
export interface Question {
  readonly command: readonly string[];
  /** Begins each line of ours in what it prints. */
  readonly mark: string;
}

export interface QuestionOptions {
  readonly interactive: boolean;
  /** The shell reads the files of a login shell too. */
  readonly login: boolean;
  /** The person's own command, run after the files. */
  readonly setup: string | undefined;
  /** Names of programs that may be functions. */
  readonly words: readonly string[];
  readonly mark: string;
}

// Single quotes around double ones: the same to every shell.
const PROBE = `/bin/sh -c 'eval "$${PROBE_VARIABLE}"' probe`;

/**
 * Makes a shell read its files, run the person's own `setup`, tell its aliases and functions, get ready for its first
 * prompt and tell its environment. The last step is an exec, so that no logout file or exit trap runs behind it. The
 * script itself comes in a variable: it needs no file that a crash leaves behind, and no shell touches its text.
 */
export function shellQuestion(shell: Shell, options: QuestionOptions): Question {
  const { interactive, login, setup, mark } = options;
  const words = options.words.filter(isPlainName);
  const flags = [...(interactive ? ['-i'] : []), ...(login ? ['-l'] : [])];
  const before = setup === undefined ? [] : [setup];
  const prompt = firstPrompt(shell);
  const ready = interactive && prompt !== '' ? [`${PROBE} early`, prompt] : [];
  const lines = (aliases: string, functions: string): string =>
    [
      ...before,
      [`${PROBE} begin`, aliases, `${PROBE} names`, functions, ...ready, `exec ${PROBE} end`].join('; '),
    ].join('\n');
  const asked = (text: string): Question => ({ command: [shell.path, ...flags, '-c', text], mark });
  switch (shell.kind) {
    case 'bash':
      return asked(lines('\\builtin alias -p', '\\builtin declare -F'));
    case 'zsh':
      // -r: only those that stand for a command.
      return asked(lines('\\builtin alias -r', '\\builtin print -rl -- ${(k)functions}'));
    case 'sh':
      return asked(
        lines('\\alias', `for CM_HOOK in ${words.join(' ')}; do \\command -V "$CM_HOOK"; done; unset CM_HOOK`),
      );
    case 'fish':
      return asked(lines('alias', 'functions -n'));
    case 'csh': {
      // By its name alone it knows that it is a login shell, and nothing here can give it another one.
      const files = login ? ['if ( -r ~/.login ) source ~/.login'] : [];
      const text = [...files, lines('alias', ':')].join('\n');
      return { command: [shell.path, ...(interactive ? ['-i'] : []), '-c', text], mark };
    }
    case 'elvish': {
      const functions = words.map((word) => `/bin/sh -c 'echo "$1 is a function"' x ${word} (kind-of $${word}~)`);
      return fed(
        [shell.path],
        [...before, `${PROBE} begin`, `${PROBE} names`, ...functions, `${PROBE} self`, 'exit'],
        mark,
      );
    }
    case 'other':
      return fed([shell.path], [...before, `${PROBE} self`, 'exit'], mark);
  }
}

/**
 * Asks whatever a shell's files have put in its place who it is, and what it was started with. It reads its commands from its input, as it would from
 * its terminal; one that its files read is lost, so there are several.
 */
export function whoQuestion(shell: Shell, { login, mark }: Pick<QuestionOptions, 'login' | 'mark'>): Question {
  const lines = Array.from({ length: 8 }, () => [`${PROBE} who`, 'exit']).flat();
  const takesFlags = !['csh', 'elvish', 'other'].includes(shell.kind);
  const flags = takesFlags ? (login ? ['-i', '-l'] : ['-i']) : shell.kind === 'csh' ? ['-i'] : [];
  return fed([shell.path, ...flags], lines, mark);
}

/** By a pipe: some shells read their commands from nothing else. */
function fed(command: readonly string[], lines: readonly string[], mark: string): Question {
  const feed = 'lines=$1; shift; printf %s "$lines" | "$@"';
  return { command: ['/bin/sh', '-c', feed, 'sh', `${lines.join('\n')}\n`, ...command], mark };
}

/** What a shell is started with when it is asked, besides the environment that it is asked in. */
export function questionVariables({ mark }: Question, folder: string): Readonly<Record<string, string>> {
  return { ...GUARD_VARIABLES, [PROBE_VARIABLE]: probeScript(mark), [FOLDER_VARIABLE]: folder };
}

/** Prints lines that its own text does not hold, since an rc file may print all variables. */
function probeScript(mark: string): string {
  const env = `/usr/bin/env -0 2>/dev/null || /usr/bin/awk 'BEGIN { for (n in ENVIRON) printf "%s=%s%c", n, ENVIRON[n], 0 }'`;
  return `say() { printf '\\n%s %s\\n' '${mark}' "$1"; }
tell() { say "$1"; umask; ${env}; say "$2"; }
case $1 in
begin|names) say "$1" ;;
early) tell early ready ;;
end) tell env end ;;
who|self) p=$PPID
say who
readlink "/proc/$p/exe" 2>/dev/null || echo
{ tr '\\0' '\\n' <"/proc/$p/cmdline" || ps -o args= -p "$p" | tr ' ' '\\n'; } 2>/dev/null | head -n 1
if [ "$1" = who ] && [ -r "/proc/$p/environ" ]; then say env; umask; cat "/proc/$p/environ"; say end
else tell env end
fi ;;
esac`;
}

/** What a shell told. */
export interface ShellAnswer {
  readonly env: Readonly<Record<string, string>>;
  readonly umask: number | null;
  /** As it prints them. */
  readonly aliases: string;
  readonly functions: ReadonlySet<string>;
  /** What hangs on its prompt came to its end. */
  readonly isReady: boolean;
  /** Where it was fed what it was asked: its program, and as what it was called. */
  readonly who: { readonly program: string; readonly name: string } | undefined;
}

/** Reads what a shell printed; undefined when its environment is not whole. */
export function readAnswer(output: string, mark: string): ShellAnswer | undefined {
  const part = (from: string, to: string): string | undefined => {
    const start = output.indexOf(`\n${mark} ${from}\n`);
    const begin = start + mark.length + from.length + 3;
    const end = output.indexOf(`\n${mark} ${to}\n`, Math.max(0, begin - 1));
    return start < 0 || end < 0 ? undefined : output.slice(begin, end);
  };
  const end = part('env', 'end');
  const told = end ?? part('early', 'ready');
  if (told === undefined) return undefined;
  const line = told.indexOf('\n');
  const env: Record<string, string> = {};
  for (const entry of told.slice(line + 1).split('\0')) {
    const equals = entry.indexOf('=');
    const name = entry.slice(0, equals);
    // Exported functions and the like cannot be handed on by every shell.
    if (equals > 0 && /^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) env[name] = entry.slice(equals + 1);
  }
  const mask = /^0*[0-7]{1,4}$/.test(told.slice(0, line)) ? Number.parseInt(told.slice(0, line), 8) : null;
  const [program = '', name = ''] = (part('who', 'env') ?? '').split('\n');
  return {
    env,
    umask: mask,
    aliases: part('begin', 'names') ?? '',
    functions: functionNames(part('names', 'early') ?? part('names', 'who') ?? part('names', 'env') ?? ''),
    isReady: end !== undefined,
    who: part('who', 'env') === undefined ? undefined : { program, name },
  };
}

/** A name alone in its line, as bash says `declare -f NAME`, or `NAME is a function` as any shell may say it. */
function functionNames(text: string): ReadonlySet<string> {
  const names = text.split('\n').flatMap((line) => {
    const match = /^(?:declare -f\S* )?([^\s()]+)(?:\(\))?$|^(\S+?):? (?:is )?an? (?:\w+ )?function\b/.exec(line);
    return match?.[1] ?? match?.[2] ?? [];
  });
  return new Set(names);
}
