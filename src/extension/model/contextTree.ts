import { formatAge } from '../../common/text.js';
import type { Context, Machine } from '../../protocol/context.js';
import type { Snapshot } from '../../protocol/requests.js';
import { hasEnded } from '../../protocol/session.js';

/** What the Contexts view holds. */
export type ContextNode =
  | { readonly kind: 'machine'; readonly id: string; readonly machineId: string }
  | { readonly kind: 'context'; readonly id: string; readonly contextId: string };

export function contextNodeId(contextId: string): string {
  return `context:${contextId}`;
}

/** The machine of a context: by kind for this one, else by the host that its entry names. */
export function machineOf(context: Context, machines: readonly Machine[]): Machine | undefined {
  if (context.machine === 'local') return machines.find(({ type }) => type === 'local');
  const { host, id } = context.machine;
  return machines.find((machine) => machine.id === id || machine.id === host || machine.host === host);
}

/** Machines with their contexts, this machine first, both by name. Without contexts: nothing. */
export function buildContextTree({ machines, contexts }: Pick<Snapshot, 'machines' | 'contexts'>): {
  readonly roots: readonly ContextNode[];
  readonly children: ReadonlyMap<string, readonly ContextNode[]>;
  readonly parents: ReadonlyMap<string, ContextNode>;
} {
  const children = new Map<string, readonly ContextNode[]>();
  const parents = new Map<string, ContextNode>();
  if (contexts.length === 0) return { roots: [], children, parents };
  const roots = [...machines]
    .sort((a, b) => Number(b.type === 'local') - Number(a.type === 'local') || a.host.localeCompare(b.host))
    .map((machine): ContextNode => {
      const node: ContextNode = { kind: 'machine', id: `machine:${machine.id}`, machineId: machine.id };
      const members = contexts
        .filter((context) => machineOf(context, machines)?.id === machine.id)
        .sort((a, b) => a.name.localeCompare(b.name) || (a.id < b.id ? -1 : 1))
        .map(({ id }): ContextNode => ({ kind: 'context', id: contextNodeId(id), contextId: id }));
      children.set(node.id, members);
      for (const member of members) parents.set(member.id, node);
      return node;
    });
  return { roots, children, parents };
}

const TYPE_WORDS = { local: 'this host', ssh: 'ssh', agent: 'agent server' } as const satisfies Record<
  Machine['type'],
  string
>;

/** `this host`, and what is not as it should be. */
export function machineDescription(machine: Machine, now: number): string {
  const trouble = machineTrouble(machine, now);
  return trouble === '' ? TYPE_WORDS[machine.type] : `${TYPE_WORDS[machine.type]} · ${trouble}`;
}

function machineTrouble(machine: Machine, now: number): string {
  switch (machine.connection) {
    case 'connected':
      return '';
    case 'connecting':
      return 'connecting';
    case 'offline':
      return `offline ${formatAge(now - Date.parse(machine.since))}`;
    case 'signInNeeded':
      return 'sign-in needed';
    case 'hostKeyChanged':
      return 'host key changed';
    case 'dependencyMissing':
      return isTooOld(machine) ? 'tmux too old' : 'tmux missing';
  }
}

export function isTooOld({ problem }: Machine): boolean {
  return /too old/i.test(problem?.message ?? '');
}

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

/** What menus may ask about a machine's or context's row. */
export function machineContextValue({ type, connection }: Machine): string {
  return `machine+${connection === 'connected' ? 'connected' : 'error'}+${type}`;
}

export function contextContextValue(context: Context): string {
  return context.machine === 'local' ? 'context+local' : 'context+remote';
}

export function runningIn(contextId: string, { sessions }: Pick<Snapshot, 'sessions'>): number {
  return sessions.filter((session) => session.contextId === contextId && !hasEnded(session)).length;
}
