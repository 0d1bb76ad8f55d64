import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { shortHostName } from '../../src/common/home.js';
import { withFileLock } from '../../src/core/store/fileLock.js';
import { tempDir } from '../helpers/tempDir.js';

test('tasks with one lock never overlap, and the lock is gone afterwards', async (t) => {
  const folder = tempDir(t);
  let running = 0;
  let most = 0;
  const results = await Promise.allSettled(
    Array.from({ length: 12 }, (_, i) =>
      withFileLock(join(folder, 'file'), async () => {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setTimeout(resolve, 2));
        running--;
        if (i % 4 === 0) throw new Error('a task that fails');
      }),
    ),
  );
  assert.equal(most, 1);
  assert.equal(results.filter(({ status }) => status === 'rejected').length, 3);
  assert.deepEqual(readdirSync(folder), []);
});

test('the lock of a process that has died is taken over, by one of those who wait', async (t) => {
  const folder = tempDir(t);
  const { pid } = spawnSync('true');
  writeFileSync(join(folder, 'file.lock'), `${shortHostName()} ${pid} 0123456789ab\n`);
  let running = 0;
  await Promise.all(
    Array.from({ length: 6 }, () =>
      withFileLock(join(folder, 'file'), async () => {
        assert.equal(++running, 1);
        await new Promise(setImmediate);
        running--;
      }),
    ),
  );
  assert.deepEqual(readdirSync(folder), []);
});

test('an old lock of another host is taken over, a young one is respected', async (t) => {
  const folder = tempDir(t);
  const lock = join(folder, 'file.lock');
  writeFileSync(lock, 'some-other-host 1 0123456789ab\n');
  let entered = false;
  const waiting = withFileLock(join(folder, 'file'), async () => {
    entered = true;
  });
  await new Promise((resolve) => setTimeout(resolve, 60));
  assert.equal(entered, false);
  assert.ok(existsSync(lock));
  utimesSync(lock, new Date(0), new Date(0));
  await waiting;
  assert.deepEqual(readdirSync(folder), []);
});
