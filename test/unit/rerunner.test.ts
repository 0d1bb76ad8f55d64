import assert from 'node:assert/strict';
import test from 'node:test';
import { Deferred, Rerunner } from '../../src/common/async.js';
import { until } from '../helpers/until.js';

test('what is asked for while it runs is done once more, and never twice at a time', async () => {
  const runs: Deferred<void>[] = [];
  const errors: unknown[] = [];
  const rerunner = new Rerunner(
    () => {
      const run = new Deferred<void>();
      runs.push(run);
      return run.promise;
    },
    (error) => errors.push(error),
  );
  for (let i = 0; i < 3; i++) rerunner.trigger();
  assert.equal(runs.length, 1);
  runs[0]?.resolve();
  await until('it runs again', () => runs.length === 2);
  rerunner.trigger();
  runs[1]?.reject('broken');
  await until('an error ends only one run', () => runs.length === 3);
  assert.deepEqual(errors, ['broken']);
  runs[2]?.resolve();
  await runs[2]?.promise;
  assert.equal(runs.length, 3);
  await until('it runs when it is asked later', () => {
    rerunner.trigger();
    return runs.length === 4;
  });
});
