/**
 * @typedef {object} Failure
 * @property {string} name
 * @property {string} error
 */

/**
 * What came of some tests. Skipped ones are failures: a test that silently does not run proves nothing.
 * @typedef {object} TestCounts
 * @property {number} passed
 * @property {number} failed
 * @property {readonly Failure[]} failures
 */

/** @type {TestCounts} */
export const noTests = { passed: 0, failed: 0, failures: [] };

/** @type {TestCounts} */
export const onePassed = { passed: 1, failed: 0, failures: [] };

/**
 * @param {string} name
 * @param {unknown} error
 * @returns {TestCounts}
 */
export function oneFailed(name, error) {
  return { passed: 0, failed: 1, failures: [{ name, error: describeError(error) }] };
}

/**
 * @param {readonly TestCounts[]} all
 * @returns {TestCounts}
 */
export function addCounts(all) {
  return {
    passed: all.reduce((sum, { passed }) => sum + passed, 0),
    failed: all.reduce((sum, { failed }) => sum + failed, 0),
    failures: all.flatMap(({ failures }) => failures),
  };
}

/**
 * Real programs on a busy machine now and then need longer than anybody waits for them. What fails twice has failed;
 * what passes the second time is said, so that nobody overlooks a test that is not sure of itself.
 * @param {TestCounts} first
 * @param {TestCounts} second of the files that failed
 * @returns {TestCounts}
 */
export function afterSecondTry(first, second) {
  const failed = new Set(second.failures.map(({ name }) => name));
  const unsure = first.failures.filter(({ name }) => !failed.has(name));
  for (const { name, error } of unsure) {
    console.log(`Passed at the second try: ${name}\n${error.replace(/^/gm, '    ')}`);
  }
  return { passed: first.passed + unsure.length, failed: second.failed, failures: second.failures };
}

/**
 * @param {unknown} error
 * @returns {string} its stack or message, with what caused it
 */
export function describeError(error) {
  if (!(error instanceof Error)) return typeof error === 'string' ? error : JSON.stringify(error);
  const own = error.stack ?? error.message;
  return error.cause === undefined ? own : `${own}\ncaused by ${describeError(error.cause)}`;
}
