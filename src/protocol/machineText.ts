import { formatAge } from '../common/text.js';
import type { Machine } from './context.js';

/** `this host`, `ssh`, `agent server 1.4`; a kind that this version does not know by its own word. */
export function machineType({ type, version }: Pick<Machine, 'type' | 'version'>): string {
  switch (type) {
    case 'local':
      return 'this host';
    case 'agent':
      return version === null ? 'agent server' : `agent server ${version.split('.').slice(0, 2).join('.')}`;
    default:
      return type;
  }
}

/**
 * What people see of a machine's connection: `connected`, `connecting`, `offline 3m, next try 8s`, `sign-in needed`,
 * `host key changed`, `tmux missing`.
 *
 * @param now milliseconds since the epoch
 */
export function connectionText(
  { connection, since, lastSeen, nextTry }: Pick<Machine, 'connection' | 'since' | 'lastSeen' | 'nextTry'>,
  now: number,
): string {
  switch (connection) {
    case 'connected':
    case 'connecting':
      return connection;
    case 'offline': {
      const age = formatAge(now - Date.parse(lastSeen ?? since), { seconds: true });
      const next = nextTry === null ? '' : `, next try ${formatAge(Date.parse(nextTry) - now, { seconds: true })}`;
      return `offline ${age}${next}`;
    }
    case 'signInNeeded':
      return 'sign-in needed';
    case 'hostKeyChanged':
      return 'host key changed';
    case 'dependencyMissing':
      return 'tmux missing';
  }
}
