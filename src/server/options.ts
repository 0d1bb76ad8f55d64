import { readFileSync, statSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { reasonOf } from '../common/systemError.js';
import { CodeManagerError } from '../protocol/errors.js';
import type { TcpOptions } from './tcp/tcpListener.js';

export interface ServerOptions {
  readonly foreground: boolean;
  readonly dialStdio: boolean;
  /** Only tell which server runs here. */
  readonly find: boolean;
  /** With `dialStdio`: replace a server that was built from other code. */
  readonly replace: boolean;
  /** Undefined: the unix socket only. */
  readonly tcp: TcpOptions | undefined;
  /** A token that holds for the life of the process, and what it is called. */
  readonly token: { readonly token: string; readonly name: string } | undefined;
  /** The session inside which it was started. */
  readonly outer: string | undefined;
  /** What the person should know, one sentence each. */
  readonly warnings: readonly string[];
}

/**
 * What the process was asked to be. Takes CM_AGENT_TOKEN and what marks a session out of the environment, so that nothing
 * that is started later sees it. @throws CodeManagerError `invalid` for arguments that make no sense or files that cannot be read
 */
export function readOptions(args: readonly string[], env: NodeJS.ProcessEnv): ServerOptions {
  const envToken = env['CM_AGENT_TOKEN'];
  delete env['CM_AGENT_TOKEN'];
  const outer = env['CM_OUTER_SESSION'] ?? env['CM_SESSION'];
  delete env['CM_OUTER_SESSION'];
  delete env['CM_SESSION'];
  const warnings: string[] = [];
  const { values } = parseArguments(args);
  const { port: portText, host = '127.0.0.1', 'token-file': tokenFile } = values;
  const foreground = values.foreground === true;
  const dialStdio = values['dial-stdio'] === true;
  const replace = values.replace === true;
  const find = values.find === true;
  const given = tokenFile === undefined ? envToken : readToken(tokenFile, warnings);
  const name = tokenFile === undefined ? 'CM_AGENT_TOKEN' : 'token file';
  const token = given === undefined || given === '' ? undefined : { token: given, name };
  if (portText === undefined) {
    for (const flag of ['host', 'tls-cert', 'tls-key', 'token-file'] as const) {
      if (values[flag] !== undefined) throw new CodeManagerError('invalid', `The flag --${flag} needs --port`);
    }
    return { foreground, dialStdio, find, replace, tcp: undefined, token: undefined, outer, warnings };
  }
  const port = Number(portText);
  if (!/^\d+$/.test(portText) || port > 65_535) {
    throw new CodeManagerError('invalid', `The flag --port takes a number from 0 to 65535, not "${portText}"`);
  }
  return { foreground, dialStdio, find, replace, tcp: { port, host, tls: readTls(values) }, token, outer, warnings };
}

type Values = ReturnType<typeof parseArguments>['values'];

function parseArguments(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        foreground: { type: 'boolean' },
        'dial-stdio': { type: 'boolean' },
        find: { type: 'boolean' },
        replace: { type: 'boolean' },
        port: { type: 'string' },
        host: { type: 'string' },
        'token-file': { type: 'string' },
        'tls-cert': { type: 'string' },
        'tls-key': { type: 'string' },
      },
    });
  } catch (cause) {
    throw new CodeManagerError('invalid', 'The agent server does not know one of its arguments', { cause });
  }
}

function readTls(values: Values): TcpOptions['tls'] {
  const { 'tls-cert': cert, 'tls-key': key } = values;
  if (cert === undefined && key === undefined) return undefined;
  if (cert === undefined || key === undefined) {
    throw new CodeManagerError('invalid', 'The flags --tls-cert and --tls-key belong together');
  }
  return { cert: read(cert), key: read(key) };
}

function readToken(path: string, warnings: string[]): string {
  const token = read(path).trim();
  if (token === '') throw new CodeManagerError('invalid', `${path} is empty`);
  if ((statSync(path).mode & 0o077) !== 0) warnings.push(`Others can read ${path}: chmod 600 it.`);
  return token;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new CodeManagerError('invalid', `${path} cannot be read: ${reasonOf(cause)}`, { cause });
  }
}
