import { join } from 'node:path';
import { atMostRaw, type Bench, type Row } from './figure.js';
import { median, monotonicMs, percentile, waitFor } from './numbers.js';
import { follow, openProduct, shellWords } from './product.js';
import { openRawTmux } from './rawTmux.js';
import { StampReader } from './stamps.js';

const WARM_UP = 50;

/** Two writers at the same time, one watched by a subscriber over the socket and one by a bare control client. */
export async function latency(bench: Bench): Promise<readonly Row[]> {
  const writer = shellWords(process.execPath, join(bench.programs, 'lines.mjs'), '5', '15');
  const blocks = bench.quick ? 3 : 7;
  const perBlock = bench.quick ? 200 : 400;
  const ours: number[] = [];
  const raw: number[] = [];

  const product = await openProduct(bench, { name: 'latency' });
  const session = await product.start({ tool: 'shell', task: `exec ${writer}` });
  const decoder = new TextDecoder();
  const reader = new StampReader();
  follow(product.client, session.id, ({ bytes }) => {
    const now = monotonicMs();
    for (const stamp of reader.push(decoder.decode(bytes, { stream: true }))) ours.push(now - stamp.ms);
  }).catch(() => undefined);

  const tmux = await openRawTmux(bench);
  const rawReader = new StampReader('\\\\015');
  await tmux.control('first', 'ignore-size', (text) => {
    const now = monotonicMs();
    for (const stamp of rawReader.push(text)) raw.push(now - stamp.ms);
  });
  await tmux.tmux('respawn-pane', '-k', '-t', '=first:', `exec ${writer}`);

  const enough = (count: number): Promise<boolean> =>
    waitFor('lines', () => ours.length >= count && raw.length >= count, { timeoutMs: 120_000 });
  await enough(WARM_UP);
  const p50: { ours: number; raw: number }[] = [];
  const p99: { ours: number; raw: number }[] = [];
  for (let block = 0; block < blocks; block++) {
    ours.length = 0;
    raw.length = 0;
    await enough(perBlock);
    const both = { ours: ours.slice(), raw: raw.slice() };
    p50.push({ ours: percentile(both.ours, 0.5), raw: percentile(both.raw, 0.5) });
    p99.push({ ours: percentile(both.ours, 0.99), raw: percentile(both.raw, 0.99) });
  }
  await product.end();
  await tmux.end();

  const row = (name: string, blocksOf: readonly { ours: number; raw: number }[], factor: number): Row => {
    const measured = median(blocksOf.map(({ ours: value }) => value));
    const limit = median(blocksOf.map(({ raw: value }) => value));
    return {
      figure: `a line reaches a subscriber, ${name}`,
      unit: 'ms',
      measured,
      raw: { what: 'tmux -C', value: limit },
      goal: atMostRaw(measured, limit, factor),
      note: `medians of ${blocks} blocks of ${perBlock} lines; ratios ${blocksOf.map((one) => (one.ours / one.raw).toFixed(1)).join(' ')}`,
    };
  };
  return [row('p50', p50, 2), row('p99', p99, 3)];
}
