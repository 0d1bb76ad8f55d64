import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { errorText } from '../../src/protocol/errors.js';
import type { PendingRequest } from '../../src/protocol/pendingRequest.js';
import type { Bench } from '../bench/figure.js';
import { waitFor } from '../bench/numbers.js';
import { Bed, type Where } from './bed.js';
import type { Program } from './programs.js';

/** `plain`: one short line; `letters`: one line of 300, which no dialog shows in one row; `lines`: several lines. */
export type RuledKind = 'plain' | 'letters' | 'lines';

/** What rules did with requests that they allow, in a terminal of one size. */
export interface RuledRequests {
  readonly program: string;
  readonly what: RuledKind;
  readonly size: string;
  readonly requests: number;
  /** Answered by their rule. */
  readonly answered: number;
  /** How many of them were known exactly in the end, by where their bytes came from; `null`: not exactly. */
  readonly exact: Readonly<Record<string, number>>;
  /** The longest time for which one of them was shown and not known exactly. */
  readonly unknownMs: number;
  /** What is wrong, one line each. */
  readonly wrong: readonly string[];
}

export interface RulesOptions {
  readonly where: Where;
  /** So many plain ones in each size, and so many long ones, half of them of several lines. */
  readonly count: number;
}

const SIZES = [
  { columns: 120, rows: 40 },
  { columns: 80, rows: 24 },
] as const;
const RULE = 'touch';
const LETTERS = 300;
/** Asked one after the other in each turn. */
const IN_A_TURN: Readonly<Record<RuledKind, number>> = { plain: 8, letters: 4, lines: 4 };
const CALLED_MS = 120_000;
const LEFT_MS = 30_000;

/** A request, and what it makes. */
interface Wanted {
  readonly file: string;
  readonly command: string;
}

const COMMANDS: Readonly<Record<RuledKind, (file: string) => string>> = {
  plain: (file) => `${RULE} ${file}`,
  letters: (file) => `${RULE} ${'./'.repeat((LETTERS - file.length) / 2)}${file}`,
  lines: (file) => `${RULE} ${file}-first\n${RULE} ${file}-second \\\n  ${file}-third\n\n${RULE} ${file}`,
};

/** Requests that a rule allows, plain and long, while somebody looks from a terminal of each size. */
export async function driveRules(
  program: Program,
  bench: Bench,
  { where, count }: RulesOptions,
): Promise<readonly RuledRequests[]> {
  const bed = await Bed.open(program, bench, where);
  await bed.product.client.request('policy/add', { rule: { effect: 'allow', command: RULE } });
  const counts: Readonly<Record<RuledKind, number>> = {
    plain: count,
    letters: program.isLongKnown ? Math.ceil(count / 2) : 0,
    lines: program.isLongKnown ? Math.floor(count / 2) : 0,
  };
  const all: RuledRequests[] = [];
  for (const { columns, rows } of SIZES) {
    for (const what of ['plain', 'letters', 'lines'] as const) {
      const wanted = Array.from({ length: counts[what] }, (_, index) => `${what}-${columns}-${index + 1}`);
      if (wanted.length === 0) continue;
      const round = new Round(bed, what, { columns, rows }, bench);
      all.push(await round.drive(wanted.map((file) => ({ file, command: COMMANDS[what](file) }))));
    }
    await bed.kill();
  }
  return all;
}

/** How a request was shown last, and since when not exactly. */
interface Seen {
  request: PendingRequest;
  unknownSince: number | undefined;
  unknownMs: number;
}

/** Requests of one kind in a terminal of one size. */
class Round {
  readonly #bed: Bed;
  readonly #what: RuledKind;
  readonly #size: { readonly columns: number; readonly rows: number };
  readonly #bench: Bench;
  readonly #wrong: string[] = [];
  #seen = new Map<string, Seen>();

  constructor(bed: Bed, what: RuledKind, size: { readonly columns: number; readonly rows: number }, bench: Bench) {
    this.#bed = bed;
    this.#what = what;
    this.#size = size;
    this.#bench = bench;
  }

  async drive(wanted: readonly Wanted[]): Promise<RuledRequests> {
    const { columns, rows } = this.#size;
    const size = `${columns}x${rows}`;
    const all = new Map<string, Seen>();
    const following = this.#bed.product.client.onDidChange(({ change }) => {
      if (change.type !== 'session/changed') return;
      this.#see(change.session.request);
    });
    for (let next = 0; next < wanted.length;) {
      this.#bench.progress(`${this.#what} request ${next + 1} of ${wanted.length} at ${size}`);
      this.#seen = new Map();
      const batch = wanted.slice(next, next + IN_A_TURN[this.#what]);
      next += await this.#turn(batch);
      this.#see(null);
      for (const [id, one] of this.#seen) all.set(id, one);
    }
    following.dispose();
    const answered = await this.#answered(wanted);
    const exact: Record<string, number> = {};
    for (const { request } of all.values()) {
      exact[String(request.exact)] = (exact[String(request.exact)] ?? 0) + 1;
    }
    const unknownMs = Math.round(Math.max(0, ...[...all.values()].map((one) => one.unknownMs)));
    const { program } = this.#bed;
    const wrong = [...this.#wrong, ...wrongOf(wanted, [...all.values()])];
    return {
      program: program.name,
      what: this.#what,
      size,
      requests: wanted.length,
      answered,
      exact,
      unknownMs,
      wrong,
    };
  }

  /** Asks for some of them in one turn. @returns how many are dealt with */
  async #turn(batch: readonly Wanted[]): Promise<number> {
    const bed = this.#bed;
    const made = (): number => batch.filter(({ file }) => existsSync(join(bed.product.folder, file))).length;
    try {
      if (!bed.isRunning) {
        await bed.start();
        const terminal = await bed.product.client.openTerminal(bed.session.id, this.#size);
        terminal.onData(() => undefined);
      }
      bed.begin();
      // An input box takes a line break for the end of a prompt.
      const steps = batch.map(
        ({ command }) => `do:${bed.program.bash}(${command.replaceAll('\n', String.raw`\u{a}`)})`,
      );
      await bed.prompt(`${steps.join(' ')} do:say(done)`);
      for (let done = 0; done < batch.length; done = made()) {
        await bed.until('called', CALLED_MS, done + 1);
        await waitFor('the rule', () => made() > done, { timeoutMs: LEFT_MS });
      }
      await bed.until('said', 60_000);
      await waitFor('it to be idle', () => bed.session.state === 'idle', { timeoutMs: 60_000 });
      return batch.length;
    } catch (error) {
      const left = batch[made()];
      const screen = await bed.screen().catch(() => 'nothing is known of it');
      this.#complain(
        left === undefined
          ? `after ${batch.at(-1)?.file ?? ''}: ${errorText(error)}\n${screen}`
          : `${left.file} was left to a person: ${errorText(error)}\n${JSON.stringify(bed.isRunning ? bed.session.request : null)}\n${screen}`,
      );
      // One that cannot be ended is left behind.
      await bed.kill().catch((failure: unknown) => this.#complain(errorText(failure)));
      return Math.min(batch.length, made() + 1);
    }
  }

  #complain(wrong: string): void {
    this.#wrong.push(wrong);
    this.#bench.progress(wrong);
  }

  #see(request: PendingRequest | null): void {
    const now = performance.now();
    for (const one of this.#seen.values()) {
      if (one.unknownSince === undefined) continue;
      one.unknownMs = Math.max(one.unknownMs, now - one.unknownSince);
      if (one.request.id !== request?.id) one.unknownSince = undefined;
    }
    if (request?.kind !== 'permission') return;
    const one = this.#seen.get(request.id) ?? { request, unknownSince: undefined, unknownMs: 0 };
    one.request = request;
    one.unknownSince = request.exact === null ? (one.unknownSince ?? now) : undefined;
    this.#seen.set(request.id, one);
  }

  async #answered(wanted: readonly Wanted[]): Promise<number> {
    const audit = await this.#bed.product.client.request('audit/list', { limit: 10_000 });
    const ruled = audit.filter(({ by, outcome }) => by.type === 'policy' && outcome === 'answered');
    const commands = ruled.map(({ request }) => request.command);
    return wanted.filter(({ command }) => commands.filter((one) => one === command).length === 1).length;
  }
}

/** Each is shown as one request, in exactly these words. */
function wrongOf(wanted: readonly Wanted[], seen: readonly Seen[]): string[] {
  const commands = new Set(wanted.map(({ command }) => command));
  const times = (command: string): number => seen.filter(({ request }) => request.command === command).length;
  return [
    ...wanted
      .filter(({ command }) => times(command) !== 1)
      .map(({ file, command }) => `${file}: its words were shown in ${times(command)} requests`),
    ...seen
      .filter(({ request }) => !commands.has(request.command ?? ''))
      .map(({ request }) => `shown as ${JSON.stringify(request)}`),
  ];
}
