import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Bench } from '../bench/figure.js';
import { Scratch } from '../bench/scratch.js';
import { driveApprovals, type Approvals } from './approvals.js';
import type { Where } from './bed.js';
import { FLOWS } from './flows.js';
import { driveLogs, type Logged } from './logs.js';
import { besideNewest, PROGRAMS } from './programs.js';
import { driveRules, type RuledRequests } from './rules.js';
import { driveReplaced, type Replaced } from './replaced.js';
import {
  approvalLines,
  askedTable,
  askedWrong,
  brokenFlows,
  loggedLines,
  replacedLines,
  ruledLines,
  sendLines,
  stateTable,
  wrongWords,
} from './report.js';
import { driveSends, type Sends } from './sends.js';
import { driveStates, type Asked, type Broken, type Sample } from './states.js';

const USAGE = `Drives real agents through everything that can happen to them and compares what is true with what is shown.
npm run bench:truth -- [--times N] [--tool NAME]... [--flow NAME]... [--approvals K] [--sends K] [--rules K] [--replaced K] [--logs K] [--seed S] [--newest] [--ssh] [--load]
  --times N       how often, 10 by default
  --tool NAME     ${PROGRAMS.map(({ name }) => name).join(', ')}; all by default
  --flow NAME     ${FLOWS.map(({ name }) => name).join(', ')}; all by default
  --approvals K   instead: K requests of each program, answered by a person and by rules
  --sends K       instead: K texts to each program, into all that can stand in their way
  --rules K       instead: K plain and K long requests of each program at two sizes, all allowed by a rule
  --replaced K    instead: K requests that are replaced before they are answered
  --logs K        instead: K streamed answers of each program, as their readable log tells them, beside its own record
  --seed S        decides all delays and flows
  --newest        with the newest version of each program beside the pinned one, where that is another one
  --ssh           on a machine over ssh, where nothing is installed for it
  --load          keeps every processor busy meanwhile
Results are also written to out/truth.json.
`;

/** @param folders as for the other figures */
export async function main(
  words: readonly string[],
  folders: { readonly product: string; readonly programs: string; readonly out: string },
): Promise<number> {
  const options = read(words);
  if (options === undefined) {
    process.stderr.write(USAGE);
    return words.includes('--help') ? 0 : 2;
  }
  let scratch: Scratch | undefined;
  const stopLoad = options.load ? startLoad() : () => undefined;
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const) {
    process.once(signal, () => {
      process.stderr.write('\nClearing up\n');
      stopLoad();
      void Promise.resolve(scratch?.clear()).finally(() => process.exit(code));
    });
  }
  const samples: Sample[] = [];
  const broken: Broken[] = [];
  const asked: Asked[] = [];
  const approvals: Approvals[] = [];
  const replaced: Replaced[] = [];
  const ruled: RuledRequests[] = [];
  const logged: Logged[] = [];
  const sends: Sends[] = [];
  const errors: string[] = [];
  const inScratch = async (name: string, drive: (bench: Bench) => Promise<void>): Promise<void> => {
    scratch = new Scratch();
    const progress = (text: string): void => void process.stderr.write(`${name}: ${text}\n`);
    try {
      await drive({ ...folders, scratch, quick: false, profiles: undefined, progress });
    } catch (error) {
      errors.push(`${name} broke: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    }
    for (const error of await scratch.clear()) errors.push(`${name}: ${String(error)}`);
  };
  const { seed, times, load, flows, where } = options;
  const told = (one: Sample | Broken | Asked): void => {
    if ('asked' in one) return void asked.push(one);
    if ('message' in one) broken.push(one);
    else samples.push(one);
    const lines = 'message' in one ? brokenFlows([one]) : wrongWords([one]);
    for (const line of lines) process.stderr.write(`${line}\n`);
  };
  const pinned = PROGRAMS.filter(({ name }) => options.tools.length === 0 || options.tools.includes(name));
  const { programs, versions } = options.newest ? await besideNewest(pinned) : { programs: pinned, versions: [] };
  for (const program of programs) {
    if (options.approvals > 0) {
      await inScratch(program.name, async (bench) => {
        approvals.push(await driveApprovals(program, bench, { where, count: options.approvals, seed }));
      });
    } else if (options.sends > 0) {
      await inScratch(program.name, async (bench) => {
        sends.push(await driveSends(program, bench, { where, count: options.sends, seed }));
      });
    } else if (options.rules > 0) {
      await inScratch(program.name, async (bench) => {
        ruled.push(...(await driveRules(program, bench, { where, count: options.rules })));
      });
    } else if (options.logs > 0) {
      await inScratch(program.name, async (bench) => {
        logged.push(await driveLogs(program, bench, { where, count: options.logs, seed, out: folders.out }));
      });
    } else if (options.replaced === 0) {
      await inScratch(program.name, (bench) => driveStates(program, bench, { where, times, seed, flows }, told));
    }
  }
  if (options.replaced > 0) {
    await inScratch('replaced', async (bench) => {
      replaced.push(await driveReplaced(bench, options.replaced, seed));
    });
  }
  stopLoad();
  mkdirSync(folders.out, { recursive: true });
  const result = {
    date: new Date().toISOString(),
    seed,
    times,
    where,
    load,
    versions,
    samples,
    asked,
    broken,
    approvals,
    replaced,
    ruled,
    logged,
    sends,
    errors,
  };
  writeFileSync(join(folders.out, 'truth.json'), `${JSON.stringify(result, null, 2)}\n`);
  const lists = [
    wrongWords(samples),
    brokenFlows(broken),
    approvalLines(approvals),
    ruledLines(ruled),
    sendLines(sends),
    replacedLines(replaced),
    loggedLines(logged),
    errors,
  ];
  const parts = [
    versions.join('\n'),
    samples.length > 0 ? stateTable(samples) : '',
    asked.length > 0 ? askedTable(asked) : '',
    ...(asked.length > 0 ? [askedWrong(asked).join('\n')] : []),
    ...lists.map((part) => part.join('\n')),
  ];
  process.stdout.write(`seed ${seed}\n\n${parts.filter((part) => part !== '').join('\n\n')}\n`);
  const bad = [
    ...errors,
    ...broken,
    ...[...approvals, ...replaced, ...ruled, ...sends, ...logged].flatMap(({ wrong }) => wrong),
  ];
  return bad.length > 0 ? 1 : 0;
}

interface Options {
  readonly times: number;
  readonly tools: readonly string[];
  readonly flows: readonly string[];
  readonly seed: string;
  readonly where: Where;
  readonly newest: boolean;
  readonly load: boolean;
  readonly approvals: number;
  readonly rules: number;
  readonly sends: number;
  readonly replaced: number;
  readonly logs: number;
}

function read(words: readonly string[]): Options | undefined {
  try {
    const { values } = parseArgs({
      args: [...words],
      options: {
        times: { type: 'string', default: '10' },
        tool: { type: 'string', multiple: true, default: [] },
        flow: { type: 'string', multiple: true, default: [] },
        seed: { type: 'string', default: `${Date.now() % 100_000}` },
        newest: { type: 'boolean', default: false },
        ssh: { type: 'boolean', default: false },
        load: { type: 'boolean', default: false },
        approvals: { type: 'string', default: '0' },
        rules: { type: 'string', default: '0' },
        sends: { type: 'string', default: '0' },
        replaced: { type: 'string', default: '0' },
        logs: { type: 'string', default: '0' },
      },
    });
    const [times = 0, approvals = 0, rules = 0, sends = 0, replaced = 0, logs = 0] = [
      values.times,
      values.approvals,
      values.rules,
      values.sends,
      values.replaced,
      values.logs,
    ].map(Number);
    const flows = FLOWS.map(({ name }) => name);
    const isKnown =
      [times, approvals, rules, sends, replaced, logs].every((count) => Number.isInteger(count) && count >= 0) &&
      values.tool.every((tool) => PROGRAMS.some(({ name }) => name === tool)) &&
      values.flow.every((flow) => flows.includes(flow));
    if (!isKnown) return undefined;
    const { tool: tools, flow: chosen, seed, newest, ssh, load } = values;
    return {
      times,
      approvals,
      rules,
      sends,
      replaced,
      logs,
      tools,
      flows: chosen,
      seed,
      newest,
      where: ssh ? 'ssh' : 'here',
      load,
    };
  } catch {
    return undefined;
  }
}

/** @returns ends it */
function startLoad(): () => void {
  const busy = Array.from({ length: availableParallelism() }, () =>
    spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' }),
  );
  const end = (): void => busy.forEach((child) => void child.kill('SIGKILL'));
  process.once('exit', end);
  return end;
}
