import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Client } from '../../src/client/api.js';
import { atMostRaw, type Bench, type Row } from './figure.js';
import { monotonicMs, percentile, sleep } from './numbers.js';
import { openProduct } from './product.js';

const COUNT = 100;
const PINGS = 1000;
/** Its letters can be read in ever more ways. */
const SLOW = `${'a'.repeat(60)}!`;
const HARMLESS = 'b';
/** Once it is there they print that. */
const GO = 'go';

/**
 * How long another client waits while the screens of a hundred sessions are made to take for ever. Two servers stand side by
 * side, with the same sessions and the same clients; they are asked in turn, so that whatever else the machine does slows
 * both, and the screens become slow while they are asked.
 */
export async function slowScreens(bench: Bench): Promise<readonly Row[]> {
  const pings = bench.quick ? PINGS / 5 : PINGS;
  const servers = [];
  for (const line of [HARMLESS, SLOW]) {
    bench.progress(`${COUNT} sessions that will print ${line === SLOW ? 'slow' : 'harmless'} screens`);
    servers.push(await openServer(bench, line));
  }
  await sleep(5_000);
  for (const { folder } of servers) writeFileSync(join(folder, GO), '');
  for (let i = 0; i < pings; i++) {
    for (const server of i % 2 === 0 ? servers : [...servers].reverse()) {
      const started = monotonicMs();
      await server.client.request('ping', {});
      server.pings.push(monotonicMs() - started);
    }
    await sleep(10);
  }
  const [harmless = [], slow = []] = servers.map((server) => server.pings);
  const unknown = (await servers[1]?.client.request('session/list', {}))?.filter(({ state }) => state === 'unknown');
  for (const { end } of servers) await end();
  const [raw, measured] = [Math.max(...harmless), Math.max(...slow)];
  const of = (values: readonly number[]): string =>
    [0.5, 0.99, 0.999].map((part) => percentile(values, part).toFixed(1)).join(' ');
  return [
    {
      figure: `another client's ping, ${COUNT} sessions whose screens take for ever (raw: harmless ones)`,
      unit: 'ms',
      measured,
      raw: { what: 'harmless screens, in turn with them', value: raw },
      goal: atMostRaw(measured, raw, 2),
      note: `worst of ${pings}; p50 p99 p99.9 ${of(slow)}, harmless ${of(harmless)}; ${unknown?.length ?? 0} of ${COUNT} unknown`,
    },
  ];
}

interface Pinged {
  readonly folder: string;
  readonly client: Client;
  readonly pings: number[];
  readonly end: () => Promise<void>;
}

async function openServer(bench: Bench, line: string): Promise<Pinged> {
  const product = await openProduct(bench, { name: 'slow', prepare: (home) => writeTool(home, line) });
  await Promise.all(Array.from({ length: COUNT }, () => product.start({ tool: 'slow', task: '' })));
  const client = product.connect();
  await client.request('ping', {});
  return { folder: product.folder, client, pings: [], end: () => product.end() };
}

function writeTool(home: string, line: string): void {
  mkdirSync(join(home, 'tools'), { mode: 0o700 });
  const tool = {
    name: 'Slow',
    command: ['/bin/sh', '-c', `while sleep 1; do if [ -e ${GO} ]; then echo '${line}'; else echo; fi; done`],
    versionArgs: null,
    screen: { working: ['^(a+)+$'], idle: ['^never$'] },
  };
  writeFileSync(join(home, 'tools', 'slow.json'), JSON.stringify(tool), { mode: 0o600 });
}
