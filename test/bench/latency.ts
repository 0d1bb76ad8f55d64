import { closeSync, openSync, readSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { atMostRaw, type Bench, type Row } from './figure.js';
import { median, monotonicMs, percentile, waitFor } from './numbers.js';
import { follow, openProduct, shellWords } from './product.js';
import { openRawTmux } from './rawTmux.js';
import { StampReader } from './stamps.js';

const WARM_UP = 50;

/**
 * Three writers at the same time: one watched by a subscriber over the socket, one by a bare control client, and one
 * by whoever reads the file that `pipe-pane` writes, which is the least that a log on disk costs.
 */
export async function latency(bench: Bench): Promise<readonly Row[]> {
  const writer = shellWords(process.execPath, join(bench.programs, 'lines.mjs'), '5', '15');
  const blocks = bench.quick ? 3 : 7;
  const perBlock = bench.quick ? 200 : 400;
  const ours: number[] = [];
  const raw: number[] = [];
  const file: number[] = [];

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
  const log = join(tmux.directory, 'writer.log');
  writeFileSync(log, '');
  const stopReading = bench.scratch.defer(readAsItGrows(log, file));
  await tmux.tmux(
    ...['new-session', '-d', '-s', 'file', '-x', '120', '-y', '40', `exec ${writer}`, ';'],
    ...['pipe-pane', '-O', '-t', '=file:', `exec cat >>${shellWords(log)}`],
  );

  const all = [ours, raw, file];
  const enough = (count: number): Promise<boolean> =>
    waitFor('lines', () => all.every(({ length }) => length >= count), { timeoutMs: 120_000 });
  await enough(WARM_UP);
  const p50: Block[] = [];
  const p99: Block[] = [];
  for (let block = 0; block < blocks; block++) {
    for (const times of all) times.length = 0;
    await enough(perBlock);
    const at = (share: number): Block => ({
      ours: percentile(ours, share),
      raw: percentile(raw, share),
      file: percentile(file, share),
    });
    p50.push(at(0.5));
    p99.push(at(0.99));
  }
  await stopReading();
  await product.end();
  await tmux.end();

  const row = (name: string, found: readonly Block[], factor: number): Row => {
    const measured = median(found.map((block) => block.ours));
    const limit = median(found.map((block) => block.raw));
    const onDisk = median(found.map((block) => block.file));
    const ratios = found.map((block) => (block.ours / block.raw).toFixed(1)).join(' ');
    return {
      figure: `a line reaches a subscriber, ${name}`,
      unit: 'ms',
      measured,
      raw: { what: 'tmux -C', value: limit },
      goal: atMostRaw(measured, limit, factor),
      note: `medians of ${blocks} blocks of ${perBlock} lines with ratios ${ratios}; read from pipe-pane's file alone ${onDisk.toFixed(2)} ms`,
    };
  };
  return [row('p50', p50, 2), row('p99', p99, 3)];
}

interface Block {
  readonly ours: number;
  readonly raw: number;
  readonly file: number;
}

/** Puts into `times` how old each line is when it is read. The result stops it. */
function readAsItGrows(path: string, times: number[]): () => void {
  const reader = new StampReader();
  const file = openSync(path, 'r');
  const buffer = Buffer.alloc(64 * 1024);
  const watcher = watch(path, () => {
    const length = readSync(file, buffer);
    const now = monotonicMs();
    for (const stamp of reader.push(buffer.toString('latin1', 0, length))) times.push(now - stamp.ms);
  });
  return () => {
    watcher.close();
    closeSync(file);
  };
}
