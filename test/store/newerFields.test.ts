import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { homePaths, openHome } from '../../src/core/store/home.js';
import { RecordStore } from '../../src/core/store/recordStore.js';
import { RECORD_MACHINES } from '../helpers/recordMachines.js';
import { storedRecord } from '../helpers/records.js';
import { tempDir } from '../helpers/tempDir.js';

const ID = '0123456789ab';
const TIME = '2026-01-02T03:04:05.000Z';

type Json = Readonly<Record<string, unknown>>;

/** A record that has something in every nested field, as this version writes it. */
function fullRecord(): Json {
  const record = storedRecord({
    id: ID,
    worktree: { path: '/w', branch: 'b' },
    waiting: { kind: 'permission', text: 'npm publish' },
    conversation: { home: '/h', given: null },
    history: {
      spans: [
        { doing: 'starting', kind: null, from: TIME },
        { doing: 'working', kind: null, from: TIME },
      ],
      earlier: { idle: 3 },
    },
  });
  return JSON.parse(JSON.stringify(record)) as Json;
}

const key = fc
  .oneof(
    fc.string({ minLength: 1, maxLength: 8 }).map((text) => `newer ${text}`),
    fc.constantFrom('__proto__', 'constructor', 'toString', 'then'),
  )
  .filter((name) => name !== '');
const value = fc.jsonValue({ maxDepth: 2 }).map((json) => JSON.parse(JSON.stringify(json)) as unknown);
const extra = fc.array(fc.tuple(key, value), { maxLength: 3 });

/** The same with fields that only a newer version knows, in every object of it that is no map of numbers. */
function newerOf(known: unknown, extras: () => readonly (readonly [string, unknown])[], depth = 0): unknown {
  if (Array.isArray(known)) return known.map((item) => newerOf(item, extras, depth + 1));
  if (typeof known !== 'object' || known === null) return known;
  const fields = Object.entries(known).map(
    ([name, field]) => [name, name === 'earlier' ? field : newerOf(field, extras, depth + 1)] as const,
  );
  // Beside the fields of a record itself every name that JSON knows is possible but those that no object keeps.
  const more = extras().filter(([name]) => depth > 0 || name !== '__proto__');
  return Object.fromEntries([...fields, ...more]);
}

for (const [name, make] of Object.entries(RECORD_MACHINES)) {
  test(`what a newer version wrote survives a rewrite at any depth on ${name}`, async (t) => {
    const home = (await openHome(join(tempDir(t), 'home'))).root;
    const paths = homePaths(home);
    const machine = await make(t, home);
    const file = (folder: string): Json => JSON.parse(readFileSync(join(folder, `${ID}.json`), 'utf8')) as Json;
    await fc.assert(
      fc.asyncProperty(fc.array(extra, { minLength: 1, maxLength: 20 }), async (extras) => {
        let next = 0;
        const raw = newerOf(fullRecord(), () => extras[next++ % extras.length] ?? []) as Json;
        writeFileSync(join(paths.active, `${ID}.json`), JSON.stringify(raw));
        const store = new RecordStore({ machine });
        await store.load(paths);
        assert.deepEqual(store.problems, []);
        const read = store.get(ID);
        assert.ok(read?.worktree);
        // What is changed in a field leaves the rest of it as it was, and what is put in its place has nothing of it.
        const waiting = { kind: 'question' as const, text: 'Which?' };
        await store.save({ ...read, name: 'renamed', waiting, worktree: { ...read.worktree, branch: 'other' } });
        const worktree = Object.fromEntries([...Object.entries(raw['worktree'] as Json), ['branch', 'other']]);
        const written = Object.fromEntries([
          ...Object.entries(raw),
          ['name', 'renamed'],
          ['waiting', waiting],
          ['worktree', worktree],
        ]);
        assert.deepEqual(file(paths.active), written);
        await store.archive(ID);
        const archived = Object.fromEntries([...Object.entries(written), ['archived', true]]);
        assert.deepEqual(file(paths.archive), archived);
        await store.loadArchived();
        await store.unarchive(ID);
        assert.deepEqual(file(paths.active), Object.fromEntries([...Object.entries(archived), ['archived', false]]));
        await store.purge(ID);
      }),
      { numRuns: 25 },
    );
  });

  test(`a field that this version cannot read stays what it was on ${name}, until it is another one`, async (t) => {
    const home = (await openHome(join(tempDir(t), 'home'))).root;
    const paths = homePaths(home);
    const path = join(paths.active, `${ID}.json`);
    const raw = { ...fullRecord(), unsaid: { of: 'another shape' }, history: 'kept elsewhere' };
    writeFileSync(path, JSON.stringify(raw));
    const store = new RecordStore({ machine: await make(t, home) });
    await store.load(paths);
    const read = store.get(ID);
    assert.ok(read);
    assert.deepEqual(read.unsaid, []);
    await store.save({ ...read, name: 'renamed' });
    assert.deepEqual(JSON.parse(readFileSync(path, 'utf8')), { ...raw, name: 'renamed' });
  });
}
