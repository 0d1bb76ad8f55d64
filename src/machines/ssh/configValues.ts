import { homedir, hostname, userInfo } from 'node:os';
import { join } from 'node:path';
import type { SshReach } from './sshConnection.js';
import { ConnectionFailure } from '../connectionFailure.js';

/** The home of the person: HOME rules, also where the account says something else. */
export function personHome(env: NodeJS.ProcessEnv): string {
  return env['HOME'] || env['USERPROFILE'] || homedir();
}

export interface TokenValues {
  readonly alias: string;
  readonly hostName: string;
  readonly port: number;
  readonly user: string;
  readonly hostKeyAlias: string | undefined;
}

/** `%h`, `%p` and the other tokens of ssh's configuration. A token that is not known stays as it is. */
export function expandTokens(text: string, values: TokenValues, env: NodeJS.ProcessEnv): string {
  const tokens: Readonly<Record<string, string>> = {
    '%': '%',
    d: personHome(env),
    h: values.hostName,
    i: String(process.getuid?.() ?? ''),
    k: values.hostKeyAlias ?? values.alias,
    L: hostname().split('.')[0] ?? '',
    l: hostname(),
    n: values.alias,
    p: String(values.port),
    r: values.user,
    u: userInfo().username,
  };
  return text.replace(/%(.)/g, (all, token: string) => tokens[token] ?? all);
}

/** Tokens, `~` and `${VARIABLE}` in the name of a file. */
export function expandPath(text: string, values: TokenValues, env: NodeJS.ProcessEnv): string {
  const path = expandTokens(text, values, env);
  return expandHome(
    path.replace(/\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g, (all, name: string) => env[name] ?? all),
    env,
  );
}

/** `~` as the home of the person; a default below the account's home is below HOME where that is another. */
export function expandHome(path: string, env: NodeJS.ProcessEnv): string {
  const home = personHome(env);
  if (path === '~' || path.startsWith('~/')) return join(home, path.slice(1));
  const defaults = join(accountHome(), '.ssh', 'known_hosts');
  return path === defaults || path === `${defaults}2`
    ? join(home, '.ssh', path.slice(join(accountHome(), '.ssh').length))
    : path;
}

/** The home that ssh itself believes in, whatever HOME says. */
export function accountHome(): string {
  return userInfo().homedir;
}

/** Several files on one line; ssh prints them without quotes, so a space begins a new one only before a root. */
export function fileList(text: string | undefined, env: NodeJS.ProcessEnv): string[] {
  return (text ?? '')
    .split(/\s+(?=[/~]|[A-Za-z]:[\\/]|none$)/)
    .map((file) => file.replace(/^"(.*)"$/, '$1'))
    .filter((file) => file !== '' && file !== 'none')
    .map((file) => expandHome(file, env));
}

/**
 * One hop of ProxyJump: `[user@]host[:port]`, with an IPv6 address in brackets, or as a `ssh://` URL.
 * @throws ConnectionFailure `configuration`
 */
export function parseJump(hop: string): SshReach {
  const match = /^(?:ssh:\/\/)?(?:([^@]+)@)?(\[[^\]]+\]|[^:@/]+|[^@/]*:[^@/]*:[^@/]*)(?::(\d+))?\/?$/.exec(hop.trim());
  const host = match?.[2]?.replace(/^\[(.*)\]$/, '$1');
  if (match === null || host === undefined || host.startsWith('-')) {
    throw new ConnectionFailure('configuration', `ssh's configuration has a ProxyJump that cannot be read: ${hop}`);
  }
  return { host, user: match[1] ?? null, port: match[3] === undefined ? null : Number(match[3]) };
}
