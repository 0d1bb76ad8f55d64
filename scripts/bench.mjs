// Measures speed and size: node scripts/bench.mjs [GROUP]... [--quick] [--json] [--profile]
// How true states are: node scripts/bench.mjs truth [--times N] [--tool NAME]...
// Only Node's own modules may be loaded before the packages are there.
import { cpSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { ensureDependencies } from './lib/dependencies.mjs';
import { outDir, repoRoot } from './lib/paths.mjs';
import { runOrThrow } from './lib/processes.mjs';
import { ensurePrograms } from './lib/systemPackages.mjs';
import { jsonFolder } from './lib/jsonFolder.mjs';
import { threads } from './lib/threads.mjs';

process.chdir(repoRoot);
const isTruth = process.argv[2] === 'truth';
await ensureDependencies({ log: console.error });
await ensurePrograms(['tmux', 'ssh', 'sshd'], { log: console.error });
const bundles = ['cm.js', 'extension.js', 'headless-terminal.js', 'server.js', 'ssh2.js'].map((name) =>
  join('dist', name),
);
if (isOutdated()) await runOrThrow(process.execPath, ['esbuild.mjs']);

// A copy of its own, so that a build meanwhile changes nothing that is being measured.
const product = join(outDir, 'bench', `product-${process.pid}`);
process.once('exit', () => rmSync(product, { recursive: true, force: true }));
for (const folder of ['dist', 'media']) {
  mkdirSync(product, { recursive: true });
  cpSync(folder, join(product, folder), { recursive: true });
}
const words = [join(product, 'dist', 'cm.js'), 'version', '--json'];
const { version, build } = JSON.parse(await runOrThrow(process.execPath, words));

const { build: bundle } = await import('esbuild');
const outfile = join(product, 'bench.cjs');
await bundle({
  entryPoints: [isTruth ? 'test/truth/main.ts' : 'test/bench/main.ts'],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  packages: 'external',
  plugins: [threads, jsonFolder],
  sourcemap: 'inline',
  logLevel: 'warning',
  // The client that measures is one of the very build it measures.
  define: {
    CM_VERSION: JSON.stringify(version),
    CM_BUILD: JSON.stringify(build),
    'import.meta.url': 'bundledFileUrl',
  },
  banner: { js: 'const bundledFileUrl = require("node:url").pathToFileURL(__filename).href;' },
});
const { main } = createRequire(import.meta.url)(outfile);
const code = await main(process.argv.slice(isTruth ? 3 : 2), {
  product,
  programs: join(repoRoot, 'test', 'bench', 'programs'),
  out: outDir,
});
// Connections that a broken figure left open must not keep the run from ending.
process.exit(code);

/** @returns {boolean} whether a bundle is missing or older than a source */
function isOutdated() {
  const built = bundles.map((path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0);
  const sources = readdirSync('src', { recursive: true, encoding: 'utf8' }).map((name) => join('src', name));
  const newest = Math.max(...[...sources, 'esbuild.mjs'].map((path) => statSync(path).mtimeMs));
  return newest > Math.min(...built);
}
