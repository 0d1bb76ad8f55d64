import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repoRoot } from './paths.mjs';
import { runOrThrow } from './processes.mjs';

const stamp = join(repoRoot, 'node_modules', '.code-manager-lock');

/**
 * Installs the npm packages of the checkout unless they are those of the lock file. Uses nothing but Node itself.
 * @param {{log?: (line: string) => void}} [options]
 */
export async function ensureDependencies({ log = console.log } = {}) {
  if (isInstalled()) return;
  log('Installing npm packages');
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  // With --no-save a lock file of another npm version is left as it is.
  const args = ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'];
  await runOrThrow(npm, args, { cwd: repoRoot, env: { ...process.env, NODE_ENV: 'development' } });
  writeFileSync(stamp, lockHash());
}

/** @returns {boolean} */
function isInstalled() {
  if (!existsSync(join(repoRoot, 'node_modules', '.package-lock.json'))) return false;
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === lockHash();
}

/** @returns {string} */
function lockHash() {
  return createHash('sha256')
    .update(readFileSync(join(repoRoot, 'package-lock.json')))
    .digest('hex');
}
