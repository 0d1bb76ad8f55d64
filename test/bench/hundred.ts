import { closeSync, openSync, writeSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { atMost, type Bench, type Row } from './figure.js';
import { median, monotonicMs, sleep } from './numbers.js';
import { openProduct, shellWords, type Product } from './product.js';
import { openRawTmux, type RawTmux } from './rawTmux.js';
import { runOrThrow } from '../../scripts/lib/processes.mjs';
import { cpuMs, descendants, faultsOfEndedChildren, memoryMb, shareMb } from './usage.js';

const COUNT = 100;
const SLEEP = 'exec sleep 2147483647';
const LINES_PER_SECOND = 10;

/** A hundred sessions: made, idle, and each printing ten lines a second; beside a bare tmux with the same. */
export async function hundred(bench: Bench): Promise<readonly Row[]> {
  const rounds = bench.quick ? 1 : 3;
  const made: { ours: number; processes: number; control: number }[] = [];
  let pair: { product: Product; raw: RawTmux } | undefined;
  for (let round = 0; round < rounds; round++) {
    bench.progress(`making ${COUNT} sessions, round ${round + 1} of ${rounds}`);
    await pair?.product.end();
    await pair?.raw.end();
    const product = await openProduct(bench, { name: 'hundred' });
    // tmux itself is up before the clock starts, as the raw one is.
    await product.start({ tool: 'shell', task: SLEEP });
    const ours = await time(() =>
      Promise.all(Array.from({ length: COUNT }, () => product.start({ tool: 'shell', task: SLEEP }))),
    );
    const raw = await openRawTmux(bench);
    const processes = await time(() => makeByProcesses(raw));
    const control = await time(await byControl(raw));
    made.push({ ours, processes, control });
    pair = { product, raw };
  }
  if (pair === undefined) return [];
  const { product, raw } = pair;
  for (let i = 0; i < COUNT; i++) await raw.tmux('kill-session', '-t', `=c${i}`);

  const rows = [
    makingRow(made, 'control', 'by one control client'),
    makingRow(made, 'processes', 'by a process each'),
    ...(await idle(bench, product)),
    ...(await busy(bench, product, raw)),
  ];
  await product.end();
  await raw.end();
  return rows;
}

type Made = { readonly ours: number; readonly processes: number; readonly control: number };

function makingRow(made: readonly Made[], way: 'processes' | 'control', what: string): Row {
  // Whatever else runs on the machine only adds.
  const measured = Math.min(...made.map(({ ours }) => ours));
  const limit = Math.min(...made.map((one) => one[way]));
  return {
    figure: `${COUNT} sessions started at once (raw: ${what})`,
    unit: 'ms',
    measured,
    raw: { what: 'tmux new-session', value: limit },
    goal: atMost(measured, 3000, 'ms'),
    note: `fastest of ${made.length}: ${made.map(({ ours }) => ours.toFixed(0)).join(' ')} ms`,
  };
}

async function time(run: () => Promise<unknown>): Promise<number> {
  const started = monotonicMs();
  await run();
  return monotonicMs() - started;
}

function sessionArguments(raw: RawTmux, name: string): string[] {
  const log = `${raw.directory}/${name}.log`;
  return [
    ...['new-session', '-d', '-s', name, '-x', '120', '-y', '40', SLEEP, ';'],
    ...['pipe-pane', '-O', '-t', `=${name}:`, `exec cat >>${log}`],
  ];
}

async function makeByProcesses(raw: RawTmux): Promise<void> {
  for (let i = 0; i < COUNT; i++) await raw.tmux(...sessionArguments(raw, `p${i}`));
}

async function byControl(raw: RawTmux): Promise<() => Promise<void>> {
  const control = await raw.control('first', 'ignore-size,no-output', () => undefined);
  const lines = Array.from({ length: COUNT }, (_, i) => {
    const words = sessionArguments(raw, `c${i}`).map((word) => (word === ';' ? word : shellWords(word)));
    return words.join(' ');
  });
  return async () => {
    // Two commands a line, each answered.
    await control.run(lines.flatMap((line) => line.split(' ; ')));
    control.dispose();
  };
}

async function idle(bench: Bench, product: Product): Promise<readonly Row[]> {
  const seconds = bench.quick ? 15 : 30;
  bench.progress(`${COUNT} idle sessions for ${seconds} s`);
  const server = await product.serverPid();
  const tmux = await product.tmuxPid();
  // What the starts left to do is not part of being idle.
  await sleep(5000);
  const bare = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1 << 30)'], { stdio: 'ignore' });
  const stopBare = bench.scratch.defer(() => void bare.kill('SIGKILL'));
  await sleep(500);
  const ours = [server, tmux];
  const helpers = descendants(tmux);
  const before = { cpu: cpuMs(server), tmux: cpuMs(tmux), bare: cpuMs(bare.pid ?? 0), at: monotonicMs() };
  let faults = ours.map(faultsOfEndedChildren);
  let ended = 0;
  while (monotonicMs() - before.at < seconds * 1000) {
    await sleep(50);
    const current = ours.map(faultsOfEndedChildren);
    ended += current.filter((value, index) => value !== faults[index]).length;
    faults = current;
  }
  const elapsed = monotonicMs() - before.at;
  const share = (used: number): number => (100 * used) / elapsed;
  const cpu = share(cpuMs(server) - before.cpu);
  const tmuxCpu = share(cpuMs(tmux) - before.tmux);
  const bareCpu = share(cpuMs(bare.pid ?? 0) - before.bare);
  const memory = memoryMb(server);
  const tmuxMemory = memoryMb(tmux);
  const bareMemory = memoryMb(bare.pid ?? 0);
  const fresh = descendants(tmux).filter((pid) => !helpers.includes(pid)).length;
  await stopBare();
  return [
    {
      figure: `${COUNT} idle sessions, one client: server`,
      unit: '%',
      measured: cpu,
      raw: { what: 'node doing nothing', value: bareCpu },
      goal: { text: '< 0.2 % of a core', met: cpu < 0.2 },
      note: `tmux ${tmuxCpu.toFixed(3)} %; over ${seconds} s`,
    },
    {
      figure: `${COUNT} idle sessions: processes started`,
      unit: 'processes',
      measured: ended + fresh,
      raw: null,
      goal: { text: '0', met: ended + fresh === 0 },
      note: 'children of the server and of tmux that came or went',
    },
    {
      figure: `${COUNT} idle sessions: memory of server and tmux`,
      unit: 'MB',
      measured: memory + tmuxMemory,
      raw: { what: 'node doing nothing', value: bareMemory },
      goal: atMost(memory + tmuxMemory, 100, 'MB'),
      note: `server ${memory.toFixed(0)} MB, tmux ${tmuxMemory.toFixed(0)} MB; besides ${helpers.length} small processes of the sessions with a share of ${shareMb(helpers).toFixed(0)} MB`,
    },
  ];
}

async function busy(bench: Bench, product: Product, raw: RawTmux): Promise<readonly Row[]> {
  const seconds = bench.quick ? 4 : 8;
  const rounds = bench.quick ? 1 : 3;
  const server = await product.serverPid();
  const tmux = await product.tmuxPid();
  const ourTerminals = await terminalsOf(`${product.home}/run/tmux.sock`, '_cm');
  const rawTerminals = await terminalsOf(`${raw.directory}/tmux.sock`, undefined);
  const writers = descendants(tmux);
  const rawWriters = descendants(raw.pid);
  // One in the middle: the oldest and the newest are not among those that print.
  const followed = (await product.client.request('session/list', {}))[COUNT / 2];
  let received = 0;
  if (followed !== undefined) {
    product.client.followLog(followed.id, { onChunk: ({ bytes }) => void (received += bytes.length) });
  }
  const seen: { server: number; ours: number; raw: number }[] = [];
  for (let round = 0; round < rounds; round++) {
    bench.progress(`${COUNT} sessions printing ${LINES_PER_SECOND} lines/s, round ${round + 1} of ${rounds}`);
    const rawUse = await usage([raw.pid, ...rawWriters], () => print(rawTerminals, seconds));
    const before = cpuMs(server);
    const at = monotonicMs();
    const ourUse = await usage([tmux, ...writers], () => print(ourTerminals, seconds));
    seen.push({ server: (100 * (cpuMs(server) - before)) / (monotonicMs() - at), ours: ourUse, raw: rawUse });
  }
  const measured = median(seen.map((one) => one.server));
  const limit = median(seen.map((one) => one.raw));
  return [
    {
      figure: `${COUNT} sessions printing ${LINES_PER_SECOND} lines/s each: server`,
      unit: '%',
      measured,
      raw: { what: 'tmux and cat', value: limit },
      goal: { text: '< 20 % of a core', met: measured < 20 },
      note: `tmux and cat of these sessions ${median(seen.map(({ ours }) => ours)).toFixed(1)} %; one log followed: ${received} bytes`,
    },
  ];
}

/** Use of processors by all of these processes together while `run` runs, in percent of one core. */
async function usage(pids: readonly number[], run: () => Promise<void>): Promise<number> {
  const total = (): number => pids.reduce((sum, pid) => sum + cpuMs(pid), 0);
  const before = total();
  const elapsed = await time(run);
  return (100 * (total() - before)) / elapsed;
}

async function terminalsOf(socket: string, session: string | undefined): Promise<readonly string[]> {
  const where = session === undefined ? ['-a'] : ['-s', '-t', `=${session}`];
  const text = await runOrThrow('tmux', ['-S', socket, 'list-panes', ...where, '-F', '#{pane_tty}']);
  // The first window is tmux's own.
  return [...new Set(text.trim().split('\n'))].slice(1, COUNT + 1);
}

/** Writes lines to terminals from outside: what programs in them would print, without a hundred programs. */
async function print(terminals: readonly string[], seconds: number): Promise<void> {
  const files = terminals.map((path) => openSync(path, 'w'));
  const every = 1000 / LINES_PER_SECOND / files.length;
  const started = monotonicMs();
  try {
    for (let written = 0; monotonicMs() - started < seconds * 1000;) {
      const due = Math.floor((monotonicMs() - started) / every);
      for (; written < due; written++) {
        const file = files[written % files.length];
        if (file !== undefined) writeSync(file, `line ${written} of a program that prints now and then what it does\n`);
      }
      await sleep(1);
    }
  } finally {
    for (const file of files) closeSync(file);
  }
}
