import { accessSync, constants, readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';

/** Holds the script that the shell is to run, with `begin` or `end` as `$1`. */
export const PROBE_VARIABLE = 'CM_PROBE_SCRIPT';

export type ShellKind = 'bash' | 'zsh' | 'fish' | 'sh' | 'csh' | 'other';

/** How a login shell is asked for its environment and which files it reads. */
export interface Shell {
  readonly path: string;
  readonly kind: ShellKind;
}

/** The first of the candidates that is a usable shell; `/bin/sh` when none is. */
export function chooseShell(candidates: readonly (string | undefined)[]): Shell {
  for (const path of candidates) {
    if (path === undefined || !path.startsWith('/')) continue;
    // Accounts that nobody is to log in to.
    if (/^(nologin|false|true|sync|halt|shutdown)$/.test(basename(path))) continue;
    if (isProgram(path)) return { path, kind: shellKind(path) };
  }
  return { path: '/bin/sh', kind: 'sh' };
}

/** Which shell a program is, by its name. */
export function shellKind(path: string): ShellKind {
  const name = basename(path);
  if (/^bash/.test(name)) return 'bash';
  if (/^zsh/.test(name)) return 'zsh';
  if (/^fish/.test(name)) return 'fish';
  if (/^t?csh/.test(name)) return 'csh';
  if (/^(sh|dash|ash|ksh|ksh93|mksh|oksh|yash|loksh)$/.test(name)) return 'sh';
  return 'other';
}

/**
 * Program, arguments and argv[0] that make the shell read its files, run the person's own `setup` and then the probe. The last step is an exec, so
 * that no logout file or exit trap runs behind it.
 * The probe itself comes in a variable: it needs no file that a crash leaves behind, and no shell touches its text.
 */
export function shellCommand(
  shell: Shell,
  { interactive, setup }: { readonly interactive: boolean; readonly setup?: string | undefined },
): { readonly command: readonly string[]; readonly argv0?: string } {
  // Single quotes around double ones: the same to every shell.
  const probe = `/bin/sh -c 'eval "$${PROBE_VARIABLE}"' probe`;
  const begin = `${setup === undefined ? '' : `${setup}\n`}${probe} begin`;
  const end = `exec ${probe} end`;
  const flags = interactive ? ['-i', '-l'] : ['-l'];
  switch (shell.kind) {
    case 'bash':
      return { command: [shell.path, ...flags, '-c', `${begin}; \\builtin alias -p; ${end}`] };
    case 'zsh':
      // -r: only those that stand for a command.
      return { command: [shell.path, ...flags, '-c', `${begin}; \\builtin alias -r; ${end}`] };
    case 'sh':
      return { command: [shell.path, ...flags, '-c', `${begin}; \\alias; ${end}`] };
    case 'fish':
      return { command: [shell.path, ...flags, '-c', `${begin}; alias; ${end}`] };
    case 'csh':
      // It takes -l only when that is its sole argument; a dash before its name says the same.
      return {
        command: [shell.path, ...(interactive ? ['-i'] : []), '-c', `${begin}; alias; ${end}`],
        argv0: `-${basename(shell.path)}`,
      };
    case 'other':
      return { command: [shell.path, ...flags, '-c', `${begin}; ${probe} end`] };
  }
}

/** The files that a login shell reads and that are there; the user's own first. */
export function startupFiles(
  shell: Shell,
  home: string,
  env: Readonly<Record<string, string>>,
  { interactive }: { readonly interactive: boolean },
): string[] {
  const own = (...names: string[]): string[] => names.map((name) => join(home, name)).filter(isFile);
  switch (shell.kind) {
    case 'bash': {
      const profile = own('.bash_profile', '.bash_login', '.profile').slice(0, 1);
      // Login files usually read it.
      const files = [...profile, ...own('.bashrc'), ...own('.bash_aliases')];
      const system = ['/etc/profile', ...shellFiles('/etc/profile.d'), '/etc/bash.bashrc', '/etc/bashrc'];
      return [...files, ...system.filter(isFile)];
    }
    case 'zsh': {
      const folder = env['ZDOTDIR'] ?? home;
      const names = interactive ? ['.zshenv', '.zprofile', '.zshrc', '.zlogin'] : ['.zshenv', '.zprofile', '.zlogin'];
      const system = names.flatMap((name) => [`/etc/zsh/${name.slice(1)}`, `/etc/${name.slice(1)}`]);
      return [...new Set([join(home, '.zshenv'), ...names.map((name) => join(folder, name)), ...system])].filter(
        isFile,
      );
    }
    case 'fish': {
      const folder = join(env['XDG_CONFIG_HOME'] ?? join(home, '.config'), 'fish');
      return [join(folder, 'config.fish'), ...shellFiles(join(folder, 'conf.d')), '/etc/fish/config.fish'].filter(
        isFile,
      );
    }
    case 'sh':
      return [...own('.profile', '.shrc', '.kshrc', '.mkshrc'), ...['/etc/profile'].filter(isFile)];
    case 'csh': {
      const rc = own('.tcshrc', '.cshrc').slice(0, 1);
      return [...rc, ...own('.login'), ...['/etc/csh.cshrc', '/etc/csh.login'].filter(isFile)];
    }
    case 'other':
      return own('.profile', '.xonshrc', '.elvish/rc.elv', '.config/nushell/config.nu', '.config/elvish/rc.elv');
  }
}

function shellFiles(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => /\.(sh|fish)$/.test(name))
      .map((name) => join(folder, name));
  } catch {
    return [];
  }
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return isFile(path);
  } catch {
    return false;
  }
}
