import { errorText } from '../protocol/errors.js';
import type { Snapshot } from '../protocol/collections.js';

/** How this window stands to the agent server. */
export type LinkStatus =
  /** Nobody has needed it yet. */
  | { readonly kind: 'idle' }
  | { readonly kind: 'loading' }
  | { readonly kind: 'ready' }
  /** The picture is the last one that was known. */
  | { readonly kind: 'interrupted'; readonly error: Error }
  /** There has been no picture yet. */
  | { readonly kind: 'failed'; readonly error: Error };

/**
 * What the Sessions view says above its rows about the agent server or tmux; undefined when all is well or a welcome
 * view says it.
 */
export function serverMessage(
  { status, snapshot }: { readonly status: LinkStatus; readonly snapshot: Pick<Snapshot, 'machines'> },
  hasRows: boolean,
): string | undefined {
  if (status.kind === 'failed') return `The agent server did not start: ${errorText(status.error)}`;
  if (status.kind === 'interrupted') {
    return 'The agent server is not answering. This is the last known state; connecting again.';
  }
  const problem = snapshot.machines.find(({ type }) => type === 'local')?.problem;
  if (problem == null || !hasRows) return undefined;
  return problem.command === null ? problem.message : `${problem.message} ${problem.command}`;
}
