import { stripTerminal } from '../../common/terminalText.js';
import { truncate } from '../../common/text.js';
import type { Context, Machine as MachineInfo } from '../../protocol/context.js';
import type { Params } from '../../protocol/requests.js';
import { CodeManagerError } from '../../protocol/errors.js';
import { SessionState, SessionStatus, type Session } from '../../protocol/session.js';
import { describe, WORDS } from '../../protocol/word.js';
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
 * @throws CodeManagerError `notFound` or `conflict` for its context, `invalid` for a word that no session has
 */
export function sessionFilter(
  filter: Params<'session/list'>,
  { contexts, machines, now }: FilterFacts,
): (session: Session) => boolean {
  const context = filter.context === undefined ? undefined : resolveRef(contexts, filter.context, 'context').id;
  const { tag, machine, tool } = filter;
  const tagged =
    tag === undefined ? undefined : new Set(contexts.filter(({ tags }) => tags.includes(tag)).map(({ id }) => id));
  const wanted = filter.state === undefined ? undefined : readState(filter.state);
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

const STATES = [...WORDS, ...SessionStatus.options, ...SessionState.options];

/** A word that no session can have would look as if there were none in that state. */
function readState(given: string): string {
  const wanted = plain(given);
  if (STATES.some((state) => plain(state) === wanted)) return wanted;
  throw new CodeManagerError('invalid', `No state is called "${truncate(stripTerminal(given), 40)}"`, {
    hint: `There are ${WORDS.map((word) => word.toLowerCase().replace(' ', '-')).join(', ')}.`,
  });
}

function plain(word: string): string {
  return word.toLowerCase().replace(/[\s_-]/g, '');
}
