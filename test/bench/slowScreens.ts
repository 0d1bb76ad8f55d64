import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { atMostRaw, type Bench, type Row } from './figure.js';
import { monotonicMs, sleep } from './numbers.js';
import { openProduct } from './product.js';

const COUNT = 100;
const PINGS = 1000;
/** Its letters can be read in ever more ways. */
const SLOW = `${'a'.repeat(60)}!`;
const HARMLESS = 'b';

/** How long another client waits while the screens of a hundred sessions are made to take for ever. */
export async function slowScreens(bench: Bench): Promise<readonly Row[]> {
  const pings = bench.quick ? PINGS / 5 : PINGS;
  bench.progress(`${COUNT} sessions with harmless screens`);
  const harmless = await worstPing(bench, HARMLESS, pings);
  bench.progress(`${COUNT} sessions with slow screens`);
  const slow = await worstPing(bench, SLOW, pings);
  return [
    {
      figure: `another client's ping, ${COUNT} sessions whose screens take for ever (raw: harmless ones)`,
      unit: 'ms',
      measured: slow,
      raw: { what: 'the same with harmless screens', value: harmless },
      goal: atMostRaw(slow, harmless, 2),
      note: `worst of ${pings}`,
    },
  ];
}

async function worstPing(bench: Bench, line: string, pings: number): Promise<number> {
  const product = await openProduct(bench, { name: 'slow', prepare: (home) => writeTool(home, line) });
  await Promise.all(Array.from({ length: COUNT }, () => product.start({ tool: 'slow', task: '' })));
  const other = product.connect();
  await other.request('ping', {});
  await sleep(5_000);
  let worst = 0;
  for (let i = 0; i < pings; i++) {
    const started = monotonicMs();
    await other.request('ping', {});
    worst = Math.max(worst, monotonicMs() - started);
    await sleep(10);
  }
  await product.end();
  return worst;
}

function writeTool(home: string, line: string): void {
  mkdirSync(join(home, 'tools'), { mode: 0o700 });
  const tool = {
    name: 'Slow',
    command: ['/bin/sh', '-c', `while sleep 1; do echo '${line}'; done`],
    versionArgs: null,
    screen: { working: ['^(a+)+$'], idle: ['^never$'] },
  };
  writeFileSync(join(home, 'tools', 'slow.json'), JSON.stringify(tool), { mode: 0o600 });
}
