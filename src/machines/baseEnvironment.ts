import { homedir, userInfo } from 'node:os';
import { isAbsolute } from 'node:path';

/** What a program needs of the session that a person is logged in to. Everything else is for the login shell to set. */
const ALLOWED = new Set([
  'HOME',
  'USER',
  'LOGNAME',
  'SHELL',
  'PATH',
  'LANG',
  'LANGUAGE',
  'TZ',
  'TMPDIR',
  'MAIL',
  'SSH_AUTH_SOCK',
  'SSH_AGENT_PID',
  'GPG_AGENT_INFO',
  'KRB5CCNAME',
  'DISPLAY',
  'WAYLAND_DISPLAY',
  'XAUTHORITY',
  'DESKTOP_SESSION',
  'DBUS_SESSION_BUS_ADDRESS',
  'http_proxy',
  'https_proxy',
  'no_proxy',
  'all_proxy',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'ALL_PROXY',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'NODE_EXTRA_CA_CERTS',
  'REQUESTS_CA_BUNDLE',
  'CURL_CA_BUNDLE',
  'WSL_DISTRO_NAME',
  'WSL_INTEROP',
  'WSLENV',
  'WSL2_GUI_APPS_ENABLED',
  'PULSE_SERVER',
  '__CF_USER_TEXT_ENCODING',
]);
const ALLOWED_PREFIXES = ['LC_', 'XDG_', 'NIX_'];

const DEFAULT_PATH = '/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin:/bin:/sbin';

/** Folders that editors, agents and npm put into the PATH of what they start. */
const FOREIGN_FOLDERS = [
  /\/node_modules\/\.bin$/,
  /\/node-gyp-bin$/,
  /\/remote-cli$/,
  /\/\.(vscode|cursor|windsurf|vscodium)[^/]*-server(-insiders)?\//,
  /\/(globalStorage|extensions)\//,
  /\/\.codex\/tmp\//,
];

/**
 * The part of our own environment that belongs to the person and not to the editor, agent, npm or tmux that we were
 * started from.
 * @param home in place of HOME
 * @param user whose environment it is
 */
export function baseEnvironment(
  env: NodeJS.ProcessEnv,
  home?: string,
  user: { readonly name?: string; readonly home: string } = currentUser(),
): Record<string, string> {
  const result: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined) continue;
    if (ALLOWED.has(name) || ALLOWED_PREFIXES.some((prefix) => name.startsWith(prefix))) result[name] = value;
  }
  if (home !== undefined || !result['HOME']) result['HOME'] = home ?? user.home;
  if (user.name !== undefined) {
    result['USER'] ??= user.name;
    result['LOGNAME'] ??= user.name;
  }
  result['PATH'] = cleanPath(result['PATH'] ?? '');
  return result;
}

/** Name, home and login shell of the user as the system knows them. */
export function currentUser(): { readonly name?: string; readonly home: string; readonly shell?: string } {
  try {
    const { username, homedir: home, shell } = userInfo();
    return { name: username, home, ...(shell === null || shell === '' ? {} : { shell }) };
  } catch {
    // A container may run under a uid that has no entry.
    return { home: homedir() };
  }
}

function cleanPath(path: string): string {
  const folders = path
    .split(':')
    .filter((folder) => isAbsolute(folder) && !FOREIGN_FOLDERS.some((pattern) => pattern.test(folder)));
  return folders.length === 0 ? DEFAULT_PATH : [...new Set(folders)].join(':');
}
