import { VERSION } from '../../common/build.js';
import { machineId, type Context, type Machine } from '../../protocol/context.js';
import { connectionText, machineType } from '../../protocol/machineText.js';
import { hasEnded, type Session } from '../../protocol/session.js';

/** The machine of a context; undefined while it is not known, and for kinds that this version does not know. */
export function machineOf(context: Pick<Context, 'machine'>, machines: readonly Machine[]): Machine | undefined {
  const id = machineId(context.machine);
  return machines.find((machine) => machine.id === id);
}

/** The way to a machine as a person would type it: `anna@build-box:2222`, `wss://build-box:9876`. */
export function machineAddress({ id }: Pick<Machine, 'id'>): string {
  return id.replace(/^(?:ssh|agent):/, '');
}

/** The name of a machine on every surface: its host, and the way to it where two of a kind share a host. */
export function machineName(machine: Machine, machines: readonly Machine[]): string {
  const isShared = machines.some(
    (other) => other.id !== machine.id && other.host === machine.host && other.type === machine.type,
  );
  return isShared ? machineAddress(machine) : machine.host;
}

/** Where a session runs, as its row shows it. */
export interface SessionPlace {
  readonly machine: Machine | undefined;
  /** As people see it, also while the machine itself is not known. */
  readonly machineName: string;
  /** On the machine of this window. */
  readonly isHere: boolean;
}

export function sessionPlace(session: Session, machines: readonly Machine[]): SessionPlace {
  const machine = machines.find(({ id }) => id === session.machineId);
  return {
    machine,
    machineName: machine === undefined ? session.machine.host : machineName(machine, machines),
    isHere: machine === undefined ? session.machineId === 'local' : machine.type === 'local',
  };
}

/** The name of a session's machine when that is another one than this window's. */
export function machineElsewhere(session: Session, machines: readonly Machine[]): string | undefined {
  const { isHere, machineName: name } = sessionPlace(session, machines);
  return isHere ? undefined : name;
}

/**
 * `on login3; this is login1`: one name leads to several nodes, and the session runs on another one than it leads to now.
 * Empty otherwise.
 */
export function otherNode({ session, machine }: Pick<SessionPlace, 'machine'> & { readonly session: Session }): string {
  if (machine?.connection !== 'connected' || machine.type === 'local' || hasEnded(session)) return '';
  const { node } = machine;
  return node === null || node === session.machine.host ? '' : `on ${session.machine.host}; this is ${node}`;
}

/** What is not as it should be with a machine, empty when it is connected. */
export function machineTrouble(machine: Machine, now: number): string {
  if (machine.connection === 'connected') return '';
  return isTooOld(machine) ? 'tmux too old' : connectionText(machine, now);
}

/** `ssh`, `agent server 1.4 · offline 3m, next try 8s`. */
export function machineDescription(machine: Machine, now: number): string {
  const trouble = machineTrouble(machine, now);
  return trouble === '' ? machineType(machine) : `${machineType(machine)} · ${trouble}`;
}

export function isTooOld({ connection, problem }: Machine): boolean {
  return connection === 'dependencyMissing' && /too old/i.test(problem?.message ?? '');
}

/** A codicon. */
export function machineIcon({ connection }: Machine): string {
  switch (connection) {
    case 'connected':
      return 'vm-active';
    case 'connecting':
      return 'vm-connect';
    case 'offline':
      return 'vm-outline';
    case 'signInNeeded':
      return 'key';
    case 'hostKeyChanged':
    case 'dependencyMissing':
      return 'warning';
  }
}

/** What menus may ask about a machine's row: its connection, its type, and what can be done with it. */
export function machineContextValue({ id, type, connection, version, nextTry }: Machine): string {
  const isTried = connection === 'connected' || connection === 'connecting' || nextTry !== null;
  // An agent server that is reached without ssh cannot be replaced from here.
  const isOutdated = type === 'agent' && version !== null && version !== VERSION && !/^agent:wss?:/.test(id);
  return ['machine', connection, type, ...(isTried ? ['tried'] : []), ...(isOutdated ? ['outdated'] : [])].join('+');
}
