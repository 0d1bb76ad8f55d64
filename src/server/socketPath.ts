import { createHash } from 'node:crypto';
import { join } from 'node:path';

/** In the runtime directory. */
const SOCKET_NAME = 'server.sock';

/**
 * Where the agent server listens: a socket in its runtime directory. Windows has named pipes instead, which have no
 * folder; only their owner and administrators may open one that was made without further words.
 */
export function socketPath(runtimeDirectory: string, platform: NodeJS.Platform = process.platform): string {
  if (platform !== 'win32') return join(runtimeDirectory, SOCKET_NAME);
  const place = createHash('sha256').update(runtimeDirectory.toLowerCase()).digest('hex').slice(0, 16);
  return `\\\\.\\pipe\\code-manager-${place}`;
}
