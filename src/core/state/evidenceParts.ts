/** Every agent draws something at least each second while it works. */
export const WORKING_TTL = 60_000;

/** What most observations do not tell. */
export const PLAIN = {
  phase: null,
  asked: null,
  turnEnded: null,
  error: undefined,
  limitedUntil: null,
  background: 0,
} as const;
