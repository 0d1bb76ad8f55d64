/** A tmux version as numbers that compare: `3.3a` is `{major: 3, minor: 3}`. */
export interface TmuxVersion {
  readonly text: string;
  readonly major: number;
  readonly minor: number;
}

/** Subscriptions and `ignore-size` came with 3.2. */
export const OLDEST_TMUX = '3.2';

/** Reads what `tmux -V` prints: `tmux 3.3a`, `tmux next-3.6`, `tmux openbsd-7.4`. */
export function parseTmuxVersion(output: string): TmuxVersion | undefined {
  const match = /^tmux (?:next-)?((\d+)\.(\d+)\S*)/m.exec(output);
  if (match) return { text: match[1] ?? '', major: Number(match[2]), minor: Number(match[3]) };
  // OpenBSD's and master's builds carry no number of their own and are newer than any that is too old.
  return /^tmux (openbsd|master)/m.test(output) ? { text: output.trim().slice(5), major: 99, minor: 0 } : undefined;
}

export function isSupported({ major, minor }: TmuxVersion): boolean {
  return major > 3 || (major === 3 && minor >= 2);
}
