import type { Attachments } from '../terminals/attachments.js';

/** Shows the log of a session that was just started, unless somebody attaches to it: whose terminal stays in front. */
export async function showStarted(
  id: string,
  attachments: Pick<Attachments, 'has' | 'show'>,
  openLog: () => Promise<unknown>,
): Promise<void> {
  if (attachments.has(id)) return;
  await openLog();
  // It may have been made while the log opened.
  attachments.show(id);
}
