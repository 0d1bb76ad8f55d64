import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sampleText } from './burst.js';
import { FarProduct } from './farProduct.js';
import { atMost, atMostRaw, type Bench, type Row } from './figure.js';
import { Gate } from './gate.js';
import { median, monotonicMs, percentile, sleep, waitFor } from './numbers.js';
import { follow, shellWords } from './product.js';
import { StampReader } from './stamps.js';

const MB = 1e6;
/** Sessions that do nothing while a cable is quiet and while it is cut. */
const IDLE = 50;

/** Sessions on a host that is reached by ssh over loopback, beside what `ssh` alone reaches by as long a way. */
export async function ssh(bench: Bench): Promise<readonly Row[]> {
  const far = await FarProduct.open(bench);
  return [
    ...(await latency(bench, far)),
    ...(await burst(bench, far)),
    ...(await roundTrips(bench, far)),
    ...(await manySessions(bench, far)),
  ];
}

/** One writer: its log as a subscriber has it, and as `ssh host tail -f` prints it. */
async function latency(bench: Bench, far: FarProduct): Promise<readonly Row[]> {
  bench.progress('latency');
  const { product } = far;
  const blocks = bench.quick ? 3 : 7;
  const perBlock = bench.quick ? 200 : 400;
  const writer = shellWords(process.execPath, join(bench.programs, 'lines.mjs'), '5', '15');
  const session = await product.start({ tool: 'shell', task: `exec ${writer}` });
  const ours: number[] = [];
  const raw: number[] = [];
  const stamp = (times: number[]): ((bytes: Uint8Array) => void) => {
    const reader = new StampReader();
    return (bytes) => {
      const now = monotonicMs();
      for (const { ms } of reader.push(Buffer.from(bytes).toString('latin1'))) times.push(now - ms);
    };
  };
  const [takeOurs, takeRaw] = [stamp(ours), stamp(raw)];
  follow(product.client, session.id, ({ bytes }) => takeOurs(bytes)).catch(() => undefined);
  const stop = far.tail(far.logFile(session.id), takeRaw);
  const enough = (count: number): Promise<boolean> =>
    waitFor('lines', () => ours.length >= count && raw.length >= count, { timeoutMs: 120_000 });
  await enough(100);
  const found: { readonly ours: readonly number[]; readonly raw: readonly number[] }[] = [];
  for (let block = 0; block < blocks; block++) {
    ours.length = 0;
    raw.length = 0;
    await enough(perBlock);
    found.push({ ours: [...ours], raw: [...raw] });
  }
  await stop();
  await far.purge(session.id);
  return (
    [
      ['p50', 0.5],
      ['p99', 0.99],
    ] as const
  ).map(([name, share]) => {
    const pairs = found.map((block) => ({ ours: percentile(block.ours, share), raw: percentile(block.raw, share) }));
    const measured = median(pairs.map((pair) => pair.ours));
    const limit = median(pairs.map((pair) => pair.raw));
    const ratios = pairs.map((pair) => (pair.ours / pair.raw).toFixed(1)).join(' ');
    return {
      figure: `ssh: a line reaches a subscriber, ${name}`,
      unit: 'ms',
      measured,
      raw: { what: 'ssh tail -f', value: limit },
      goal: atMostRaw(measured, limit, 2),
      note: `medians of ${blocks} blocks of ${perBlock} lines with ratios ${ratios}`,
    };
  });
}

/** The same bytes printed while they are followed, and read again when the session has ended. */
async function burst(bench: Bench, far: FarProduct): Promise<readonly Row[]> {
  const { product } = far;
  const size = (bench.quick ? 20 : 100) * MB;
  const rounds = bench.quick ? 2 : 4;
  const folder = bench.scratch.folder();
  mkdirSync(folder);
  const source = join(folder, 'source');
  writeFileSync(source, sampleText(size));
  const gate = new Gate(join(folder, 'gate'));
  const HEAD = 'ready';
  const wanted = createHash('sha256').update(HEAD).update(readFileSync(source)).digest('hex');
  const whole = HEAD.length + size;
  // Who follows has the first bytes before the others are printed.
  const task = `stty -opost -echo; printf ${HEAD}; ${gate.wait}; exec cat ${shellWords(source)}`;
  const live: Rate[] = [];
  const later: Rate[] = [];
  let wrong = 0;
  for (let round = 0; round < rounds; round++) {
    bench.progress(`burst, round ${round + 1} of ${rounds}`);
    const plain = await product.start({ tool: 'shell', task });
    const tailed = new Counter();
    const stop = far.tail(far.logFile(plain.id), (data) => tailed.add(data));
    await tailed.has(HEAD.length);
    let began = await gate.open();
    await tailed.has(whole);
    const rawMs = monotonicMs() - began;
    await stop();
    await far.ended(plain.id);

    const followed = await product.start({ tool: 'shell', task });
    const taken = new Counter();
    const end = follow(product.client, followed.id, ({ bytes }) => taken.add(bytes));
    end.catch(() => undefined);
    await taken.has(HEAD.length);
    began = await gate.open();
    await taken.has(whole);
    live.push({ ours: size / 1e3 / (monotonicMs() - began), raw: size / 1e3 / rawMs });
    await end;
    if (taken.digest() !== wanted) wrong++;

    // Signing in is no part of the rate: the clock of ssh runs from its first byte.
    const printed = new Counter();
    const stopCat = far.ssh([], `exec cat ${shellWords(far.logFile(followed.id))}`, (data) => printed.add(data));
    await printed.has(1);
    began = monotonicMs();
    await printed.has(whole);
    const catMs = monotonicMs() - began;
    await stopCat();
    const read = new Counter();
    began = monotonicMs();
    await follow(product.client, followed.id, ({ bytes }) => read.add(bytes));
    later.push({ ours: size / 1e3 / (monotonicMs() - began), raw: size / 1e3 / catMs });
    if (read.digest() !== wanted) wrong++;
    await far.purge(plain.id);
    await far.purge(followed.id);
  }
  return [
    rateRow(`ssh: burst of ${size / MB} MB through a followed session`, 'ssh tail -f', live),
    rateRow(`ssh: a log of ${size / MB} MB read when its session has ended`, 'ssh cat', later),
    {
      figure: 'ssh: bursts with other bytes (sha256)',
      unit: 'bytes',
      measured: wrong,
      raw: null,
      goal: { text: '0', met: wrong === 0 },
      note: `of ${2 * rounds}`,
    },
  ];
}

/** In MB/s. */
interface Rate {
  readonly ours: number;
  readonly raw: number;
}

function rateRow(figure: string, what: string, rates: readonly Rate[]): Row {
  const measured = median(rates.map(({ ours }) => ours));
  const limit = median(rates.map(({ raw }) => raw));
  const ratios = rates.map(({ ours, raw }) => (ours / raw).toFixed(2)).join(' ');
  return {
    figure,
    unit: 'MB/s',
    measured,
    raw: { what, value: limit },
    goal: { text: '≥ 0.5 × raw', met: measured >= 0.5 * limit },
    note: `medians of ${rates.length} rounds with ratios ${ratios}`,
  };
}

/** Counts bytes and knows what they were. */
class Counter {
  readonly #hash = createHash('sha256');
  bytes = 0;

  add(data: Uint8Array): void {
    this.bytes += data.length;
    this.#hash.update(data);
  }

  async has(count: number): Promise<void> {
    await waitFor(`${count} bytes`, () => this.bytes >= count, { timeoutMs: 120_000, intervalMs: 1 });
  }

  digest(): string {
    return this.#hash.digest('hex');
  }
}

/** How often a start waits for its host: counted on the wire, where each way takes long. */
async function roundTrips(bench: Bench, far: FarProduct): Promise<readonly Row[]> {
  const rounds = bench.quick ? 3 : 8;
  const oneWayMs = 150;
  const { product, host, rawLink } = far;
  const counted: number[] = [];
  const start = async (): Promise<number> => {
    const [began, before] = [monotonicMs(), host.link.trips];
    const { id } = await product.start({ tool: 'shell', task: 'exec cat' });
    const ms = monotonicMs() - began;
    counted.push(host.link.trips - before);
    await far.purge(id);
    // What the host still tells of it.
    await sleep(4 * oneWayMs);
    return ms;
  };
  const near: number[] = [];
  for (let round = 0; round < rounds; round++) near.push(await start());
  bench.progress(`starts, where a round trip takes ${2 * oneWayMs} ms more`);
  host.link.slow(oneWayMs);
  rawLink.slow(oneWayMs);
  counted.length = 0;
  const slow: number[] = [];
  for (let round = 0; round < rounds; round++) slow.push(await start());
  const control = ['-o', `ControlPath=${join(bench.scratch.directory, 'control')}`];
  await far.runSsh([...control, '-o', 'ControlMaster=yes', '-o', 'ControlPersist=yes', '-f', '-N'], 'true');
  const endControl = bench.scratch.defer(async () => {
    await far.runSsh([...control, '-O', 'exit'], 'true');
  });
  const raw: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const before = rawLink.trips;
    await far.runSsh(control, 'true');
    raw.push(rawLink.trips - before);
  }
  await endControl();
  host.link.mend();
  rawLink.mend();
  const measured = median(counted);
  const byTime = (median(slow) - median(near)) / (2 * oneWayMs);
  return [
    {
      figure: 'ssh: start of a session',
      unit: 'round trips',
      measured,
      raw: { what: 'ssh true, connected', value: median(raw) },
      goal: { text: '≤ 3', met: measured <= 3 },
      note: `${counted.join(' ')} on the wire; by time ${byTime.toFixed(2)}: ${median(near).toFixed(0)} ms on loopback, ${median(slow).toFixed(0)} ms when a round trip takes ${2 * oneWayMs} ms more`,
    },
  ];
}

/** What fifty sessions cost that do nothing, and how soon they are all current after a cut. */
async function manySessions(bench: Bench, far: FarProduct): Promise<readonly Row[]> {
  const { product, host } = far;
  bench.progress(`${IDLE} sessions are started`);
  let connections = 0;
  const look = (): number => (connections = Math.max(connections, host.link.open));
  const sampler = setInterval(look, 10);
  const before = host.link.connections;
  await Promise.all(
    Array.from({ length: IDLE }, () => product.start({ tool: 'shell', task: 'exec sleep 2147483647' })),
  );
  // As many terminals that are looked at as an editor shows at most.
  const ids = product.client.snapshot.sessions.filter(({ completed }) => completed === null).map(({ id }) => id);
  const watched = ids.slice(0, 10).map((id) => product.client.followLog(id, { from: 0, onChunk: () => undefined }));
  await sleep(2_000);
  clearInterval(sampler);
  look();
  for (const one of watched) one.dispose();
  const made = host.link.connections - before;

  const seconds = bench.quick ? 60 : 180;
  const stop = far.ssh(['-N', '-o', 'ServerAliveInterval=20'], 'true', () => undefined);
  await sleep(10_000);
  bench.progress(`${IDLE} sessions idle for ${seconds} s`);
  const [ours, raw] = [host.link.bytes, far.rawLink.bytes];
  await sleep(seconds * 1_000);
  const perMinute = (bytes: number): number => Math.round((bytes * 60) / seconds);
  const [bytes, rawBytes] = [perMinute(host.link.bytes - ours), perMinute(far.rawLink.bytes - raw)];
  await stop();
  return [
    {
      figure: `ssh: connections to the host with ${IDLE} sessions`,
      unit: 'connections',
      measured: connections,
      raw: null,
      goal: { text: '1', met: connections === 1 && made === 0 },
      note: `at the same time while they were started and 10 of them followed; made then: ${made}`,
    },
    {
      figure: `ssh: bytes in a minute with ${IDLE} idle sessions`,
      unit: 'bytes',
      measured: bytes,
      raw: { what: 'idle ssh with keepalive', value: rawBytes },
      goal: atMost(bytes, 2000, 'bytes'),
      note: `both directions, in ${seconds} s; keepalive of ssh each 20 s`,
    },
    ...(await linkBack(bench, far)),
  ];
}

/** The link is cut for a while, again and again, while an agent prints and others end. */
async function linkBack(bench: Bench, far: FarProduct): Promise<readonly Row[]> {
  const { product, host } = far;
  const cuts = bench.quick ? [0.5, 3] : [0.3, 1, 2, 5, 10, 20];
  const folder = bench.scratch.folder();
  mkdirSync(folder);
  const gate = new Gate(join(folder, 'gate'));
  const writer = shellWords(process.execPath, join(bench.programs, 'lines.mjs'), '4', '6', '5');
  const session = await product.start({ tool: 'shell', task: `exec ${writer}` });
  const hash = createHash('sha256');
  const reader = new StampReader();
  let received = 0;
  let jumps = 0;
  let newest = 0;
  const ended = follow(product.client, session.id, ({ offset, bytes }) => {
    if (offset !== received) jumps++;
    received += bytes.length;
    hash.update(bytes);
    newest = reader.push(Buffer.from(bytes).toString('latin1')).at(-1)?.ms ?? newest;
  });
  // A figure that breaks says why by itself.
  ended.catch(() => undefined);
  const back: number[] = [];
  const raw: number[] = [];
  for (const seconds of cuts) {
    bench.progress(`cut for ${seconds} s`);
    // One that ends meanwhile: it is news that only a whole look brings.
    const ends = await product.start({ tool: 'shell', task: `${gate.wait}; exit 3` });
    await waitFor('new lines', () => newest > monotonicMs() - 500);
    host.link.cut();
    await waitFor('the cut to be seen', () => !far.isConnected, { intervalMs: 1 });
    await gate.open();
    await sleep(seconds * 1_000);
    const mended = monotonicMs();
    host.link.mend();
    await waitFor('everything to be current', () => far.isConnected && newest > mended, { intervalMs: 1 });
    await far.ended(ends.id);
    back.push(monotonicMs() - mended);
    const began = monotonicMs();
    await far.runSsh([], 'true');
    raw.push(monotonicMs() - began);
    await far.purge(ends.id);
  }
  await product.client.request('session/kill', { session: session.id });
  await ended;
  const log = readFileSync(far.logFile(session.id));
  const same = hash.digest('hex') === createHash('sha256').update(log).digest('hex');
  const slowest = percentile(back, 1);
  return [
    {
      figure: `ssh: link back → all current with ${IDLE} sessions, slowest of ${cuts.length}`,
      unit: 'ms',
      measured: slowest,
      raw: { what: 'ssh true', value: median(raw) },
      goal: atMost(slowest, 1000, 'ms'),
      note: cuts.map((seconds, cut) => `${seconds} s: ${(back[cut] ?? NaN).toFixed(0)} ms`).join(', '),
    },
    {
      figure: 'ssh: link cut, bytes lost or seen twice',
      unit: 'bytes',
      measured: Math.abs(log.length - received),
      raw: null,
      goal: { text: '0', met: same && jumps === 0 },
      note: `${(log.length / MB).toFixed(1)} MB, equal to the log by sha256: ${same ? 'yes' : 'no'}`,
    },
  ];
}
