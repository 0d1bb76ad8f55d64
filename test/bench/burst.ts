import { createHash } from 'node:crypto';
import { createReadStream, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bench, Row } from './figure.js';
import { Gate } from './gate.js';
import { median, monotonicMs, waitFor } from './numbers.js';
import { follow, openProduct, shellWords } from './product.js';
import { openRawTmux } from './rawTmux.js';
import { cpuMs, memoryMb } from './usage.js';

const MB = 1e6;

/** As many bytes as fast as a terminal takes them: through a followed session, and by `pipe-pane` to a file alone. */
export async function burst(bench: Bench): Promise<readonly Row[]> {
  const size = (bench.quick ? 20 : 100) * MB;
  const rounds = bench.quick ? 2 : 4;
  const folder = bench.scratch.folder();
  mkdirSync(folder);
  const source = join(folder, 'source');
  const gate = new Gate(join(folder, 'gate'));
  writeFileSync(source, sampleText(size));
  const wanted = await sha256(source);
  // Without output processing the log holds the very bytes of the file; nobody writes before the gate opens.
  const task = `stty -opost; ${gate.wait}; exec cat ${shellWords(source)}`;

  const product = await openProduct(bench, { name: 'burst' });
  const server = await product.serverPid();
  const raw = await openRawTmux(bench);
  const rates: { ours: number; raw: number; cpu: number }[] = [];
  let grown = 0;
  let equal = 0;
  for (let round = 0; round < rounds; round++) {
    bench.progress(`round ${round + 1} of ${rounds}`);
    const log = join(raw.directory, `${round}.log`);
    await raw.tmux(
      ...['new-session', '-d', '-s', `r${round}`, '-x', '120', '-y', '40', 'sh', '-c', task, ';'],
      ...['pipe-pane', '-O', '-t', `=r${round}:`, `exec cat >>${shellWords(log)}`],
    );
    const rawMs = await timed(gate, async () => {
      await waitFor('the bytes in the file', () => sizeOf(log) >= size, { intervalMs: 2 });
    });
    rmSync(log);

    const hash = createHash('sha256');
    let received = 0;
    let done: () => void = () => undefined;
    const all = new Promise<void>((resolve) => (done = resolve));
    const session = await product.start({ tool: 'shell', task });
    const ended = follow(product.client, session.id, ({ bytes }) => {
      received += bytes.length;
      hash.update(bytes);
      if (received >= size) done();
    });
    const before = memoryMb(server);
    let peak = before;
    const sampler = setInterval(() => (peak = Math.max(peak, memoryMb(server))), 20);
    const cpu = cpuMs(server);
    const ourMs = await timed(gate, () => all);
    const usedMs = cpuMs(server) - cpu;
    await ended;
    clearInterval(sampler);
    if (round === 0 || peak - before > grown) grown = Math.max(grown, peak - before);
    if (received === size && hash.digest('hex') === wanted) equal++;
    rates.push({ ours: size / 1e3 / ourMs, raw: size / 1e3 / rawMs, cpu: (100 * usedMs) / ourMs });
    await product.client.request('session/purge', { session: session.id });
  }
  await product.end();
  await raw.end();

  const ours = median(rates.map(({ ours: rate }) => rate));
  const limit = median(rates.map(({ raw: rate }) => rate));
  return [
    {
      figure: `burst of ${size / MB} MB through a followed session`,
      unit: 'MB/s',
      measured: ours,
      raw: { what: 'pipe-pane', value: limit },
      goal: { text: '≥ 0.8 × raw', met: ours >= 0.8 * limit },
      note: `medians of ${rounds} rounds; ratios ${rates.map((one) => (one.ours / one.raw).toFixed(2)).join(' ')}; server at ${median(rates.map(({ cpu }) => cpu)).toFixed(0)} % of a core`,
    },
    {
      figure: 'burst: growth of the server',
      unit: 'MB',
      measured: grown,
      raw: null,
      goal: { text: '≤ 30 MB', met: grown <= 30 },
      note: 'most of all rounds, from idle to peak',
    },
    {
      figure: 'burst: rounds with other bytes (sha256)',
      unit: 'bytes',
      measured: rounds - equal,
      raw: null,
      goal: { text: '0', met: equal === rounds },
    },
  ];
}

/** Milliseconds from the opening of the gate until `done` resolves. */
async function timed(gate: Gate, done: () => Promise<void>): Promise<number> {
  const opened = await gate.open();
  await done();
  return monotonicMs() - opened;
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** Lines as a build prints them: numbered, of different lengths, some in colour. */
export function sampleText(size: number): Buffer {
  const lines: string[] = [];
  for (let i = 0; i < 2000; i++) {
    const text = `[${String(i).padStart(5)}] compiling module_${(i * 7919) % 1000} ${'.'.repeat((i * 31) % 60)}`;
    lines.push(i % 10 === 0 ? `\u001b[32m${text} done\u001b[0m\r\n` : `${text}\r\n`);
  }
  return Buffer.alloc(size, lines.join(''));
}

async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const bytes of createReadStream(path)) hash.update(bytes as Buffer);
  return hash.digest('hex');
}
