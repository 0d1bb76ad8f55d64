import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { errorText } from '../../src/protocol/errors.js';
import type { PendingRequest } from '../../src/protocol/pendingRequest.js';
import type { Bench } from '../bench/figure.js';
import { waitFor } from '../bench/numbers.js';
import { Bed, type Where } from './bed.js';
import type { Program } from './programs.js';

/** What rules did with requests that they allow, in a terminal of one size. */
export interface RuledRequests {
  readonly program: string;
  /** `plain`: one short line; `long`: about 300 letters, which no dialog shows in one row. */
  readonly what: 'plain' | 'long';
  readonly size: string;
  readonly requests: number;
  /** Answered by their rule. */
  readonly answered: number;
  /** By where the exact bytes came from; null: not known exactly. */
  readonly exact: Readonly<Record<string, number>>;
  /** What is wrong, one line each. */
  readonly wrong: readonly string[];
}

export interface RulesOptions {
  readonly where: Where;
  /** So many requests of each kind and size. */
  readonly count: number;
}

const SIZES = [
  { columns: 120, rows: 40 },
  { columns: 80, rows: 24 },
] as const;
const RULE = 'touch';
const LONG = 300;

/** Requests that a rule allows, plain and long, as they are, and while somebody looks from a smaller terminal. */
export async function driveRules(
  program: Program,
  bench: Bench,
  { where, count }: RulesOptions,
): Promise<readonly RuledRequests[]> {
  const bed = await Bed.open(program, bench, where);
  const { client } = bed.product;
  await client.request('policy/add', { rule: { effect: 'allow', command: RULE } });
  const all: RuledRequests[] = [];
  const last = new Map<string, PendingRequest['exact']>();
  client.onDidChange(({ change }) => {
    if (change.type !== 'session/changed' || change.session.request?.kind !== 'permission') return;
    last.set(change.session.request.id, change.session.request.exact);
  });
  for (const { columns, rows } of SIZES) {
    for (const what of ['plain', 'long'] as const) {
      const size = `${columns}x${rows}`;
      const exact: Record<string, number> = {};
      const wrong: string[] = [];
      let answered = 0;
      for (let number = 1; number <= count; number++) {
        bench.progress(`${what} request ${number} of ${count} at ${size}`);
        const name = `${what}-${columns}-${number}`;
        const path = what === 'long' ? './'.repeat((LONG - name.length) / 2) + name : name;
        try {
          if (!bed.isRunning) {
            await bed.start();
            const terminal = await client.openTerminal(bed.session.id, { columns, rows });
            terminal.onData(() => undefined);
          }
          bed.begin();
          last.clear();
          await bed.prompt(`do:delay(1) do:${program.bash}(${RULE} ${path}) do:say(done)`);
          const isMade = (): boolean => existsSync(join(bed.product.folder, name));
          const isAnswered = await waitFor('the rule', isMade, { timeoutMs: 30_000 }).catch(() => false);
          for (const source of last.values()) exact[source ?? 'null'] = (exact[source ?? 'null'] ?? 0) + 1;
          if (last.size !== 1) wrong.push(`${name}: ${last.size} requests were shown for one dialog`);
          if (isAnswered) {
            answered++;
            await bed.until('said', 60_000);
            await waitFor('it to be idle', () => bed.session.state === 'idle', { timeoutMs: 60_000 });
          } else {
            wrong.push(`${name} was left to a person:\n${await bed.screen().catch(() => 'nothing is known of it')}`);
            await bed.kill();
          }
        } catch (error) {
          wrong.push(`${name}: ${errorText(error)}`);
          await bed.kill();
        }
      }
      all.push({ program: program.name, what, size, requests: count, answered, exact, wrong });
    }
    await bed.kill();
  }
  return all;
}
