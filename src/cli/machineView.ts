import { hostname } from 'node:os';
import { shortHostName } from '../common/home.js';
import { machineId, type Context, type Machine } from '../protocol/context.js';
import { machineType } from '../protocol/machineText.js';

/** The machine of a context as the agent server knows it. */
export function machineOfContext({ machine }: Context, machines: readonly Machine[]): Machine | undefined {
  const id = machineId(machine);
  return machines.find((one) => one.id === id);
}

/** The name that people see, also for a kind of machine that is not known here. */
export function machineName(context: Context, machines: readonly Machine[]): string {
  const known = machineOfContext(context, machines);
  if (known !== undefined) return known.host;
  const { machine } = context;
  if (machine === 'local') return shortHostName(hostname());
  const host: unknown = machine['host'] ?? machine['url'];
  return typeof host === 'string' ? host : machine.type;
}

/** `this host`, `ssh`, `agent server 1.4`. */
export function contextType(context: Context, machines: readonly Machine[]): string {
  const known = machineOfContext(context, machines);
  if (known !== undefined) return machineType(known);
  const { machine } = context;
  if (machine === 'local') return 'this host';
  return machine.type === 'agent' ? 'agent server' : machine.type;
}

/** Whether a name or id that a person gives means this machine. */
export function isCalled(machine: Machine, name: string): boolean {
  return machine.id === name || machine.host === name || machine.node === name;
}
