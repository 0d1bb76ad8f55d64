import { readFileSync, statSync } from 'node:fs';
import { formatDuration } from '../../common/text.js';
import type { LoginEnvironment } from '../../core/machine.js';
import { GUARD_VARIABLES, probeShell, type ProbeResult } from './shellProbe.js';
import { parseAliases } from './shellAliases.js';
import { PROBE_VARIABLE, startupFiles, type Shell } from './shells.js';

export interface LoginLimits {
  /** How long the interactive login shell has, in milliseconds. */
  readonly interactiveMs: number;
  /** How long everything has. */
  readonly totalMs: number;
}

export const DEFAULT_LIMITS: LoginLimits = { interactiveMs: 6000, totalMs: 8500 };

/** What a shell or the probe itself sets. */
const OWN_VARIABLES = [
  'SHLVL',
  '_',
  'PWD',
  'OLDPWD',
  'CM_SESSION',
  PROBE_VARIABLE,
  'SHELLOPTS',
  'BASHOPTS',
  'COLUMNS',
  'LINES',
];
/** Those that belong to the terminal in which a program runs, whatever an rc file made of them. */
const TERMINAL_VARIABLES = ['TERM', 'TMUX', 'TMUX_PANE', 'STY', 'ZELLIJ'];
const MAX_RC_BYTES = 1024 * 1024;
const MAX_NAMED = 4;

/**
 * The environment and aliases of the login shell: interactive first, since most people set their PATH in files that only
 * an interactive shell reads, then without, then `base`. Never rejects and never takes longer than the limits.
 *
 * @param options.setup the person's own command, run by the shell after its files: `module load tmux`
 */
export async function readLoginEnvironment(
  shell: Shell,
  base: Readonly<Record<string, string>>,
  { limits = DEFAULT_LIMITS, setup }: { readonly limits?: LoginLimits; readonly setup?: string | undefined } = {},
): Promise<LoginEnvironment> {
  const started = performance.now();
  const env = { ...base, SHELL: shell.path };
  const home = base['HOME'] ?? '/';
  const cwd = statSync(home, { throwIfNoEntry: false })?.isDirectory() === true ? home : '/';
  const warnings: string[] = [];
  for (const interactive of [true, false]) {
    const leftMs = Math.floor(limits.totalMs - (performance.now() - started));
    const timeoutMs = interactive ? Math.min(limits.interactiveMs, leftMs) : leftMs;
    if (timeoutMs < 100) break;
    const result = await probeShell(shell, env, { interactive, timeoutMs, home: cwd, setup });
    if (result.kind === 'read') {
      const cleaned = cleanEnvironment(result.env, base, shell);
      if (!interactive) warnings.push('The environment was read without the files of an interactive shell');
      return { env: cleaned, aliases: parseAliases(shell.kind, result.aliases, cleaned), warnings };
    }
    const files = startupFiles(shell, home, base, { interactive });
    const warning = explain(result, { shell, files, home, timeoutMs });
    // Both ways usually fail for the same reason.
    if (!warnings.includes(warning)) warnings.push(warning);
  }
  warnings.push('Agents start with a plain environment, without what your shell sets');
  return { env, aliases: {}, warnings };
}

/** What a setup command changes for the programs that are found by it. */
const SETUP_VARIABLES = ['LD_LIBRARY_PATH', 'DYLD_LIBRARY_PATH', 'TERMINFO', 'TERMINFO_DIRS'];

/** What programs that were found by a setup command need to run, of the environment after it. */
export function setupVariables(env: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(SETUP_VARIABLES.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])));
}

/** Takes out of what a probe has read what is not the person's: what the probe set, the shell's counters, the variables of a terminal. */
export function cleanEnvironment(
  env: Readonly<Record<string, string>>,
  base: Readonly<Record<string, string>>,
  shell: Shell,
): Record<string, string> {
  const result: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (OWN_VARIABLES.includes(name) || TERMINAL_VARIABLES.includes(name)) continue;
    if (GUARD_VARIABLES[name] === value) continue;
    result[name] = value;
  }
  result['HOME'] ??= base['HOME'] ?? '/';
  result['SHELL'] ??= shell.path;
  if (!result['PATH']) result['PATH'] = base['PATH'] ?? '/usr/bin:/bin';
  return result;
}

interface Circumstances {
  readonly shell: Shell;
  readonly files: readonly string[];
  readonly home: string;
  readonly timeoutMs: number;
}

/** One sentence about what went wrong, with the file to look at. */
function explain(result: Exclude<ProbeResult, { kind: 'read' }>, about: Circumstances): string {
  const { shell, files, home, timeoutMs } = about;
  const show = (path: string): string => (path.startsWith(`${home}/`) ? `~${path.slice(home.length)}` : path);
  const all = files.slice(0, MAX_NAMED).map(show).join(', ') || `the start of ${shell.path}`;
  const oneOf = files.length > 1 ? `one of ${all}` : all;
  switch (result.kind) {
    case 'late': {
      const limit = formatDuration(timeoutMs);
      const reading = result.openFiles.find((path) => files.includes(path) || path.startsWith(`${home}/`));
      const running = result.running.find((command) => !command.startsWith(shell.path));
      const place = running === undefined ? undefined : findLine(files, commandPattern(running));
      // Arguments may hold a secret.
      const what = running === undefined ? '' : ` (it waits for \`${programName(running)}\`)`;
      if (place !== undefined) return `${show(place.file)} did not finish within ${limit}: line ${place.line}${what}`;
      if (reading !== undefined) return `${show(reading)} did not finish within ${limit}${what}`;
      return `${oneOf} did not finish within ${limit}${what}`;
    }
    case 'ended': {
      const place = findLine(files, /(?:^|[\s;&|({])((?:exec|exit|logout)\b(?:[ \t]+[A-Za-z0-9./_-]+)?)/);
      if (place === undefined) return `${oneOf} ended ${shell.path} before it was ready`;
      return `${show(place.file)} ended or replaced the shell: line ${place.line}, \`${place.match}\``;
    }
    case 'flooded':
      return `${oneOf} prints without end`;
    case 'broken':
      return `${shell.path} could not be asked for its environment: ${result.reason}`;
  }
}

function programName(command: string): string {
  return (command.split(' ')[0] ?? '').replace(/^.*\//, '').slice(0, 40);
}

/** Finds a command line where a person wrote it: with or without the folder of its program, with any quotes. */
function commandPattern(command: string): RegExp {
  const words = [programName(command), ...command.split(' ').slice(1, 2)];
  const whole = words.map((word) => `(?<![\\w-])${word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}(?![\\w-])`);
  return new RegExp(whole.join('.*'));
}

function findLine(
  files: readonly string[],
  pattern: RegExp,
): { readonly file: string; readonly line: number; readonly match: string } | undefined {
  for (const file of files) {
    let text: string;
    try {
      if (statSync(file).size > MAX_RC_BYTES) continue;
      text = readFileSync(file, 'utf8');
    } catch {
      continue;
    }
    for (const [i, line] of text.split('\n').entries()) {
      const match = line.trimStart().startsWith('#') ? null : pattern.exec(line);
      if (match !== null) return { file, line: i + 1, match: match[1] ?? match[0] };
    }
  }
  return undefined;
}
