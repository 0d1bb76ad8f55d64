import { homedir } from 'node:os';
import { join } from 'node:path';
import { isExecutable, which } from './processes.mjs';

/**
 * @typedef {object} DesktopCode
 * @property {string} name for people: `Visual Studio Code`
 * @property {string} command the absolute path of its command line
 */

/** Editors that take a VS Code extension, in the order of preference. */
const editors = [
  {
    name: 'Visual Studio Code',
    program: 'code',
    mac: 'Visual Studio Code',
    linux: ['/usr/share/code', '/opt/visual-studio-code'],
    windows: 'Microsoft VS Code',
  },
  {
    name: 'Visual Studio Code Insiders',
    program: 'code-insiders',
    mac: 'Visual Studio Code - Insiders',
    linux: ['/usr/share/code-insiders', '/opt/visual-studio-code-insiders'],
    windows: 'Microsoft VS Code Insiders',
  },
  {
    name: 'VSCodium',
    program: 'codium',
    mac: 'VSCodium',
    linux: ['/usr/share/codium', '/opt/vscodium-bin'],
    windows: 'VSCodium',
  },
  { name: 'Cursor', program: 'cursor', mac: 'Cursor', linux: ['/usr/share/cursor', '/opt/cursor'], windows: 'Cursor' },
];

/**
 * Finds an editor with windows of its own.
 * @param {{env?: NodeJS.ProcessEnv, platform?: NodeJS.Platform, home?: string, isThere?: (path: string) => boolean}} [system]
 *   where to look; tests give their own
 * @returns {DesktopCode | undefined} undefined also where there is no screen to show it on
 */
export function findDesktopCode(system = {}) {
  const { env = process.env, platform = process.platform, home = homedir(), isThere = isExecutable } = system;
  if (!hasDisplay(env, platform)) return undefined;
  for (const editor of editors) {
    const onPath = which(editor.program, env);
    // In a remote terminal `code` talks to the window that the terminal belongs to, and cannot open an extension.
    const candidates = onPath === undefined || onPath.includes('remote-cli') ? [] : [onPath];
    candidates.push(...usualPlaces(editor, platform, home, env));
    const command = candidates.find(isThere);
    if (command !== undefined) return { name: editor.name, command };
  }
  return undefined;
}

/**
 * @param {NodeJS.ProcessEnv} [env]
 * @param {NodeJS.Platform} [platform]
 * @returns {boolean} whether a window opened from here would be seen by the person who sits here
 */
export function hasDisplay(env = process.env, platform = process.platform) {
  if (platform === 'linux') return isSet(env['DISPLAY']) || isSet(env['WAYLAND_DISPLAY']);
  return !isSet(env['SSH_CONNECTION']);
}

/**
 * @param {typeof editors[number]} editor
 * @param {NodeJS.Platform} platform
 * @param {string} home
 * @param {NodeJS.ProcessEnv} env
 * @returns {string[]}
 */
function usualPlaces(editor, platform, home, env) {
  switch (platform) {
    case 'darwin':
      return ['/Applications', join(home, 'Applications')].map((dir) =>
        join(dir, `${editor.mac}.app`, 'Contents', 'Resources', 'app', 'bin', editor.program),
      );
    case 'win32':
      return [env['LOCALAPPDATA'] && join(env['LOCALAPPDATA'], 'Programs'), env['ProgramFiles']]
        .filter(isSet)
        .map((dir) => join(dir, editor.windows, 'bin', `${editor.program}.cmd`));
    default:
      return [
        ...editor.linux.map((dir) => join(dir, 'bin', editor.program)),
        join('/snap/bin', editor.program),
        join(home, '.local', 'bin', editor.program),
      ];
  }
}

/**
 * @param {string | undefined} value
 * @returns {value is string}
 */
function isSet(value) {
  return value !== undefined && value !== '';
}
