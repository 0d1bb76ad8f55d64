import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  mkdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import type { Clock } from '../../src/common/async.js';
import { AuditLog } from '../../src/core/approvals/audit.js';
import type { AuditEntry } from '../../src/protocol/audit.js';
import { tempDir } from '../helpers/tempDir.js';

function entry(n: number, more: Partial<AuditEntry> = {}): AuditEntry {
  return {
    id: `entry${n}`,
    time: `2026-11-22T12:00:0${n}.000Z`,
    session: 'one',
    sessionName: 'refactor',
    contextName: 'api',
    machine: 'box',
    tool: 'claude',
    request: { id: `r${n}`, kind: 'permission', action: 'shell', command: 'ls\nrm x', path: null, text: 'ls' },
    asked: '2026-11-22T12:00:00.000Z',
    decision: 'allow',
    answer: 'Yes',
    by: { type: 'person', client: 'cm' },
    via: 'keys',
    keys: ['1'],
    outcome: 'answered',
    ...more,
  };
}

const ids = (entries: readonly AuditEntry[]): string[] => entries.map(({ id }) => id);

test('every answer is a line of its own that only its owner can read, and comes back newest first', async (t) => {
  const root = tempDir(t);
  const log = new AuditLog(root);
  assert.deepEqual(await log.list({ limit: 10 }), []);
  await Promise.all([1, 2, 3].map((n) => log.append(entry(n))));
  assert.equal(statSync(join(root, 'audit.jsonl')).mode & 0o777, 0o600);
  assert.equal(readFileSync(join(root, 'audit.jsonl'), 'utf8').split('\n').length, 4);
  assert.deepEqual(await new AuditLog(root).list({ limit: 10 }), [entry(3), entry(2), entry(1)]);
});

test('answers are found by session, context, time and number', async (t) => {
  const log = new AuditLog(tempDir(t));
  await log.append(entry(1));
  await log.append(entry(2, { session: 'two' }));
  await log.append(entry(3, { contextName: 'web' }));
  assert.deepEqual(ids(await log.list({ limit: 10, session: 'two' })), ['entry2']);
  assert.deepEqual(ids(await log.list({ limit: 10, contextName: 'api' })), ['entry2', 'entry1']);
  assert.deepEqual(ids(await log.list({ limit: 10, since: '2026-11-22T12:00:02.000Z' })), ['entry3', 'entry2']);
  assert.deepEqual(ids(await log.list({ limit: 1 })), ['entry3']);
});

test('a line that was cut off costs neither the next one nor those before it', async (t) => {
  const root = tempDir(t);
  const log = new AuditLog(root);
  await log.append(entry(1));
  appendFileSync(join(root, 'audit.jsonl'), '{"id":"half');
  await log.append(entry(2));
  assert.deepEqual(ids(await log.list({ limit: 10 })), ['entry2', 'entry1']);
});

/** A clock whose time passes by hand. */
function handClock(): { clock: Clock; pass: () => void } {
  let due: (() => void)[] = [];
  return {
    clock: {
      now: () => 0,
      after: (_ms, run) => {
        due.push(run);
        return { cancel: () => (due = due.filter((each) => each !== run)) };
      },
    },
    pass: () => {
      const now = due;
      due = [];
      for (const run of now) run();
    },
  };
}

/** Makes a log in a folder unwritable, and gives what mends it again. Real ones, each as root may meet it. */
const MISFORTUNES: Readonly<Record<string, (root: string) => () => void>> = {
  'the disk is full': (root) => {
    writeFileSync(join(root, 'filler'), '');
    try {
      for (;;) appendFileSync(join(root, 'filler'), 'x'.repeat(512));
    } catch {
      // Full.
    }
    return () => rmSync(join(root, 'filler'));
  },
  'inodes are used up': (root) => {
    // The log itself is there no more: making it anew takes an inode.
    rmSync(join(root, 'audit.jsonl'), { force: true });
    let n = 0;
    try {
      for (; ; n++) writeFileSync(join(root, `filler${n}`), '');
    } catch {
      // No more.
    }
    return () => rmSync(join(root, 'filler0'));
  },
  'read-only': (root) => {
    execFileSync('mount', ['-o', 'remount,ro', root]);
    return () => execFileSync('mount', ['-o', 'remount,rw', root]);
  },
  'it is a symbolic link': (root) => {
    rmSync(join(root, 'audit.jsonl'), { force: true });
    symlinkSync('/dev/null', join(root, 'audit.jsonl'));
    return () => rmSync(join(root, 'audit.jsonl'));
  },
  'it is a folder': (root) => {
    rmSync(join(root, 'audit.jsonl'), { force: true });
    mkdirSync(join(root, 'audit.jsonl'));
    return () => rmdirSync(join(root, 'audit.jsonl'));
  },
};

test('what cannot be written waits, is listed all the same, and is added in order when it can be', async (t) => {
  for (const [words, happens] of Object.entries(MISFORTUNES)) {
    const root = tempDir(t);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k,nr_inodes=16', 'tmpfs', root]);
    try {
      const { clock, pass } = handClock();
      const log = new AuditLog(root, clock);
      const told: (string | undefined)[] = [];
      log.onDidChange((problem) => told.push(problem?.message));
      assert.equal(await log.append(entry(1)), undefined);
      const mend = happens(root);
      const large = { answer: 'x'.repeat(6000) };
      const first = await log.append(entry(2, large));
      assert.equal(first?.code, 'unavailable', words);
      assert.match(first.message, new RegExp(words));
      if (words === 'inodes are used up') assert.match(first.hint ?? '', /^Remove files/);
      for (const n of [3, 4, 5, 6]) assert.ok(await log.append(entry(n, large)), `${words}: ${n}`);
      await assert.rejects(log.ready(), { code: 'unavailable' });
      if (words !== 'it is a folder' && words !== 'it is a symbolic link') {
        assert.deepEqual(ids(await log.list({ limit: 3 })), ['entry6', 'entry5', 'entry4']);
      }
      pass();
      await log.flush();
      assert.ok(log.problem, 'it goes on waiting');
      mend();
      pass();
      await log.flush();
      assert.equal(log.problem, undefined, words);
      await log.ready();
      const kept = ids(await new AuditLog(root).list({ limit: 10 }));
      assert.deepEqual(kept.slice(0, 5), ['entry6', 'entry5', 'entry4', 'entry3', 'entry2'], words);
      assert.equal(told.length, 2, 'told once, and once that it is over');
      assert.equal(told[1], undefined);
      log.dispose();
    } finally {
      execFileSync('umount', [root]);
    }
  }
});
