import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { displayWidth, fitWidth } from '../../src/cli/displayWidth.js';
import { Output } from '../../src/cli/output.js';
import { sessionColumns } from '../../src/cli/sessionView.js';
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

test('a table that is too wide is cut where there is most to spare, and fits every terminal', () => {
  const columns = [{ title: 'ID' }, { title: 'NAME', min: 6 }, { title: 'DETAIL', min: 6 }];
  const row = ['0123456789ab', 'a-name-of-a-session', 'something that is very long indeed'];
  for (const width of [60, 40, 30]) {
    for (const line of formatTable(columns, [row], { width }))
      assert.ok(displayWidth(line) <= width, `${width}: ${line}`);
  }
  assert.deepEqual(formatTable(columns, [row], { width: 28, header: false }), ['0123456789ab  a-nam…  somet…']);
  for (let width = 1; width < 30; width++) {
    const wide = Math.max(...formatTable(columns, [row], { width }).map(displayWidth));
    assert.ok(wide <= Math.max(width, columns.length * 3 - 2), `${width}: ${wide}`);
  }
});

test('in a narrow terminal the list of sessions leaves out what is needed least, and wraps at no width', () => {
  const { columns } = sessionList();
  const row = [
    '0123456789ab',
    'a-name-of-a-session',
    'claude',
    'a-context @build-box',
    'Needs input',
    '12m',
    'npm publish',
  ];
  for (let width = 20; width <= 120; width++) {
    const lines = formatTable(columns, [row, row], { width });
    assert.ok(
      lines.every((line) => displayWidth(line) <= width),
      `${width}: ${lines.join('|')}`,
    );
  }
  const titles = (width: number): string => formatTable(columns, [row], { width })[0]?.replace(/ +/g, ' ') ?? '';
  assert.equal(titles(80), 'ID NAME TOOL CONTEXT STATUS AGE DETAIL');
  assert.equal(titles(60), 'ID NAME TOOL STATUS AGE DETAIL');
  assert.equal(titles(50), 'ID NAME STATUS DETAIL');
  assert.equal(titles(40), 'ID NAME STATUS');
  assert.equal(titles(30), 'ID STATUS');
  // It can be copied wherever it has room, and a name can be cut.
  for (let width = 15; width <= 120; width++) {
    for (const line of formatTable(columns, [row], { width, header: false })) assert.match(line, /^0123456789ab/);
  }
});

test('every table of ids and of names that are typed keeps them whole', () => {
  const files = readdirSync('src/cli', { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  const sources = files.map((file) => readFileSync(join('src/cli', file), 'utf8'));
  const columns = sources.flatMap((text) => text.match(/\{ title: '(?:ID|RULE)'[^}]*\}/g) ?? []);
  assert.ok(columns.length >= 3);
  assert.deepEqual(
    columns.filter((column) => !column.includes('isKey: true')),
    [],
  );
  for (const text of sources) {
    const [list] = /const columns[^;]*;/.exec(text) ?? [];
    if (list?.includes("title: '") === true && !list.includes("title: ''") && !list.includes("'SESSION'"))
      assert.match(list, /isKey: true/);
  }
});

function sessionList(): { readonly columns: ReturnType<typeof sessionColumns> } {
  const stream = new PassThrough() as unknown as NodeJS.WriteStream;
  return { columns: sessionColumns(new Output(stream, stream, false, { NO_COLOR: '1' })) };
}

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
