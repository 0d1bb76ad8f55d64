import type { Context, Machine as MachineInfo } from '../../protocol/context.js';
import type { Params } from '../../protocol/requests.js';
import type { Session } from '../../protocol/session.js';
import { describe } from '../../protocol/word.js';
import { resolveRef } from '../store/names.js';

/** What a filter is compared with. */
export interface FilterFacts {
  readonly contexts: readonly Context[];
  readonly machines: readonly MachineInfo[];
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/**
 * Which sessions a `session/list` asks for.
 *
 * @throws CodeManagerError `notFound` or `conflict` for its context
 */
export function sessionFilter(
  filter: Params<'session/list'>,
  { contexts, machines, now }: FilterFacts,
): (session: Session) => boolean {
  const context = filter.context === undefined ? undefined : resolveRef(contexts, filter.context, 'context').id;
  const { tag, machine, tool } = filter;
  const tagged =
    tag === undefined ? undefined : new Set(contexts.filter(({ tags }) => tags.includes(tag)).map(({ id }) => id));
  const wanted = filter.state === undefined ? undefined : plain(filter.state);
  const byId = new Map(machines.map((info) => [info.id, info]));
  return (session) => {
    const on = byId.get(session.machineId);
    return (
      (filter.archived || !session.archived) &&
      (context === undefined || session.contextId === context) &&
      (machine === undefined || [session.machineId, session.machine.host, on?.host].includes(machine)) &&
      (tool === undefined || session.tool === tool) &&
      (tagged === undefined || tagged.has(session.contextId)) &&
      (wanted === undefined ||
        [describe(session, now, on).word, session.status, session.state ?? ''].some((word) => plain(word) === wanted))
    );
  };
}

function plain(word: string): string {
  return word.toLowerCase().replace(/[\s_-]/g, '');
}
