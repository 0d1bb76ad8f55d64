import { CodeManagerError } from '../protocol/errors.js';

/** A host as people write it in front of a path. */
export interface HostPart {
  readonly host: string;
  readonly user?: string;
  readonly port?: number;
}

export interface Place {
  /** Undefined: the path says nothing of a machine. */
  readonly host: HostPart | undefined;
  readonly path: string;
}

const WORD = /^[^-\s\p{C}/@[\]][^\s\p{C}/@[\]]*$/u;

/**
 * Reads `/folder`, `user@host:folder`, `host:folder` and `ssh://user@host:port/folder`. As with scp, a path that begins
 * with `/`, `.` or `~`, or that has a slash before its first colon, is a path alone. Throws `invalid`.
 */
export function parsePlace(text: string): Place {
  if (text === '') throw invalid('PATH is empty');
  if (text.includes('\0')) throw invalid('PATH contains a NUL character');
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase();
  if (scheme === 'ssh') return parseSshUrl(text);
  if (scheme === 'ws' || scheme === 'wss') {
    throw invalid(`${text} is an agent server, not a folder`, 'Give it with --url, and PATH as the folder there.');
  }
  if (scheme !== undefined) throw invalid(`${text} is not a folder`, 'Give a path, or ssh://user@host:port/path.');
  const match = /^(?:([^@/:]*)@)?(\[[^\]/]*\]|[^:/[]*):([\s\S]*)$/.exec(text);
  if (match === null || /^[/.~]/.test(text) || isDrive(text)) return { host: undefined, path: text };
  const [, user, host = '', path = ''] = match;
  return { host: hostPart(host, user, undefined), path: path === '' ? '~' : path };
}

/** `user@host` or `host`, as `--host` takes it. Throws `invalid`. */
export function parseHost(text: string): HostPart {
  const at = text.lastIndexOf('@');
  return hostPart(text.slice(at + 1), at < 0 ? undefined : text.slice(0, at), undefined);
}

/** A port as a flag or a URL gives it. Throws `invalid`. */
export function parsePort(text: string, what: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65_535) throw invalid(`${what} takes a number from 1 to 65535, not "${text}"`);
  return port;
}

/** Throws `invalid` when it cannot stand where ssh expects a user. */
export function checkUser(user: string): string {
  if (!WORD.test(user)) throw invalid(`"${user}" is not a user name`);
  return user;
}

function parseSshUrl(text: string): Place {
  const match = /^ssh:\/\/(?:([^@/]*)@)?(\[[^\]/]*\]|[^:/?#]*)(?::([^/]*))?(\/.*)?$/is.exec(text);
  if (match === null) throw invalid(`${text} is not like ssh://user@host:port/path`);
  const [, user, host = '', port, path = ''] = match;
  if (user?.includes(':') === true) {
    throw invalid('A password does not belong into an address', 'Leave it out: you are asked when it is needed.');
  }
  const folder = decode(path);
  return {
    host: hostPart(host, user === undefined ? undefined : decode(user), port),
    // Everything after the host is absolute, except for the home.
    path: folder === '' || folder === '/' ? '~' : folder.startsWith('/~') ? folder.slice(1) : folder,
  };
}

function hostPart(host: string, user: string | undefined, port: string | undefined): HostPart {
  const name = /^\[(.*)\]$/.exec(host)?.[1] ?? host;
  if (!WORD.test(name)) throw invalid(name === '' ? 'The host is missing' : `"${name}" is not a host name`);
  return {
    host: name,
    ...(user === undefined ? {} : { user: checkUser(user) }),
    ...(port === undefined ? {} : { port: parsePort(port, 'The port of an address') }),
  };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** `C:\src` and `C:/src` are paths where there are drives. */
function isDrive(text: string): boolean {
  return process.platform === 'win32' && /^[A-Za-z]:([\\/]|$)/.test(text);
}

function invalid(message: string, hint?: string): CodeManagerError {
  return new CodeManagerError('invalid', message, { hint });
}
