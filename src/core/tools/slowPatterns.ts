const slow = new Set<string>();

/** Notes an expression of a tool that took too long. */
export function noteSlowPattern(source: string): void {
  slow.add(source);
}

/** The expressions that took too long since the server runs. */
export function slowPatterns(): ReadonlySet<string> {
  return slow;
}
