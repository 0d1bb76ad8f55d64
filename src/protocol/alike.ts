import { isUncertain, type PendingRequest } from './pendingRequest.js';
import type { Session } from './session.js';

/**
 * The sessions that ask exactly what another one asks: of equal agents, the same to the letter with the same options, so
 * that one answer of a person is meant for each. The one itself is not among them.
 */
export function alike(session: Session, all: readonly Session[]): readonly Session[] {
  const asked = exactWords(session);
  if (asked === undefined) return [];
  return all.filter((other) => other.id !== session.id && exactWords(other) === asked);
}

/** Of what asks that which a person named by the ids of requests: all where none is named, and never another one. */
export function onlyNamed<Asking extends { readonly request: { readonly id: string } }>(
  pending: readonly Asking[],
  named: readonly string[],
): readonly Asking[] {
  return named.length === 0 ? pending : pending.filter(({ request }) => named.includes(request.id));
}

/** All that a person decides on, as one text; undefined where some of it is elsewhere or not known exactly. */
function exactWords({ tool, request }: Session): string | undefined {
  if (request === null || !isWhole(request)) return undefined;
  const { kind, action, command, path, question, text, folder, several, more, takesReason, takesText } = request;
  const options = request.options.map((option) => [
    option.label,
    option.role,
    option.detail,
    option.ticked === true,
    option.takesText === true,
  ]);
  return JSON.stringify([
    [tool, kind, action, command, path, question, text, folder ?? null],
    [several === true, more === true, takesReason, takesText],
    options,
  ]);
}

/** A folder to trust and a plan are more than their words; of a question its words are all there is. */
function isWhole(request: PendingRequest): boolean {
  if (request.options.length === 0) return false;
  if (request.kind === 'question') return request.question !== null;
  return request.kind === 'permission' && !isUncertain(request);
}
