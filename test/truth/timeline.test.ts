import assert from 'node:assert/strict';
import test from 'node:test';
import { compare, truthOf, wordOf, type Mark, type Shown } from './timeline.js';

const spans = (marks: readonly Mark[], end = 10_000): string[] =>
  truthOf(marks, end).map(({ truth, from, to }) => `${truth} ${from}-${to}`);

test('a turn is work until the model has said its last words', () => {
  assert.deepEqual(
    spans([
      { time: 100, type: 'asked' },
      { time: 900, type: 'called', asks: null },
      { time: 950, type: 'asked' },
      { time: 2000, type: 'said' },
    ]),
    ['working 100-2000', 'over 2000-10000'],
  );
});

test('a turn is over once what was said is drawn, and one that asks nobody goes on', () => {
  assert.deepEqual(
    spans([
      { time: 0, type: 'asked' },
      { time: 500, type: 'called', asks: 'permission' },
      { time: 600, type: 'asked' },
      { time: 1000, type: 'said' },
      { time: 1800, type: 'rested' },
    ]),
    ['working 0-1000', 'over 1800-10000'],
  );
});

test('a request is there from the moment its dialog is drawn until a key is pressed', () => {
  const drawn: Mark = { time: 1200, type: 'drawn', what: 'permission' };
  const marks: readonly Mark[] = [
    { time: 0, type: 'asked' },
    { time: 1000, type: 'called', asks: 'permission' },
    drawn,
    { time: 3000, type: 'pressed' },
    { time: 3100, type: 'asked' },
    { time: 4000, type: 'said' },
  ];
  const rest = ['working 3100-4000', 'over 4000-10000'];
  assert.deepEqual(spans(marks), ['working 0-1000', 'permission 1200-3000', ...rest]);
  const unseen = marks.filter((mark) => mark !== drawn);
  assert.deepEqual(spans(unseen), ['working 0-1000', 'permission 1000-3000', ...rest]);
});

test('after a denial that the model does not hear of nothing is done', () => {
  assert.deepEqual(
    spans([
      { time: 0, type: 'called', asks: 'permission' },
      { time: 500, type: 'pressed' },
    ]),
    ['permission 0-500', 'quiet 500-10000'],
  );
});

test('an interrupt counts from the moment the agent gives its request up', () => {
  assert.deepEqual(
    spans([
      { time: 0, type: 'asked' },
      { time: 500, type: 'pressed' },
      { time: 700, type: 'dropped' },
    ]),
    ['working 0-500', 'quiet 700-10000'],
  );
});

test('one that is killed has not been interrupted before', () => {
  assert.deepEqual(
    spans([
      { time: 0, type: 'asked' },
      { time: 2000, type: 'dropped' },
      { time: 2010, type: 'ended', how: 'killed' },
    ]),
    ['working 0-2010', 'killed 2010-10000'],
  );
});

test('whoever is refused and asks again works; the last refusal is an error once the agent is still', () => {
  assert.deepEqual(
    spans([
      { time: 0, type: 'asked' },
      { time: 500, type: 'refused' },
      { time: 2500, type: 'asked' },
      { time: 3000, type: 'refused' },
      { time: 3400, type: 'settled' },
    ]),
    ['working 0-3000', 'error 3400-10000'],
  );
});

test('an interrupt while it waits to try again ends work', () => {
  assert.deepEqual(
    spans([
      { time: 0, type: 'asked' },
      { time: 500, type: 'refused' },
      { time: 5000, type: 'pressed' },
    ]),
    ['working 0-5000', 'quiet 5000-10000'],
  );
});

const at = (...words: readonly (readonly [number, string])[]): Shown[] => words.map(([time, word]) => ({ time, word }));

test('what is shown too late is as wrong as long it lasts, and what flickers is counted each time', () => {
  const span = { truth: 'permission', from: 1000, to: 9000 } as const;
  const finding = compare(
    span,
    at([0, 'working'], [2500, 'needs input: permission'], [4000, 'finished'], [4200, 'needs input: permission']),
  );
  assert.equal(finding.latency, 1500);
  assert.deepEqual(
    finding.wrong.map(({ word, ms }) => [word, ms]),
    [
      ['working', 1500],
      ['finished', 200],
    ],
  );
  assert.deepEqual(finding.words, ['working', 'needs input: permission', 'finished', 'needs input: permission']);
});

test('what was known before is no delay, what is not known is not wrong, what never came has no time', () => {
  const span = { truth: 'working', from: 1000, to: 3000 } as const;
  assert.equal(compare(span, at([500, 'working'])).latency, 0);
  const never = compare(span, at([0, 'unknown']));
  assert.deepEqual([never.latency, never.wrong], [null, []]);
  const wrong = compare(span, at([0, 'idle'], [1200, 'idle'], [2000, 'working']));
  assert.deepEqual(wrong.wrong, [{ word: 'idle', from: 1000, ms: 1000 }]);
});

test('an idle agent with something to look at has finished', () => {
  const session = { status: 'running', state: 'idle', waiting: null, unread: true } as const;
  assert.equal(wordOf(session), 'finished');
  assert.equal(wordOf({ ...session, unread: false }), 'idle');
  assert.equal(wordOf({ ...session, status: 'failed', state: null }), 'failed');
  assert.equal(
    wordOf({ ...session, status: 'starting', state: 'waiting', waiting: { kind: 'trust', text: '' } }),
    'needs input: trust',
  );
});
