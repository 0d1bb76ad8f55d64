import { GROUPS, type Group } from '../protocol/word.js';
import { matchesFilter, type SessionFilter } from './sessionFilter.js';
import type { SessionRow } from './sessionRows.js';

export type GroupBy = 'status' | 'context' | 'none';

/** What the Sessions view holds: thin, and compared by `id`. */
export type SessionNode =
  | { readonly kind: 'group'; readonly id: string; readonly group: Group }
  | { readonly kind: 'folder'; readonly id: string; readonly contextId: string; readonly label: string }
  | { readonly kind: 'session'; readonly id: string; readonly sessionId: string }
  | { readonly kind: 'more'; readonly id: string; readonly count: number }
  | { readonly kind: 'action'; readonly id: string; readonly action: Action };

/** What can be done when there is no agent server to show sessions of. */
export const ACTIONS = ['doctor', 'log', 'retry'] as const;
export type Action = (typeof ACTIONS)[number];

export const ACTION_NODES: readonly SessionNode[] = ACTIONS.map((action) => ({
  kind: 'action',
  id: `action:${action}`,
  action,
}));

/** One drawing of the Sessions view. */
export interface SessionTree {
  readonly roots: readonly SessionNode[];
  /** By the id of the parent. */
  readonly children: ReadonlyMap<string, readonly SessionNode[]>;
  /** By the id of the child; roots have none. */
  readonly parents: ReadonlyMap<string, SessionNode>;
  /** How many the filter hides. */
  readonly hidden: number;
}

export interface TreeOptions {
  readonly groupBy: GroupBy;
  readonly filter: SessionFilter | undefined;
}

/** So many ended sessions are listed; the others are behind "Show All…". */
export const ENDED_SHOWN = 20;

export function sessionNodeId(sessionId: string): string {
  return `session:${sessionId}`;
}

/** Puts rows into groups and in order. Pure: equal rows give an equal tree. */
export function buildSessionTree(rows: readonly SessionRow[], { groupBy, filter }: TreeOptions): SessionTree {
  const shown = rows.filter((row) => matchesFilter(filter, row));
  const children = new Map<string, readonly SessionNode[]>();
  const roots = groupBy === 'none' ? sessionNodes(byGroup(shown), 'root') : groupNodes(shown, groupBy, children);
  const parents = new Map<string, SessionNode>();
  for (const root of roots) for (const child of children.get(root.id) ?? []) parents.set(child.id, root);
  return { roots, children, parents, hidden: rows.length - shown.length };
}

function groupNodes(
  rows: readonly SessionRow[],
  groupBy: 'status' | 'context',
  children: Map<string, readonly SessionNode[]>,
): SessionNode[] {
  if (groupBy === 'status') {
    return GROUPS.flatMap((group) => {
      const members = rows.filter((row) => row.group === group);
      if (members.length === 0) return [];
      const node: SessionNode = { kind: 'group', id: `group:${group}`, group };
      children.set(node.id, sessionNodes(inOrder(members, group), node.id));
      return [node];
    });
  }
  const byContext = new Map<string, SessionRow[]>();
  for (const row of rows) {
    const members = byContext.get(row.session.contextId) ?? [];
    members.push(row);
    byContext.set(row.session.contextId, members);
  }
  const nodes = [...byContext].map(([contextId, members]): SessionNode => {
    const label = members[0]?.context?.name ?? members[0]?.session.contextName ?? '';
    const node: SessionNode = { kind: 'folder', id: `folder:${contextId}`, contextId, label };
    children.set(node.id, sessionNodes(byGroup(members), node.id));
    return node;
  });
  return nodes.sort((a, b) => compare(a.kind === 'folder' ? a.label : '', b.kind === 'folder' ? b.label : ''));
}

function byGroup(rows: readonly SessionRow[]): SessionRow[] {
  return GROUPS.flatMap((group) =>
    inOrder(
      rows.filter((row) => row.group === group),
      group,
    ),
  );
}

/** Pinned on top; who waits longest first, everything else newest first. */
export function inOrder(rows: readonly SessionRow[], group: Group): SessionRow[] {
  const direction = group === 'Needs input' ? 1 : -1;
  return [...rows].sort(
    (a, b) =>
      Number(b.session.pinned) - Number(a.session.pinned) ||
      direction * compare(a.session.changed, b.session.changed) ||
      direction * compare(a.session.id, b.session.id),
  );
}

function sessionNodes(rows: readonly SessionRow[], parentId: string): SessionNode[] {
  let ended = 0;
  const nodes: SessionNode[] = rows
    .filter((row) => row.group !== 'Ended' || row.session.pinned || ended++ < ENDED_SHOWN)
    .map(({ session }) => ({ kind: 'session', id: sessionNodeId(session.id), sessionId: session.id }));
  const hidden = rows.length - nodes.length;
  return hidden === 0 ? nodes : [...nodes, { kind: 'more', id: `more:${parentId}`, count: hidden }];
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
