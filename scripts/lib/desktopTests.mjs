import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endHome } from './cmHome.mjs';
import { oneFailed } from './counts.mjs';
import { cacheDir } from './paths.mjs';
import { createWorkspace } from './workspace.mjs';

/**
 * Runs the suite of the extension host in a desktop VS Code, which it downloads.
 * @param {{extensionDir: string, suite: string}} options
 * @returns {Promise<import('./counts.mjs').TestCounts>}
 */
export async function runDesktopTests({ extensionDir, suite }) {
  const { runTests } = await import('@vscode/test-electron');
  const work = await mkdtemp(join(tmpdir(), 'cm-desktop-'));
  const results = join(work, 'results.json');
  try {
    const folder = await createWorkspace(join(work, 'workspace'));
    const own = ['--user-data-dir', join(work, 'data'), '--extensions-dir', join(work, 'extensions')];
    const failure = await runTests({
      cachePath: join(cacheDir(), 'vscode-desktop'),
      extensionDevelopmentPath: extensionDir,
      extensionTestsPath: suite,
      extensionTestsEnv: { CM_HOME: join(work, 'cm'), CM_TEST_RESULTS: results },
      launchArgs: [folder, ...own, '--disable-extensions', '--disable-workspace-trust'],
    }).then(
      () => undefined,
      (/** @type {unknown} */ error) => error,
    );
    try {
      return JSON.parse(await readFile(results, 'utf8'));
    } catch {
      return oneFailed('The suite runs in a desktop VS Code', failure ?? 'It left no results');
    }
  } finally {
    await endHome(join(work, 'cm'));
    await rm(work, { recursive: true, force: true, maxRetries: 5 });
  }
}
