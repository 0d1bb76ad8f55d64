import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sleep } from '../bench/numbers.js';
import type { Bed } from './bed.js';
import type { Program } from './programs.js';
import type { Random } from './random.js';
import type { Truth } from './timeline.js';

/** One thing that happens to an agent. It needs one that is idle, unless it starts its own. */
export interface Flow {
  readonly name: string;
  /** What a person calls what is true in it, where that says more than the truth's own name. */
  readonly names?: Partial<Record<Truth, string>>;
  /** Words that are right in it, where others are too. */
  readonly accepts?: Partial<Record<Truth, readonly string[]>>;
  /** The session is over afterwards. */
  readonly isLast?: boolean;
  readonly fits?: (program: Program) => boolean;
  run(bed: Bed, random: Random): Promise<void>;
}

const NOT_SOON = 99;

const asksFirst = (name: string, step: (bed: Bed) => string): Flow => ({
  name,
  names: { permission: `permission: ${name}` },
  run: (bed, random) => permission(bed, random, step(bed)),
});

async function permission(bed: Bed, random: Random, step: string): Promise<void> {
  await bed.prompt(`do:delay(${random.seconds(0.5, 2.5)}) ${step} do:say(done)`);
  await bed.dialog();
  await sleep(random.seconds(1.2, 3) * 1000);
  await bed.press(...bed.program.keys.yes);
  await bed.until('said', 30_000);
}

/** Whatever the model refuses for ever: the end is the agent's last word, or a person's who has seen enough. */
const refused = (status: number): Flow => ({
  name: `${status}`,
  names: { error: `API error ${status}`, working: 'retrying' },
  // Some say themselves that a person has to sign in.
  ...(status === 401 ? { accepts: { error: ['needs input: login'] } } : {}),
  async run(bed, random) {
    await bed.prompt(`do:fail(${status},${NOT_SOON}) do:delay(${random.seconds(0.3, 1.5)}) do:say(never)`);
    await bed.until('refused');
    const time = await bed.settle(20_000);
    if (time === null) {
      await bed.interrupt();
      if ((await bed.settle(10_000)) === null) throw new Error('It goes on after an interrupt.');
    } else {
      bed.mark({ time, type: 'settled' });
    }
    await sleep(1000);
    await bed.key('C-u');
  },
});

let files = 0;
const fresh = (): string => `new-${++files}.txt`;

export const FLOWS: readonly Flow[] = [
  {
    name: 'working',
    async run(bed, random) {
      await bed.prompt(`do:delay(${random.seconds(1.5, 5)}) do:say(done)`);
      await bed.until('said');
    },
  },
  asksFirst('shell', ({ program }) => `do:${program.bash}(touch ${fresh()})`),
  asksFirst('create', () => `do:write(${fresh()})`),
  asksFirst('edit', ({ product }) => {
    rmSync(join(product.folder, 'README.md'), { force: true });
    writeFileSync(join(product.folder, 'README.md'), 'line one\nline two\nline three\n');
    return 'do:edit(README.md)';
  }),
  {
    name: 'question',
    fits: ({ asks }) => asks,
    async run(bed, random) {
      await bed.prompt(`do:delay(${random.seconds(0.5, 2.5)}) do:ask(Which colour) do:say(done)`);
      await bed.dialog();
      await sleep(random.seconds(1.2, 3) * 1000);
      await bed.press(...bed.program.keys.first);
      await bed.until('said');
    },
  },
  {
    name: 'denied by key',
    names: { quiet: 'denied by key', permission: 'permission: shell' },
    async run(bed, random) {
      await bed.prompt(`do:delay(${random.seconds(0.5, 2)}) do:${bed.program.bash}(touch ${fresh()}) do:say(never)`);
      await bed.dialog();
      await sleep(random.seconds(1.2, 3) * 1000);
      await bed.press(...bed.program.keys.no);
    },
  },
  {
    name: 'denied with a reason',
    names: { permission: 'permission: shell', working: 'working on a reason' },
    async run(bed, random) {
      await bed.prompt(`do:delay(${random.seconds(0.5, 2)}) do:${bed.program.bash}(touch ${fresh()}) do:say(never)`);
      await bed.dialog();
      await bed.asks('permission');
      await sleep(random.seconds(0.5, 2) * 1000);
      const request = await bed.asks('permission');
      const reason = bed.tagged(`do:delay(${random.seconds(1.5, 3)}) do:say(understood)`);
      await bed.answer(request, { type: 'deny', reason });
      await bed.until('said');
    },
  },
  {
    name: 'interrupted',
    names: { quiet: 'interrupted' },
    async run(bed, random) {
      await bed.prompt('do:delay(60) do:say(never)');
      await bed.until('asked');
      await sleep(random.seconds(1, 4) * 1000);
      await bed.interrupt();
      await bed.until('dropped').catch(() => undefined);
      await sleep(1500);
      await bed.key('C-u');
    },
  },
  refused(401),
  refused(429),
  refused(500),
  {
    name: 'retrying',
    names: { working: 'retrying' },
    async run(bed, random) {
      await bed.prompt(`do:fail(500,1) do:delay(${random.seconds(1, 3)}) do:say(done)`);
      await bed.until('said', 60_000);
    },
  },
  {
    name: 'silent',
    names: { working: 'model silent', quiet: 'interrupted' },
    async run(bed) {
      await bed.prompt('do:delay(120) do:say(never)');
      await bed.until('asked');
      await sleep(20_000);
      await bed.interrupt();
      await bed.until('dropped').catch(() => undefined);
      await sleep(1500);
      await bed.key('C-u');
    },
  },
  {
    name: 'wall',
    names: { working: 'a wall of output' },
    async run(bed, random) {
      await bed.prompt(`do:chunk(${random.pick([1, 2, 3])}) do:wall(${random.pick([200, 300, 400])})`);
      await bed.until('said', 120_000);
      await bed.until('rested', 120_000);
    },
  },
  {
    name: 'narrow',
    names: { permission: 'permission at 60x20', working: 'working at 60x20', over: 'turn ended at 60x20' },
    async run(bed, random) {
      const terminal = await bed.product.client.openTerminal(bed.session.id, { columns: 60, rows: 20 });
      terminal.onData(() => undefined);
      try {
        await sleep(1500);
        await permission(bed, random, `do:${bed.program.bash}(touch ${fresh()})`);
        await sleep(3000);
      } finally {
        terminal.dispose();
      }
    },
  },
  {
    name: 'exit',
    isLast: true,
    async run(bed) {
      await bed.send(bed.program.exit);
      await bed.end();
    },
  },
  {
    name: 'killed',
    isLast: true,
    async run(bed, random) {
      await bed.prompt('do:delay(60) do:say(never)');
      await bed.until('asked');
      await sleep(random.seconds(1, 3) * 1000);
      await bed.end('SIGKILL');
    },
  },
];

/** How a person calls what is true where the flow has no name of its own for it. */
export const NAMES: Readonly<Record<Truth, string>> = {
  trust: 'trust',
  ready: 'ready',
  working: 'working',
  permission: 'permission',
  question: 'question',
  over: 'turn ended',
  quiet: 'nothing goes on',
  error: 'API error',
  exited: 'exit',
  killed: 'killed',
};
