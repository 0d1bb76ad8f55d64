import { existsSync, readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, dirname, join, relative, sep } from 'node:path';
import { addCounts } from './counts.mjs';
import { bundleTests, runNodeTests } from './nodeTests.mjs';
import { outDir, repoRoot } from './paths.mjs';

/** What they need, besides a build. */
export const campaignPrograms = /** @type {const} */ ([
  'tmux',
  'git',
  'ssh',
  'sshd',
  'bash',
  'zsh',
  'fish',
  'dash',
  'ksh93',
  'mksh',
  'busybox',
  'yash',
  'tcsh',
  'elvish',
]);
const ENDING = '.campaign.ts';

/**
 * @typedef {object} CampaignOptions
 * @property {string} seed draws the cases, and what they make up themselves
 * @property {number} [part] of the cases, at least one of each boundary; default all
 * @property {string} [only] ids of cases, with commas between them
 * @property {(name: string, durationMs: number) => void} [onPass]
 */

/** @typedef {{bundle: string, counts: import('./counts.mjs').TestCounts}} Boundary what came of one file */

/** @returns {string[]} folders below `test/` that hold a campaign: a suite of cases, one file for each boundary */
export function campaignNames() {
  const entries = readdirSync(join(repoRoot, 'test'), { withFileTypes: true });
  return entries.map(({ name }) => name).filter((name) => findCampaign(name).length > 0);
}

/**
 * @param {string} name `attacks`, or one of its boundaries: `attacks/rules`
 * @returns {string[]} absolute paths of its files
 */
export function findCampaign(name) {
  const path = join(repoRoot, 'test', name);
  if (existsSync(path + ENDING)) return [path + ENDING];
  const isFolder = dirname(name) === '.' && existsSync(path) && !basename(name).includes('.');
  const files = isFolder ? readdirSync(path).filter((file) => file.endsWith(ENDING)) : [];
  return files.sort().map((file) => join(path, file));
}

/** @returns {string} one that nobody chose */
export function randomSeed() {
  return String(Math.floor(Math.random() * 1_000_000));
}

/**
 * @param {readonly string[]} files
 * @param {CampaignOptions} options
 * @returns {Promise<Boundary[]>}
 */
export async function runCampaigns(files, { seed, part = 1, only, onPass }) {
  process.env['CM_SEED'] = seed;
  process.env['CM_PART'] = String(part);
  if (only !== undefined) process.env['CM_ONLY'] = only;
  const bundles = await bundleTests(files);
  const waiting = [...bundles];
  /** @type {Boundary[]} */
  const results = [];
  const work = async () => {
    for (let bundle = waiting.shift(); bundle !== undefined; bundle = waiting.shift()) {
      results.push({ bundle, counts: await runBoundary(bundle, onPass) });
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  return results;
}

/**
 * A tenth of each campaign, others in each run. A boundary in which something failed is left to a second try.
 * @returns {Promise<import('./counts.mjs').StageResult>}
 */
export async function runCampaignParts() {
  const seed = process.env['CM_SEED'] ?? randomSeed();
  const results = await runCampaigns(campaignNames().flatMap(findCampaign), { seed, part: 0.1 });
  const failed = results.filter(({ counts }) => counts.failed > 0);
  const counts = addCounts(results.filter((each) => !failed.includes(each)).map((each) => each.counts));
  if (failed.length === 0) return counts;
  const run = async () => {
    const second = [];
    for (const { bundle } of failed) second.push(await runBoundary(bundle));
    return addCounts(second);
  };
  return { ...counts, secondTry: { failures: failed.flatMap((each) => each.counts.failures), run } };
}

/**
 * By itself, since the runner names the helper that all boundaries have in common as the file of every case.
 * @param {string} bundle
 * @param {CampaignOptions['onPass']} [onPass]
 * @returns {Promise<import('./counts.mjs').TestCounts>}
 */
async function runBoundary(bundle, onPass) {
  const options = { concurrency: 1, fileTimeoutMs: 7_200_000, ...(onPass === undefined ? {} : { onPass }) };
  const { passed, failed, failures } = await runNodeTests([bundle], options);
  const file = relative(join(outDir, 'test'), bundle).split(sep).join('/').replace(/\.js$/, '.ts');
  const named = failures.map(({ name, error }) => ({ name: name.replace(/^\S+\.ts/, `test/${file}`), error }));
  return { passed, failed, failures: named };
}
