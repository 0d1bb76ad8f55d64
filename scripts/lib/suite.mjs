import { addCounts, oneFailed } from './counts.mjs';
import { formatDuration, printFailures } from './report.mjs';
import { lanes, runStage } from './stages.mjs';

/**
 * Runs stages: those that are in no lane, then all lanes side by side. Real programs on a busy machine now and then
 * need longer than anybody waits for them, so what failed is tried once more when nothing else runs. What fails twice
 * has failed; what passes the second time is said, so that nobody overlooks a test that is not sure of itself.
 * @param {readonly import('./stages.mjs').Stage[]} stages
 * @returns {Promise<import('./counts.mjs').TestCounts>} of all; each line that is printed has its part of them
 */
export async function runSuite(stages) {
  /** @type {import('./counts.mjs').TestCounts[]} */
  const all = [];
  /** @type {Set<string>} */
  const broken = new Set();
  /** @type {{stage: import('./stages.mjs').Stage, first: import('./counts.mjs').SecondTry}[]} */
  const again = [];

  /** @param {import('./stages.mjs').Stage} stage */
  async function take(stage) {
    const started = Date.now();
    const missing = broken.has('install') ? 'install' : stage.needsBuild && broken.has('build') ? 'build' : undefined;
    /** @type {import('./counts.mjs').StageResult} */
    const result =
      missing === undefined
        ? await runStage(stage)
        : oneFailed(`stage ${stage.name}`, `Not run, since ${missing} failed`);
    if (result.failed > 0) broken.add(stage.name);
    all.push(result);
    const { passed, failed, secondTry } = result;
    const parts = [`${passed} passed`];
    if (failed > 0 || secondTry === undefined) parts.push(`${failed} failed`);
    if (secondTry !== undefined) {
      again.push({ stage, first: secondTry });
      parts.push(`${secondTry.failures.length} to try again`);
    }
    const took = formatDuration(Date.now() - started);
    console.log(`${stage.name.padEnd(8)} ${parts.join(', ')} (${took})`);
    for (const { name } of secondTry?.failures ?? []) console.log(`    ${name}`);
    printFailures(result.failures);
  }

  /** @param {import('./stages.mjs').Stage['lane']} lane */
  async function takeAllOf(lane) {
    for (const stage of stages) if (stage.lane === lane) await take(stage);
  }

  await takeAllOf(undefined);
  // Most tests wait more than they work: for hosts, for windows, for agents.
  await Promise.all(lanes.map(takeAllOf));

  for (const { stage, first } of again) {
    const started = Date.now();
    const second = await runStage({ ...stage, run: first.run });
    all.push(second);
    const took = formatDuration(Date.now() - started);
    console.log(`second try  ${stage.name} ${second.passed} passed, ${second.failed} failed (${took})`);
    const failedAgain = new Set(second.failures.map(({ name }) => name));
    printFailures(
      first.failures.filter(({ name }) => !failedAgain.has(name)),
      'Failed at first:',
    );
    printFailures(second.failures);
  }
  return addCounts(all);
}
