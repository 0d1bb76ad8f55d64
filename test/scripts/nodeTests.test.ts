import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';

/** The runner refuses to run inside itself, so it is driven as its users do: by the script. */
function runFixture(name: string): { readonly status: number | null; readonly lines: readonly string[] } {
  const { NODE_TEST_CONTEXT: _inherited, ...env } = process.env;
  const args = ['scripts/unit.mjs', `test/scripts/fixtures/${name}.ts`];
  const { status, stdout } = spawnSync(process.execPath, args, { env, encoding: 'utf8' });
  return { status, lines: stdout.trim().split('\n') };
}

test('failing and skipped tests are counted once each and named', () => {
  const { status, lines } = runFixture('mixed');
  assert.equal(lines.at(-1), '2 passed, 3 failed');
  assert.equal(status, 1);
  assert.deepEqual(
    lines.filter((line) => line.startsWith('FAILED')),
    ['fails inside', 'fails below', 'is skipped'].map((name) => `FAILED test/scripts/fixtures/mixed.ts: ${name}`),
  );
  assert.match(lines.join('\n'), /fixtures\/mixed\.ts:13/, 'the stack names the TypeScript');
});

test('a file without tests fails', () => {
  assert.equal(runFixture('empty').lines.at(-1), '0 passed, 1 failed');
});

test('an error outside of every test fails and is shown', () => {
  const { lines } = runFixture('crash');
  assert.equal(lines.at(-1), '1 passed, 1 failed');
  assert.match(lines.join('\n'), /crashed outside of a test/);
  assert.match(lines.join('\n'), /about to crash/);
});

test('a broken hook fails although the tests of its suite pass', () => {
  const { lines } = runFixture('hook');
  assert.equal(lines.at(-1), '1 passed, 1 failed');
  assert.match(lines.join('\n'), /the hook broke/);
});
