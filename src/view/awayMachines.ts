import type { Machine } from '../protocol/context.js';
import { hasEnded } from '../protocol/session.js';
import { machineName } from './machineText.js';
import { countOf, type StatusText } from './plainText.js';
import type { SessionRow } from './sessionRows.js';

/** A shorter absence is nothing to tell. */
const WORTH_MS = 10_000;

export interface AwayMachines {
  /** The machines with running sessions that cannot be reached for a while. */
  readonly machines: readonly { readonly id: string; readonly name: string; readonly running: number }[];
  /** Milliseconds until another one is worth telling; undefined for none. */
  readonly nextIn: number | undefined;
}

/** Which machines are worth telling of. @param now milliseconds since the epoch */
export function awayMachines(rows: readonly SessionRow[], all: readonly Machine[], now: number): AwayMachines {
  const away = all.flatMap((machine) => {
    const { id, type, connection, lastSeen, since } = machine;
    if (type === 'local' || connection === 'connected' || connection === 'dependencyMissing') return [];
    const running = rows.filter(({ session }) => session.machineId === id && !hasEnded(session)).length;
    const ms = now - Date.parse(lastSeen ?? since);
    return running === 0 ? [] : [{ id, name: machineName(machine, all), running, ms }];
  });
  const waits = away.map(({ ms }) => WORTH_MS - ms).filter((ms) => ms > 0);
  return {
    machines: away.filter(({ ms }) => ms >= WORTH_MS).map(({ id, name, running }) => ({ id, name, running })),
    nextIn: waits.length === 0 ? undefined : Math.min(...waits),
  };
}

/** What the second item of the status bar shows; undefined when there is nothing to say. */
export function awayText({ machines }: AwayMachines): StatusText | undefined {
  const [only] = machines;
  if (only === undefined) return undefined;
  const running = countOf(
    machines.reduce((sum, machine) => sum + machine.running, 0),
    'session',
  );
  const name = machines.length === 1 ? only.name : countOf(machines.length, 'machine');
  return {
    parts: [{ icon: 'debug-disconnect', text: name }],
    spoken: `${name} cannot be reached, with ${running} running. Reconnect`,
  };
}
