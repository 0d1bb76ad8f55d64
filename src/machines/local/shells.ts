import { accessSync, constants, readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { shellKind, type Shell } from '../../core/shell/shellKind.js';

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
      return [
        ...own('.profile', '.shrc', '.kshrc', '.mkshrc', '.yash_profile', '.yashrc'),
        ...['/etc/profile'].filter(isFile),
      ];
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
