import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { BESIDE_RECORD, OF_ONE_RUN, parseSessionFileName, siblingPath } from '../../src/protocol/sessionFiles.js';

test('every file of a session that a script of ours names stands in the one table', () => {
  const named = new Set<string>();
  for (const name of readdirSync('src', { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.ts')) continue;
    const text = readFileSync(join('src', name), 'utf8');
    for (const [, kind] of text.matchAll(/\$dir\/\$(?:id|1)\.([a-z]+(?:\.[a-z]+)?)/g)) named.add(kind ?? '');
    for (const [, kind] of text.matchAll(/\bid \+ '\.([a-z]+)'/g)) named.add(kind ?? '');
  }
  assert.ok(named.size >= 7, [...named].join(' '));
  for (const kind of named) assert.ok(parseSessionFileName(`0123456789ab.${kind}`), kind);
});

test('what is removed before the next run is nothing that is kept for ever, and the record is in no list', () => {
  assert.deepEqual([...BESIDE_RECORD].sort(), ['closed', 'exit', 'history', 'log', 'sizes']);
  assert.deepEqual(
    OF_ONE_RUN.filter((kind) => BESIDE_RECORD.includes(kind)),
    ['exit', 'closed'],
  );
});

test('a name is read as a file of a session only when it is one', () => {
  assert.deepEqual(parseSessionFileName('abc.exit.new'), { id: 'abc', kind: 'exit.new' });
  for (const name of ['abc', 'abc.', '.json', 'abc.toString', 'a b.json', '-a.log', 'abc.json.bad-1', 'abc.log.mine'])
    assert.equal(parseSessionFileName(name), undefined, name);
  assert.equal(siblingPath('/a.log/x.log', 'log', 'sizes'), '/a.log/x.sizes');
});
