import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import type { AuditEntry } from '../../src/protocol/audit.js';
import { Asking } from '../helpers/asking.js';
import { fill, removeDisk, smallDisk } from '../helpers/smallDisk.js';
import { TestHome } from '../helpers/testHome.js';
import { until } from '../helpers/until.js';

test('on a full disk a person’s answer goes and is said not to be on record, a rule waits and says why, and with room all is on record once', async (t) => {
  const mount = smallDisk('3m');
  const home = new TestHome(t, { cm: join(mount, 'cm') });
  t.after(() => removeDisk(mount));
  const asking = await Asking.startIn(home, 'ask "touch one" one', 'ask "touch two" two');
  const one = await asking.pending('touch one');
  // One that forbids: a rule allows only what a tool has said exactly.
  await home.ok('policy', 'add', 'deny', '--command', 'touch two');
  const filler = fill(join(mount, 'filler'));
  const answered = await home.run(['approve', 'agent', '--request', one.id]);
  assert.deepEqual([answered.code, answered.stdout.trim()], [0, 'Yes'], answered.stderr);
  assert.match(answered.stderr, /Answered, not on record: [^\n]*disk is full/);
  await until('it has it', () => asking.file('one') === 'x\n');

  // The rule would answer this at once.
  await asking.pending('touch two');
  await until('it says why it waits', async () => /disk is full/.test(await home.ok('explain', 'agent')));
  const problems = await home.run(['doctor']);
  assert.match(problems.stdout + problems.stderr, /none can be recorded, and no rule answers/);
  assert.equal(asking.file('two'), '');
  // Nothing of it came on record by a way around.
  assert.equal((await asking.session()).request?.command, 'touch two');

  rmSync(filler);
  await until('the rule answers', async () => (await asking.session()).state === 'idle');
  assert.equal(asking.file('two'), '');
  const entries = await until('both are on record', async () => {
    const found = await home.json<AuditEntry[]>('audit', 'agent');
    return found.length >= 2 ? found : undefined;
  });
  await home.ok('server', 'restart');
  assert.deepEqual((await home.json<AuditEntry[]>('audit', 'agent')).length, 2, 'once, also after a restart');
  assert.deepEqual(
    entries.map(({ request, decision, by, outcome }) => [request.command, decision, by.type, outcome]),
    [
      ['touch two', 'deny', 'policy', 'answered'],
      ['touch one', 'allow', 'person', 'answered'],
    ],
  );
});

test('a home that cannot be changed is told of in the usual words', async (t) => {
  const home = new TestHome(t);
  mkdirSync(home.cm, { mode: 0o700 });
  // Where the file system knows no such attribute a mount that can only be read does the same.
  const isImmutable = spawnSync('chattr', ['+i', home.cm]).status === 0;
  if (!isImmutable) {
    execFileSync('mount', ['--bind', home.cm, home.cm]);
    execFileSync('mount', ['-o', 'remount,bind,ro', home.cm]);
  }
  const restore = (): void => {
    if (isImmutable) execFileSync('chattr', ['-i', home.cm]);
    else execFileSync('umount', [home.cm]);
  };
  try {
    for (const args of [['status'], ['ctx', 'list'], ['start', 'shell', 'true'], ['server', 'run']]) {
      const { code, stderr } = await home.run(args);
      assert.notEqual(code, 0, args.join(' '));
      assert.doesNotMatch(stderr, /EPERM|EROFS|EACCES| at .*\.js:/, args.join(' '));
      assert.match(stderr, /cannot be written|is read-only|immutable/i, args.join(' '));
      assert.ok(stderr.includes(home.cm), args.join(' '));
    }
    assert.deepEqual(readdirSync(home.cm), []);
  } finally {
    restore();
  }
});
