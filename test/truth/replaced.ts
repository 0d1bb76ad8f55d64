import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PendingRequest } from '../../src/protocol/pendingRequest.js';
import type { Bench } from '../bench/figure.js';
import { sleep, waitFor } from '../bench/numbers.js';
import { openProduct } from '../bench/product.js';
import { descendants } from '../bench/usage.js';
import { Random } from './random.js';

export interface Replaced {
  readonly times: number;
  /** Answers to what had been replaced that were refused. */
  readonly refused: number;
  /** Answers to what was not replaced, and that arrived: the control. */
  readonly control: string;
  readonly wrong: readonly string[];
}

const OPTIONS = ['Yes', 'Yes, and always allow access to project/ from this project', 'No'];
const OTHER_OPTIONS = ['Yes', 'No'];
const CONTROL_EVERY = 5;

/** A request is replaced by another one between being shown and being answered. */
export async function driveReplaced(bench: Bench, times: number, seed: string): Promise<Replaced> {
  const log = join(bench.scratch.directory, 'replaced.log');
  const product = await openProduct(bench, {
    name: 'replaced',
    prepare: (home) => {
      mkdirSync(join(home, 'tools'), { mode: 0o700 });
      const { screen } = JSON.parse(readFileSync('src/core/tools/claude.json', 'utf8')) as { screen: unknown };
      const command = ['{node}', join(bench.programs, 'replaced.mjs'), log];
      writeFileSync(
        join(home, 'tools', 'replaced.json'),
        JSON.stringify({ id: 'replaced', name: 'R', command, screen }),
      );
    },
  });
  const { client } = product;
  const random = new Random(`${seed} replaced`);
  const { id } = await product.start({ tool: 'replaced' });
  const lines = (): string[] => (existsSync(log) ? readFileSync(log, 'utf8').split('\n').slice(0, -1) : []);
  await waitFor('the agent', () => lines().length > 0);
  const { pid } = await client.request('session/get', { session: id });
  const agent = [pid ?? 0, ...descendants(pid ?? 0)].find((one) => isAgent(one));
  if (agent === undefined) throw new Error('The agent that asks is not there.');
  const tell = async (signal: 'SIGUSR1' | 'SIGUSR2', line: string): Promise<void> => {
    const before = lines().length;
    process.kill(agent, signal);
    await waitFor(line, () => lines().slice(before).includes(line));
  };
  const show = async (command: string, options: readonly string[]): Promise<void> => {
    writeFileSync(`${log}.ask`, [command, ...options].join('\t'));
    await tell('SIGUSR2', `shown ${command}`);
  };
  const pending = (): PendingRequest | null | undefined =>
    client.snapshot.sessions.find((session) => session.id === id)?.request;

  const wrong: string[] = [];
  let refused = 0;
  let controls = 0;
  let arrived = 0;
  for (let i = 1; i <= times; i++) {
    if (i % 20 === 0) bench.progress(`replaced, ${i} of ${times}`);
    await tell('SIGUSR1', 'works');
    await waitFor('nothing to be asked', () => pending() === null);
    const command = `touch old-${i}`;
    await show(command, OPTIONS);
    const request = await waitFor('the request', () => {
      const found = pending();
      return found?.command === command ? found : undefined;
    });
    await sleep(random.next() * 200);
    const isControl = i % CONTROL_EVERY === 0;
    const kind = random.pick(['command', 'options', 'gone']);
    if (!isControl) {
      if (kind === 'gone') await tell('SIGUSR1', 'works');
      else if (kind === 'options') await show(command, OTHER_OPTIONS);
      else await show(`touch new-${i}`, OPTIONS);
      // Sometimes before anybody but the agent can know of it.
      await sleep(random.pick([0, 0, random.next() * 30, random.next() * 300]));
    }
    const before = lines().length;
    const params = { session: id, request: request.id, answer: { type: 'allow' as const, always: false } };
    const outcome = await client.request('session/answer', params, { timeoutMs: 30_000 }).then(
      () => 'answered',
      (error: unknown) => (error instanceof Error && 'code' in error ? String(error.code) : String(error)),
    );
    const keys = lines()
      .slice(before)
      .filter((line) => line.startsWith('key'));
    if (isControl) {
      controls++;
      if (outcome === 'answered' && keys.length === 1) arrived++;
      else wrong.push(`${i}, not replaced: ${outcome}; ${keys.join(', ')}`);
    } else {
      if (outcome === 'conflict') refused++;
      else wrong.push(`${i}, replaced (${kind}): ${outcome}`);
      if (keys.length > 0) wrong.push(`${i}, replaced (${kind}): ${keys.join(', ')}`);
    }
  }
  return { times: times - controls, refused, control: `${arrived} of ${controls}`, wrong };
}

function isAgent(pid: number): boolean {
  const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  return words.some((word) => word.endsWith('replaced.mjs')) && words[0]?.endsWith('node') === true;
}
