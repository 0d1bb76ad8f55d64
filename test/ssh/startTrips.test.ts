import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { delay } from '../../src/common/async.js';
import { Far, FAR_KINDS } from './far.js';

/** Far more than a host takes to answer, so that answers which belong together come together. */
const ONE_WAY_MS = 250;
const GOAL = 3;
/** Each is looked for on the host by its first start. */
const UNKNOWN = [['cat'], ['sleep', '1000'], ['tee'], ['tail', '-f', '/dev/null']] as const;

/**
 * Round trips of a start, counted on the wire: the fewest of some, since what a busy host answers late, or tells in
 * between, is counted too. A trip that every start needs is in each of them.
 */
async function fewestTrips(far: Far, tools: readonly string[]): Promise<number> {
  const { link, desk } = far;
  const counted: number[] = [];
  link.slow(ONE_WAY_MS);
  for (const tool of tools) {
    // The way is quiet: nothing of the start before is still on it.
    for (let bytes = -1; bytes !== link.bytes;) {
      bytes = link.bytes;
      await delay(4 * ONE_WAY_MS);
    }
    const before = link.trips;
    await desk.start(tool, '');
    const trips = link.trips - before;
    counted.push(trips);
    if (trips <= GOAL) break;
  }
  link.mend();
  return Math.min(...counted);
}

test(
  'a start on an ssh machine takes three round trips, also the first one of its tool',
  { timeout: 200_000 },
  async (t) => {
    const [ssh] = FAR_KINDS;
    assert.ok(ssh);
    const far = await Far.open(t, ssh);
    // The first session of a machine starts its tmux.
    await far.desk.ran('exit 0');
    const folder = join(far.hub.cm, 'tools');
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    for (const [id, ...args] of UNKNOWN) {
      const tool = { id, name: id, command: [id, ...args], versionArgs: null };
      writeFileSync(join(folder, `${id}.json`), JSON.stringify(tool), { mode: 0o600 });
    }
    await far.client.request('tool/list', { refresh: true });
    const unknown = await fewestTrips(
      far,
      UNKNOWN.map(([id]) => id),
    );
    assert.ok(unknown <= GOAL, `the first start of a tool takes ${unknown} round trips`);
    const known = await fewestTrips(far, ['cat', 'cat', 'cat', 'cat']);
    assert.ok(known <= GOAL, `a start takes ${known} round trips`);
  },
);
