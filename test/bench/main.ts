import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { burst } from './burst.js';
import { commands } from './commands.js';
import { ending } from './ending.js';
import { extension } from './extension.js';
import type { Group, Row } from './figure.js';
import { hundred } from './hundred.js';
import { latency } from './latency.js';
import { recovery } from './recovery.js';
import { notes, report, table } from './report.js';
import { Scratch } from './scratch.js';
import { slowScreens } from './slowScreens.js';
import { ssh } from './ssh.js';
import { waiting } from './waiting.js';

const GROUPS: readonly Group[] = [
  { name: 'latency', run: latency },
  { name: 'burst', run: burst },
  { name: 'hundred', run: hundred },
  { name: 'slow', run: slowScreens },
  { name: 'commands', run: commands },
  { name: 'ending', run: ending },
  { name: 'waiting', run: waiting },
  { name: 'recovery', run: recovery },
  { name: 'ssh', run: ssh },
  { name: 'extension', run: extension },
];

const USAGE = `Measures the speed and size of Code Manager beside what tmux and Node alone reach.
npm run bench -- [${GROUPS.map(({ name }) => name).join('|')}]... [--quick] [--json] [--profile]
  --quick    fewer and shorter rounds
  --json     print JSON instead of the table; it is always written to out/bench.json
  --profile  CPU profiles of the agent server in out/bench/
`;

/** @param folders.product the built product, @param folders.out where results go, @param folders.programs see Bench */
export async function main(
  words: readonly string[],
  folders: { readonly product: string; readonly programs: string; readonly out: string },
): Promise<number> {
  const flags = new Set(words.filter((word) => word.startsWith('-')));
  const names = words.filter((word) => !word.startsWith('-'));
  const unknown = [
    ...names.filter((name) => !GROUPS.some((group) => group.name === name)),
    ...[...flags].filter((flag) => !['--quick', '--json', '--profile'].includes(flag)),
  ];
  if (unknown.length > 0) {
    process.stderr.write(USAGE);
    return flags.has('--help') || flags.has('-h') ? 0 : 2;
  }
  const quick = flags.has('--quick');
  const isJson = flags.has('--json');
  const profiles = flags.has('--profile') ? join(folders.out, 'bench') : undefined;
  if (profiles !== undefined) mkdirSync(profiles, { recursive: true });

  let scratch: Scratch | undefined;
  let isInterrupted = false;
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const) {
    // It stays for good: others end the process once nobody listens any more.
    process.on(signal, () => {
      if (isInterrupted) return;
      process.stderr.write('\nClearing up\n');
      isInterrupted = true;
      void Promise.resolve(scratch?.clear()).finally(() => process.exit(code));
    });
  }

  // A function, since the variable changes while others wait.
  const hasBeenInterrupted = (): boolean => isInterrupted;
  const done: { name: string; rows: readonly Row[] }[] = [];
  const errors: { group: string; message: string }[] = [];
  for (const { name, run } of GROUPS) {
    if (names.length > 0 && !names.includes(name)) continue;
    scratch = new Scratch();
    const progress = (text: string): void => void process.stderr.write(`${name}: ${text}\n`);
    progress('begins');
    try {
      const rows = await run({ ...folders, scratch, quick, profiles, progress });
      done.push({ name, rows });
    } catch (error) {
      const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
      errors.push({ group: name, message: [message, ...scratch.serverLogs()].join('\n') });
    }
    // The rest of the way is the signal's.
    if (hasBeenInterrupted()) await new Promise(() => undefined);
    for (const error of await scratch.clear()) errors.push({ group: name, message: String(error) });
  }

  const tmux = execFileSync('tmux', ['-V'], { encoding: 'utf8' }).trim();
  const result = JSON.stringify(report(done, errors, { quick, tmux }), null, 2) + '\n';
  const file = join(folders.out, 'bench.json');
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, result);
  const rows = done.flatMap((group) => group.rows);
  process.stdout.write(isJson ? result : `${table(rows)}\n\n${notes(rows)}\n`);
  for (const { group, message } of errors) process.stderr.write(`${group} broke: ${message}\n`);
  return errors.length > 0 ? 1 : 0;
}
