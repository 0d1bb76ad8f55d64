import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Client } from '../../src/client/api.js';
import { atMost, type Bench, type Row } from './figure.js';
import { median, monotonicMs, percentile, sleep, waitFor } from './numbers.js';
import { follow, openProduct, shellWords } from './product.js';
import { StampReader } from './stamps.js';

/** The server is killed while two clients follow an agent that prints a thousand lines a second. */
export async function recovery(bench: Bench): Promise<readonly Row[]> {
  const kills = bench.quick ? 3 : 10;
  const product = await openProduct({ ...bench, profiles: undefined }, { name: 'recovery' });
  const other = product.connect({ name: 'bench-2', subscribe: true });
  const writer = shellWords(process.execPath, join(bench.programs, 'lines.mjs'), '4', '6', '5');
  const session = await product.start({ tool: 'shell', task: `exec ${writer}` });
  const { path } = await product.client.request('log/info', { session: session.id });
  const followers = [product.client, other].map((client) => new Follower(client, session.id));
  await waitFor('lines', () => followers.every(({ lines }) => lines > 1000));

  const back: number[] = [];
  const node: number[] = [];
  for (let kill = 0; kill < kills; kill++) {
    bench.progress(`kill ${kill + 1} of ${kills}`);
    node.push(await startOfNode());
    await sleep(200 + Math.random() * 400);
    const pid = await product.serverPid();
    const killed = monotonicMs();
    for (const follower of followers) follower.pictureAt = undefined;
    process.kill(pid, 'SIGKILL');
    // Current: the whole picture from the new server, and a line of the agent from after the kill.
    await waitFor(
      'the clients to be current',
      () => followers.every(({ pictureAt, newest }) => pictureAt !== undefined && newest > killed),
      { timeoutMs: 30_000, intervalMs: 1 },
    );
    back.push(monotonicMs() - killed);
  }
  await product.client.request('session/kill', { session: session.id });
  await Promise.all(followers.map(({ ended }) => ended));
  const log = readFileSync(path);
  const wanted = createHash('sha256').update(log).digest('hex');
  const lost = followers.map((follower) => log.length - follower.bytes);
  const wrong = followers.filter((follower) => follower.digest() !== wanted || follower.jumps > 0).length;
  const missing = linesMissing(log.toString('latin1'));
  await product.end();

  const measured = percentile(back, 1);
  return [
    {
      figure: `server killed ${kills} times → all clients current, slowest`,
      unit: 'ms',
      measured,
      raw: { what: 'node -e 0', value: median(node) },
      goal: atMost(measured, 1000, 'ms'),
      note: `median ${median(back).toFixed(0)} ms`,
    },
    {
      figure: 'server killed: bytes lost or seen twice',
      unit: 'bytes',
      measured: Math.max(...lost.map(Math.abs)) + missing,
      raw: null,
      goal: { text: '0', met: wrong === 0 && missing === 0 && lost.every((bytes) => bytes === 0) },
      note: `${(log.length / 1e6).toFixed(1)} MB, equal to the log by sha256: ${wrong === 0 ? 'yes' : 'no'}; lines missing in the log: ${missing}`,
    },
  ];
}

/** What one client has seen of a log and when it had the whole picture again. */
class Follower {
  readonly #hash = createHash('sha256');
  readonly #reader = new StampReader();
  readonly ended: Promise<void>;
  bytes = 0;
  lines = 0;
  /** Pieces that did not begin where the one before ended. */
  jumps = 0;
  /** Time of the newest line. */
  newest = 0;
  pictureAt: number | undefined;

  constructor(client: Client, session: string) {
    client.onDidReset(() => (this.pictureAt = monotonicMs()));
    this.ended = follow(client, session, ({ offset, bytes }) => {
      if (offset !== this.bytes) this.jumps++;
      this.bytes += bytes.length;
      this.#hash.update(bytes);
      for (const { ms } of this.#reader.push(Buffer.from(bytes).toString('latin1'))) {
        this.lines++;
        this.newest = ms;
      }
    });
  }

  digest(): string {
    return this.#hash.digest('hex');
  }
}

/** The numbers of the lines count up by one; the last line may be cut by the kill. */
function linesMissing(text: string): number {
  const numbers = new StampReader().push(text).map(({ number }) => number);
  return numbers.filter((number, index) => number !== index).length;
}

async function startOfNode(): Promise<number> {
  const started = monotonicMs();
  await new Promise<void>((resolve, reject) => {
    spawn(process.execPath, ['-e', '0'], { stdio: 'ignore' })
      .once('exit', () => resolve())
      .once('error', reject);
  });
  return monotonicMs() - started;
}
