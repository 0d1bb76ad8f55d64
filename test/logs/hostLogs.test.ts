import assert from 'node:assert/strict';
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { HostLogs } from '../../src/core/logs/hostLogs.js';
import type { Machine } from '../../src/core/machine/machine.js';
import { LocalMachine } from '../../src/machines/local/localMachine.js';
import { CodeManagerError } from '../../src/protocol/errors.js';
import { silentLogger } from '../helpers/silentLogger.js';
import { tempDir } from '../helpers/tempDir.js';
import { until } from '../helpers/until.js';

test('a size that could not be noted is noted later, unless there is another one by then', async (t) => {
  const dir = tempDir(t);
  const local = new LocalMachine();
  let failing = 0;
  let refused = 0;
  const machine: Pick<Machine, 'stat' | 'readFile' | 'append'> = {
    stat: async (path) => local.stat(path),
    readFile: async (path) => local.readFile(path),
    append: async (path, data) => {
      if (failing > 0) {
        failing--;
        refused++;
        throw new CodeManagerError('timeout', 'It took too long');
      }
      appendFileSync(path, data);
    },
  };
  const logs = new HostLogs({
    machine: machine as Machine,
    path: ({ id }) => join(dir, `${id}.log`),
    base: () => 0,
    log: silentLogger,
  });
  t.after(() => logs.dispose());
  const sizes = (id: string): string => {
    const file = join(dir, `${id}.sizes`);
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  };
  for (const id of ['alone', 'followed']) writeFileSync(join(dir, `${id}.log`), '12345');

  failing = 1;
  logs.onSize('followed', { columns: 90, rows: 30 });
  logs.onSize('followed', { columns: 100, rows: 30 });
  await until('the later one is noted', () => sizes('followed') !== '');
  failing = 2;
  logs.onSize('alone', { columns: 71, rows: 23 });
  await until('the only one is noted', () => sizes('alone') !== '');
  assert.equal(refused, 3);
  assert.equal(sizes('alone'), '5 71 23\n');
  assert.equal(sizes('followed'), '5 100 30\n');
});
