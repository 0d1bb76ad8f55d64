// The whole test suite, or some stages of it: node scripts/test.mjs [STAGE]...
// Only Node's own modules may be loaded before the stage `install` has run. The last line is `N passed, N failed`.
import { repoRoot } from './lib/paths.mjs';
import { stages } from './lib/stages.mjs';
import { runSuite } from './lib/suite.mjs';

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

// What is drawn in a run of everything is drawn by this; a stage that somebody names is run whole.
const seed = (process.env['CM_SEED'] ??= String(Math.floor(Math.random() * 1_000_000)));
if (wanted.length === 0) process.env['CM_DRAWS'] = '1';
console.log(`seed ${seed}`);

const total = await runSuite(selected);
if (total.failed > 0) console.log(`Failed:\n${total.failures.map(({ name }) => `  ${name}`).join('\n')}`);
console.log(`${total.passed} passed, ${total.failed} failed`);
// Not by the exit code alone: something that a test left open must not keep the run from ending.
process.exit(total.failed > 0 || total.passed === 0 ? 1 : 0);
