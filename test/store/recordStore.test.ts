import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import fc from 'fast-check';
import { homePaths, openHome } from '../../src/core/store/home.js';
import { setAsideFiles } from '../../src/core/store/setAsideFiles.js';
import { RecordStore } from '../../src/core/store/recordStore.js';
import { LocalMachine } from '../../src/machines/local/localMachine.js';
import { CodeManagerError } from '../../src/protocol/errors.js';
import { SessionRecord } from '../../src/protocol/files.js';
import { RECORD_MACHINES } from '../helpers/recordMachines.js';
import { storedRecord } from '../helpers/records.js';
import { tempDir } from '../helpers/tempDir.js';

function record(id: string, fields: Partial<SessionRecord> = {}): SessionRecord {
  return storedRecord({ id, name: `session ${id}`, ...fields });
}

async function newHome(t: TestContext): Promise<string> {
  return (await openHome(join(tempDir(t), 'home'))).root;
}

async function open(home: string): Promise<RecordStore> {
  const store = new RecordStore({ machine: new LocalMachine() });
  await store.load(homePaths(home));
  return store;
}

/** A test on every kind of machine. */
function testEach(name: string, run: (t: TestContext, open: (home: string) => Promise<RecordStore>) => Promise<void>) {
  for (const [kind, make] of Object.entries(RECORD_MACHINES)) {
    test(`on ${kind}: ${name}`, (t) =>
      run(t, async (home) => {
        const store = new RecordStore({ machine: await make(t, home) });
        await store.load(homePaths(home));
        return store;
      }));
  }
}

const active = (home: string, name = ''): string => join(home, 'sessions', 'active', name);
const archive = (home: string, name = ''): string => join(home, 'sessions', 'archive', name);

test('records come back after a restart, in the order of their ids', async (t) => {
  const home = await newHome(t);
  const store = await open(home);
  await Promise.all([store.save(record('bbbb')), store.save(record('aaaa', { delivery: 'typing', logBase: 42 }))]);
  const again = await open(home);
  assert.deepEqual(again.all(), [record('aaaa', { delivery: 'typing', logBase: 42 }), record('bbbb')]);
  assert.deepEqual(again.problems, []);
});

testEach('bad records cost only themselves: they are named, kept aside, and the rest works', async (t, open) => {
  const home = await newHome(t);
  await (await open(home)).save(record('good'));
  const bad = {
    '0000000empty.json': '',
    '00000000ha1f.json': readFileSync(active(home, 'good.json'), 'utf8').slice(0, 300),
    '0000000001st.json': '[]',
    '0000000wr0ng.json': JSON.stringify({ ...record('0000000wr0ng'), status: 'dancing' }),
    '000000c0p1ed.json': JSON.stringify(record('good')),
  };
  for (const [name, text] of Object.entries(bad)) writeFileSync(active(home, name), text);
  mkdirSync(active(home, 'folder.json'));
  writeFileSync(active(home, 'notes.txt'), 'not ours');
  const strays = ['notes.json', 'a note.json', '0000000zer0s.json', '000000000f1f.json', '0000000gh0st.json'];
  writeFileSync(active(home, 'notes.json'), 'not ours');
  writeFileSync(active(home, 'a note.json'), 'not ours');
  symlinkSync('/dev/zero', active(home, '0000000zer0s.json'));
  execFileSync('mkfifo', [active(home, '000000000f1f.json')]);
  symlinkSync('itself', active(home, '0000000gh0st.json'));
  symlinkSync('0000000gh0st.json', active(home, 'itself'));
  const store = await open(home);
  assert.deepEqual(store.all(), [record('good')]);
  for (const [name, text] of Object.entries(bad)) {
    assert.ok(
      store.problems.some((problem) => problem.includes(`sessions/active/${name}`)),
      name,
    );
    assert.equal(readFileSync(active(home, `${name}.bad-1`), 'utf8'), text);
  }
  for (const name of ['folder.json', ...strays]) {
    assert.equal(store.problems.filter((problem) => problem.includes(`/${name} is skipped`)).length, 1, name);
    assert.ok(lstatSync(active(home, name)), 'left as it is');
  }
  assert.deepEqual(
    (await setAsideFiles(home)).length,
    Object.keys(bad).length,
    'named until somebody has dealt with them',
  );
  assert.ok(existsSync(active(home, 'notes.txt')));
  assert.deepEqual((await open(home)).all(), [record('good')]);
});

testEach('a record of a newer format is left where it is', async (t, open) => {
  const home = await newHome(t);
  writeFileSync(active(home, 'aaaa.json'), JSON.stringify({ ...record('aaaa'), version: 2 }));
  const store = await open(home);
  assert.deepEqual(store.all(), []);
  assert.match(store.problems[0] ?? '', /aaaa\.json was written by a newer/);
  assert.ok(existsSync(active(home, 'aaaa.json')));
});

test('fields that are not known survive a rewrite, at every depth', async (t) => {
  const home = await newHome(t);
  const raw = {
    ...record('aaaa'),
    future: { deep: [1, { two: 3 }] },
    machine: { host: 'h', bootId: 'b', rack: 7 },
    worktree: { path: '/w', branch: 'b', remote: 'origin' },
  };
  writeFileSync(active(home, 'aaaa.json'), JSON.stringify(raw));
  const store = await open(home);
  const loaded = store.get('aaaa');
  assert.ok(loaded);
  await store.save({ ...loaded, name: 'renamed' });
  assert.deepEqual(JSON.parse(readFileSync(active(home, 'aaaa.json'), 'utf8')), { ...raw, name: 'renamed' });
});

test('what nobody knows survives any number of rewrites', async (t) => {
  const home = await newHome(t);
  const known = new Set(Object.keys(SessionRecord.shape));
  const extra = fc.dictionary(
    fc.string({ minLength: 1, maxLength: 12 }).filter((key) => !known.has(key) && key !== '__proto__'),
    fc
      .jsonValue({ maxDepth: 3 })
      .filter((value) => JSON.stringify(value) === JSON.stringify(JSON.parse(JSON.stringify(value)))),
    { maxKeys: 4 },
  );
  await fc.assert(
    fc.asyncProperty(extra, fc.array(fc.boolean(), { minLength: 1, maxLength: 3 }), async (fields, steps) => {
      writeFileSync(active(home, 'aaaa.json'), JSON.stringify({ ...record('aaaa'), ...fields }));
      let expected = {};
      for (const pinned of steps) {
        const store = await open(home);
        const loaded = store.get('aaaa');
        assert.ok(loaded);
        await store.save({ ...loaded, pinned });
        expected = { ...record('aaaa'), ...fields, pinned };
      }
      assert.deepEqual(
        JSON.parse(readFileSync(active(home, 'aaaa.json'), 'utf8')),
        JSON.parse(JSON.stringify(expected)),
      );
    }),
    { numRuns: 30 },
  );
});

test('many writes of one record at once: the last one is on disk, and the file was written a few times only', async (t) => {
  const home = await newHome(t);
  const store = await open(home);
  const saves = Array.from({ length: 500 }, (_, i) => store.save(record('aaaa', { task: `task ${i}` })));
  assert.equal(store.get('aaaa')?.task, 'task 499');
  assert.ok(new Set(saves).size <= 3, 'writes were not joined');
  await Promise.all(saves);
  assert.equal(SessionRecord.parse(JSON.parse(readFileSync(active(home, 'aaaa.json'), 'utf8'))).task, 'task 499');
});

test('a record that was saved while another write ran is on disk when its promise resolves', async (t) => {
  const home = await newHome(t);
  const store = await open(home);
  const first = store.save(record('aaaa', { task: 'one' }));
  await new Promise(setImmediate);
  await store.save(record('aaaa', { task: 'two' }));
  assert.match(readFileSync(active(home, 'aaaa.json'), 'utf8'), /"two"/);
  await first;
});

test('a record that could not be written is kept and written by flush', async (t) => {
  const home = await newHome(t);
  const store = await open(home);
  await store.save(record('aaaa'));
  const { rmSync } = await import('node:fs');
  rmSync(active(home, 'aaaa.json'));
  // A folder in its place refuses the rename, whoever we are.
  mkdirSync(active(home, 'aaaa.json/x'), { recursive: true });
  await assert.rejects(store.save(record('aaaa', { name: 'later' })), CodeManagerError);
  assert.equal(store.get('aaaa')?.name, 'later');
  mkdirSync(active(home, 'bbbb.json/x'), { recursive: true });
  await assert.rejects(store.save(record('bbbb')), CodeManagerError);
  assert.equal(store.get('bbbb'), undefined, 'a new one was never there');
  rmSync(active(home, 'bbbb.json'), { recursive: true });
  await assert.rejects(store.flush(), CodeManagerError);
  rmSync(active(home, 'aaaa.json'), { recursive: true });
  await store.flush();
  assert.ok(existsSync(active(home, 'aaaa.json')));
  assert.deepEqual(readdirSync(active(home)), ['aaaa.json']);
});

testEach('archiving moves the record with its files, and back', async (t, open) => {
  const home = await newHome(t);
  const store = await open(home);
  await store.save(record('aaaa'));
  for (const file of ['log', 'exit', 'closed', 'notes']) writeFileSync(active(home, `aaaa.${file}`), file);
  assert.equal((await store.archive('aaaa')).archived, true);
  assert.deepEqual(readdirSync(active(home)), ['aaaa.notes']);
  assert.deepEqual(readdirSync(archive(home)).sort(), ['aaaa.closed', 'aaaa.exit', 'aaaa.json', 'aaaa.log']);
  assert.deepEqual(store.all(), []);
  assert.equal((await store.archive('aaaa')).archived, true);

  const again = await open(home);
  assert.equal(again.get('aaaa'), undefined);
  assert.deepEqual(
    (await again.loadArchived()).map(({ id, archived }) => [id, archived]),
    [['aaaa', true]],
  );
  await again.save({ ...record('aaaa'), archived: true, name: 'renamed' });
  assert.match(readFileSync(archive(home, 'aaaa.json'), 'utf8'), /renamed/);
  assert.equal((await again.unarchive('aaaa')).archived, false);
  assert.deepEqual(readdirSync(archive(home)), []);
  assert.equal(readFileSync(active(home, 'aaaa.log'), 'utf8'), 'log');
  await assert.rejects(again.archive('zzzz'), /There is no session zzzz/);
});

testEach('what is saved while a session moves to the archive is not lost', async (t, open) => {
  const home = await newHome(t);
  const store = await open(home);
  await store.save(record('aaaa', { unread: true }));
  const moving = store.archive('aaaa');
  await new Promise(setImmediate);
  await Promise.all([moving, store.save(record('aaaa', { unread: false, name: 'later' }))]);
  const again = await open(home);
  const [archived] = await again.loadArchived();
  assert.equal(archived?.name, 'later');
  assert.equal(archived.archived, true);
  assert.deepEqual(again.all(), []);
});

testEach('a move that was cut short is undone: the session is active with all its files', async (t, open) => {
  const home = await newHome(t);
  const store = await open(home);
  await store.save(record('aaaa'));
  writeFileSync(active(home, 'aaaa.exit'), '0');
  writeFileSync(archive(home, 'aaaa.log'), 'bytes');
  writeFileSync(archive(home, 'aaaa.json'), JSON.stringify(record('aaaa', { archived: true })));
  utimesSync(archive(home, 'aaaa.json'), 0, 0);
  const again = await open(home);
  assert.equal(again.get('aaaa')?.archived, false);
  assert.deepEqual(readdirSync(active(home)).sort(), ['aaaa.exit', 'aaaa.json', 'aaaa.log']);
  assert.deepEqual(readdirSync(archive(home)), []);
});

testEach('purging deletes the files of that session and nothing else', async (t, open) => {
  const home = await newHome(t);
  const store = await open(home);
  await store.save(record('aaaa'));
  await store.save(record('aaaab'));
  for (const name of ['aaaa.log', 'aaaa.log.mine', 'aaaa', 'aaaab.log']) writeFileSync(active(home, name), '');
  writeFileSync(archive(home, 'aaaa.exit'), '');
  const late = store.save(record('aaaa', { task: 'late' }));
  await store.purge('aaaa');
  await late;
  assert.equal(store.get('aaaa'), undefined);
  assert.deepEqual(readdirSync(active(home)).sort(), ['aaaa', 'aaaa.log.mine', 'aaaab.json', 'aaaab.log']);
  assert.deepEqual(readdirSync(archive(home)), []);
});

test('an id that would leave the folder is refused', async (t) => {
  const home = await newHome(t);
  const store = await open(home);
  for (const id of ['../x', 'a/b', '', '.hidden', 'a'.repeat(65)]) {
    assert.throws(() => void store.save({ ...record('aaaa'), id }), CodeManagerError, id);
    await assert.rejects(store.purge(id), CodeManagerError);
  }
});

test('a task of four megabytes and of any characters comes back as it was', async (t) => {
  const home = await newHome(t);
  const task = `"\\\n\u2028💥${'x'.repeat(4_000_000)}`;
  await (await open(home)).save(record('aaaa', { task }));
  assert.equal((await open(home)).get('aaaa')?.task, task);
});
