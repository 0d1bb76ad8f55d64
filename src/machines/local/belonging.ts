import { MARKER } from '../../core/machine/machine.js';
import { systemProcessTable, type ProcessTable } from './processTable.js';

/** No tree of processes is so deep. */
const MAX_DEPTH = 1_000;

export interface BelongingOptions {
  /** Sessions by the processes of their panes. */
  readonly panes: ReadonlyMap<number, string>;
  readonly table?: Pick<ProcessTable, 'get' | 'variable' | 'terminals'>;
}

/**
 * The session to which a process belongs: it descends from the session's pane or shares a group or session that one of
 * its ancestors leads, it or an ancestor carries the marker, or it reads or writes the session's terminal. Of several markers the outermost counts: it is the one
 * that was there first. Undefined when there is none; what has gone tells nothing.
 */
export async function sessionOf(
  pid: number,
  { panes, table = systemProcessTable() }: BelongingOptions,
): Promise<string | undefined> {
  let marked: string | undefined;
  let current = pid;
  for (let depth = 0; current > 1 && depth < MAX_DEPTH; depth++) {
    const entry = await table.get(current);
    if (entry === undefined) break;
    const leaders = [entry.pid, entry.pgid, entry.sid].flatMap((leader) => (leader === undefined ? [] : [leader]));
    const pane = leaders.map((leader) => panes.get(leader)).find((session) => session !== undefined);
    if (pane !== undefined) return pane;
    const marker = await table.variable(current, MARKER);
    if (marker !== undefined && marker !== '') marked = marker;
    current = entry.ppid;
  }
  return marked ?? sessionOfTerminal(await table.terminals(pid), panes, table);
}

/** Whose terminal one of these is: what left its tree without its environment may still speak there. */
async function sessionOfTerminal(
  terminals: readonly string[],
  panes: ReadonlyMap<number, string>,
  table: Pick<ProcessTable, 'terminals'>,
): Promise<string | undefined> {
  if (terminals.length === 0) return undefined;
  for (const [pane, session] of panes) {
    const [own] = await table.terminals(pane);
    if (own !== undefined && terminals.includes(own)) return session;
  }
  return undefined;
}
