/** What the reason of a session says of its log, when that is not all that was printed. */
export const LOG_REASONS = {
  gap: 'its log has a gap: the log could not be written for a while',
  remade: 'its log was removed or changed from outside: what it had is gone, and it was made anew',
} as const;

/** Whether a reason is about the log and not about the session. */
export function isLogReason(reason: string | null): reason is string {
  return Object.values<string | null>(LOG_REASONS).includes(reason);
}
