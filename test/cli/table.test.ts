import assert from 'node:assert/strict';
import { test } from 'node:test';
import { displayWidth, fitWidth } from '../../src/cli/displayWidth.js';
import { formatFields, formatTable } from '../../src/cli/table.js';

test('width counts columns of the terminal, not characters', () => {
  for (const [text, width] of [
    ['abc', 3],
    ['é', 1],
    ['e\u0301', 1],
    ['日本', 4],
    ['한글', 4],
    ['🚀', 2],
    ['👩‍👩‍👧', 2],
    ['⚠️', 2],
    ['a\u200bb', 2],
    ['…', 1],
    ['', 0],
  ] as const) {
    assert.equal(displayWidth(text), width, JSON.stringify(text));
  }
});

test('a text that fits is left alone, another one is cut with an ellipsis and never in the middle of a letter', () => {
  assert.equal(fitWidth('abcdef', 6), 'abcdef');
  assert.equal(fitWidth('abcdef', 4), 'abc…');
  assert.equal(fitWidth('日本語', 4), '日…');
  assert.equal(fitWidth('👩‍👩‍👧👩‍👩‍👧', 3), '👩‍👩‍👧…');
  assert.equal(fitWidth('abc', 0), '');
});

test('columns are aligned by width and lines have no blanks at their ends', () => {
  const lines = formatTable(
    [{ title: 'NAME' }, { title: 'WORD' }, { title: 'END' }],
    [
      ['日本', 'a', ''],
      ['x', 'long one', 'z'],
    ],
  );
  assert.deepEqual(lines, ['NAME  WORD      END', '日本  a', 'x     long one  z']);
});

test('a table that is too wide is cut where there is most to spare, and not below the least', () => {
  const columns = [{ title: 'ID' }, { title: 'NAME', min: 6 }, { title: 'DETAIL', min: 6 }];
  const row = ['0123456789ab', 'a-name-of-a-session', 'something that is very long indeed'];
  for (const width of [60, 40, 30]) {
    for (const line of formatTable(columns, [row], { width }))
      assert.ok(displayWidth(line) <= width, `${width}: ${line}`);
  }
  assert.deepEqual(formatTable(columns, [row], { width: 10, header: false }), ['0123456789ab  a-nam…  somet…']);
});

test('only finished cells are coloured, so that colours do not disturb the columns', () => {
  const columns = [{ title: 'A', paint: (cell: string) => `<${cell}>` }, { title: 'B' }];
  assert.deepEqual(formatTable(columns, [['x', 'y']]), ['A  B', '<x>  y']);
});

test('fields are aligned by their names', () => {
  assert.deepEqual(
    formatFields([
      ['id', '1'],
      ['name', 'x'],
      ['task', ''],
    ]),
    ['id    1', 'name  x', 'task'],
  );
});
