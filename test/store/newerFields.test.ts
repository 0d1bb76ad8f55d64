import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { homePaths, openHome } from '../../src/core/store/home.js';
import { HostSessionStore } from '../../src/core/store/hostSessionStore.js';
import type { RecordStore } from '../../src/core/store/recordStore.js';
import { SessionStore } from '../../src/core/store/sessionStore.js';
import { LocalMachine } from '../../src/machines/local/localMachine.js';
import { storedRecord } from '../helpers/records.js';
import { tempDir } from '../helpers/tempDir.js';

const ID = '0123456789ab';
const STORES = {
  'the store of this host': (home: string): RecordStore => new SessionStore(home),
  "the store of a host's records": (): RecordStore =>
    new HostSessionStore({ machine: new LocalMachine(), records: [], onChange: () => undefined }),
};

for (const [name, make] of Object.entries(STORES)) {
  test(`${name} keeps what a newer version wrote inside of a field that it does not change`, async (t) => {
    const home = (await openHome(join(tempDir(t), 'home'))).root;
    const paths = homePaths(home);
    const key = fc.string({ minLength: 1, maxLength: 8 }).map((text) => `newer ${text}`);
    const value = fc.jsonValue({ maxDepth: 2 }).map((json) => JSON.parse(JSON.stringify(json)) as unknown);
    const extra = fc.dictionary(key, value, { maxKeys: 3 });
    await fc.assert(
      fc.asyncProperty(extra, extra, async (inside, beside) => {
        const record = storedRecord({ id: ID });
        const newer = { ...record, ...beside, machine: { ...record.machine, ...inside } };
        writeFileSync(join(paths.active, `${ID}.json`), JSON.stringify(newer));
        const store = make(home);
        await store.load(paths);
        const read = store.get(ID);
        assert.ok(read);
        await store.save({ ...read, name: 'renamed' });
        const file = (folder: string): unknown => JSON.parse(readFileSync(join(folder, `${ID}.json`), 'utf8'));
        assert.deepEqual(file(paths.active), { ...newer, name: 'renamed' });
        await store.archive(ID);
        assert.deepEqual(file(paths.archive), { ...newer, name: 'renamed', archived: true });
        await store.purge(ID);
      }),
      { numRuns: 30 },
    );
  });
}
