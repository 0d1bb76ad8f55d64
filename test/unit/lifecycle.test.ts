import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { reduceLifecycle, type LifecycleEvent } from '../../src/core/records/lifecycle.js';
import type { SessionRecord } from '../../src/protocol/files.js';
import { hasEnded } from '../../src/protocol/session.js';
import { storedRecord } from '../helpers/records.js';

const T0 = '2026-01-01T12:00:00.000Z';
const T1 = '2026-01-01T12:00:01.000Z';

function record(changes: Partial<SessionRecord> = {}): SessionRecord {
  return storedRecord({ status: 'starting', state: null, changed: T0, created: T0, started: null, ...changes });
}

const run = (start: SessionRecord, ...events: readonly LifecycleEvent[]): SessionRecord =>
  events.reduce(reduceLifecycle, start);
const launched: LifecycleEvent = { type: 'launched', pid: 42, waits: false, time: T1 };

test('a session that waits for nothing runs as soon as it is launched', () => {
  const { status, state, pid, started } = run(record(), launched);
  assert.deepEqual({ status, state, pid, started }, { status: 'running', state: 'unknown', pid: 42, started: T1 });
});

const resumed: LifecycleEvent = {
  type: 'resumed',
  request: 'resume-request',
  logSize: 4711,
  machine: { host: 'box', bootId: 'next' },
  note: null,
  time: T1,
};

const ENDED = [
  { status: 'completed', exitCode: 0 },
  { status: 'failed', exitCode: 3, unread: true, delivery: 'done' },
  { status: 'failed', signal: 'SIGSEGV', unread: true },
  { status: 'stopped', ending: 'stop', signal: 'SIGHUP' },
  { status: 'stopped', ending: 'kill', archived: true },
  { status: 'lost', reason: 'host restarted', delivery: 'pending', unread: true },
] as const satisfies readonly Partial<SessionRecord>[];

for (const ended of ENDED) {
  test(`what is ${JSON.stringify(ended)} can be resumed, and then runs and ends like any other`, () => {
    const before = record({
      ...ended,
      started: T0,
      completed: T0,
      conversationId: 'c0ffee',
      mode: 'plan',
      pinned: true,
    });
    const after = run(before, resumed);
    const { history } = after;
    assert.deepEqual(after, {
      ...record({ conversationId: 'c0ffee', mode: 'plan', pinned: true }),
      machine: { host: 'box', bootId: 'next' },
      resumeId: 'resume-request',
      runFrom: 4711,
      changed: T1,
      history,
    });
    const again = run(after, launched);
    assert.deepEqual([again.status, again.started], ['running', T1]);
    const ending: LifecycleEvent = { type: 'ended', ending: { exitCode: 0, signal: null }, time: T1 };
    assert.equal(run(again, ending).status, 'completed');
  });
}

test('what runs cannot be resumed, and what a person should know of a resumed one is its reason', () => {
  for (const running of [record(), run(record(), launched)]) assert.equal(run(running, resumed), running);
  const noted = run(record({ status: 'lost' }), { ...resumed, note: 'without KEY' });
  assert.equal(noted.reason, 'without KEY');
});

test('a startup dialog is shown while it is up, and ready ends the start', () => {
  const start = run(record(), { ...launched, waits: true });
  assert.equal(start.status, 'starting');
  const dialog = run(start, {
    type: 'startupDialog',
    waiting: { kind: 'trust', text: 'trust this folder?' },
    time: T1,
  });
  assert.deepEqual([dialog.status, dialog.state, dialog.waiting?.kind], ['starting', 'waiting', 'trust']);
  const gone = run(dialog, { type: 'startupDialogGone', time: T1 });
  assert.deepEqual([gone.status, gone.state, gone.waiting], ['starting', null, null]);
  assert.deepEqual(
    [run(gone, { type: 'ready', time: T1 }).status, run(gone, { type: 'ready', time: T1 }).state],
    ['running', 'unknown'],
  );
});

test('a screen that looks like a startup dialog means nothing once the session runs', () => {
  const running = run(record(), launched);
  assert.equal(run(running, { type: 'startupDialog', waiting: { kind: 'trust', text: 'x' }, time: T1 }), running);
});

test('exit 0 is completed, another code or an unasked signal is failed, and both want to be reviewed', () => {
  const end = (exitCode: number | null, signal: string | null): SessionRecord =>
    run(record(), launched, { type: 'ended', ending: { exitCode, signal }, time: T1 });
  assert.deepEqual([end(0, null).status, end(0, null).unread], ['completed', true]);
  assert.deepEqual([end(3, null).status, end(3, null).exitCode], ['failed', 3]);
  assert.deepEqual([end(null, 'SIGKILL').status, end(null, 'SIGKILL').signal], ['failed', 'SIGKILL']);
});

test('an end that nobody saw is lost, never completed or failed', () => {
  const { status, exitCode, reason } = run(record(), launched, { type: 'ended', ending: null, time: T1 });
  assert.deepEqual({ status, exitCode }, { status: 'lost', exitCode: null });
  assert.ok(reason);
});

test('what a person ended is stopped, however it ended', () => {
  for (const event of [
    { type: 'ended', ending: { exitCode: 0, signal: null }, time: T1 },
    { type: 'ended', ending: { exitCode: null, signal: 'SIGKILL' }, time: T1 },
    { type: 'ended', ending: null, time: T1 },
    { type: 'lost', reason: 'gone', time: T1 },
  ] as const) {
    const { status, unread } = run(record(), launched, { type: 'endAsked', how: 'stop' }, event);
    assert.deepEqual({ status, unread }, { status: 'stopped', unread: false });
  }
});

test('a turn that ended is unread until somebody looks, and the next turn takes the mark away', () => {
  const working = run(record(), launched, { type: 'state', state: 'working', time: T1 });
  const idle = run(working, { type: 'state', state: 'idle', turnEnded: true, time: T1 });
  assert.equal(idle.unread, true);
  assert.equal(run(idle, { type: 'state', state: 'idle', time: T1 }).unread, true);
  assert.equal(run(idle, { type: 'state', state: 'working', time: T1 }).unread, false);
  const looked = { ...idle, unread: false };
  const told = run(looked, { type: 'state', state: 'idle', turnEnded: true, time: T1 });
  assert.equal(told.unread, false, 'the same end told again, after a restart of the server, is no news');
  assert.equal(
    run(record(), launched, { type: 'state', state: 'idle', time: T1 }).unread,
    false,
    'ready for the first task is no news',
  );
  assert.equal(
    run(working, { type: 'state', state: 'idle', time: T1 }).unread,
    false,
    'a person who interrupted it knows',
  );
});

test('the same state again keeps the time since when it holds', () => {
  const working = run(record(), launched, { type: 'state', state: 'working', time: T0 });
  assert.equal(run(working, { type: 'state', state: 'working', time: T1 }).changed, T0);
  assert.equal(run(working, { type: 'state', state: 'working', phase: 'editing', time: T1 }).changed, T1);
});

const anyEvent: fc.Arbitrary<LifecycleEvent> = fc.oneof(
  fc.record({ type: fc.constant('launched' as const), pid: fc.nat(), waits: fc.boolean(), time: fc.constant(T1) }),
  fc.record({ type: fc.constant('ready' as const), time: fc.constant(T1) }),
  fc.record({
    type: fc.constant('state' as const),
    state: fc.constantFrom('working' as const, 'idle' as const, 'waiting' as const, 'unknown' as const),
    time: fc.constant(T1),
  }),
  fc.record({ type: fc.constant('endAsked' as const), how: fc.constantFrom('stop' as const, 'kill' as const) }),
  fc.record({
    type: fc.constant('ended' as const),
    ending: fc.option(fc.record({ exitCode: fc.option(fc.nat(255)), signal: fc.constant(null) })),
    time: fc.constant(T1),
  }),
  fc.record({ type: fc.constant('lost' as const), reason: fc.constant('gone'), time: fc.constant(T1) }),
);

test('whatever happens, what has ended stays ended, and only a running session has a state', () => {
  fc.assert(
    fc.property(fc.array(anyEvent, { maxLength: 30 }), (events) => {
      let current = record();
      for (const event of events) {
        const next = reduceLifecycle(current, event);
        if (hasEnded(current)) assert.equal(next, current);
        if (hasEnded(next)) assert.deepEqual([next.state, next.waiting, next.pid], [null, null, null]);
        if (next.status === 'stopped') assert.notEqual(next.ending, null);
        if (next.status === 'completed') assert.equal(next.exitCode, 0);
        current = next;
      }
    }),
  );
});
