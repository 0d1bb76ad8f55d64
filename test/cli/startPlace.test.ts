import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Context } from '../../src/protocol/context.js';
import type { Session } from '../../src/protocol/session.js';
import { TestHome } from '../helpers/testHome.js';

/** Starts a command in a folder, and tells of its session once it has ended. */
async function startIn(home: TestHome, cwd: string, ...more: readonly string[]): Promise<Session> {
  const { code, stdout, stderr } = await home.run(['start', 'shell', 'pwd > here', ...more], { cwd });
  assert.equal(code, 0, stderr);
  assert.equal((await home.run(['wait', stdout.trim()])).code, 0);
  return home.json<Session>('status', stdout.trim());
}

async function contexts(home: TestHome): Promise<readonly string[]> {
  return (await home.json<Context[]>('ctx', 'list')).map(({ path }) => path);
}

test('an agent works where the person stands, as a session of the deepest context that holds it', async (t) => {
  const home = new TestHome(t);
  const sub = join(realpathSync(home.work), 'deep', 'sub');
  mkdirSync(sub, { recursive: true });
  await home.ok('ctx', 'add', 'top', home.work);
  await home.ok('ctx', 'add', 'deep', join(home.work, 'deep'));
  const session = await startIn(home, sub);
  assert.equal(readFileSync(join(sub, 'here'), 'utf8'), `${sub}\n`);
  assert.deepEqual([session.path, session.contextName], [sub, 'deep']);
  assert.equal((await contexts(home)).length, 2);
});

test('who stands in the worktree of a session starts there, as a session of its context', async (t) => {
  const home = new TestHome(t);
  home.git('init', '-q');
  mkdirSync(join(home.work, 'sub'));
  writeFileSync(join(home.work, 'sub', 'file'), 'x');
  home.git('add', '.');
  home.git('commit', '-qm', 'x');
  const first = await startIn(home, home.work, '--worktree=first');
  const sub = join(first.path, 'sub');
  const second = await startIn(home, sub);
  assert.deepEqual([second.path, second.contextId], [sub, first.contextId]);
  assert.equal(readFileSync(join(sub, 'here'), 'utf8'), `${sub}\n`);
  const third = await startIn(home, sub, '--worktree=third');
  assert.equal(third.contextId, first.contextId);
  assert.deepEqual(await contexts(home), [realpathSync(home.work)]);
});

test('a home holds nothing but itself', async (t) => {
  const home = new TestHome(t);
  const user = realpathSync(home.user);
  mkdirSync(join(user, 'api'));
  assert.equal((await startIn(home, user)).path, user);
  const session = await startIn(home, join(user, 'api'));
  assert.deepEqual([session.path, session.contextName], [join(user, 'api'), 'api']);
  assert.deepEqual((await contexts(home)).toSorted(), [user, join(user, 'api')]);
});

test('a start that fails leaves no context, also beside one that does not', async (t) => {
  const home = new TestHome(t);
  const fails = [
    ['start', 'no-such-agent'],
    ['start', 'shell', 'x', '--env', 'UID=1'],
    ['start', 'shell', 'x', '--worktree'],
    ['start', 'claude', 'x', '--env', 'PATH=/nonexistent'],
  ];
  for (const words of fails) assert.notEqual((await home.run(words, { cwd: home.user })).code, 0, words.join(' '));
  assert.deepEqual(await contexts(home), []);
  const both = await Promise.all([
    home.run(['start', 'shell', 'x', '--worktree'], { cwd: home.work }),
    home.run(['start', 'shell', 'exit 0'], { cwd: home.work }),
    home.run(['start', 'no-such-agent'], { cwd: home.work }),
  ]);
  assert.deepEqual(
    both.map(({ code }) => code === 0),
    [false, true, false],
  );
  assert.deepEqual(await contexts(home), [realpathSync(home.work)]);
  assert.notEqual((await home.run(['start', 'no-such-agent'], { cwd: home.work })).code, 0);
  assert.deepEqual(await contexts(home), [realpathSync(home.work)], 'one that was there stays');
});

test('a worktree keeps the subfolder, needs a commit, and one word behind its flag is taken for nothing', async (t) => {
  const home = new TestHome(t);
  home.git('init', '-q', '-b', 'main');
  const sub = join(home.work, 'packages', 'api');
  mkdirSync(sub, { recursive: true });
  writeFileSync(join(sub, 'file'), '');

  const empty = await home.run(['start', 'shell', 'x', '--worktree'], { cwd: sub });
  assert.equal(empty.code, 6);
  assert.match(empty.stderr, /has no commit yet/u);
  home.git('add', '.');
  home.git('commit', '-q', '-m', 'A commit');

  for (const cwd of [sub, home.work]) {
    const either = await home.run(['start', 'shell', '--worktree', 'feat/x'], { cwd });
    assert.equal(either.code, 2);
    assert.match(either.stderr, /--worktree=feat\/x/u);
  }
  assert.equal(home.git('branch', '--format=%(refname:short)'), 'main\n', 'nothing was made');

  const session = await startIn(home, sub, '--worktree=feat/x');
  assert.equal(session.worktree?.branch, 'feat/x');
  assert.equal(session.path, join(session.worktree.path, 'packages', 'api'));
  assert.equal(readFileSync(join(session.path, 'here'), 'utf8'), `${session.path}\n`);
  assert.ok(existsSync(join(session.path, 'file')));

  mkdirSync(join(home.work, 'not', 'tracked'), { recursive: true });
  const other = await startIn(home, join(home.work, 'not', 'tracked'), '--worktree=other');
  assert.equal(other.path, join(other.worktree?.path ?? '', 'not', 'tracked'));
  assert.equal((await startIn(home, home.work, '--worktree=third')).path.endsWith('/not/tracked'), false);
});

test('without a home nothing is made anywhere, and it is said at once', async (t) => {
  const home = new TestHome(t);
  const bad: readonly (readonly [Readonly<Record<string, string>>, RegExp])[] = [
    [{ HOME: '', CM_HOME: '' }, /HOME is empty/u],
    [{ HOME: 'here', CM_HOME: '' }, /HOME is here, which is no full path/u],
    [{ CM_HOME: '~/x' }, /CM_HOME is ~\/x/u],
    [{ CM_HOME: '~' }, /CM_HOME is ~/u],
    [{ CM_HOME: '$HOME/x' }, /CM_HOME is \$HOME\/x, which is no full path/u],
    [{ CM_HOME: 'data' }, /CM_HOME is data, which is no full path/u],
  ];
  for (const [env, said] of bad) {
    for (const words of [['status'], ['doctor'], ['start', 'shell', 'x'], ['server', 'status']]) {
      const { code, stdout, stderr } = await home.run(words, { cwd: home.work, env });
      assert.equal(code, 2, `${words.join(' ')}: ${stderr}`);
      assert.match(stdout + stderr, said);
    }
  }
  assert.deepEqual(readdirSync(home.work), []);
});

test('a folder that others share is not made one’s own', async (t) => {
  const home = new TestHome(t);
  for (const mode of [0o1777, 0o777, 0o2775]) {
    const shared = join(home.root, `shared-${mode.toString(8)}`);
    mkdirSync(shared);
    chmodSync(shared, mode);
    const { code, stderr } = await home.run(['status'], { env: { CM_HOME: shared } });
    assert.notEqual(code, 0);
    assert.match(stderr, /is a folder that others share/u);
    assert.equal(statSync(shared).mode & 0o7777, mode);
    assert.deepEqual(readdirSync(shared), []);
  }
});
