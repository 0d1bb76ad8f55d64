import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { PolicyStore } from '../../src/core/approvals/policy/policyStore.js';
import { LocalMachine } from '../../src/machines/local/localMachine.js';
import { CodeManagerError } from '../../src/protocol/errors.js';
import { PolicyDraft, type PolicyState } from '../../src/protocol/policy.js';

async function scratch(t: TestContext): Promise<{ home: string; file: string; store: PolicyStore }> {
  const home = await mkdtemp(join(tmpdir(), 'cm-policies-'));
  t.after(() => rm(home, { recursive: true, force: true }));
  return { home, file: join(home, 'policies.json'), store: new PolicyStore(home) };
}

const draft = (terms: Partial<PolicyDraft> = {}): PolicyDraft => PolicyDraft.parse({ effect: 'allow', ...terms });
const json = async (file: string): Promise<Record<string, unknown>> =>
  JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
const hasCode = (code: string) => (error: unknown) => error instanceof CodeManagerError && error.code === code;

test('no file is no rule, and nothing is written', async (t) => {
  const { store, file } = await scratch(t);
  assert.deepEqual(await store.current(), { off: false, rules: [] });
  assert.equal(await store.take(['x']), false);
  await assert.rejects(stat(file));
});

test('rules are kept for their owner alone and are there for the next server', async (t) => {
  const { store, home, file } = await scratch(t);
  const rule = await store.add(draft({ command: ['npm', 'test'], max: 2 }));
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  const next = new PolicyStore(home);
  assert.deepEqual((await next.current()).rules, [rule]);
  assert.equal(next.state.inForce, 1);
  assert.deepEqual(await next.remove(rule.id), rule);
  assert.deepEqual((await store.current()).rules, []);
  await assert.rejects(store.remove(rule.id), hasCode('notFound'));
});

test('fields that are not known survive a rewrite', async (t) => {
  const { store, file } = await scratch(t);
  const { id } = await store.add(draft());
  const written = await json(file);
  await writeFile(file, JSON.stringify({ ...written, mine: 1 }));
  await store.add(draft({ effect: 'deny' }));
  assert.equal((await json(file))['mine'], 1);
  assert.ok(Object.hasOwn((await json(file))['rules'] as object, id));
});

test('answers are counted on disk before they are given, by several servers never more than allowed', async (t) => {
  const { store, home, file } = await scratch(t);
  const { id } = await store.add(draft({ max: 5 }));
  const others = [store, new PolicyStore(home), new PolicyStore(home)];
  const taken = await Promise.all(
    Array.from({ length: 12 }, (_, i) => others[i % 3]?.take([id]) ?? Promise.resolve(false)),
  );
  assert.equal(taken.filter(Boolean).length, 5);
  const rules = (await json(file))['rules'] as Record<string, { used: number }>;
  assert.equal(rules[id]?.used, 5);
});

test('all rules of an answer are counted, or none of them', async (t) => {
  const { store } = await scratch(t);
  const [a, b] = [await store.add(draft()), await store.add(draft({ max: 1 }))];
  assert.equal(await store.take([a.id, b.id]), true);
  assert.equal(await store.take([a.id, b.id]), false);
  assert.equal((await store.current()).rules.find(({ id }) => id === a.id)?.used, 1);
});

test('off is in force at once, stays after a restart, and can be taken back', async (t) => {
  const { store, home } = await scratch(t);
  const { id } = await store.add(draft());
  assert.ok(store.holds([id]));
  const done = store.setOff(true);
  assert.ok(!store.holds([id]));
  await done;
  assert.equal(await store.take([id]), false);
  const next = new PolicyStore(home);
  assert.equal((await next.current()).off, true);
  assert.equal(next.state.inForce, 0);
  await next.setOff(false);
  assert.equal(await store.take([id]), true);
});

test('a rule that is changed or removed by hand is another one for the next request', async (t) => {
  const { store, file } = await scratch(t);
  const { id } = await store.add(draft());
  await writeFile(file, JSON.stringify({ version: 1, rules: {} }));
  assert.equal(await store.take([id]), false);
  assert.deepEqual((await store.current()).rules, []);
});

test('a bad rule is skipped and reported; when it may have been a prohibition nothing is allowed', async (t) => {
  const { store, file } = await scratch(t);
  const good = { effect: 'allow', created: '2026-01-01T00:00:00Z' };
  const write = (rules: object): Promise<void> => writeFile(file, JSON.stringify({ version: 1, rules }));
  await write({ good, bad: { ...good, actions: ['fly'] }, newer: { ...good, branch: 'main' } });
  assert.deepEqual(
    (await store.current()).rules.map(({ id }) => id),
    ['good'],
  );
  assert.equal(store.problems.length, 2);
  await write({ good, bad: { ...good, effect: 'deny', command: 'rm' } });
  assert.deepEqual((await store.current()).rules, []);
  assert.match(store.problems.join(' '), /nothing is allowed/u);
});

test('while the file cannot be read no rule holds, and it is left as it is', async (t) => {
  const { store, file } = await scratch(t);
  const { id } = await store.add(draft());
  for (const text of ['{"version":1', '[]', '', '{"version":2,"rules":{}}', '{"version":1,"off":"no"}']) {
    await writeFile(file, text);
    assert.deepEqual((await store.current()).rules, [], text);
    assert.equal(store.holds([id]), false);
    assert.equal(store.problems.length, 1);
    await assert.rejects(store.add(draft()), hasCode('unavailable'));
    await assert.rejects(store.take([id]), hasCode('unavailable'));
    assert.equal(await readFile(file, 'utf8'), text);
  }
  await writeFile(file, '{"version":1,"rules":{}}');
  await store.add(draft());
  assert.deepEqual(store.problems, []);
});

test('what cannot be opened is as a file that cannot be read', async (t) => {
  const { store, file } = await scratch(t);
  await mkdir(file);
  assert.deepEqual((await store.current()).rules, []);
  assert.equal(store.problems.length, 1);
  await assert.rejects(store.add(draft()), hasCode('unavailable'));
});

test('changes by hand are told', async (t) => {
  const { store, home, file } = await scratch(t);
  await store.add(draft());
  const machine = new LocalMachine({ umask: 0o022 });
  const told = new Promise<PolicyState>((resolve) => store.onDidChange(resolve));
  const watching = store.follow((...args) => machine.watch(...args), home);
  t.after(() => watching.dispose());
  await writeFile(file, JSON.stringify({ version: 1, rules: {} }));
  assert.deepEqual((await told).rules, []);
});
