import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';

/** The runner refuses to run inside itself, so it is driven by the script. */
function runFixture(more: Record<string, string>): string[] {
  const { NODE_TEST_CONTEXT: _inherited, CM_SEED: _seed, CM_PART: _part, CM_ONLY: _only, ...env } = process.env;
  const args = ['scripts/unit.mjs', 'test/scripts/fixtures/campaign.ts'];
  const { stdout } = spawnSync(process.execPath, args, { env: { ...env, ...more }, encoding: 'utf8' });
  return stdout.trimEnd().split('\n');
}

const ids = (lines: readonly string[]): string[] =>
  lines.flatMap((line) => /^ {2}ok numbers\/(case-\d+)/.exec(line)?.slice(1) ?? []);

test('all cases run, and one that fails is named with what was put in', () => {
  const lines = runFixture({});
  assert.equal(lines.at(-1), '40 passed, 1 failed');
  assert.ok(
    lines.some((line) => line.startsWith('FAILED') && line.endsWith(String.raw`wrong/bad: a\u{200b}b\u{a} → b`)),
  );
});

test('a part is drawn by the seed, and again by the same one', () => {
  const first = ids(runFixture({ CM_SEED: '1', CM_PART: '0.1' }));
  assert.equal(first.length, 4);
  assert.deepEqual(ids(runFixture({ CM_SEED: '1', CM_PART: '0.1' })), first);
  assert.notDeepEqual(ids(runFixture({ CM_SEED: '2', CM_PART: '0.1' })), first);
});

test('single cases can be named', () => {
  assert.deepEqual(ids(runFixture({ CM_ONLY: 'case-7,case-3' })), ['case-3', 'case-7']);
});
