import type { Algorithms, ServerHostKeyAlgorithm } from 'ssh2';
import type { HostKeyCheck } from './hostKeyCheck.js';
import type { EffectiveConfig } from './sshConfig.js';

/** The algorithms of the library without SHA-1; the order is that of ssh. */
const HOST_KEYS: readonly ServerHostKeyAlgorithm[] = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'rsa-sha2-512',
  'rsa-sha2-256',
];
const OLD_HOST_KEYS: readonly ServerHostKeyAlgorithm[] = ['ssh-rsa', 'ssh-dss'];

/** What to offer: what the configuration allows and the library knows, in the order that is fastest here. */
export function chooseAlgorithms(config: EffectiveConfig, hostKey: HostKeyCheck): Algorithms {
  const allowed = config.algorithms;
  const hostKeys =
    allowed === undefined
      ? HOST_KEYS
      : [...HOST_KEYS, ...OLD_HOST_KEYS].filter((name) => allowed.hostKey.includes(name));
  const serverHostKey = hostKey.order(hostKeys) as ServerHostKeyAlgorithm[];
  if (allowed === undefined) return { serverHostKey };
  return {
    serverHostKey,
    kex: only(allowed.kex),
    cipher: only(allowed.cipher),
    hmac: only(allowed.mac),
  };
}

/** Takes what is not allowed out of the library's own list, and adds what it knows but does not offer by itself. */
function only<T>(names: readonly string[]): { append: T[]; prepend: T[]; remove: T[] } {
  const any = names.map((name) => name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|');
  // Patterns, because the library refuses names that it does not know.
  const patterns = { remove: [new RegExp(`^(?!(?:${any})$)`)], append: [new RegExp(`^(?:${any})$`)], prepend: [] };
  return patterns as unknown as { append: T[]; prepend: T[]; remove: T[] };
}
