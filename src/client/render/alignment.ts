/** A pair of equal lines: index in the older sequence, index in the newer one. */
export type Match = readonly [older: number, newer: number];

/**
 * The longest common subsequence of two sequences of lines. Among equally long ones it takes the one that lies latest in
 * `older`: what is on a screen now is what was said last.
 */
export function align(older: readonly string[], newer: readonly string[]): Match[] {
  const suffix = matchSuffix(older, newer);
  const rows = older.length - suffix;
  const columns = newer.length - suffix;
  // lengths[i][j]: longest common subsequence of the first i and the first j lines.
  const width = columns + 1;
  const lengths = new Uint16Array((rows + 1) * width);
  for (let i = 1; i <= rows; i++) {
    const line = older[i - 1];
    for (let j = 1; j <= columns; j++) {
      const at = i * width + j;
      lengths[at] =
        line === newer[j - 1]
          ? (lengths[at - width - 1] ?? 0) + 1
          : Math.max(lengths[at - width] ?? 0, lengths[at - 1] ?? 0);
    }
  }
  const matches: Match[] = [];
  for (let k = 1; k <= suffix; k++) matches.push([older.length - k, newer.length - k]);
  for (let i = rows, j = columns; i > 0 && j > 0;) {
    const here = lengths[i * width + j] ?? 0;
    if (older[i - 1] === newer[j - 1]) matches.push([--i, --j]);
    else if (here === (lengths[i * width + j - 1] ?? 0)) j--;
    else i--;
  }
  return matches.reverse();
}

/** How many lines at the ends are equal. */
function matchSuffix(older: readonly string[], newer: readonly string[]): number {
  let count = 0;
  while (
    count < older.length &&
    count < newer.length &&
    older[older.length - 1 - count] === newer[newer.length - 1 - count]
  )
    count++;
  return count;
}
