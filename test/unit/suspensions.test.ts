import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import type { SessionScope } from '../../src/core/live/sessionScope.js';
import { Suspensions } from '../../src/core/live/suspensions.js';
import { storedRecord } from '../helpers/records.js';
import { silentLogger } from '../helpers/silentLogger.js';
import { until } from '../helpers/until.js';

/** After which times it looks for stopped processes, when a look takes so long. */
async function pauses(t: TestContext, isFar: boolean, tookMs: number): Promise<readonly number[]> {
  const asked: number[] = [];
  let looks = 0;
  let now = 0;
  const mocked = t.mock.method(performance, 'now', () => now);
  const record = storedRecord({ id: 's', status: 'running' });
  const suspensions = new Suspensions({
    machine: {
      capabilities: { isOwnHost: !isFar, isFar },
      stopped: () => {
        looks++;
        now += tookMs;
        return Promise.resolve(new Set());
      },
    },
    table: { all: () => [record], get: () => record },
    live: { get: () => ({ pane: { pid: 7, dead: false }, outputs: 0 }) },
    clock: {
      now: () => 0,
      after: (ms: number, run: () => void) => {
        asked.push(ms);
        if (asked.length < 4) setImmediate(run);
        return { cancel: () => undefined };
      },
    },
    log: silentLogger,
  } as unknown as SessionScope);
  suspensions.watch();
  await until('it has looked', () => asked.length === 4);
  suspensions.dispose();
  mocked.mock.restore();
  assert.equal(looks, 2, 'the first time all may have printed');
  return asked;
}

test('a look that is quick is taken every three seconds, a slow one more seldom, and the way to a host counts little', async (t) => {
  assert.deepEqual(await pauses(t, false, 5), [3000, 3000, 3000, 3000]);
  assert.deepEqual(await pauses(t, false, 50), [3000, 3000, 10_000, 10_000]);
  assert.deepEqual(await pauses(t, true, 150), [3000, 3000, 3000, 3000]);
  assert.deepEqual(await pauses(t, true, 400), [3000, 3000, 8000, 8000]);
  assert.deepEqual(await pauses(t, true, 4000), [3000, 3000, 30_000, 30_000]);
});
