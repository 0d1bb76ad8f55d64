import assert from 'node:assert/strict';
import test from 'node:test';
import { endedSpans, wholeHistory } from '../../src/core/records/history.js';
import { reduceLifecycle, type LifecycleEvent } from '../../src/core/records/lifecycle.js';
import { SessionRecord, toSession } from '../../src/protocol/files.js';
import { historyText, historyTotals, parseSpans, spanLine } from '../../src/protocol/history.js';
import type { SessionState } from '../../src/protocol/session.js';
import { storedRecord } from '../helpers/records.js';

const T0 = Date.parse('2026-01-01T12:00:00.000Z');
const at = (seconds: number): string => new Date(T0 + seconds * 1000).toISOString();

function record(changes: Partial<SessionRecord> = {}): SessionRecord {
  return storedRecord({ status: 'starting', state: null, changed: at(0), created: at(0), started: null, ...changes });
}

const state = (now: SessionState, seconds: number, kind?: 'permission' | 'question'): LifecycleEvent => ({
  type: 'state',
  state: now,
  time: at(seconds),
  waiting: kind === undefined ? null : { kind, text: 'npm publish' },
});
/** What the file of each record has. */
const FILES = new WeakMap<SessionRecord, string>();
const run = (start: SessionRecord, ...events: readonly LifecycleEvent[]): SessionRecord =>
  events.reduce((before, event) => {
    const after = reduceLifecycle(before, event);
    FILES.set(after, (FILES.get(before) ?? '') + endedSpans(before, after).map(spanLine).join(''));
    return after;
  }, start);
const spans = (one: SessionRecord): unknown[] =>
  wholeHistory(one, parseSpans(FILES.get(one) ?? '')).spans.map(({ doing, kind, from }) => [
    doing,
    kind,
    (Date.parse(from) - T0) / 1000,
  ]);

test('what a session does is recorded with when it began, over its end and its next run', () => {
  const ended = run(
    record(),
    { type: 'launched', pid: 1, waits: true, time: at(1) },
    { type: 'ready', time: at(3) },
    state('working', 4),
    state('waiting', 10, 'permission'),
    state('working', 70),
    state('waiting', 80, 'permission'),
    state('waiting', 90, 'question'),
    state('idle', 100),
    { type: 'ended', ending: { exitCode: 0, signal: null }, time: at(160) },
  );
  const resumed = run(
    ended,
    {
      type: 'resumed',
      request: 'again',
      logSize: 0,
      machine: ended.machine,
      note: null,
      time: at(1000),
    },
    state('working', 1005),
  );
  assert.deepEqual(spans(resumed), [
    ['starting', null, 0],
    ['unknown', null, 3],
    ['working', null, 4],
    ['waiting', 'permission', 10],
    ['working', null, 70],
    ['waiting', 'permission', 80],
    ['waiting', 'question', 90],
    ['idle', null, 100],
    ['ended', null, 160],
    ['starting', null, 1000],
    ['working', null, 1005],
  ]);
  assert.deepEqual(historyTotals(resumed.history, T0 + 1010_000), {
    starting: 8000,
    unknown: 1000,
    working: 21_000,
    waiting: 80_000,
    idle: 60_000,
    ended: 840_000,
  });
  assert.equal(
    historyText(resumed.history, T0 + 1010_000),
    'worked 21s, ran 1s, waited for you 1m 20s, was idle for 1m',
  );
});

test('what is no other state adds nothing, and a session that nothing has happened to has what it does', () => {
  assert.deepEqual(spans(record()), [['starting', null, 0]]);
  const working = run(record({ status: 'running', state: 'idle' }), state('working', 5));
  const same = run(working, { ...state('working', 9), phase: 'editing' } as LifecycleEvent, {
    type: 'endAsked',
    how: 'stop',
  });
  assert.deepEqual(same.history, working.history);
});

test('the history stays small, and its sums are of everything', () => {
  let one = record({ status: 'running', state: 'idle' });
  for (let i = 1; i <= 1000; i++) one = run(one, state(i % 2 === 0 ? 'idle' : 'working', i));
  assert.equal(one.history.spans.length, 1);
  const whole = wholeHistory(one, parseSpans(FILES.get(one) ?? '').slice(-150));
  assert.equal(whole.spans.length, 100);
  assert.deepEqual(historyTotals(whole, T0 + 1000_000), { idle: 500_000, working: 500_000 });
  assert.deepEqual(historyTotals(one.history, T0 + 1000_000), { idle: 500_000, working: 500_000 });
  assert.deepEqual(SessionRecord.parse(JSON.parse(JSON.stringify(one))).history, one.history);
});

test('a session of a host that was switched off worked until its last output', () => {
  const working = run(record({ status: 'running', state: 'idle', lastOutput: at(60) }), state('working', 5));
  const lost = run(working, { type: 'lost', reason: 'host restarted', time: at(36_000) });
  assert.deepEqual(historyTotals(lost.history, T0 + 36_000_000).working, 55_000);
  const silent = run({ ...working, lastOutput: at(1) }, { type: 'lost', reason: 'host restarted', time: at(36_000) });
  assert.equal(historyTotals(silent.history, T0 + 36_000_000).working, 0);
});

test('a clock that was set back makes no time negative', () => {
  const back = run(record({ status: 'running', state: 'idle' }), state('working', 100), state('idle', 50));
  assert.deepEqual(spans(back), [
    ['idle', null, 0],
    ['working', null, 100],
    ['idle', null, 100],
  ]);
});

test('clients get no history with each event, and one that cannot be read costs no session', () => {
  const one = run(record({ status: 'running', state: 'idle' }), state('working', 1));
  assert.ok(!('history' in toSession(one)));
  assert.deepEqual(SessionRecord.parse({ ...one, history: { spans: 'gone' } }).history, { spans: [], earlier: {} });
});

test('the many spans of a record of an older version go on, and its sums are those of before', () => {
  const old = record({
    status: 'running',
    state: 'waiting',
    changed: at(30),
    history: {
      spans: [
        { doing: 'idle', kind: null, from: at(0) },
        { doing: 'working', kind: null, from: at(10) },
        { doing: 'waiting', kind: 'question', from: at(30) },
      ],
      earlier: { working: 5_000 },
    },
  });
  const next = run(old, state('idle', 40));
  assert.deepEqual(next.history.earlier, { working: 25_000, idle: 10_000, waiting: 10_000 });
  assert.deepEqual(spans(next), [
    ['idle', null, 0],
    ['working', null, 10],
    ['waiting', 'question', 30],
    ['idle', null, 40],
  ]);
  assert.deepEqual(wholeHistory(next, parseSpans(FILES.get(next) ?? '')).earlier, {
    working: 5_000,
    idle: 0,
    waiting: 0,
  });
});
