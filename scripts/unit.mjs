// Runs some tests while they are written: node scripts/unit.mjs [test/AREA | test/AREA/NAME.test.ts]...
// Without arguments: everything that needs neither programs nor a build.
import { statSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { repoRoot } from './lib/paths.mjs';
import { bundleTests, findTests, runNodeTests } from './lib/nodeTests.mjs';
import { unitFolders } from './lib/stages.mjs';
import { printFailures } from './lib/report.mjs';

const wanted = process.argv.slice(2).map((path) => resolve(path));
process.chdir(repoRoot);
const folders = wanted.filter((path) => statSync(path).isDirectory()).map((path) => relative('test', path));
const files = wanted.filter((path) => !statSync(path).isDirectory());
for (const folder of wanted.length === 0 ? await unitFolders() : folders) files.push(...(await findTests(folder)));

const counts = await runNodeTests(await bundleTests(files), {
  onPass: (name, ms) => console.log(`  ok ${name} (${Math.round(ms)} ms)`),
});
printFailures(counts.failures);
console.log(`${counts.passed} passed, ${counts.failed} failed`);
process.exitCode = counts.failed > 0 || counts.passed === 0 ? 1 : 0;
