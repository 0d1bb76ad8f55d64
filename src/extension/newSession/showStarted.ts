/** The terminals that are attached to sessions. */
export interface Attached {
  /** Somebody has attached to it, or is about to. */
  has(sessionId: string): boolean;
  /** Shows the terminal of a session once more, where there is one. */
  show(sessionId: string): void;
}

/** Shows the log of a session that was just started, unless somebody attaches to it: whose terminal stays in front. */
export async function showStarted(id: string, attached: Attached, openLog: () => Promise<unknown>): Promise<void> {
  if (attached.has(id)) return;
  await openLog();
  // It may have been made while the log opened.
  attached.show(id);
}
