import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { PolicyRule, PolicyState, PolicyVerdict } from '../../src/protocol/policy.js';
import { TestHome } from '../helpers/testHome.js';
import { until } from '../helpers/until.js';

async function withContext(t: TestContext): Promise<TestHome> {
  const home = new TestHome(t);
  await home.ok('ctx', 'add', 'api', '.');
  return home;
}

test('a rule is added, listed, tested, counted as in force and removed', async (t) => {
  const home = await withContext(t);
  assert.equal(await home.ok('policy', 'list'), '');
  const id = await home.ok(
    ...['policy', 'add', 'allow', '--command', `npm 'test'`, '--ctx', 'api', '--expires', '2h', '--max', '20'],
  );
  const { rules, inForce, off } = await home.json<PolicyState>('policy', 'list');
  assert.deepEqual([off, inForce, rules.length], [false, 1, 1]);
  const [rule] = rules;
  assert.deepEqual([rule?.id, rule?.command, rule?.max, rule?.used], [id, ['npm', 'test'], 20, 0]);
  const [header, row] = (await home.ok('policy', 'list')).split('\n');
  assert.match(header ?? '', /^RULE +EFFECT +ACTIONS +WHAT +WHERE +TOOL +USED +EXPIRES$/);
  assert.match(row ?? '', /allow +any +npm test +api +any +0\/20 +in (?:2h|1h)/);
  const verdict = (...args: string[]): Promise<PolicyVerdict> => home.json('policy', 'test', '--ctx', 'api', ...args);
  assert.deepEqual(await verdict('--command', 'npm test'), {
    effect: 'allow',
    rule: id,
    why: `rule ${id}: allow shell npm test`,
  });
  assert.equal((await verdict('--command', 'npm test; rm -rf ~')).effect, 'ask');
  assert.match(
    await home.ok('policy', 'test', '--ctx', 'api', '--action', 'shell', '--command', 'git status; rm -rf ~'),
    /^ask {2}No rule allows "git status"\.$/,
  );
  assert.equal(await home.ok('policy', 'rm', id), id);
  assert.equal((await home.run(['policy', 'remove', id])).code, 3);
  assert.deepEqual((await home.json<PolicyState>('policy', 'list')).rules, []);
});

test('off turns all rules off until on, also for the next server', async (t) => {
  const home = await withContext(t);
  await home.ok('policy', 'add', 'allow', '--command', 'ls');
  const effect = async (): Promise<string> =>
    (await home.json<PolicyVerdict>('policy', 'test', '--ctx', 'api', '--command', 'ls')).effect;
  assert.equal(await effect(), 'allow');
  await home.ok('policy', 'off');
  assert.equal(await effect(), 'ask');
  assert.equal((await home.json<PolicyState>('policy', 'list')).inForce, 0);
  await home.ok('server', 'restart');
  assert.equal(await effect(), 'ask');
  await home.ok('policy', 'on');
  assert.equal(await effect(), 'allow');
});

test('what is no rule is refused with the reason', async (t) => {
  const home = await withContext(t);
  for (const [args, says] of [
    [['perhaps', '--command', 'ls'], /allow, ask or deny/],
    [['allow', '--command', 'ls; rm x'], /one command/],
    [['allow', '--command', 'ls $HOME'], /not understood/],
    [['allow', '--command', ''], /./],
    [['allow', '--action', 'fly'], /--action takes/],
    [['allow'], /would allow everything\. Every agent, now and later, .*unasked.*--everything/s],
    [['allow', '--expires', '2h', '--max', '3'], /--everything/],
    [['allow', '--max', '0'], /--max/],
    [['allow', '--expires', 'soon'], /--expires/],
    [['allow', '--expires', '2001-01-01'], /expired already/],
    [['allow', '--host', 'https://x'], /not a host name/],
  ] as const) {
    const { code, stderr } = await home.run(['policy', 'add', ...args]);
    assert.equal(code, 2, `${args.join(' ')}: ${stderr}`);
    assert.match(stderr, says);
  }
  assert.equal((await home.run(['policy', 'add', 'allow', '--ctx', 'none'])).code, 3);
  assert.deepEqual((await home.json<PolicyState>('policy', 'list')).rules, []);
});

test('a rule that allows everything says so, also one that was written by hand', async (t) => {
  const home = await withContext(t);
  const id = await home.ok('policy', 'add', 'allow', '--everything');
  const file = join(home.cm, 'policies.json');
  const { rules, ...others } = JSON.parse(readFileSync(file, 'utf8')) as { rules: Record<string, object> };
  const { everything: _, ...older } = { everything: false, ...rules[id] };
  writeFileSync(file, JSON.stringify({ ...others, rules: { [id]: older } }));
  const listed = await until('it is read again', async () => {
    const state = await home.json<PolicyState>('policy', 'list');
    return state.rules.length === 1 ? state.rules : undefined;
  });
  assert.deepEqual(
    listed.map(({ everything }) => everything),
    [true],
  );
  assert.match(await home.ok('policy', 'list'), /allow +any +everything +any/);
  assert.equal((await home.json<PolicyVerdict>('policy', 'test', '--ctx', 'api', '--command', 'ls')).effect, 'allow');
});

test('a file that was broken by hand is told, and nothing holds until it is repaired', async (t) => {
  const home = await withContext(t);
  await home.ok('policy', 'add', 'allow', '--command', 'ls');
  const file = join(home.cm, 'policies.json');
  const good = readFileSync(file, 'utf8');
  writeFileSync(file, good.slice(0, -3));
  const { stderr } = await home.run(['policy', 'list']);
  assert.match(stderr, /policies\.json cannot be read.*no rule holds/);
  assert.equal((await home.run(['policy', 'add', 'allow', '--command', 'ls'])).code, 4);
  assert.equal(readFileSync(file, 'utf8'), good.slice(0, -3));
  writeFileSync(file, good);
  const rules = await until('it is read again', async () => {
    const state = await home.json<PolicyState>('policy', 'list');
    return state.rules.length > 0 ? state.rules : undefined;
  });
  assert.deepEqual(
    rules.map(({ command }: PolicyRule) => command),
    [['ls']],
  );
});
