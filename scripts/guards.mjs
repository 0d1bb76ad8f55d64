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
// Tests that fail anyway would catch everything.
const problem = await scene.problem([...new Set(guards.flatMap(({ tests }) => tests))]);
if (problem !== undefined) console.log(`Nothing was removed: the tests fail already.\n${problem}`);
for (const guard of problem === undefined ? guards : []) {
  const result = await scene.remove(guard);
  if (result.ok) passed++;
  else failed++;
  const count = result.ok ? result.caughtBy.length : 0;
  const said = result.ok ? `caught by ${count === 1 ? '1 test' : `${count} tests`}` : result.problem;
  console.log(`${result.ok ? '  ok' : 'FAILED'} ${guard.name}: ${said}`);
}
if (problem !== undefined) failed = guards.length;
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
