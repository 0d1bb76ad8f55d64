/** A tmux version as numbers that compare: `3.3a` is `{major: 3, minor: 3}`. */
export interface TmuxVersion {
  readonly text: string;
  readonly major: number;
  readonly minor: number;
}

/** Older ones lack too much of what sessions are driven by. */
export const OLDEST_TMUX = '2.7';

/** What a version can do of what is used when it is there. */
export interface TmuxFeatures {
  /**
   * Control clients that get no output and have no size, hear of changes by subscriptions and never start a server by
   * accident. Without them panes are asked for once a second.
   */
  readonly quietClients: boolean;
  /** Options of a pane; before, those of its window. */
  readonly paneOptions: boolean;
  /** `pipe-pane -O`. */
  readonly pipeDirection: boolean;
  readonly extendedKeys: boolean;
  /**
   * Whether sequences that a program wraps reach the attached terminal can be set; before, they always do. And what stands
   * in a window whose program has ended.
   */
  readonly passthrough: boolean;
  /**
   * Whose size a new window gets, whatever was asked for: that of the client that makes it, unless sizes are set by hand
   * meanwhile, or that of whoever is attached to another one.
   */
  readonly newWindowSize: 'creator' | 'attached' | 'asked';
  /** Which client decides the size of a window; null where that cannot be set. */
  readonly windowSize: 'latest' | 'smallest' | null;
}

/** Reads what `tmux -V` prints: `tmux 3.3a`, `tmux next-3.6`, `tmux openbsd-7.4`. */
export function parseTmuxVersion(output: string): TmuxVersion | undefined {
  const match = /^tmux (?:next-)?((\d+)\.(\d+)\S*)/m.exec(output);
  if (match) return { text: match[1] ?? '', major: Number(match[2]), minor: Number(match[3]) };
  // OpenBSD's and master's builds carry no number of their own and are newer than any that is too old.
  return /^tmux (openbsd|master)/m.test(output) ? { text: output.trim().slice(5), major: 99, minor: 0 } : undefined;
}

/** New enough to run sessions. */
export function isSupported(version: TmuxVersion): boolean {
  return isAtLeast(version, 2, 7);
}

/** What a version can do. */
export function tmuxFeatures(version: TmuxVersion): TmuxFeatures {
  const since = (major: number, minor: number): boolean => isAtLeast(version, major, minor);
  return {
    quietClients: since(3, 2),
    paneOptions: since(3, 0),
    pipeDirection: since(2, 8),
    extendedKeys: since(3, 2),
    passthrough: since(3, 3),
    newWindowSize: since(3, 3) ? 'attached' : since(2, 9) ? 'creator' : 'asked',
    windowSize: since(3, 1) ? 'latest' : since(2, 9) ? 'smallest' : null,
  };
}

/** What a person misses with a version, one sentence; undefined when nothing. */
export function tmuxLimits(version: TmuxVersion): string | undefined {
  if (!tmuxFeatures(version).quietClients) {
    return `tmux ${version.text} does not tell of changes, so titles and ends are asked for once a second; 3.2 and newer tell.`;
  }
  if (!isAtLeast(version, 3, 3)) {
    return `tmux ${version.text} does not tell which signal ended an agent whose disk was full (3.3 does).`;
  }
  return undefined;
}

function isAtLeast(version: TmuxVersion, major: number, minor: number): boolean {
  return version.major > major || (version.major === major && version.minor >= minor);
}
