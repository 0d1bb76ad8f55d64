import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import fc from 'fast-check';
import { endedSpans, wholeHistory } from '../../src/core/records/history.js';
import { reduceLifecycle } from '../../src/core/records/lifecycle.js';
import { homePaths, openHome, type HomePaths } from '../../src/core/store/home.js';
import { RecordStore } from '../../src/core/store/recordStore.js';
import type { SessionRecord } from '../../src/protocol/files.js';
import { historyTotals, type SessionHistory } from '../../src/protocol/history.js';
import type { SessionState } from '../../src/protocol/session.js';
import { RECORD_MACHINES } from '../helpers/recordMachines.js';
import { storedRecord } from '../helpers/records.js';
import { tempDir } from '../helpers/tempDir.js';

const ID = '0123456789ab';
const T0 = Date.parse('2026-01-01T12:00:00.000Z');
const at = (seconds: number): string => new Date(T0 + seconds * 1000).toISOString();
const begun = (): SessionRecord =>
  storedRecord({ id: ID, status: 'starting', state: null, created: at(0), changed: at(0), started: null });

/** One session in the store of a machine, which can be killed at any moment. */
class Kept {
  readonly paths: HomePaths;
  readonly #open: () => Promise<RecordStore>;
  #store: RecordStore | undefined;

  private constructor(paths: HomePaths, open: () => Promise<RecordStore>) {
    this.paths = paths;
    this.#open = open;
  }

  static async make(t: TestContext, kind: string): Promise<Kept> {
    const paths = homePaths((await openHome(join(tempDir(t), 'home'))).root);
    const machine = await RECORD_MACHINES[kind]?.(t, paths.root);
    assert.ok(machine);
    return new Kept(paths, async () => {
      const store = new RecordStore({ machine });
      await store.load(paths);
      return store;
    });
  }

  file(ending: string, folder = this.paths.active): string {
    return join(folder, `${ID}.${ending}`);
  }

  async store(): Promise<RecordStore> {
    return (this.#store ??= await this.#open());
  }

  kill(): void {
    this.#store = undefined;
  }

  async begin(): Promise<void> {
    await (await this.store()).save(begun());
  }

  async change(state: SessionState, seconds: number): Promise<void> {
    const store = await this.store();
    const before = store.get(ID);
    assert.ok(before);
    const after = reduceLifecycle(before, { type: 'state', state, time: at(seconds) });
    await store.save(after, endedSpans(before, after));
  }

  async history(): Promise<SessionHistory> {
    const store = await this.store();
    const record = store.get(ID);
    assert.ok(record);
    return wholeHistory(record, await store.history(ID));
  }

  async told(): Promise<unknown> {
    return (await this.history()).spans.map(({ doing, from }) => [doing, (Date.parse(from) - T0) / 1000]);
  }
}

const step = fc.record({
  state: fc.constantFrom<SessionState>('working', 'waiting', 'idle', 'limited'),
  /** Where a kill comes: after it, in the middle of the line, between the line and the record; or none. */
  kill: fc.constantFrom('no', 'no', 'after', 'inLine', 'beforeRecord'),
});

for (const kind of Object.keys(RECORD_MACHINES)) {
  test(`on ${kind}: whenever a server is killed, what a session was doing is told whole and each once`, async (t) => {
    const kept = await Kept.make(t, kind);
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), fc.nat(60), async (steps, cut) => {
        await kept.begin();
        const expected: [string, number][] = [['starting', 0]];
        for (const [i, { state, kill }] of steps.entries()) {
          const seconds = i + 1;
          const before = readFileSync(kept.file('json'), 'utf8');
          const size = existsSync(kept.file('history')) ? readFileSync(kept.file('history')).length : 0;
          await kept.change(state, seconds);
          if (kill === 'inLine' || kill === 'beforeRecord') {
            writeFileSync(kept.file('json'), before);
            const now = existsSync(kept.file('history')) ? readFileSync(kept.file('history')).length : 0;
            if (kill === 'inLine' && now > size)
              truncateSync(kept.file('history'), size + Math.min(cut, now - size - 1));
          } else if (expected.at(-1)?.[0] !== state) {
            expected.push([state, seconds]);
          }
          if (kill !== 'no') kept.kill();
        }
        assert.deepEqual(await kept.told(), expected);
        const totals: Record<string, number> = {};
        for (const [n, [doing, from]] of expected.entries())
          totals[doing] = (totals[doing] ?? 0) + ((expected[n + 1]?.[1] ?? 100) - from) * 1000;
        const known = historyTotals(await kept.history(), T0 + 100_000);
        assert.deepEqual(Object.fromEntries(Object.entries(known).filter(([, ms]) => ms > 0)), totals);
        await (await kept.store()).purge(ID);
        assert.ok(!existsSync(kept.file('history')), 'it goes with the session');
      }),
      { numRuns: kind === 'this host' ? 40 : 8 },
    );
  });

  test(`on ${kind}: the history of an old record goes into its file, and with the session into the archive`, async (t) => {
    const kept = await Kept.make(t, kind);
    const spans = Array.from({ length: 100 }, (_, i) => ({
      doing: i % 2 === 0 ? ('working' as const) : ('idle' as const),
      kind: null,
      from: at(i),
    }));
    const old = storedRecord({
      id: ID,
      state: 'idle',
      changed: at(99),
      history: { spans, earlier: { working: 65_000 } },
    });
    writeFileSync(kept.file('json'), JSON.stringify(old));
    assert.deepEqual((await kept.history()).spans, spans);
    await kept.change('waiting', 100);
    const lines = readFileSync(kept.file('history'), 'utf8').trimEnd().split('\n');
    assert.deepEqual(
      lines.map((line) => JSON.parse(line) as unknown),
      spans,
    );
    const written = JSON.parse(readFileSync(kept.file('json'), 'utf8')) as SessionRecord;
    assert.deepEqual(
      written.history.spans.map(({ doing }) => doing),
      ['waiting'],
    );
    assert.deepEqual(written.history.earlier, { working: 115_000, idle: 50_000 });
    assert.deepEqual(historyTotals(await kept.history(), T0 + 100_000), { working: 115_000, idle: 50_000, waiting: 0 });
    const store = await kept.store();
    await store.archive(ID);
    assert.ok(existsSync(kept.file('history', kept.paths.archive)) && !existsSync(kept.file('history')));
    assert.equal((await store.history(ID)).length, 100);
  });

  test(`on ${kind}: what could not be written is in the history as soon as it can be`, async (t) => {
    const kept = await Kept.make(t, kind);
    await kept.begin();
    await kept.change('working', 1);
    renameSync(kept.file('json'), kept.file('away'));
    // A folder in its place refuses the record, whoever we are.
    mkdirSync(kept.file('json/x'), { recursive: true });
    await assert.rejects(kept.change('waiting', 2));
    await assert.rejects(kept.change('idle', 3));
    rmSync(kept.file('json'), { recursive: true });
    await (await kept.store()).flush();
    kept.kill();
    assert.deepEqual(await kept.told(), [
      ['starting', 0],
      ['working', 1],
      ['waiting', 2],
      ['idle', 3],
    ]);
  });
}
