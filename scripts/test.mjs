// The whole test suite, or some stages of it: node scripts/test.mjs [STAGE]...
// Only Node's own modules may be loaded before the stage `install` has run. The last line is `N passed, N failed`.
import { addCounts, oneFailed } from './lib/counts.mjs';
import { repoRoot } from './lib/paths.mjs';
import { formatDuration, printFailures } from './lib/report.mjs';
import { runStage, stages } from './lib/stages.mjs';

process.chdir(repoRoot);
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !stages.some((stage) => stage.name === name));
if (unknown.length > 0) {
  console.error(`Unknown stage ${unknown.join(', ')}; there are ${stages.map(({ name }) => name).join(', ')}`);
  process.exit(2);
}

/** @param {import('./lib/stages.mjs').Stage} stage */
const isWanted = (stage) => (wanted.length === 0 ? stage.onRequest !== true : wanted.includes(stage.name));
const needsBuild = stages.some((stage) => isWanted(stage) && stage.needsBuild);
const selected = stages.filter(
  (stage) => isWanted(stage) || stage.name === 'install' || (stage.name === 'build' && needsBuild),
);

/** @type {import('./lib/counts.mjs').TestCounts[]} */
const all = [];
/** @type {Set<string>} */
const broken = new Set();

/** @param {import('./lib/stages.mjs').Stage} stage */
async function take(stage) {
  const started = Date.now();
  const missing = broken.has('install') ? 'install' : stage.needsBuild && broken.has('build') ? 'build' : undefined;
  const counts =
    missing === undefined
      ? await runStage(stage)
      : oneFailed(`stage ${stage.name}`, `Not run, since ${missing} failed`);
  if (counts.failed > 0) broken.add(stage.name);
  all.push(counts);
  const took = formatDuration(Date.now() - started);
  console.log(`${stage.name.padEnd(8)} ${counts.passed} passed, ${counts.failed} failed (${took})`);
  printFailures(counts);
}

/** @param {import('./lib/stages.mjs').Stage['lane']} lane */
async function takeAllOf(lane) {
  for (const stage of selected) if (stage.lane === lane) await take(stage);
}

await takeAllOf(undefined);
// Most tests wait more than they work: for hosts, for windows, for agents.
await Promise.all([takeAllOf('engine'), takeAllOf('editor')]);

const total = addCounts(all);
if (total.failed > 0) console.log(`Failed:\n${total.failures.map(({ name }) => `  ${name}`).join('\n')}`);
console.log(`${total.passed} passed, ${total.failed} failed`);
// Not by the exit code alone: something that a test left open must not keep the run from ending.
process.exit(total.failed > 0 || total.passed === 0 ? 1 : 0);
