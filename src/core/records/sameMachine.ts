import type { SessionRecord } from '../../protocol/files.js';
import type { MachineIdentity } from '../../protocol/session.js';

type Of = Pick<SessionRecord, 'machine'>;
type Host = Pick<MachineIdentity, 'host' | 'bootId'>;

/** False for a session of another host that shares the home of this one: its own agent server cares for it. */
export function isOnHost({ machine }: Of, { host, bootId }: Host): boolean {
  return machine.host === host || (machine.bootId === bootId && bootId !== 'unknown');
}

/** The host of a session has not been started anew since. */
export function isOfBoot(record: Of, identity: Host): boolean {
  return isOnHost(record, identity) && record.machine.bootId === identity.bootId;
}
