import { mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { outDir, repoRoot } from './paths.mjs';
import { runOrThrow } from './processes.mjs';

/**
 * Packs the extension as it is built in `dist/`.
 * @param {{dir?: string, file?: string}} [options] the checkout, and where the package goes
 * @returns {Promise<string>} the `.vsix` file
 */
export async function packageExtension({ dir = repoRoot, file = join(outDir, 'code-manager.vsix') } = {}) {
  await mkdir(dirname(file), { recursive: true });
  const vsce = createRequire(join(repoRoot, 'package.json')).resolve('@vscode/vsce/vsce');
  // Everything is bundled, so npm packages stay out.
  const args = ['package', '--no-dependencies', '--out', file];
  await runOrThrow(process.execPath, [vsce, ...args], { cwd: dir, timeoutMs: 120_000 });
  return file;
}
