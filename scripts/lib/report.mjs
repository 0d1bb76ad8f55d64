/**
 * @param {readonly import('./counts.mjs').Failure[]} failures
 * @param {string} [word] before each
 */
export function printFailures(failures, word = 'FAILED') {
  for (const { name, error } of failures) {
    console.log(`\n${word} ${name}\n${error.replace(/^/gm, '    ')}`);
  }
  if (failures.length > 0) console.log();
}

/**
 * @param {number} ms
 * @returns {string} `850 ms`, `12 s`, `3 min 5 s`
 */
export function formatDuration(ms) {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  const seconds = Math.round(ms / 1_000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
