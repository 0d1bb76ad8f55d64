// Builds and packs the extension: node scripts/package.mjs [FILE.vsix]
import { resolve } from 'node:path';
import { ensureDependencies } from './lib/dependencies.mjs';
import { packageExtension } from './lib/packageExtension.mjs';
import { repoRoot } from './lib/paths.mjs';
import { runOrThrow } from './lib/processes.mjs';

const [file] = process.argv.slice(2).map((path) => resolve(path));
await ensureDependencies();
await runOrThrow(process.execPath, ['esbuild.mjs'], { cwd: repoRoot });
console.log(await packageExtension(file === undefined ? {} : { file }));
