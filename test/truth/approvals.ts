import { readdirSync } from 'node:fs';
import type { AuditEntry } from '../../src/protocol/audit.js';
import { errorText } from '../../src/protocol/errors.js';
import type { PendingRequest } from '../../src/protocol/pendingRequest.js';
import type { Bench } from '../bench/figure.js';
import { sleep, waitFor } from '../bench/numbers.js';
import { Bed, type Where } from './bed.js';
import { HalfTyped } from './halfTyped.js';
import { Onlooker } from './onlooker.js';
import type { Program } from './programs.js';
import { Random } from './random.js';

/** Who decides on a request, and how. */
type Fate = 'allow' | 'deny' | 'rule' | 'forbid';

/** What the command is called by whom it is for: a rule knows it by its first words. */
const COMMANDS: Readonly<Record<Fate, string>> = {
  allow: 'mktemp',
  deny: 'mktemp',
  rule: 'mktemp -q',
  forbid: 'touch',
};

export interface Approvals {
  readonly program: string;
  readonly requests: number;
  /** Allowed by a person or a rule: exactly one file each. */
  readonly allowed: number;
  readonly denied: number;
  /** Meant for a rule, which left them to a person: what was known of each, one line each. */
  readonly left: readonly string[];
  /** What is wrong, one line each. */
  readonly wrong: readonly string[];
}

export interface ApprovalsOptions {
  readonly where: Where;
  /** So many requests. */
  readonly count: number;
  readonly seed: string;
}

interface Planned {
  readonly number: number;
  readonly fate: Fate;
}

/** Requests of which each makes a file of its own, answered by a person and by rules. */
export async function driveApprovals(
  program: Program,
  bench: Bench,
  { where, count, seed }: ApprovalsOptions,
): Promise<Approvals> {
  const bed = await Bed.open(program, bench, where);
  const { client } = bed.product;
  const halfTyped = await HalfTyped.open(bed.product);
  const onlooker = new Onlooker(client, new Random(`${seed} ${program.name} onlooker`));
  const random = new Random(`${seed} ${program.name} approvals`);
  const wrong: string[] = [];
  const done: Planned[] = [];
  for (const [effect, command] of [
    ['allow', COMMANDS.rule],
    ['deny', COMMANDS.forbid],
  ] as const) {
    await client.request('policy/add', { rule: { effect, command } });
  }
  const left: string[] = [];
  let next = 1;
  while (next <= count) {
    const batch: Planned[] = [];
    // A denial ends a turn.
    while (next <= count && batch.length < program.batch && !isDenied(batch.at(-1)?.fate)) {
      batch.push({ number: next++, fate: random.pick(['allow', 'allow', 'deny', 'rule', 'rule', 'forbid']) });
    }
    bench.progress(`requests up to ${next - 1} of ${count}`);
    try {
      if (!bed.isRunning) await bed.start();
      await onlooker.change(bed.session.id);
      left.push(...(await runBatch(bed, batch, random)));
      wrong.push(...(await strayKeys(bed, batch)));
      done.push(...batch);
    } catch (error) {
      const seen = await bed.screen().catch(() => 'nothing is known of it');
      wrong.push(`not answered: one of ${batch.map(({ number }) => number).join(', ')}: ${errorText(error)}\n${seen}`);
      done.push(...batch);
      onlooker.leave();
      await bed.kill();
    }
  }
  onlooker.leave();
  await sleep(1000);
  wrong.push(...checkFiles(bed, done));
  const session = bed.isRunning ? bed.session.id : undefined;
  const audit = session === undefined ? [] : await client.request('audit/list', { session, limit: 10_000 });
  wrong.push(...checkAudit(audit), ...halfTyped.check());
  await bed.kill();
  const denied = done.filter(({ fate }) => isDenied(fate)).length;
  return { program: program.name, requests: done.length, allowed: done.length - denied, denied, left, wrong };
}

function isDenied(fate: Fate | undefined): boolean {
  return fate === 'deny' || fate === 'forbid';
}

const stem = ({ number, fate }: Planned): string => `${fate}-${number}-`;

/** @returns what was known of those that the rules left to a person */
async function runBatch(bed: Bed, batch: readonly Planned[], random: Random): Promise<string[]> {
  const left: string[] = [];
  bed.begin();
  const steps = batch.map((one) => `do:${bed.program.bash}(${COMMANDS[one.fate]} ${stem(one)}XXXXXX)`);
  await bed.prompt(`do:delay(${random.seconds(0, 0.5)}) ${steps.join(' ')} do:say(done)`);
  for (const [index, one] of batch.entries()) {
    const isLeft = one.fate === 'rule' && !(await isDone(bed, one));
    if (isLeft) left.push(await leftBy(bed, one));
    if (one.fate === 'allow' || one.fate === 'deny' || isLeft) {
      await asksFor(bed, one);
      await sleep(random.seconds(0, 0.6) * 1000);
      // A person answers what is shown by then.
      const request = await asksFor(bed, one);
      await bed.answer(request, one.fate === 'deny' ? { type: 'deny' } : { type: 'allow', always: false });
    }
    if (isDenied(one.fate)) {
      // Before it is asked it is idle too.
      await bed.until('called', 60_000, index + 1);
      await sleep(1500);
      // Whoever is denied something waits for a person.
      const isOver = (): boolean => bed.session.state === 'idle';
      await waitFor(`the end after request ${one.number}`, isOver, { timeoutMs: 60_000 });
      // Its reason may be a prompt of its own.
      if (one.fate === 'forbid') await bed.settle(30_000);
    } else {
      await waitFor(`what request ${one.number} does`, () => made(bed, one) > 0, { timeoutMs: 60_000 });
    }
  }
  if (!isDenied(batch.at(-1)?.fate)) await bed.until('said', 60_000);
  await waitFor('it to be idle', () => bed.session.state === 'idle', { timeoutMs: 60_000 });
  return left;
}

/** Why the rule of a request did not answer it. */
async function leftBy(bed: Bed, planned: Planned): Promise<string> {
  const { id, request } = bed.session;
  const about = `request ${planned.number}, exact by ${request?.exact ?? 'nothing'}`;
  if (request?.command == null) return `${about}: its command is not known\n${await bed.screen()}`;
  const { command, action } = request;
  const params = { session: id, action: action ?? 'shell', command } as const;
  const { effect, why } = await bed.product.client.request('policy/test', params);
  return `${about}, ${JSON.stringify(command)}: ${effect} (${why}), ${request.options.length} options`;
}

/** A key that no dialog took stands in the input box. */
async function strayKeys(bed: Bed, batch: readonly Planned[]): Promise<string[]> {
  const draft = await bed.draft();
  return draft === null
    ? []
    : [`after request ${batch.at(-1)?.number ?? 0} ${JSON.stringify(draft)} stands in its box`];
}

async function asksFor(bed: Bed, planned: Planned): Promise<PendingRequest> {
  return await waitFor(
    `request ${planned.number}`,
    () => {
      const { request } = bed.session;
      return request?.command?.includes(stem(planned)) === true && request.options.length > 0 ? request : undefined;
    },
    { timeoutMs: 60_000 },
  );
}

/** A rule decides at once, or not at all; a busy machine takes its time for what it runs. */
const RULE_MS = 25_000;

async function isDone(bed: Bed, planned: Planned): Promise<boolean> {
  const wait = waitFor('the rule', () => made(bed, planned) > 0, { timeoutMs: RULE_MS });
  return await wait.catch(() => false);
}

function made(bed: Bed, planned: Planned): number {
  return readdirSync(bed.product.folder).filter((name) => name.startsWith(stem(planned))).length;
}

function checkFiles(bed: Bed, done: readonly Planned[]): string[] {
  return done.flatMap((one) => {
    const files = made(bed, one);
    const wanted = isDenied(one.fate) ? 0 : 1;
    return files === wanted ? [] : [`request ${one.number} (${one.fate}) has happened ${files} times`];
  });
}

function checkAudit(audit: readonly AuditEntry[]): string[] {
  const times = new Map<string, number>();
  for (const { request } of audit) times.set(request.id, (times.get(request.id) ?? 0) + 1);
  return [...times].flatMap(([id, count]) => (count === 1 ? [] : [`${id} has ${count} entries in the audit`]));
}
