import { VERSION } from '../common/build.js';
import { shortHostName } from '../common/home.js';
import { formatAge } from '../common/text.js';
import type { Context, Machine } from '../protocol/context.js';
import { describedHost, machineId } from '../protocol/machineKinds.js';
import { hasEnded, type Session } from '../protocol/session.js';

/** The machine of a context; undefined while it is not known, and for kinds that this version does not know. */
export function machineOf(context: Pick<Context, 'machine'>, machines: readonly Machine[]): Machine | undefined {
  const id = machineId(context.machine);
  return machines.find((machine) => machine.id === id);
}

/** The machine of a session; undefined where it is not known. */
export function machineOfSession(
  { machineId: id }: Pick<Session, 'machineId'>,
  machines: readonly Machine[],
): Machine | undefined {
  return machines.find((machine) => machine.id === id);
}

/** Whether a name or id that a person gives means this machine. */
export function isCalled(machine: Machine, name: string): boolean {
  return machine.id === name || machine.host === name || machine.node === name;
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
  const machine = machineOfSession(session, machines);
  return {
    machine,
    machineName: machine === undefined ? session.machine.host : machineName(machine, machines),
    isHere: machine === undefined ? session.machineId === 'local' : machine.type === 'local',
  };
}

/** How the machine of a context is told, also of a kind that is not known here: its name and its type. */
export function contextPlace(
  { machine: spec }: Pick<Context, 'machine'>,
  machines: readonly Machine[],
): { readonly name: string; readonly type: string } {
  const machine = machineOf({ machine: spec }, machines);
  if (machine !== undefined) return { name: machineName(machine, machines), type: machineType(machine) };
  if (spec === 'local') return { name: shortHostName(), type: 'this host' };
  return { name: describedHost(spec), type: machineType({ type: spec.type, version: null }) };
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
  return connection === 'dependencyMissing' && problem?.reason === 'tooOld';
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
