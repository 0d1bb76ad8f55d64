import assert from 'node:assert/strict';
import { appendFileSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
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
