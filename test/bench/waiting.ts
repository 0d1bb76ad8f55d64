import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { atMost, type Bench, type Row } from './figure.js';
import { monotonicMs, percentile, waitFor } from './numbers.js';
import { follow, openProduct, type Product } from './product.js';
import { StampReader } from './stamps.js';

/** An agent asks on its screen or in its byte stream → a client hears that it needs input. */
export async function waiting(bench: Bench): Promise<readonly Row[]> {
  const product = await openProduct(bench, { name: 'waiting', prepare: (home) => writeTools(home, bench.programs) });
  const [dialogs, reports] = await Promise.all([
    ask(product, 'bench-dialog', bench.quick ? 8 : 30),
    ask(product, 'bench-report', bench.quick ? 40 : 150),
  ]);
  await product.end();
  return [
    row('a startup dialog on the screen → `waiting` at a client, p95', dialogs),
    row('a reported question (OSC 7501) → `waiting` at a client, p95', reports),
  ];
}

interface Asked {
  readonly waiting: readonly number[];
  readonly bytes: readonly number[];
}

function row(figure: string, { waiting: times, bytes }: Asked): Row {
  const measured = percentile(times, 0.95);
  return {
    figure,
    unit: 'ms',
    measured,
    raw: { what: 'its bytes at a client', value: percentile(bytes, 0.95) },
    goal: atMost(measured, 300, 'ms'),
    note: `${times.length} times, p50 ${percentile(times, 0.5).toFixed(1)} ms`,
  };
}

/** Starts an agent that needs input again and again; milliseconds from each of its writes. */
async function ask(product: Product, tool: string, times: number): Promise<Asked> {
  const session = await product.start({ tool });
  const bytesAt: number[] = [];
  const waitingAt: number[] = [];
  const reader = new StampReader();
  const decoder = new TextDecoder();
  let asked: number | undefined;
  const watched = product.client.onDidChange(({ change }) => {
    if (change.type !== 'session/changed' || change.session.id !== session.id) return;
    if (change.session.state !== 'waiting' || asked === undefined) return;
    waitingAt.push(monotonicMs() - asked);
    asked = undefined;
  });
  follow(product.client, session.id, ({ bytes }) => {
    const now = monotonicMs();
    for (const { ms } of reader.push(decoder.decode(bytes, { stream: true }))) {
      bytesAt.push(now - ms);
      asked = ms;
    }
  }).catch(() => undefined);
  await waitFor(`questions of ${tool}`, () => waitingAt.length >= times, { timeoutMs: 120_000, intervalMs: 50 });
  watched.dispose();
  return { waiting: waitingAt, bytes: bytesAt };
}

function writeTools(home: string, programs: string): void {
  const folder = join(home, 'tools');
  mkdirSync(folder, { mode: 0o700 });
  const command = (kind: string): string[] => ['{node}', join(programs, 'asks.mjs'), kind];
  const tools = [
    {
      id: 'bench-dialog',
      name: 'Asks on its screen',
      command: command('dialog'),
      startup: {
        dialogs: [
          { id: 'trust', kind: 'trust', text: 'trust?', all: ['^Do you trust this folder\\?$', '^> 1\\. Yes$'] },
        ],
        ready: ['^never ready$'],
      },
    },
    { id: 'bench-report', name: 'Asks by a report', command: command('report'), reportsState: true },
  ];
  for (const tool of tools) writeFileSync(join(folder, `${tool.id}.json`), JSON.stringify(tool), { mode: 0o600 });
}
