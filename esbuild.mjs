// Builds the bundles: node esbuild.mjs [--watch]
import { createHash } from 'node:crypto';
import { chmodSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import esbuild from 'esbuild';
import { jsonFolder } from './scripts/lib/jsonFolder.mjs';
import { threads } from './scripts/lib/threads.mjs';

const root = import.meta.dirname;
const watch = process.argv.includes('--watch');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** Hash of all sources: lets a client see that a running server was built from other code of the same version. */
function sourceHash() {
  const hash = createHash('sha256');
  const visit = (dir) => {
    for (const entry of readdirSync(dir, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = join(dir, entry.name);
      if (entry.isDirectory()) visit(path);
      else if (/\.(ts|json)$/.test(entry.name)) hash.update(entry.name).update(readFileSync(path));
    }
  };
  visit(join(root, 'src'));
  return hash.digest('hex').slice(0, 12);
}

const shared = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  format: 'cjs',
  mainFields: ['module', 'main'],
  minify: !watch,
  keepNames: true,
  sourcemap: true,
  sourcesContent: false,
  legalComments: 'linked',
  logLevel: 'warning',
  define: { CM_VERSION: JSON.stringify(version), CM_WATCHED: String(watch) },
  // Optional native parts of ws and ssh2; both work without them.
  external: ['vscode', 'bufferutil', 'utf-8-validate', 'cpu-features', '*.node'],
};

/** Packages that few runs need: files of their own beside the bundles, loaded when they are wanted. */
const apart = { '@xterm/headless': 'headless-terminal', ssh2: 'ssh2' };

const packagesApart = {
  name: 'packages-apart',
  setup(build) {
    build.onResolve({ filter: /^(@xterm\/headless|ssh2)$/ }, (args) =>
      args.kind === 'entry-point' ? undefined : { path: `./${apart[args.path]}.js`, external: true },
    );
  },
};

/** Gives each build the hash of the sources that it was made from, also those that follow while files are watched. */
const buildHash = {
  name: 'build-hash',
  setup(build) {
    let hash = '';
    build.onStart(() => {
      hash = sourceHash();
    });
    build.onLoad({ filter: /[\\/]src[\\/]common[\\/]build\.ts$/ }, ({ path }) => ({
      contents: `const CM_BUILD = ${JSON.stringify(hash)};\n${readFileSync(path, 'utf8').replace(/^declare const CM_BUILD.*$/m, '')}`,
      loader: 'ts',
    }));
    if (!('server' in build.initialOptions.entryPoints)) return;
    if (watch) build.onStart(() => console.log('Building'));
    // Written once the server lies on the disk: one that runs and is developed leaves for it.
    build.onEnd(({ errors }) => {
      if (watch) console.log('Built');
      if (errors.length === 0) writeFileSync(join(root, 'dist', 'build.txt'), `${hash}\n`);
    });
  },
};

/**
 * A script for sh that is one for Node, too. Without `--` Node takes `--env-file` behind a program for its own: a file that is
 * missing ends it before a line of ours has run, and one that is there sets its variables in `cm` itself.
 */
const CM_HEAD = `#!/bin/sh\n':' //; exec node -- "$0" "$@"`;

const bundles = [
  { entryPoints: { extension: 'src/extension/extension.ts' }, target: 'node22' },
  { entryPoints: { server: 'src/server/main.ts' }, target: 'node20' },
  { entryPoints: { cm: 'src/cli/main.ts' }, target: 'node20', banner: { js: CM_HEAD } },
  ...Object.entries(apart).map(([name, file]) => ({ entryPoints: { [file]: name }, target: 'node20', plugins: [] })),
];

rmSync(join(root, 'dist'), { recursive: true, force: true });
for (const bundle of bundles) {
  const options = { ...shared, plugins: [packagesApart, threads, jsonFolder, buildHash], outdir: 'dist', ...bundle };
  if (watch) await (await esbuild.context(options)).watch();
  else await esbuild.build(options);
}
if (!watch) chmodSync(join(root, 'dist/cm.js'), 0o755);
