import assert from 'node:assert/strict';
import { test } from 'node:test';
import { builtInPatterns } from '../../src/core/tools/builtIn.js';
import { notLinear } from '../helpers/linear.js';

test('the checker tells what takes more than linear time', () => {
  const cases: readonly (readonly [string, string, string | undefined])[] = [
    ['(a+)+$', 'u', 'exponential'],
    ['(a*)*b', 'u', 'exponential'],
    ['^(?:a|a)*b', 'u', 'exponential'],
    ['^(?:\\s*\\n)+x', 'mu', 'exponential'],
    ['^(?:.*\\S.*\\n)+x', 'mu', 'polynomial'],
    ['a*b', 'u', 'polynomial'],
    ['\\s+$', 'gu', 'polynomial'],
    ['\\d+ b', 'mu', 'polynomial'],
    ['^\\s*x', 'mu', 'polynomial'],
    ['^.*x.*y', 'mu', 'polynomial'],
    ['^ *x? *y', 'mu', 'polynomial'],
    ['(?!.*x)y', 'mu', 'polynomial'],
    ['a{3,}b', 'u', 'polynomial'],
    ['A+B', 'iu', 'polynomial'],
    ['^a*b', 'u', undefined],
    ['^a*b', 'mu', undefined],
    ['^ *x', 'mu', undefined],
    ['^\\s*x', 'u', undefined],
    ['^.*x', 'mu', undefined],
    ['(?<url>https?://\\S+)', 'mu', undefined],
    ['a{3,}', 'u', undefined],
    ['^(?: *x)* *$', 'mu', undefined],
    ['^(?!.*x)y', 'mu', undefined],
    ['(?<![^])(?:.*\\n)+x', 'mu', undefined],
  ];
  for (const [source, flags, expected] of cases) {
    const found = notLinear(source, flags);
    assert.equal(found === undefined, expected === undefined, `${source}: ${found ?? 'linear'}`);
  }
});

test('every pattern of the built-in tools is linear', () => {
  const patterns = builtInPatterns();
  assert.ok(patterns.length > 200);
  const slow = patterns.flatMap(({ field, source, flags }) => {
    const why = notLinear(source, flags);
    return why === undefined ? [] : [`${field}: ${source}: ${why}`];
  });
  assert.deepEqual(slow, []);
});
