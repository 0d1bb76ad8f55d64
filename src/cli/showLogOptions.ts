/** How the log of a session is shown. */
export interface ShowLogOptions {
  readonly follow: boolean;
  /** How many lines of what is there are shown. */
  readonly lines: number | 'all';
  readonly raw: boolean;
}
