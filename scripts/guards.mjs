// Removes the guards of the approval path one at a time, in a copy, and demands that a test fails without each:
// node scripts/guards.mjs [NAME]...   The guards are listed in test/approvals/guards.json.
import { GuardScene, readGuards } from './lib/guards.mjs';

const wanted = process.argv.slice(2);
const all = await readGuards();
const unknown = wanted.filter((name) => !all.some((guard) => guard.name === name));
if (unknown.length > 0) {
  console.error(`No guard is called ${unknown.join(', ')}. There are: ${all.map(({ name }) => name).join(', ')}`);
  process.exit(2);
}
const guards = wanted.length === 0 ? all : all.filter(({ name }) => wanted.includes(name));

const scene = await GuardScene.create();
let passed = 0;
let failed = 0;
for (const guard of guards) {
  const result = await scene.remove(guard);
  if (result.ok) passed++;
  else failed++;
  console.log(
    `${result.ok ? '  ok' : 'FAILED'} ${guard.name}: ${result.ok ? `caught by ${result.caughtBy}` : result.problem}`,
  );
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
