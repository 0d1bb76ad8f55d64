import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { suite, test, type TestContext } from 'node:test';
import { truncate } from '../../src/common/text.js';

/** One case of a campaign, as data: what is put in, and what must come out. */
export interface CampaignCase<Input, Expected> {
  /** Short and kept for ever: words with dashes, unique in its table. */
  readonly id: string;
  /** What an attacker hopes for, or a person needs, where the input does not say it. */
  readonly why?: string;
  readonly input: Input;
  readonly expect: Expected;
}

/** What a harness has besides the input of a case. */
export interface CampaignRun {
  readonly id: string;
  /** The same for every run with this seed; other cases have other ones. */
  readonly seed: number;
  readonly t: TestContext;
}

export interface CampaignOptions {
  /** Cases at once; default 1. */
  readonly concurrency?: number;
  /** Of one case; default 60 s. */
  readonly timeoutMs?: number;
}

/**
 * Runs the cases of one boundary through the product: all of them, or the part that `npm run campaign` or `npm test`
 * asked for, drawn by the seed.
 * @param run gives what came out, which is compared with what the case expects
 */
export function campaign<Input, Expected>(
  boundary: string,
  cases: readonly CampaignCase<Input, Expected>[],
  run: (input: Input, run: CampaignRun) => Expected | Promise<Expected>,
  { concurrency = 1, timeoutMs = 60_000 }: CampaignOptions = {},
): void {
  const ids = new Set(cases.map(({ id }) => id));
  assert.equal(ids.size, cases.length, `two cases of ${boundary} have one id`);
  const { CM_SEED: seed = '0', CM_PART: part = '1', CM_ONLY: only } = process.env;
  const count = Math.ceil(cases.length * Number(part));
  const isDrawn = only === undefined;
  const drawn = isDrawn ? draw(cases, count, `${seed} ${boundary}`, ({ id }) => id) : cases.filter(isCalled(only));
  void suite(boundary, { concurrency }, () => {
    for (const { id, why, input, expect } of drawn) {
      const name = `${boundary}/${id}: ${shown(input)} → ${shown(expect)}`;
      test(name, { timeout: timeoutMs }, async (t) => {
        const own = digest(`${seed} ${boundary} ${id}`).readUInt32BE();
        assert.deepEqual(await run(input, { id, seed: own, t }), expect, why);
      });
    }
  });
}

/**
 * Those of the rows that this run tries: in a whole `npm test` only as many as `count`, drawn by its seed, since each of
 * them takes a real program a minute; in all other runs each.
 * @param what tells these rows from others
 * @param name tells a row from the others
 */
export function drawnRows<Row>(
  what: string,
  rows: readonly Row[],
  count: number,
  name: (row: Row) => string,
): readonly Row[] {
  const { CM_SEED: seed = '0', CM_DRAWS: draws } = process.env;
  return draws === undefined ? rows : draw(rows, count, `${seed} ${what}`, name);
}

/** Whether one is among them hardly depends on how many others there are. */
function draw<Row>(rows: readonly Row[], count: number, seed: string, name: (row: Row) => string): Row[] {
  const places = new Map(rows.map((row) => [row, digest(`${seed} ${name(row)}`).toString('hex')]));
  const place = (row: Row): string => places.get(row) ?? '';
  const chosen = new Set([...rows].sort((a, b) => (place(a) < place(b) ? -1 : 1)).slice(0, count));
  return rows.filter((row) => chosen.has(row));
}

function isCalled(only: string): (each: { readonly id: string }) => boolean {
  const wanted = only.split(',');
  return ({ id }) => wanted.includes(id);
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** In one line, with whatever cannot be seen spelled out. */
function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const visible = text.replace(/[^\P{C}]|[^\P{Z} ]/gu, (char) => `\\u{${char.codePointAt(0)?.toString(16) ?? ''}}`);
  return truncate(visible, 160);
}
