import type { Shell } from '../core/shell/shellKind.js';
import { FOLDER_VARIABLE } from '../core/shell/firstPrompt.js';
import { GUARD_VARIABLES } from '../core/shell/guardVariables.js';
import { PROBE_VARIABLE } from './shellQuestion.js';

/** What a shell or the question itself sets. */
const OWN_VARIABLES = new Set([
  ...['SHLVL', '_', 'PWD', 'OLDPWD', 'CM_SESSION', PROBE_VARIABLE, FOLDER_VARIABLE],
  ...['SHELLOPTS', 'BASHOPTS', 'COLUMNS', 'LINES', 'TMUX', 'TMUX_PANE', 'STY', 'ZELLIJ'],
]);

/** What a setup command changes for the programs that are found by it. */
const SETUP_VARIABLES = ['LD_LIBRARY_PATH', 'DYLD_LIBRARY_PATH', 'TERMINFO', 'TERMINFO_DIRS'];

/** What programs that were found by a setup command need to run, of the environment after it. */
export function setupVariables(env: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(SETUP_VARIABLES.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])));
}

/** Names in what a shell told that are not the person's: what it was asked with, and a shell's own counters. */
export function foreignVariables(env: Readonly<Record<string, string>>): ReadonlySet<string> {
  return new Set(
    Object.entries(env)
      .filter(([name, value]) => OWN_VARIABLES.has(name) || GUARD_VARIABLES[name] === value)
      .map(([name]) => name),
  );
}

/** Takes out of what a shell has told what is not the person's. */
export function cleanEnvironment(
  env: Readonly<Record<string, string>>,
  base: Readonly<Record<string, string>>,
  shell: Shell,
): Record<string, string> {
  const foreign = foreignVariables(env);
  const result = Object.fromEntries(Object.entries(env).filter(([name]) => !foreign.has(name)));
  result['HOME'] ??= base['HOME'] ?? '/';
  result['SHELL'] ??= shell.path;
  if (!result['PATH']) result['PATH'] = base['PATH'] ?? '/usr/bin:/bin';
  return result;
}
