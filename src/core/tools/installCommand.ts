import type { Machine } from '../machine/machine.js';

const MANAGERS: readonly (readonly [string, (name: string) => string])[] = [
  ['brew', (name) => `brew install ${name}`],
  ['apt-get', (name) => `sudo apt-get install -y ${name}`],
  ['dnf', (name) => `sudo dnf install -y ${name}`],
  ['yum', (name) => `sudo yum install -y ${name}`],
  ['pacman', (name) => `sudo pacman -S ${name}`],
  ['zypper', (name) => `sudo zypper install ${name}`],
  ['apk', (name) => `sudo apk add ${name}`],
  ['pkg', (name) => `sudo pkg install ${name}`],
  ['nix-env', (name) => `nix-env -iA nixpkgs.${name}`],
];

/** The command that installs a package with the manager that a machine has; null where none is known. */
export async function installCommand(machine: Machine, name: string): Promise<string | null> {
  const { env } = await machine.loginEnvironment();
  const path = `${env['PATH'] ?? ''}:/usr/local/bin:/opt/homebrew/bin:/usr/bin:/bin:/sbin:/usr/sbin`;
  const root = env['USER'] === 'root' || env['HOME'] === '/root';
  for (const [manager, command] of MANAGERS) {
    if ((await machine.findProgram(manager, path)) === undefined) continue;
    const text = command(name);
    return root ? text.replace(/^sudo /, '') : text;
  }
  return null;
}
