import { setMaxListeners } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { dirname, join, relative, sep } from 'node:path';
import { run } from 'node:test';
import { describeError } from './counts.mjs';
import { outDir, repoRoot } from './paths.mjs';
import { jsonFolder } from './jsonFolder.mjs';
import { threads } from './threads.mjs';

/**
 * @typedef {object} NodeTestOptions
 * @property {number} [concurrency] files at once; default: one for each core
 * @property {number} [fileTimeoutMs] a file that takes longer is ended and has failed; default 10 minutes
 * @property {(name: string, durationMs: number) => void} [onPass]
 * @property {AbortSignal} [signal]
 * @property {boolean} [bail] end at the first failure
 */

/**
 * Every `*.test.ts` below a folder of `test/`.
 * @param {string} folder name below `test/`
 * @returns {Promise<string[]>} absolute paths
 */
export async function findTests(folder) {
  const dir = join(repoRoot, 'test', folder);
  if (!existsSync(dir)) return [];
  const names = await readdir(dir, { recursive: true });
  return names
    .filter((name) => name.endsWith('.test.ts'))
    .sort()
    .map((name) => join(dir, name));
}

/**
 * Bundles TypeScript tests from `test/` into `out/test/`, npm packages left outside.
 * @param {readonly string[]} files absolute paths
 * @param {{external?: readonly string[]}} [options]
 * @returns {Promise<string[]>} the JavaScript files, in the same order
 */
export async function bundleTests(files, { external = [] } = {}) {
  const { build } = await import('esbuild');
  const testDir = join(repoRoot, 'test');
  const result = await build({
    absWorkingDir: repoRoot,
    entryPoints: [...files],
    outbase: testDir,
    outdir: join(outDir, 'test'),
    bundle: true,
    write: false,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    packages: 'external',
    external: [...external],
    plugins: [threads, jsonFolder],
    sourcemap: 'linked',
    logLevel: 'warning',
    // CommonJS has no import.meta; what stands in for it points into `out/test/`.
    define: { 'import.meta.url': 'bundledFileUrl' },
    banner: {
      js: 'const bundledFileUrl = require("node:url").pathToFileURL(__filename).href;',
    },
  });
  // Renamed into place, because somebody else may be running the same bundle.
  for (const { path, contents } of result.outputFiles) {
    await mkdir(dirname(path), { recursive: true });
    const temporary = `${path}.${process.pid}.tmp`;
    await writeFile(temporary, contents);
    await rename(temporary, path);
  }
  return files.map((file) => join(outDir, 'test', relative(testDir, file).replace(/\.ts$/, '.js')));
}

/**
 * Runs bundled tests, every file in a process of its own.
 * @param {readonly string[]} files
 * @param {NodeTestOptions} [options]
 * @returns {Promise<import('./counts.mjs').TestCounts & {passes: readonly string[]}>} `passes`: named as failures are
 */
export async function runNodeTests(files, options = {}) {
  /** @type {string[]} */
  const passes = [];
  /** @type {import('./counts.mjs').Failure[]} */
  const failures = [];
  // The runner hands its own arguments on; stacks then name the TypeScript.
  if (!process.execArgv.includes('--enable-source-maps')) process.execArgv.push('--enable-source-maps');
  const bailed = new AbortController();
  const signals = [bailed.signal, ...(options.signal === undefined ? [] : [options.signal])];
  const signal = AbortSignal.any(signals);
  // The runner listens once for each file.
  setMaxListeners(0, signal);
  const stream = run({
    files: [...files],
    concurrency: options.concurrency ?? availableParallelism(),
    timeout: options.fileTimeoutMs ?? 600_000,
    signal,
  });
  /** @type {Map<string, string>} What the processes printed: noise, until something fails. */
  const printed = new Map();
  // What went wrong outside of every test is reported without its file, right before the file fails.
  let outside = '';
  for await (const { type, data } of stream) {
    const file = shortName(data.file ?? '');
    if (type === 'test:stderr' || type === 'test:stdout') {
      printed.set(file, (printed.get(file) ?? '') + data.message);
    } else if (type === 'test:diagnostic' && data.message.startsWith('Error: ')) {
      outside += `${data.message}\n`;
    } else if (type === 'test:diagnostic' && data.message.startsWith('Tried again: ')) {
      console.log(data.message);
    } else if (type === 'test:fail' && !isFailureOfSubtests(data.details.error)) {
      const isFile = files.includes(data.name);
      const output = (printed.get(file) ?? '').slice(-4_000).trim();
      printed.delete(file);
      const parts = [describeTestError(data.details.error), isFile ? outside : ''];
      if (output !== '') parts.push(`The file printed:\n${output}`);
      if (isFile) outside = '';
      failures.push({ name: isFile ? file : `${file}: ${data.name}`, error: parts.filter(Boolean).join('\n') });
    } else if (type === 'test:pass' && data.details.type !== 'suite') {
      if (files.includes(data.name)) {
        failures.push({ name: file, error: 'The file has no tests' });
      } else if (data.skip !== undefined || data.todo !== undefined) {
        failures.push({ name: `${file}: ${data.name}`, error: 'A skipped test proves nothing' });
      } else {
        passes.push(`${file}: ${data.name}`);
        options.onPass?.(data.name, data.details.duration_ms);
      }
    }
    if (options.bail && failures.length > 0) {
      bailed.abort();
      break;
    }
  }
  return { passed: passes.length, failed: failures.length, failures, passes };
}

/**
 * Leaves the files in which something failed to a second try, one at a time, with all of their tests.
 * @param {Awaited<ReturnType<typeof runNodeTests>>} first
 * @param {readonly string[]} bundles
 * @returns {import('./counts.mjs').StageResult}
 */
export function withSecondTry({ failures, passes }, bundles) {
  const again = bundles.filter((bundle) => failures.some(({ name }) => isOfFile(name, bundle)));
  const isAgain = (/** @type {string} */ name) => again.some((bundle) => isOfFile(name, bundle));
  const passed = passes.filter((name) => !isAgain(name)).length;
  // What no file can be blamed for cannot be tried again.
  const failed = failures.filter(({ name }) => !isAgain(name));
  const counts = { passed, failed: failed.length, failures: failed };
  if (again.length === 0) return counts;
  const run = () => runNodeTests(again, { concurrency: 1 });
  return { ...counts, secondTry: { failures: failures.filter(({ name }) => isAgain(name)), run } };
}

/**
 * @param {string} test name of a passed or failed one, as {@link runNodeTests} gives it
 * @param {string} bundle
 * @returns {boolean} whether it is of this file
 */
export function isOfFile(test, bundle) {
  return test === shortName(bundle) || test.startsWith(`${shortName(bundle)}: `);
}

/**
 * @param {unknown} error
 * @returns {boolean} whether a suite or test failed only with those inside it, which are counted themselves
 */
function isFailureOfSubtests(error) {
  return error instanceof Error && 'failureType' in error && error.failureType === 'subtestsFailed';
}

/**
 * @param {unknown} error what the runner wraps around a test's own error
 * @returns {string}
 */
function describeTestError(error) {
  if (error instanceof Error && error.cause !== undefined) return describeError(error.cause);
  return describeError(error);
}

/**
 * @param {string} file of a test or of its bundle
 * @returns {string} `test/area/name.test.ts`
 */
function shortName(file) {
  const path = relative(repoRoot, file).split(sep).join('/');
  return path.replace(/^out\/test\//, 'test/').replace(/\.js$/, '.ts');
}
