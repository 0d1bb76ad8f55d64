import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { withLock } from './lock.mjs';
import { cacheDir } from './paths.mjs';
import { isExecutable, run, which } from './processes.mjs';

/**
 * @typedef {'tmux' | 'git' | 'chromium' | 'make' | 'c++' | 'python3' | 'bash' | 'zsh' | 'fish' | 'direnv' | 'tcsh' | 'dash' | 'ksh93' | 'mksh' | 'busybox' | 'yash' | 'elvish' | 'ssh' | 'sshd'} ProgramName
 */

/**
 * @typedef {object} Program
 * @property {readonly string[]} names any of these on PATH will do
 * @property {readonly string[]} [places] where it is when it is not on PATH
 * @property {Partial<Record<'apt' | 'dnf' | 'apk' | 'brew', readonly string[]>>} packages
 */

/** @type {Record<ProgramName, Program>} */
const programs = {
  tmux: { names: ['tmux'], packages: same('tmux') },
  git: { names: ['git'], packages: same('git') },
  chromium: {
    names: ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'],
    places: [
      '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
      '/Applications/Chromium.app/Contents/MacOS/Chromium',
    ],
    packages: {
      // The fonts are only recommended by the package, and without any a page is full of boxes.
      apt: ['chromium', 'fonts-dejavu-core', 'fonts-liberation'],
      dnf: ['chromium'],
      apk: ['chromium', 'font-dejavu'],
      brew: ['google-chrome'],
    },
  },
  make: { names: ['make'], packages: { apt: ['make'], dnf: ['make'], apk: ['make'] } },
  'c++': { names: ['c++', 'g++', 'clang++'], packages: { apt: ['g++'], dnf: ['gcc-c++'], apk: ['g++'] } },
  python3: { names: ['python3'], packages: { apt: ['python3'], dnf: ['python3'], apk: ['python3'], brew: ['python'] } },
  bash: { names: ['bash'], packages: same('bash') },
  zsh: { names: ['zsh'], packages: same('zsh') },
  fish: { names: ['fish'], packages: same('fish') },
  direnv: { names: ['direnv'], packages: same('direnv') },
  tcsh: { names: ['tcsh'], packages: same('tcsh') },
  dash: { names: ['dash'], packages: same('dash') },
  ksh93: { names: ['ksh93'], packages: same('ksh') },
  mksh: { names: ['mksh'], packages: same('mksh') },
  busybox: { names: ['busybox'], packages: same('busybox') },
  yash: { names: ['yash'], packages: same('yash') },
  elvish: { names: ['elvish'], packages: same('elvish') },
  ssh: {
    names: ['ssh'],
    packages: { apt: ['openssh-client'], dnf: ['openssh-clients'], apk: ['openssh-client'], brew: ['openssh'] },
  },
  sshd: {
    names: ['sshd'],
    places: ['/usr/sbin/sshd', '/usr/local/sbin/sshd'],
    packages: { apt: ['openssh-server'], dnf: ['openssh-server'], apk: ['openssh-server'], brew: ['openssh'] },
  },
};

/**
 * @param {ProgramName} name
 * @returns {string | undefined} the path of the program
 */
export function findProgram(name) {
  const { names, places = [] } = programs[name];
  for (const candidate of names) {
    const path = which(candidate);
    if (path !== undefined) return path;
  }
  return places.find(isExecutable);
}

/**
 * Makes sure that programs are there: installs what is missing on Debian as root, and says the exact command elsewhere.
 * @param {readonly ProgramName[]} names
 * @param {{log?: (line: string) => void}} [options]
 * @returns {Promise<Record<string, string>>} path by name
 */
export async function ensurePrograms(names, { log = console.log } = {}) {
  const missing = names.filter((name) => findProgram(name) === undefined);
  if (missing.length > 0) {
    if (!canInstall()) throw new Error(`${missing.join(', ')} not found. Install with:\n  ${installCommand(missing)}`);
    await withLock(join(cacheDir(), 'apt.lock'), () => aptInstall(missing, log));
  }
  /** @type {Record<string, string>} */
  const paths = {};
  for (const name of names) {
    const path = findProgram(name);
    if (path === undefined) throw new Error(`${name} is still not found after ${installCommand([name])}`);
    paths[name] = path;
  }
  return paths;
}

/**
 * The command by which a person installs programs on this system.
 * @param {readonly ProgramName[]} names
 * @returns {string}
 */
export function installCommand(names) {
  const manager = packageManager();
  const packages = names.flatMap((name) => programs[name].packages[manager] ?? []);
  switch (manager) {
    case 'brew':
      return packages.length > 0 ? `brew install ${packages.join(' ')}` : 'xcode-select --install';
    case 'dnf':
      return `sudo dnf install ${packages.join(' ')}`;
    case 'apk':
      return `sudo apk add ${packages.join(' ')}`;
    case 'apt':
      return `sudo apt-get update && sudo apt-get install ${packages.join(' ')}`;
  }
}

/**
 * @param {readonly ProgramName[]} names
 * @param {(line: string) => void} log
 */
async function aptInstall(names, log) {
  // Another process may have installed them while this one waited for the lock.
  const missing = names.filter((name) => findProgram(name) === undefined);
  if (missing.length === 0) return;
  const packages = missing.flatMap((name) => programs[name].packages.apt ?? []);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const install = ['install', '-y', '-q', '--no-install-recommends', ...packages];
  log(`Installing ${packages.join(' ')} by apt-get`);
  // The lists are fetched only when they are missing or too old to find the packages.
  if ((await run('apt-get', install, { env })).code === 0) return;
  log('Updating the package lists (apt-get update)');
  await run('apt-get', ['update', '-q'], { env });
  const { code, output } = await run('apt-get', install, { env });
  if (code !== 0) throw new Error(`apt-get ${install.join(' ')} ended with ${code}\n${output.slice(-4000)}`);
}

/** @returns {boolean} */
function canInstall() {
  return process.platform === 'linux' && existsSync('/etc/debian_version') && process.getuid?.() === 0;
}

/** @returns {'apt' | 'dnf' | 'apk' | 'brew'} */
function packageManager() {
  if (process.platform === 'darwin') return 'brew';
  if (which('apt-get') !== undefined) return 'apt';
  if (which('dnf') !== undefined) return 'dnf';
  if (which('apk') !== undefined) return 'apk';
  return which('brew') === undefined ? 'apt' : 'brew';
}

/**
 * @param {string} name
 * @returns {Program['packages']}
 */
function same(name) {
  return { apt: [name], dnf: [name], apk: [name], brew: [name] };
}
