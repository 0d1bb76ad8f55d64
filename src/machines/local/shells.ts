import { accessSync, constants, readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { readTextSync } from '../../common/files.js';
import { shellKind, type Shell } from '../../core/shell/shellKind.js';

/** Larger files are none that a person wrote. */
const MAX_RC_BYTES = 1024 * 1024;

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
      // A login shell reads what these files read, and nothing else.
      const system = ['/etc/profile'].filter(isFile);
      const rc = own('.bashrc').filter(() => mention([...profile, ...system], '/.bashrc'));
      const aliases = own('.bash_aliases').filter(() => mention([...profile, ...rc], '/.bash_aliases'));
      const all = [...profile, ...rc, ...aliases, ...system];
      const more = ['/etc/bash.bashrc', '/etc/bashrc'].filter((path) => isFile(path) && mention(all, path));
      return [...all, ...(mention(system, 'profile.d') ? shellFiles('/etc/profile.d') : []), ...more];
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
      return [...own(...(POSIX_FILES[basename(shell.path)] ?? ['.profile'])), ...['/etc/profile'].filter(isFile)];
    case 'csh': {
      const rc = own('.tcshrc', '.cshrc').slice(0, 1);
      return [...rc, ...own('.login'), ...['/etc/csh.cshrc', '/etc/csh.login'].filter(isFile)];
    }
    case 'elvish':
      return own('.config/elvish/rc.elv', '.elvish/rc.elv');
    case 'other':
      return own('.profile', '.xonshrc', '.config/nushell/config.nu');
  }
}

/** What a POSIX shell reads that has files of its own. */
const POSIX_FILES: Readonly<Record<string, readonly string[]>> = {
  ksh: ['.profile', '.kshrc'],
  ksh93: ['.profile', '.kshrc'],
  mksh: ['.profile', '.mkshrc'],
  yash: ['.yash_profile', '.yashrc'],
};

/** Whether one of these files names another one, as those do that read it. */
function mention(files: readonly string[], name: string): boolean {
  return files.some((file) => {
    try {
      return readTextSync(file, MAX_RC_BYTES).includes(name);
    } catch {
      return false;
    }
  });
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
