import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import test from 'node:test';
import { readGuards, withoutGuard } from '../../scripts/lib/guards.mjs';

// Apart from what tests guards: it fails without any of them, and would catch everything.

test('every guard that is listed stands in the code exactly once, and its tests are there', async () => {
  const guards = await readGuards();
  assert.ok(guards.length >= 12, String(guards.length));
  assert.equal(new Set(guards.map(({ name }) => name)).size, guards.length);
  for (const guard of guards) {
    assert.ok(!guard.tests.includes('test/approvals/guardList.test.ts'), guard.name);
    const text = readFileSync(guard.file, 'utf8');
    assert.notEqual(withoutGuard(guard, text), text, guard.name);
    assert.ok(guard.tests.length > 0 && guard.tests.every(existsSync), guard.name);
  }
});

test('a guard whose code is not found, or found twice, is an error that names it', () => {
  const guard = { name: 'lead', file: 'src/a.ts', code: 'check();', by: '', tests: [] };
  assert.equal(withoutGuard(guard, 'a(); check(); b();'), 'a();  b();');
  assert.throws(() => withoutGuard(guard, 'a();'), /"lead" stands 0 times in src\/a\.ts/);
  assert.throws(() => withoutGuard(guard, 'check(); check();'), /stands 2 times/);
});
