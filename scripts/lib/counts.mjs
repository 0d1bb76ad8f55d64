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

/**
 * What is left to be tried once more when nothing else runs. Until then its tests are in no count.
 * @typedef {object} SecondTry
 * @property {readonly Failure[]} failures of the first try, at least one
 * @property {() => Promise<TestCounts>} run
 */

/** @typedef {TestCounts & {readonly secondTry?: SecondTry}} StageResult */

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
 * @param {unknown} error
 * @returns {string} its stack or message, with what caused it
 */
export function describeError(error) {
  if (!(error instanceof Error)) return typeof error === 'string' ? error : JSON.stringify(error);
  const own = error.stack ?? error.message;
  return error.cause === undefined ? own : `${own}\ncaused by ${describeError(error.cause)}`;
}
