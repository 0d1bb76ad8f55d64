import { quotePosix } from '../../common/quote.js';
import { FOLDER_VARIABLE, firstPrompt } from './firstPrompt.js';
import type { Shell, ShellKind } from './shellKind.js';

/** Holds what the shell sets after its files and before it runs the tool. */
export const SET_VARIABLE = 'CM_SHELL_SET';

/** Whether a name means the same to every shell, wherever it stands. */
export function isPlainName(name: string): boolean {
  return /^[A-Za-z0-9_][A-Za-z0-9_.+-]*$/.test(name);
}

/** Where {@link throughShell} finds the terminal: the shell's own files read nothing of it and print nothing on it. */
export const TERMINAL_REDIRECTION = '7<&0 8>&1 9>&2 </dev/null >/dev/null 2>&1';

/** How a tool is run by the person's own interactive login shell. */
export interface ShellRun {
  readonly shell: Shell;
  /** What the shell starts with. */
  readonly env: Readonly<Record<string, string>>;
  /** What it has by itself after its files. */
  readonly own: Readonly<Record<string, string>>;
}

/** Whether a shell can be asked to run one of its functions or aliases with arguments. */
export function canRunThrough({ kind }: Shell, name: string): boolean {
  return kind !== 'elvish' && kind !== 'other' && isPlainName(name);
}

/**
 * Program and arguments by which an interactive login shell runs a word as if a person had typed it, with what is
 * appended as its arguments, whatever they hold. Without job control: the tool stays in reach of the terminal's keys and
 * signals, and when it has ended the shell ends with its status.
 */
export function throughShell(shell: Shell, name: string): readonly string[] {
  const { path, kind, isLogin = true } = shell;
  const flags = isLogin ? ['-l', '-i', '-c'] : ['-i', '-c'];
  const prompt = firstPrompt(shell);
  switch (kind) {
    case 'fish': {
      const run = `begin; ${name} $argv; end <&7 >&8 2>&9`;
      return [path, ...flags, `status job-control none; trap : INT; ${prompt}; eval $${SET_VARIABLE}; ${run}`, '--'];
    }
    case 'csh': {
      // It cannot be given a terminal twice: its files have it too.
      const login = isLogin ? 'if ( -r ~/.login ) source ~/.login' : ':';
      return [path, '-i', '-c', `${login}\n${prompt} >& /dev/null\neval "$${SET_VARIABLE}:q"\n${name} $argv:q`, '-b'];
    }
    case 'bash':
    case 'zsh':
    case 'sh':
    case 'elvish':
    case 'other': {
      const terminal = 'exec <&7 >&8 2>&9 7<&- 8>&- 9>&-';
      // Ctrl+C is the tool's, and its shell waits for it all the same; bash does so by itself.
      const wait = kind === 'bash' ? '' : 'trap : INT; ';
      const run = `set +m; ${wait}${prompt}; eval "$${SET_VARIABLE}"; ${terminal}; ${name} "$@"`;
      return [path, ...flags, run, name];
    }
  }
}

/** Whether the shell's own files are kept away from the terminal. */
export function hasRedirection({ kind }: Shell): boolean {
  return kind !== 'csh';
}

/** What stands in {@link SET_VARIABLE}: variables to take away and to set, in the language of the shell. */
export function settingScript(
  kind: ShellKind,
  { unset, set }: { readonly unset: readonly string[]; readonly set: Readonly<Record<string, string>> },
): string {
  const gone = [...unset, SET_VARIABLE, FOLDER_VARIABLE];
  const entries = Object.entries(set);
  switch (kind) {
    case 'fish':
      return [
        `set -e ${gone.join(' ')}`,
        ...entries.map(([name, value]) => `set -gx ${name} ${quoteFish(value)}`),
      ].join('; ');
    case 'csh':
      return [
        ...gone.map((name) => `unsetenv ${name}`),
        ...entries.map(([name, value]) => `setenv ${name} ${quoteCsh(value)}`),
      ].join('; ');
    case 'bash':
    case 'zsh':
    case 'sh':
    case 'elvish':
    case 'other':
      return [`unset ${gone.join(' ')}`, ...entries.map(([name, value]) => `export ${name}=${quotePosix(value)}`)].join(
        '\n',
      );
  }
}

function quoteFish(word: string): string {
  return `'${word.replace(/['\\]/g, '\\$&')}'`;
}

/** Whether a shell takes `!` for its history and ends a word at a line break, in quotes too. */
function quoteCsh(word: string): string {
  return `'${word.replaceAll("'", `'\\''`).replace(/[!\n]/g, '\\$&')}'`;
}
