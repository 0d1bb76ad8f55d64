/** A pair of equal lines: index in the older sequence, index in the newer one. */
export type Match = readonly [older: number, newer: number];

/**
 * The longest common subsequence of two sequences of lines. Among equally long ones it takes the latest lines of `older`
 * and the first of `newer`: what is on a screen is the end of what was said, and what is new comes below it.
 */
export function align(older: readonly string[], newer: readonly string[]): Match[] {
  const width = newer.length + 1;
  // lengths[i][j]: longest common subsequence of the lines from i and from j on.
  const lengths = new Uint16Array((older.length + 1) * width);
  for (let i = older.length - 1; i >= 0; i--) {
    const line = older[i];
    for (let j = newer.length - 1; j >= 0; j--) {
      const at = i * width + j;
      lengths[at] =
        line === newer[j]
          ? (lengths[at + width + 1] ?? 0) + 1
          : Math.max(lengths[at + width] ?? 0, lengths[at + 1] ?? 0);
    }
  }
  const matches: Match[] = [];
  for (let i = 0, j = 0; i < older.length && j < newer.length;) {
    const at = i * width + j;
    if (lengths[at + width] === lengths[at]) i++;
    else if (older[i] === newer[j]) matches.push([i++, j++]);
    else j++;
  }
  return matches;
}
