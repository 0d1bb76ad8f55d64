import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import { test, type TestContext } from 'node:test';
import { noTests, type StageResult, type TestCounts } from '../../scripts/lib/counts.mjs';
import { isOfFile, withSecondTry } from '../../scripts/lib/nodeTests.mjs';
import { outDir } from '../../scripts/lib/paths.mjs';
import type { Stage } from '../../scripts/lib/stages.mjs';
import { runSuite } from '../../scripts/lib/suite.mjs';

const failure = (name: string, error = 'it broke'): { name: string; error: string } => ({ name, error });

const passed = (count: number): TestCounts => ({ ...noTests, passed: count });

const stage = (name: string, lane: 'engine' | 'programs', run: () => Promise<StageResult>): Stage => ({
  name,
  programs: [],
  needsBuild: false,
  lane,
  run,
});

/** What is printed while some stages run, without how long they took, and what came of them. */
async function report(t: TestContext, stages: readonly Stage[]): Promise<{ counts: TestCounts; said: string[] }> {
  const log = t.mock.method(console, 'log', () => undefined);
  const counts = await runSuite(stages);
  const said = log.mock.calls
    .flatMap(({ arguments: [text = ''] }) => String(text).split('\n'))
    .filter((line) => line !== '')
    .map((line) => line.replace(/ \(\d.*\)$/, ''));
  log.mock.restore();
  return { counts, said };
}

test('what failed is tried again when all lanes have ended, one stage after the other', async (t) => {
  const events: string[] = [];
  const failsAtFirst = (name: string): StageResult => ({
    ...passed(2),
    secondTry: {
      failures: [failure(`${name}.test.ts: one`)],
      run: async () => {
        events.push(`${name} again`);
        await setImmediate();
        events.push(`${name} ends`);
        return passed(3);
      },
    },
  });
  const { counts } = await report(t, [
    stage('cli', 'engine', async () => failsAtFirst('cli')),
    stage('agents', 'programs', async () => failsAtFirst('agents')),
    stage('ui', 'programs', async () => {
      for (let turn = 0; turn < 10; turn++) await setImmediate();
      events.push('the lanes end');
      return passed(4);
    }),
  ]);
  assert.deepEqual(events, ['the lanes end', 'cli again', 'cli ends', 'agents again', 'agents ends']);
  assert.deepEqual(counts, passed(14));
});

test('what fails twice has failed, and what fails only at first is counted as passed and said with its error', async (t) => {
  const first = [failure('a.test.ts: one', 'too slow'), failure('a.test.ts: two')];
  const second = { passed: 3, failed: 1, failures: [failure('a.test.ts: two', 'it broke again')] };
  const { counts, said } = await report(t, [
    stage('agents', 'programs', async () => ({
      ...passed(5),
      secondTry: { failures: first, run: async () => second },
    })),
  ]);
  assert.deepEqual(counts, { ...second, passed: 8 });
  assert.deepEqual(said, [
    'agents   5 passed, 2 to try again',
    '    a.test.ts: one',
    '    a.test.ts: two',
    'second try  agents 3 passed, 1 failed',
    'Failed at first: a.test.ts: one',
    '    too slow',
    'FAILED a.test.ts: two',
    '    it broke again',
  ]);
});

test('a second try that breaks as a whole has failed', async (t) => {
  const { counts } = await report(t, [
    stage('agents', 'programs', async () => ({
      ...passed(5),
      secondTry: { failures: [failure('a.test.ts: one')], run: () => Promise.reject(new Error('no memory')) },
    })),
  ]);
  assert.deepEqual([counts.passed, counts.failed], [5, 1]);
});

test('the files in which something failed are tried again with all of their tests, and no others', () => {
  const bundles = ['a', 'ab'].map((name) => `${outDir}/test/cli/${name}.test.js`);
  const failures = [failure('test/cli/a.test.ts: two'), failure('nobody: knows')];
  const passes = ['test/cli/a.test.ts: one', 'test/cli/ab.test.ts: one', 'test/cli/ab.test.ts: two'];
  const { secondTry, ...counts } = withSecondTry({ passed: 3, failed: 2, failures, passes }, bundles);
  assert.deepEqual(counts, { passed: 2, failed: 1, failures: [failure('nobody: knows')] });
  assert.deepEqual(secondTry?.failures, [failure('test/cli/a.test.ts: two')]);
  const fine = withSecondTry({ passed: 3, failed: 0, failures: [], passes }, bundles);
  assert.deepEqual(fine, passed(3));
});

test('a failure belongs to the file whose name it begins with', () => {
  const bundle = `${outDir}/test/tmux/input.test.js`;
  assert.equal(isOfFile('test/tmux/input.test.ts: keys arrive', bundle), true);
  assert.equal(isOfFile('test/tmux/input.test.ts', bundle), true);
  assert.equal(isOfFile('test/tmux/input2.test.ts: keys arrive', bundle), false);
});
