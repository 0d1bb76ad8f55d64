import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { launchBrowser } from './browser.mjs';
import { endHome } from './cmHome.mjs';
import { oneFailed } from './counts.mjs';
import { editorEnvironment } from './processes.mjs';
import { startVsCodeServer } from './vscodeServer.mjs';
import { createWorkspace, quietSettings, writeSettings } from './workspace.mjs';

/**
 * @typedef {object} ExtensionTestOptions
 * @property {string} extensionDir the extension under development
 * @property {string} suite a JavaScript file that exports `run()` and writes its counts to `CM_TEST_RESULTS`
 * @property {NodeJS.ProcessEnv} [env] added to the extension host's environment
 * @property {Readonly<Record<string, unknown>>} [settings]
 * @property {number} [timeoutMs] for the whole suite, 5 minutes
 * @property {(line: string) => void} [log] receives the console of the extension host
 */

/**
 * Runs a test suite inside a real extension host: a real VS Code server, with its workbench in Chromium.
 * @param {ExtensionTestOptions} options
 * @returns {Promise<import('./counts.mjs').TestCounts>} one failure when the suite did not come to its end
 */
export async function runExtensionTests(options) {
  const work = await mkdtemp(join(tmpdir(), 'cm-vscode-'));
  const results = join(work, 'results.json');
  const consoleLines = /** @type {string[]} */ ([]);
  const log = (/** @type {string} */ line) => {
    consoleLines.push(line);
    options.log?.(line);
  };
  const folder = await createWorkspace(join(work, 'workspace'));
  await writeSettings(join(work, 'data'), { ...quietSettings, ...options.settings });
  const server = await startVsCodeServer({
    dataDir: join(work, 'data'),
    extensionsDir: join(work, 'extensions'),
    driver: true,
    env: { ...editorEnvironment(), CM_HOME: join(work, 'cm'), ...options.env, CM_TEST_RESULTS: results },
  });
  try {
    const browser = await launchBrowser();
    try {
      const page = await browser.newPage();
      const exit = automationExit(page, log, options.timeoutMs ?? 300_000);
      await exit.exposed;
      const remote = `vscode-remote://${server.authority}`;
      await page.goto(
        server.url(folder, [
          ['extensionDevelopmentPath', remote + options.extensionDir],
          ['extensionTestsPath', remote + options.suite],
          ['skipWelcome', 'true'],
        ]),
      );
      const code = await exit.code;
      const counts = await readCounts(results);
      if (counts !== undefined && (code === 0) === (counts.failed === 0)) return counts;
      throw new Error(`The extension host ended with ${code} and ${counts === undefined ? 'no' : 'other'} results`);
    } finally {
      await browser.close();
    }
  } catch (error) {
    const details = [...consoleLines.slice(-40), server.log().slice(-4000)].join('\n');
    return oneFailed('The suite runs in the extension host', new Error(details, { cause: error }));
  } finally {
    await server.stop();
    await endHome(join(work, 'cm'));
    await rm(work, { recursive: true, force: true, maxRetries: 5 });
  }
}

/**
 * The workbench tells a test run's console and its end by two functions of the page.
 * @param {import('playwright-core').Page} page
 * @param {(line: string) => void} log
 * @param {number} timeoutMs
 * @returns {{exposed: Promise<unknown>, code: Promise<number>}}
 */
function automationExit(page, log, timeoutMs) {
  /** @type {Promise<unknown>} */
  let exposed = Promise.resolve();
  const code = /** @type {Promise<number>} */ (
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`The suite took longer than ${timeoutMs / 1000} s`)), timeoutMs);
      page.once('close', () => clearTimeout(timer));
      page.once('crash', () => reject(new Error('The page crashed')));
      exposed = Promise.all([
        page.exposeFunction('codeAutomationLog', (/** @type {string} */ type, /** @type {unknown[]} */ args) =>
          log([type, ...args].map((part) => (typeof part === 'string' ? part : JSON.stringify(part))).join(' ')),
        ),
        page.exposeFunction('codeAutomationExit', (/** @type {number} */ exitCode) => resolve(exitCode)),
      ]);
    })
  );
  // Its rejection is seen where it is awaited, which may be after the page has failed to load.
  code.catch(() => undefined);
  return { exposed, code };
}

/**
 * @param {string} file
 * @returns {Promise<import('./counts.mjs').TestCounts | undefined>}
 */
async function readCounts(file) {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch {
    return undefined;
  }
}
