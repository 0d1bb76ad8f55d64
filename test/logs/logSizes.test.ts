import assert from 'node:assert/strict';
import { appendFileSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { LogSizes, parseLogSizes } from '../../src/core/logs/logSizes.js';
import { parseLayout, parsePane } from '../../src/core/tmux/pane.js';
import { tempDir } from '../helpers/tempDir.js';

const FIRST = { offset: 0, columns: 120, rows: 40 };

function newLog(t: TestContext): { log: string; file: string; sizes: LogSizes; grow: (bytes: number) => void } {
  const log = join(tempDir(t), 'a.log');
  writeFileSync(log, '');
  const grow = (bytes: number): void => appendFileSync(log, 'x'.repeat(bytes));
  return { log, file: log.replace('.log', '.sizes'), sizes: new LogSizes(log), grow };
}

test('a size counts from the end that the log had, and what comes before has the one before', (t) => {
  const { sizes, file, grow } = newLog(t);
  assert.deepEqual(sizes.from(0), [FIRST]);
  grow(10);
  assert.deepEqual(sizes.note(80, 24), { offset: 10, columns: 80, rows: 24 });
  grow(5);
  sizes.note(90, 30);
  assert.equal(readFileSync(file, 'utf8'), '10 80 24\n15 90 30\n');
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.deepEqual(sizes.from(0), [
    FIRST,
    { offset: 10, columns: 80, rows: 24 },
    { offset: 15, columns: 90, rows: 30 },
  ]);
  assert.deepEqual(sizes.from(12), [
    { offset: 12, columns: 80, rows: 24 },
    { offset: 15, columns: 90, rows: 30 },
  ]);
  assert.deepEqual(sizes.from(99), [{ offset: 99, columns: 90, rows: 30 }]);
});

test('the size that a terminal has already is no news, nor is the first one', (t) => {
  const { sizes, file, grow } = newLog(t);
  assert.equal(sizes.note(120, 40), undefined);
  grow(1);
  assert.ok(sizes.note(80, 24));
  assert.equal(sizes.note(80, 24), undefined);
  assert.equal(readFileSync(file, 'utf8'), '1 80 24\n');
});

test('of several sizes at one offset the last one counts', (t) => {
  const { sizes, grow } = newLog(t);
  grow(7);
  for (const columns of [100, 90, 80]) sizes.note(columns, 24);
  assert.deepEqual(sizes.from(0), [FIRST, { offset: 7, columns: 80, rows: 24 }]);
  sizes.note(120, 40);
  assert.deepEqual(sizes.from(0), [FIRST]);
});

test('a line that a crash cut off costs only itself', (t) => {
  const { sizes, file, grow } = newLog(t);
  writeFileSync(file, '3 80 24\nnonsense\n5 0 24\n6 100 3');
  assert.deepEqual(sizes.from(0), [FIRST, { offset: 3, columns: 80, rows: 24 }]);
  grow(9);
  sizes.note(90, 30);
  assert.equal(readFileSync(file, 'utf8'), '0 120 40\n3 80 24\n9 90 30\n');
});

test('the file stays small however often a window is dragged', (t) => {
  const { sizes, file, grow } = newLog(t);
  for (let n = 0; n < 5000; n++) {
    grow(1);
    sizes.note(50 + (n % 100), 24);
  }
  assert.ok(readFileSync(file, 'utf8').split('\n').length <= 1001);
  assert.deepEqual(sizes.from(5000), [{ offset: 5000, columns: 149, rows: 24 }]);
  assert.equal(parseLogSizes(readFileSync(file, 'utf8')).at(-1)?.offset, 5000);
});

test('a layout tells the size of each pane that is seen', () => {
  assert.deepEqual(parseLayout('@1 b25e,80x24,0,0,1 b25e,80x24,0,0,1 *'), [{ pane: '%1', columns: 80, rows: 24 }]);
  const split = '@1 8b5c,81x24,0,0{40x24,0,0,1,40x24,41,0[40x12,41,0,2,40x11,41,13,17]}';
  assert.deepEqual(parseLayout(split), [
    { pane: '%1', columns: 40, rows: 24 },
    { pane: '%2', columns: 40, rows: 12 },
    { pane: '%17', columns: 40, rows: 11 },
  ]);
  assert.deepEqual(parseLayout(`${split} b25e,81x24,0,0,2 *Z`), [{ pane: '%2', columns: 81, rows: 24 }]);
  assert.deepEqual(parseLayout('@1'), []);
});

test('a pane tells its size, whatever its title', () => {
  const pane = parsePane('0123456789ab @1 %2 33 0 _ _ 1 101 31 7 8 title');
  assert.deepEqual([pane?.columns, pane?.rows, pane?.title], [101, 31, '7 8 title']);
});
