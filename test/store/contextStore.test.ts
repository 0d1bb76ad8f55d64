import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, readdirSync, realpathSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import fc from 'fast-check';
import { ContextStore } from '../../src/core/contexts/contextStore.js';
import { CredentialsStore } from '../../src/core/store/credentialsStore.js';
import { openHome } from '../../src/core/store/home.js';
import { CodeManagerError, type ErrorCode } from '../../src/protocol/errors.js';
import { contextRecord } from '../helpers/records.js';
import { tempDir } from '../helpers/tempDir.js';

const NOW = Date.parse('2026-03-04T05:06:07.000Z');

async function newHome(t: TestContext): Promise<string> {
  return (await openHome(join(tempDir(t), 'home'))).root;
}

async function open(home: string): Promise<ContextStore> {
  const store = new ContextStore(home, { credentials: new CredentialsStore(home), now: () => NOW });
  await store.load();
  return store;
}

function write(home: string, value: unknown): void {
  writeFileSync(join(home, 'contexts.json'), typeof value === 'string' ? value : JSON.stringify(value, null, 2));
}

function read(home: string): { version: number; contexts: Record<string, Record<string, unknown>> } {
  return JSON.parse(readFileSync(join(home, 'contexts.json'), 'utf8')) as never;
}

function coded(code: ErrorCode) {
  return (error: unknown): boolean => error instanceof CodeManagerError && error.code === code;
}

test('a context is added, found, edited, used and removed, and all of it is on disk', async (t) => {
  const home = await newHome(t);
  const store = await open(home);
  const added = await store.add({ name: 'api', path: '/src/api', tags: ['go'] });
  assert.equal(added.created, new Date(NOW).toISOString());
  assert.equal(store.get(added.id), added);
  assert.equal(store.get('api'), added);
  await store.edit('api', { name: 'api2', tags: [] });
  await store.touch(added.id);
  const expected = { ...added, name: 'api2', tags: [], lastUsed: new Date(NOW).toISOString() };
  assert.deepEqual((await open(home)).all(), [expected]);
  assert.equal((await store.remove(added.id.slice(0, 6))).name, 'api2');
  assert.deepEqual((await open(home)).all(), []);
  assert.equal(statSync(join(home, 'contexts.json')).mode & 0o777, 0o600);
});

test('a name is unique and a name', async (t) => {
  const store = await open(await newHome(t));
  await store.add({ name: 'api', path: '/a' });
  const other = await store.add({ name: 'web', path: '/b' });
  await assert.rejects(store.add({ name: ' api ', path: '/c' }), coded('conflict'));
  await assert.rejects(store.edit('web', { name: 'api' }), coded('conflict'));
  assert.equal((await store.edit('web', { name: 'web', path: '/d' })).path, '/d');
  await assert.rejects(store.add({ name: 'a\nb', path: '/c' }), coded('invalid'));
  await assert.rejects(store.add({ name: 'x'.repeat(10_000), path: '/c' }), coded('invalid'));
  await assert.rejects(store.edit('nope', { name: 'x' }), coded('notFound'));
  for (const name of ['$(reboot)', `"quotes" 'both'`, '🦀 crab', '__proto__', 'constructor']) {
    assert.equal((await store.add({ name, path: '/c' })).name, name);
  }
  assert.equal(store.all().length, 7);
  assert.equal(store.get(other.id).path, '/d');
});

test('a bad entry is named and skipped, and stays in the file as it is', async (t) => {
  const home = await newHome(t);
  const bad = { noPath: { id: 'noPath', name: 'x' }, text: 'hello', other: { ...contextRecord(), id: 'another' } };
  write(home, { version: 1, contexts: { ...bad, good: contextRecord({ id: 'good', name: 'good' }) } });
  const store = await open(home);
  assert.deepEqual(
    store.all().map(({ id }) => id),
    ['good'],
  );
  for (const id of Object.keys(bad))
    assert.ok(
      store.problems.some((problem) => problem.includes(id)),
      id,
    );
  await store.edit('good', { name: 'better' });
  const { contexts } = read(home);
  assert.deepEqual({ ...contexts, good: undefined }, { ...bad, good: undefined });
  assert.equal(contexts['good']?.['name'], 'better');
});

test('a file that is as it should be is not touched by reading it', async (t) => {
  const home = await newHome(t);
  const text = `{"contexts": {"abcd": ${JSON.stringify({ extra: 1, ...contextRecord({ id: 'abcd' }) })}},\n"version":1, "x": {}}`;
  write(home, text);
  await open(home);
  assert.equal(readFileSync(join(home, 'contexts.json'), 'utf8'), text);
});

test('the file of the first generation is taken over: names, times, secrets', async (t) => {
  const home = await newHome(t);
  write(home, {
    version: 1,
    contexts: {
      'ctx-001': {
        id: 'ctx-001',
        name: 'api',
        path: '/src/api',
        machine: 'local',
        tags: ['a'],
        created: '2025-01-02T03:04:05.678901',
        lastUsed: null,
        notes: { kept: true },
      },
      'ctx-002': {
        id: 'ctx-002',
        name: 'api',
        path: '~/other',
        tags: [],
        created: '2025-01-02T03:04:05',
        lastUsed: null,
        machine: { type: 'agent', host: 'box', user: 'u', agentPort: 9876, authToken: 'hunter2' },
      },
      'ctx-003': {
        id: 'ctx-003',
        name: 'api',
        path: '/third',
        tags: [],
        created: '2025-01-02T03:04:05Z',
        lastUsed: null,
        machine: { type: 'ssh', host: 'box', user: 'u', port: 22, keyFile: null },
      },
    },
  });
  const store = await open(home);
  assert.deepEqual(store.problems, []);
  assert.deepEqual(
    store.all().map(({ id, name }) => [id, name]),
    [
      ['ctx-001', 'api'],
      ['ctx-002', 'api 2'],
      ['ctx-003', 'api 3'],
    ],
  );
  assert.equal(store.get('ctx-001').created, new Date('2025-01-02T03:04:05.678').toISOString());
  const text = readFileSync(join(home, 'contexts.json'), 'utf8');
  assert.doesNotMatch(text, /hunter2|authToken/);
  assert.deepEqual(read(home).contexts['ctx-001']?.['notes'], { kept: true });
  assert.deepEqual(read(home).contexts['ctx-002']?.['machine'], {
    type: 'agent',
    host: 'box',
    user: 'u',
    agentPort: 9876,
  });
  const credentials = new CredentialsStore(home);
  assert.equal(await credentials.get('ctx-002'), 'hunter2');
  assert.equal(statSync(join(home, 'credentials.json')).mode & 0o777, 0o600);
  await open(home);
  assert.equal(readFileSync(join(home, 'contexts.json'), 'utf8'), text);
  assert.ok(!readdirSync(home).some((name) => name.includes('.bad-')));
  await store.remove('ctx-002');
  assert.equal(await credentials.get('ctx-002'), undefined);
});

test('a secret that cannot be put in its place stays where it was', async (t) => {
  const home = await newHome(t);
  mkdirSync(join(home, 'credentials.json'));
  write(home, {
    version: 1,
    contexts: { a: contextRecord({ id: 'a', machine: { type: 'agent', host: 'h', authToken: 'hunter2' } }) },
  });
  const store = await open(home);
  assert.match(store.problems.join(), /could not be brought up to date/);
  assert.match(readFileSync(join(home, 'contexts.json'), 'utf8'), /hunter2/);
  assert.doesNotMatch(JSON.stringify(store.all()), /hunter2/);
});

test('a broken file is kept aside and named, and one starts anew', async (t) => {
  for (const text of ['', '{"version": 1, "contexts": {', '[]', '{"version":1,"contexts":[]}']) {
    const home = await newHome(t);
    write(home, text);
    const store = await open(home);
    assert.deepEqual(store.all(), []);
    assert.match(store.problems[0] ?? '', /contexts\.json.*contexts\.json\.bad-1/, text);
    assert.equal(readFileSync(join(home, 'contexts.json.bad-1'), 'utf8'), text);
    await store.add({ name: 'api', path: '/a' });
    assert.equal((await open(home)).all().length, 1);
  }
});

test('a file that breaks while it is in use is kept aside, and what was known is restored with the change', async (t) => {
  const home = await newHome(t);
  const store = await open(home);
  await store.add({ name: 'one', path: '/1' });
  write(home, '{"version": 1, "contexts": {oops');
  await store.add({ name: 'two', path: '/2' });
  assert.deepEqual(
    (await open(home)).all().map(({ name }) => name),
    ['one', 'two'],
  );
  assert.match(readFileSync(join(home, 'contexts.json.bad-1'), 'utf8'), /oops/);
});

test('a file of another version is shown and never written', async (t) => {
  const home = await newHome(t);
  const file = { version: 2, contexts: { good: contextRecord({ id: 'good' }), odd: 7 } };
  write(home, file);
  const store = await open(home);
  assert.equal(store.all().length, 1);
  await assert.rejects(store.add({ name: 'x', path: '/x' }), coded('unavailable'));
  assert.deepEqual(read(home), file);
});

test('what is changed by hand is seen before the next write and by refresh', async (t) => {
  const home = await newHome(t);
  const store = await open(home);
  await store.add({ name: 'one', path: '/1' });
  const file = read(home);
  file.contexts['byhand'] = contextRecord({ id: 'byhand', name: 'by hand' });
  write(home, file);
  assert.equal(await store.refresh(), true);
  assert.equal(await store.refresh(), false);
  assert.equal(store.get('by hand').id, 'byhand');
  const { byhand: _gone, ...rest } = read(home).contexts;
  write(home, { ...read(home), contexts: { ...rest, again: contextRecord({ id: 'again', name: 'again' }) } });
  await assert.rejects(store.add({ name: 'again', path: '/2' }), coded('conflict'));
  await store.add({ name: 'two', path: '/2' });
  assert.deepEqual(
    Object.values(read(home).contexts).map(({ name }) => name),
    ['one', 'again', 'two'],
  );
});

test('a write that fails changes nothing in memory either', async (t) => {
  const home = await newHome(t);
  const store = await open(home);
  await store.add({ name: 'one', path: '/1' });
  const { rmSync } = await import('node:fs');
  rmSync(join(home, 'contexts.json'));
  mkdirSync(join(home, 'contexts.json', 'x'), { recursive: true });
  await assert.rejects(store.add({ name: 'two', path: '/2' }), coded('unavailable'));
  assert.ok(!store.all().some(({ name }) => name === 'two'));
});

test('many changes at once are all there afterwards', async (t) => {
  const home = await newHome(t);
  const stores = [await open(home), await open(home)];
  await Promise.all(
    stores.flatMap((store, s) => Array.from({ length: 15 }, (_, i) => store.add({ name: `${s}-${i}`, path: `/${i}` }))),
  );
  assert.equal((await open(home)).all().length, 30);
});

test('the folder that holds a path is found, the deepest one, through links, on this machine only', async (t) => {
  const home = await newHome(t);
  const root = tempDir(t);
  mkdirSync(join(root, 'src', 'api', 'cmd'), { recursive: true });
  mkdirSync(join(root, 'src', 'api-old'));
  symlinkSync(join(root, 'src'), join(root, 'link'));
  const store = await open(home);
  await store.add({ name: 'src', path: join(root, 'src') });
  await store.add({ name: 'api', path: join(root, 'link', 'api') });
  await store.add({ name: 'far', path: join(root, 'src', 'api', 'cmd'), machine: { type: 'ssh', host: 'box' } });
  const found = async (...parts: string[]): Promise<string | undefined> =>
    (await store.forPath(join(root, ...parts)))?.name;
  assert.equal(await found('src', 'api', 'cmd'), 'api');
  assert.equal(await found('src', 'api'), 'api');
  assert.equal(await found('link', 'api', 'not-there-yet'), undefined);
  assert.equal(await found('src', 'api-old'), 'src');
  assert.equal(await found(), undefined);
});

test('what holds a home or temporary things holds nothing but itself', async (t) => {
  const home = await newHome(t);
  const store = await open(home);
  const folders = ['/', homedir(), userInfo().homedir, dirname(homedir()), '/tmp', '/var/tmp', tmpdir()];
  const common = [...new Set(folders.map((path) => realpathSync(path)))];
  for (const [index, path] of common.entries()) await store.add({ name: `common-${index}`, path });
  for (const path of common) {
    assert.equal((await store.forPath(path))?.path, path);
    assert.equal(await store.forPath(join(path, 'not-there', 'api')), undefined, path);
  }
  await store.add({ name: 'api', path: join(homedir(), 'not-there', 'api') });
  assert.equal((await store.forPath(join(homedir(), 'not-there', 'api', 'cmd')))?.name, 'api');
});

test('a machine that cannot be is named by what is wrong with it', async (t) => {
  const home = await newHome(t);
  write(home, {
    version: 1,
    contexts: {
      a: contextRecord({ id: 'a', machine: { type: 'ssh', host: '-oProxyCommand=x' } }),
      b: contextRecord({ id: 'b', machine: { type: 'agent', host: 'h', port: 70_000 } }),
    },
  });
  const { problems } = await open(home);
  assert.match(problems[0] ?? '', /"a" is skipped: machine\.host is not a host or user name/);
  assert.match(problems[1] ?? '', /"b" is skipped: machine\.port has to be at most 65535/);
});

test('contexts with anything in them come back as they were after any rewrite', async (t) => {
  const home = await newHome(t);
  const known = new Set(['id', 'name', 'path', 'machine', 'tags', 'created', 'lastUsed', '__proto__']);
  const json = fc.jsonValue({ maxDepth: 2 }).map((value) => JSON.parse(JSON.stringify(value)) as unknown);
  const key = fc.string({ minLength: 1, maxLength: 8 });
  const entry = fc.record({
    extra: fc.dictionary(
      key.filter((name) => !known.has(name)),
      json,
      { maxKeys: 3 },
    ),
    tags: fc.array(fc.string({ maxLength: 5 }), { maxLength: 3 }),
    machine: fc.oneof(
      fc.constant('local' as const),
      fc.record({
        type: fc.constantFrom('ssh', 'agent'),
        host: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9.:-]{0,20}$/),
        keyFile: fc.option(fc.string({ minLength: 1 })),
      }),
      fc.record({ type: fc.constant('of tomorrow'), host: fc.string() }),
    ),
  });
  const entries = fc.uniqueArray(fc.tuple(fc.stringMatching(/^[a-z]{4,8}$/), entry), {
    selector: ([id]) => id,
    minLength: 1,
    maxLength: 4,
  });
  const outside = fc.dictionary(
    key.filter((name) => !['version', 'contexts', '__proto__'].includes(name)),
    json,
    { maxKeys: 2 },
  );
  await fc.assert(
    fc.asyncProperty(entries, outside, json, async (list, rest, odd) => {
      const contexts = Object.fromEntries(
        list.map(([id, { extra, tags, machine }]) => [
          id,
          { ...extra, ...contextRecord({ id, name: `name ${id}`, tags, machine }) },
        ]),
      );
      const file = { ...rest, version: 1, contexts: { ...contexts, 'odd one': [odd] } };
      write(home, file);
      const store = await open(home);
      assert.equal(store.all().length, list.length);
      const added = await store.add({ name: 'added', path: '/a' });
      const [first] = list;
      assert.ok(first);
      await store.edit(first[0], { tags: ['changed'] });
      await store.remove(added.id);
      const changed = { ...contexts[first[0]], tags: ['changed'] };
      const expected: unknown = JSON.parse(
        JSON.stringify({ ...file, contexts: { ...file.contexts, [first[0]]: changed } }),
      );
      assert.deepEqual(read(home), expected);
    }),
    { numRuns: 40 },
  );
});
