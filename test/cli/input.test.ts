import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseEnvFile, parseVariable } from '../../src/cli/input.js';

test('a file of variables is read as people write it', () => {
  const text = [
    '# comment',
    '',
    'PLAIN=a b',
    'export EXPORTED=1',
    "SINGLE='a \\n $b'",
    'DOUBLE="a\\nb \\"c\\""',
    'EMPTY=',
    'EQUALS=a=b',
    'SPACED = x ',
  ].join('\r\n');
  assert.deepEqual(Object.fromEntries(parseEnvFile(text, 'f')), {
    PLAIN: 'a b',
    EXPORTED: '1',
    SINGLE: 'a \\n $b',
    DOUBLE: 'a\nb "c"',
    EMPTY: '',
    EQUALS: 'a=b',
    SPACED: 'x',
  });
});

test('a wrong line is named by its number and never shown, since it may be a secret', () => {
  assert.throws(
    () => parseEnvFile('A=1\nhunter2 secret', '.env'),
    (error: Error) => {
      assert.match(error.message, /^\.env:2/);
      assert.doesNotMatch(error.message, /hunter2/);
      return true;
    },
  );
});

test('a variable may hold anything after its first equals sign', () => {
  assert.deepEqual(parseVariable('A=b=c\nd'), ['A', 'b=c\nd']);
  assert.throws(() => parseVariable('1A=b'), /"1A" is not KEY=VALUE/);
});
