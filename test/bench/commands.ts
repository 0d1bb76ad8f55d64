import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { IdGenerator } from '../../src/common/ids.js';
import { SessionRecord } from '../../src/protocol/files.js';
import { sessionRecord } from '../helpers/records.js';
import { atMost, type Bench, type Row } from './figure.js';
import { median, monotonicMs, sleep } from './numbers.js';
import { openProduct } from './product.js';
import { cpuOfEndedChildrenMs } from './usage.js';

const RECORDS = 1000;

/** What a person waits for at a prompt, beyond the start of Node. */
export async function commands(bench: Bench): Promise<readonly Row[]> {
  const rounds = bench.quick ? 8 : 25;
  const cm = join(bench.product, 'dist', 'cm.js');
  const rows: Row[] = [];

  const started = await openProduct(bench, { name: 'start' });
  await started.start({ tool: 'shell', task: 'exec sleep 2147483647' });
  rows.push(
    await compare(bench, rounds, {
      figure: '`cm start` with the server up, beyond Node',
      command: [cm, 'start', 'shell', 'exec sleep 2147483647'],
      home: started.home,
      folder: started.folder,
      limit: 150,
    }),
  );
  await started.end();

  const listed = await openProduct(bench, { name: 'status', prepare: writeRecords });
  for (const flags of [[], ['--json']]) {
    rows.push(
      await compare(bench, rounds, {
        figure: `\`${['cm', 'status', ...flags].join(' ')}\` with ${RECORDS} sessions, beyond Node`,
        command: [cm, 'status', ...flags],
        home: listed.home,
        folder: listed.folder,
        limit: 100,
      }),
    );
  }
  await listed.end();
  return rows;
}

interface Command {
  readonly figure: string;
  readonly command: readonly string[];
  readonly home: string;
  readonly folder: string;
  /** In milliseconds. */
  readonly limit: number;
}

async function compare(bench: Bench, rounds: number, { figure, command, home, folder, limit }: Command): Promise<Row> {
  bench.progress(figure);
  const env = { ...process.env, CM_HOME: home };
  const whole: number[] = [];
  const node: number[] = [];
  const cpu = { whole: 0, node: 0 };
  await runNode(command, folder, env);
  for (let round = 0; round < rounds; round++) {
    const before = cpuOfEndedChildrenMs();
    node.push(await runNode(['-e', '0'], folder, env));
    const between = cpuOfEndedChildrenMs();
    whole.push(await runNode(command, folder, env));
    cpu.node += between - before;
    cpu.whole += cpuOfEndedChildrenMs() - between;
    await sleep(20);
  }
  // Whatever else runs on the machine only adds: the fastest of many is what the program itself takes.
  const fastest = { whole: Math.min(...whole), node: Math.min(...node) };
  const measured = fastest.whole - fastest.node;
  return {
    figure,
    unit: 'ms',
    measured,
    raw: { what: 'node -e 0', value: fastest.node },
    goal: atMost(measured, limit, 'ms'),
    note: `fastest of ${rounds}; medians ${median(whole).toFixed(0)} ms and ${median(node).toFixed(0)} ms; ${((cpu.whole - cpu.node) / rounds).toFixed(0)} ms of processor time beyond Node's ${(cpu.node / rounds).toFixed(0)} ms`,
  };
}

/** Milliseconds from the start of a process until it has ended and its output was read. */
function runNode(args: readonly string[], cwd: string, env: NodeJS.ProcessEnv): Promise<number> {
  const started = monotonicMs();
  const child = spawn(process.execPath, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let errors = '';
  child.stdout.resume();
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve(monotonicMs() - started);
      else reject(new Error(`${args.join(' ')} ended with ${code ?? 'a signal'}: ${errors.slice(-1000)}`));
    });
  });
}

/** Sessions that have ended, as a month of work leaves them. */
function writeRecords(home: string): void {
  const folder = join(home, 'sessions', 'active');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const ids = new IdGenerator();
  const now = new Date().toISOString();
  for (let i = 0; i < RECORDS; i++) {
    const session = sessionRecord({
      id: ids.next(),
      name: `fix-the-flaky-test-${i}`,
      task: `Fix the flaky test number ${i}: it fails about once in ten runs. Find out why before you change anything.`,
      tool: i % 3 === 0 ? 'codex' : 'claude',
      status: i % 5 === 0 ? 'failed' : 'completed',
      state: null,
      exitCode: i % 5 === 0 ? 1 : 0,
      changed: now,
      created: now,
      started: now,
      completed: now,
      lastOutput: now,
    });
    const record = SessionRecord.parse({ ...session, requestId: `request-${i}` });
    writeFileSync(join(folder, `${record.id}.json`), JSON.stringify(record, null, 2), { mode: 0o600 });
  }
}
