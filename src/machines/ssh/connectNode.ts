import { CodeManagerError } from '../../protocol/errors.js';
import { connectSsh } from './connectSsh.js';
import { readSshConfig } from './sshConfig.js';
import type { SshConnection, SshConnectOptions, SshReach } from './sshConnection.js';

/** What a host may call itself; it comes from a file there and goes to ssh's configuration. */
const NODE_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,252}$/;

/** Whether a node's name can be asked for. */
export function isNodeName(name: string): boolean {
  return NODE_NAME.test(name);
}

/**
 * Connects to another node behind an alias through the one that the alias leads to: its name is resolved there, its key
 * is checked under its own name, and the person signs in as they do for the alias.
 * @param alias the way to the host that is connected already
 * @param jump that connection
 * @throws ConnectionFailure
 */
export async function connectNode(
  alias: SshReach,
  node: string,
  jump: SshConnection,
  options: SshConnectOptions,
): Promise<SshConnection> {
  if (!isNodeName(node)) throw new CodeManagerError('unavailable', 'The node has no name that can be asked for');
  const { env = process.env, configFile, signal } = options;
  const { user, identityFiles } = await readSshConfig(alias, { env, configFile, signal });
  return connectSsh({ host: node, user, keyFile: alias.keyFile }, { ...options, jump, identityFiles });
}
