// Runs some tests while they are written: node scripts/unit.mjs [--bail] [test/AREA | test/AREA/NAME.test.ts]...
// With --bail it ends at the first failure. Without names: everything that needs neither programs nor a build.
import { statSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { repoRoot } from './lib/paths.mjs';
import { bundleTests, findTests, runNodeTests } from './lib/nodeTests.mjs';
import { unitFolders } from './lib/stages.mjs';
import { printFailures } from './lib/report.mjs';

const { values, positionals } = parseArgs({ options: { bail: { type: 'boolean' } }, allowPositionals: true });
const wanted = positionals.map((path) => resolve(path));
process.chdir(repoRoot);
const folders = wanted.filter((path) => statSync(path).isDirectory()).map((path) => relative('test', path));
const files = wanted.filter((path) => !statSync(path).isDirectory());
for (const folder of wanted.length === 0 ? await unitFolders() : folders) files.push(...(await findTests(folder)));

const counts = await runNodeTests(await bundleTests(files), {
  bail: values.bail ?? false,
  onPass: (name, ms) => console.log(`  ok ${name} (${Math.round(ms)} ms)`),
});
printFailures(counts.failures);
console.log(`${counts.passed} passed, ${counts.failed} failed`);
// What a file that was ended early has started may keep this process.
process.exit(counts.failed > 0 || counts.passed === 0 ? 1 : 0);
