import assert from 'node:assert/strict';
import { test } from 'node:test';
import { afterSecondTry } from '../../scripts/lib/counts.mjs';
import { isOfFile } from '../../scripts/lib/nodeTests.mjs';
import { outDir } from '../../scripts/lib/paths.mjs';

const failure = (name: string): { name: string; error: string } => ({ name, error: 'it broke' });

test('what fails twice has failed, and what passes the second time is counted and said', (t) => {
  const said = t.mock.method(console, 'log', () => undefined);
  const first = { passed: 5, failed: 2, failures: [failure('a.test.ts: one'), failure('a.test.ts: two')] };
  const second = { passed: 3, failed: 1, failures: [failure('a.test.ts: two')] };
  assert.deepEqual(afterSecondTry(first, second), { passed: 6, failed: 1, failures: [failure('a.test.ts: two')] });
  assert.equal(said.mock.callCount(), 1);
  assert.match(String(said.mock.calls[0]?.arguments[0]), /second try: a\.test\.ts: one/);
});

test('a failure belongs to the file whose name it begins with', () => {
  const bundle = `${outDir}/test/tmux/input.test.js`;
  assert.equal(isOfFile('test/tmux/input.test.ts: keys arrive', bundle), true);
  assert.equal(isOfFile('test/tmux/input.test.ts', bundle), true);
  assert.equal(isOfFile('test/tmux/input2.test.ts: keys arrive', bundle), false);
});
