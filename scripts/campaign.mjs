// Runs the cases of campaigns through the product: npm run campaign -- [NAME]... [--seed S] [--part 0.1] [--only ID,ID]
// NAME is a campaign, or one of its boundaries: attacks, attacks/rules. Without one: all of them.
// Only Node's own modules may be loaded before the packages are there.
import { parseArgs } from 'node:util';
import { addCounts } from './lib/counts.mjs';
import { ensureDependencies } from './lib/dependencies.mjs';
import { repoRoot } from './lib/paths.mjs';
import { runOrThrow } from './lib/processes.mjs';
import { printFailures } from './lib/report.mjs';
import { ensurePrograms } from './lib/systemPackages.mjs';

process.chdir(repoRoot);
await ensureDependencies();
const { campaignNames, campaignPrograms, findCampaign, randomSeed, runCampaigns } = await import('./lib/campaigns.mjs');
const { values, positionals } = parseArgs({
  options: { seed: { type: 'string' }, part: { type: 'string' }, only: { type: 'string' } },
  allowPositionals: true,
});
const part = Number(values.part ?? 1);
const files = (positionals.length === 0 ? campaignNames() : positionals).flatMap(findCampaign);
if (files.length === 0 || !(part > 0 && part <= 1)) {
  console.error(
    `npm run campaign -- [NAME]... [--seed S] [--part 0.1] [--only ID,ID]; NAME: ${campaignNames().join(', ')}`,
  );
  process.exit(2);
}
await ensurePrograms(campaignPrograms);
await runOrThrow(process.execPath, ['esbuild.mjs']);

const seed = values.seed ?? process.env['CM_SEED'] ?? randomSeed();
console.log(`seed ${seed}`);
const results = await runCampaigns(files, {
  seed,
  part,
  ...(values.only === undefined ? {} : { only: values.only }),
  onPass: (name, ms) => console.log(`  ok ${name} (${Math.round(ms)} ms)`),
});
const { failures, passed, failed } = addCounts(results.map(({ counts }) => counts));
printFailures(failures);
for (const { name } of failures) console.log(`FAILED ${name}`);
console.log(`seed ${seed}\n${passed} passed, ${failed} failed`);
process.exit(failed > 0 || passed === 0 ? 1 : 0);
