import type { Context } from '../protocol/context.js';
import type { Snapshot } from '../protocol/collections.js';
import { hasEnded } from '../protocol/session.js';
import { machineOf } from './machineText.js';

/** What the Contexts view holds. */
export type ContextNode =
  | { readonly kind: 'machine'; readonly id: string; readonly machineId: string }
  | { readonly kind: 'context'; readonly id: string; readonly contextId: string };

export function contextNodeId(contextId: string): string {
  return `context:${contextId}`;
}

/**
 * Machines with their contexts, this machine first, both by name; at the end contexts of machines that are not known.
 * Without contexts and other machines: nothing.
 */
export function buildContextTree({ machines, contexts }: Pick<Snapshot, 'machines' | 'contexts'>): {
  readonly roots: readonly ContextNode[];
  readonly children: ReadonlyMap<string, readonly ContextNode[]>;
  readonly parents: ReadonlyMap<string, ContextNode>;
} {
  const children = new Map<string, readonly ContextNode[]>();
  const parents = new Map<string, ContextNode>();
  if (contexts.length === 0 && machines.every(({ type }) => type === 'local')) return { roots: [], children, parents };
  const roots = [...machines]
    .sort((a, b) => Number(b.type === 'local') - Number(a.type === 'local') || a.host.localeCompare(b.host))
    .map((machine): ContextNode => {
      const node: ContextNode = { kind: 'machine', id: `machine:${machine.id}`, machineId: machine.id };
      const members = contextNodes(contexts.filter((context) => machineOf(context, machines)?.id === machine.id));
      children.set(node.id, members);
      for (const member of members) parents.set(member.id, node);
      return node;
    });
  const strays = contextNodes(contexts.filter((context) => machineOf(context, machines) === undefined));
  return { roots: [...roots, ...strays], children, parents };
}

function contextNodes(contexts: readonly Context[]): readonly ContextNode[] {
  return [...contexts]
    .sort((a, b) => a.name.localeCompare(b.name) || (a.id < b.id ? -1 : 1))
    .map(({ id }) => ({ kind: 'context', id: contextNodeId(id), contextId: id }));
}

export function contextContextValue(context: Context): string {
  return context.machine === 'local' ? 'context+local' : 'context+remote';
}

/** How many sessions of a context have not ended. */
export function runningIn(contextId: string, { sessions }: Pick<Snapshot, 'sessions'>): number {
  return sessions.filter((session) => session.contextId === contextId && !hasEnded(session)).length;
}
