import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { runOrThrow } from '../../scripts/lib/processes.mjs';
import { FarProduct } from './farProduct.js';
import { atMostRaw, type Bench, type Row } from './figure.js';
import { monotonicMs, sleep } from './numbers.js';
import { openProduct, type Product } from './product.js';

/** Processes of somebody else beside those of the sessions. */
const OTHERS = 1000;
/** Of how many sessions the end is compared with that of one. */
const MANY = { here: 200, ssh: 20 };

/** Many sessions that one command ends, beside the end of one. */
export async function ending(bench: Bench): Promise<readonly Row[]> {
  const endOthers = await others(bench);
  const product = await openProduct(bench, { name: 'ending' });
  const rows = [await compare(bench, product, MANY.here, `beside ${OTHERS} processes`)];
  await product.end();
  const far = await FarProduct.open(bench, { name: 'ending-ssh' });
  rows.push(await compare(bench, far.product, MANY.ssh, 'by ssh'));
  await endOthers();
  return rows;
}

async function compare(bench: Bench, product: Product, count: number, where: string): Promise<Row> {
  const rounds = bench.quick ? 2 : 5;
  const one: number[] = [];
  const many: number[] = [];
  for (let round = 0; round < rounds; round++) {
    bench.progress(`${count} sessions ${where}, round ${round + 1} of ${rounds}`);
    one.push(await end(bench, product, 1));
    many.push(await end(bench, product, count));
  }
  // Whatever else runs on the machine only adds.
  const [measured, raw] = [Math.min(...many), Math.min(...one)];
  const shown = (values: readonly number[]): string => values.map((value) => value.toFixed(0)).join(' ');
  return {
    figure: `\`cm kill\` of ${count} sessions ${where}`,
    unit: 'ms',
    measured,
    raw: { what: '`cm kill` of one', value: raw },
    goal: atMostRaw(measured, raw, 3),
    note: `fastest of ${rounds}: ${shown(many)} ms; of one ${shown(one)} ms`,
  };
}

/** Milliseconds that `cm kill` takes for so many. */
async function end(bench: Bench, { home, client, start }: Product, count: number): Promise<number> {
  const session = { tool: 'shell', task: 'exec sleep 2147483647' };
  const sessions = await Promise.all(Array.from({ length: count }, () => start(session)));
  // What the starts left to do is not part of the end.
  await sleep(3000);
  const ids = sessions.map(({ id }) => id);
  const words = [join(bench.product, 'dist', 'cm.js'), 'kill', ...ids];
  const started = monotonicMs();
  await runOrThrow(process.execPath, words, { env: { ...process.env, CM_HOME: home } });
  const ms = monotonicMs() - started;
  await Promise.all(ids.map((id) => client.request('session/purge', { session: id })));
  return ms;
}

/** Starts processes that do nothing; the result ends them. */
async function others(bench: Bench): Promise<() => Promise<void>> {
  const script = `i=0; while [ $i -lt ${OTHERS} ]; do sleep 2147483647 & i=$((i + 1)); done; echo up; wait`;
  const child = spawn('/bin/sh', ['-c', script], { detached: true, stdio: ['ignore', 'pipe', 'ignore'] });
  const stop = bench.scratch.defer(() => {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  });
  await new Promise((resolve, reject) => {
    child.stdout.once('data', resolve);
    child.once('error', reject);
  });
  return stop;
}
