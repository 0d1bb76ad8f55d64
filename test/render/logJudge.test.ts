import assert from 'node:assert/strict';
import test from 'node:test';
import { judgeLog, type Unit } from '../truth/logJudge.js';

const units: readonly Unit[] = [
  { kind: 'prompt', text: 'Read README.md and tell me of it' },
  { kind: 'call', text: 'README.md' },
  { kind: 'sentence', text: 'It is about a manager of agents.' },
  { kind: 'prompt', text: 'Read README.md once more' },
  { kind: 'sentence', text: 'It is still about the same thing.' },
];

function missing(...lines: readonly string[]): readonly string[] {
  const told = lines.map((text, time) => ({ time, text }));
  return judgeLog({ units, results: [], stood: {} }, told).missing;
}

test('a call that is counted instead of named is told, and what comes after it is in order', () => {
  const [first, , sentence, second, last] = units.map(({ text }) => text);
  assert.ok(first !== undefined && sentence !== undefined && second !== undefined && last !== undefined);
  assert.deepEqual(missing(`> ${first}`, '● Read 1 file (ctrl+o to expand)', sentence, `> ${second}`, last), []);
  assert.deepEqual(missing(`> ${first}`, '● Read(README.md)', sentence, `> ${second}`, last), []);
  assert.notDeepEqual(missing(`> ${first}`, sentence, `> ${second}`, last), []);
  assert.notDeepEqual(missing(`> ${first}`, '● Read 1 file (ctrl+o to expand)', `> ${second}`, last), []);
});
