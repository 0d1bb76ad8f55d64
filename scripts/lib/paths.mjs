import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * The folder of the checkout. Searched upwards rather than counted in `..`, because tests carry a bundled copy
 * of this module somewhere below `out/`.
 */
export const repoRoot = findRoot(dirname(fileURLToPath(import.meta.url)));

/** Everything that tests leave behind for people to look at. */
export const outDir = join(repoRoot, 'out');

/** Where screenshots go. */
export const screenshotsDir = join(outDir, 'screenshots');

/**
 * Where downloads are kept: outside the checkout, so that a clean checkout costs no second download.
 * `CM_CACHE_DIR` overrides.
 * @returns {string}
 */
export function cacheDir() {
  const fromEnvironment = process.env['CM_CACHE_DIR'];
  return fromEnvironment ? resolve(fromEnvironment) : join(homedir(), '.cache', 'code-manager');
}

/**
 * @param {string} start
 * @returns {string}
 */
function findRoot(start) {
  for (let dir = start; ; dir = dirname(dir)) {
    const manifest = join(dir, 'package.json');
    if (existsSync(manifest) && JSON.parse(readFileSync(manifest, 'utf8')).name === 'code-manager') return dir;
    if (dir === dirname(dir)) throw new Error(`No code-manager checkout above ${start}`);
  }
}
