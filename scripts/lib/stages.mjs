import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { campaignPrograms, runCampaignParts } from './campaigns.mjs';
import { noTests, oneFailed, onePassed } from './counts.mjs';
import { ensureDependencies } from './dependencies.mjs';
import { bundleTests, findTests, runNodeTests, withSecondTry } from './nodeTests.mjs';
import { outDir, repoRoot } from './paths.mjs';
import { run } from './processes.mjs';
import { ensurePrograms } from './systemPackages.mjs';

/**
 * @typedef {object} Stage
 * @property {string} name as on the command line
 * @property {readonly import('./systemPackages.mjs').ProgramName[]} programs that it needs
 * @property {boolean} needsBuild
 * @property {boolean} [onRequest] left out of a whole run
 * @property {typeof lanes[number]} [lane] the lanes run side by side, after all that are in none
 * @property {() => Promise<import('./counts.mjs').StageResult>} run
 */

/** Folders below `test/` that are a stage of their own; every other one is a part of the stage `unit`. */
const stageFolders = ['tmux', 'server', 'ssh', 'cli', 'conformance', 'agents', 'vscode', 'ui', 'package'];
const noTestFolders = ['fixtures', 'fakes', 'helpers'];

/**
 * Two lanes of equal length keep two cores busy: a third makes each of them slower, and what waits in vain is tried again.
 * Nobody waits for the checks, which take what the others leave of the processor.
 */
export const lanes = /** @type {const} */ (['engine', 'programs', 'checks']);

/** @type {readonly Stage[]} */
export const stages = [
  { name: 'install', programs: [], needsBuild: false, run: install },
  {
    name: 'build',
    programs: [],
    needsBuild: false,
    run: () => npmScript('build', 'The bundles are built', { timeoutMs: 300_000 }),
  },
  {
    name: 'agents',
    programs: ['ssh', 'sshd', 'tmux', 'git'],
    needsBuild: true,
    lane: 'programs',
    run: () => nodeStage(['agents'], { concurrency: 2 }),
  },
  {
    name: 'unit',
    programs: ['git', 'tmux', 'bash', 'zsh', 'fish', 'tcsh'],
    needsBuild: false,
    lane: 'engine',
    run: async () => nodeStage(await unitFolders()),
  },
  {
    name: 'ssh',
    programs: ['ssh', 'sshd', 'tmux', 'git', 'bash', 'zsh', 'fish'],
    needsBuild: true,
    lane: 'engine',
    // They wait more than they work: for hosts that are cut off, silent or slow.
    run: () => nodeStage(['ssh'], { concurrency: 5 }),
  },
  {
    name: 'cli',
    programs: ['tmux', 'git', 'bash', 'zsh', 'fish', 'direnv'],
    needsBuild: true,
    lane: 'engine',
    run: () => nodeStage(['cli'], { concurrency: 4 }),
  },
  {
    name: 'tmux',
    programs: ['tmux', 'git'],
    needsBuild: true,
    lane: 'programs',
    run: () => nodeStage(['tmux'], { concurrency: 3 }),
  },
  {
    name: 'server',
    programs: ['tmux', 'git', 'bash', 'zsh', 'fish'],
    needsBuild: true,
    lane: 'engine',
    run: () => nodeStage(['server'], { concurrency: 4 }),
  },
  {
    name: 'conformance',
    programs: ['ssh', 'sshd', 'tmux', 'git', 'bash'],
    needsBuild: true,
    lane: 'engine',
    run: () => nodeStage(['conformance'], { concurrency: 1 }),
  },
  { name: 'campaigns', programs: campaignPrograms, needsBuild: true, lane: 'engine', run: runCampaignParts },
  { name: 'vscode', programs: ['tmux', 'git', 'chromium'], needsBuild: true, lane: 'programs', run: extensionHost },
  {
    name: 'ui',
    programs: ['tmux', 'git', 'chromium'],
    needsBuild: true,
    lane: 'programs',
    run: () => nodeStage(['ui'], { concurrency: 1 }),
  },
  {
    name: 'package',
    programs: ['tmux', 'git', 'chromium'],
    needsBuild: true,
    lane: 'programs',
    run: () => nodeStage(['package'], { concurrency: 1 }),
  },
  {
    name: 'lint',
    programs: [],
    needsBuild: false,
    lane: 'checks',
    run: () => check('lint', 'The code follows the rules'),
  },
  {
    name: 'types',
    programs: [],
    needsBuild: false,
    lane: 'checks',
    run: () => check('types', 'The types fit'),
  },
  { name: 'desktop', programs: ['tmux', 'git'], needsBuild: true, onRequest: true, run: desktop },
];

/** @returns {Promise<string[]>} the folders below `test/` whose tests need nothing but Node */
export async function unitFolders() {
  const entries = await readdir(join(repoRoot, 'test'), { withFileTypes: true });
  const others = [...stageFolders, ...noTestFolders];
  return entries.filter((entry) => entry.isDirectory() && !others.includes(entry.name)).map(({ name }) => name);
}

/** @returns {Promise<import('./counts.mjs').TestCounts>} */
async function install() {
  await ensureDependencies();
  await mkdir(outDir, { recursive: true });
  return noTests;
}

/**
 * Looks at every file, behind whatever else wants to run.
 * @param {string} script
 * @param {string} testName
 * @returns {Promise<import('./counts.mjs').TestCounts>}
 */
function check(script, testName) {
  return npmScript(script, testName, { flags: ['--no-cache'], isLast: true, timeoutMs: 1_500_000 });
}

/**
 * @param {string} script
 * @param {string} testName
 * @param {{flags?: readonly string[], isLast?: boolean, timeoutMs: number}} options
 * @returns {Promise<import('./counts.mjs').TestCounts>}
 */
async function npmScript(script, testName, { flags = [], ...options }) {
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const { code, output } = await run(npm, ['run', '--silent', script, '--', ...flags], { cwd: repoRoot, ...options });
  return code === 0 ? onePassed : oneFailed(testName, output.trim());
}

/**
 * @param {readonly string[]} folders
 * @param {{concurrency?: number}} [options]
 * @returns {Promise<import('./counts.mjs').StageResult>}
 */
async function nodeStage(folders, options = {}) {
  const files = (await Promise.all(folders.map(findTests))).flat();
  if (files.length === 0) return oneFailed(folders.map((folder) => `test/${folder}`).join(', '), 'There are no tests');
  const bundles = await bundleTests(files);
  return withSecondTry(await runNodeTests(bundles, options), bundles);
}

/** @returns {Promise<import('./counts.mjs').StageResult>} */
async function extensionHost() {
  const { runExtensionTests } = await import('./extensionHost.mjs');
  const suite = await bundleSuite();
  const run = () => runExtensionTests({ extensionDir: repoRoot, suite });
  const first = await run();
  return first.failed === 0 ? first : { ...noTests, secondTry: { failures: first.failures, run } };
}

/** @returns {Promise<import('./counts.mjs').TestCounts>} */
async function desktop() {
  const { runDesktopTests } = await import('./desktopTests.mjs');
  return await runDesktopTests({ extensionDir: repoRoot, suite: await bundleSuite() });
}

/** @returns {Promise<string>} the file that the extension host loads */
async function bundleSuite() {
  const index = join(repoRoot, 'test', 'vscode', 'index.ts');
  const [suite] = await bundleTests([index, ...(await findTests('vscode'))], { external: ['vscode'] });
  if (suite === undefined) throw new Error(`${index} was not bundled`);
  return suite;
}

/**
 * @param {Stage} stage
 * @returns {Promise<import('./counts.mjs').StageResult>} never rejects: what goes wrong is a failure of the stage
 */
export async function runStage(stage) {
  try {
    await ensurePrograms(stage.programs);
    return await stage.run();
  } catch (error) {
    return oneFailed(`stage ${stage.name}`, error);
  }
}
