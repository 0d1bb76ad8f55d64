import { errorText } from '../../protocol/errors.js';
import type { ServerLink } from './serverLink.js';

/**
 * What the Sessions view says above its rows about the agent server or tmux; undefined when all is well or a welcome
 * view says it.
 */
export function serverMessage(link: ServerLink, hasRows: boolean): string | undefined {
  const { status, snapshot } = link;
  if (status.kind === 'failed') return `The agent server did not start: ${errorText(status.error)}`;
  if (status.kind === 'interrupted') {
    return 'The agent server is not answering. This is the last known state; connecting again.';
  }
  const problem = snapshot.machines.find(({ type }) => type === 'local')?.problem;
  if (problem == null || !hasRows) return undefined;
  return problem.command === null ? problem.message : `${problem.message} ${problem.command}`;
}

/** Resolves when there is something to show, or nothing to wait for. */
export async function untilKnown(link: ServerLink): Promise<void> {
  if (link.isLoaded || link.status.kind === 'failed') return;
  await new Promise<void>((resolve) => {
    const subscription = link.onDidChange(() => {
      if (!link.isLoaded && link.status.kind !== 'failed') return;
      subscription.dispose();
      resolve();
    });
  });
}
