import assert from 'node:assert/strict';
import test from 'node:test';
import type { Session } from '../../src/protocol/session.js';
import { localDateTime } from '../../src/common/text.js';
import { describe, type MachineView } from '../../src/protocol/word.js';
import { sessionRecord } from '../helpers/records.js';

const NOW = Date.parse('2026-01-01T12:00:00.000Z');
const at = (secondsAgo: number): string => new Date(NOW - secondsAgo * 1000).toISOString();

function session(changes: Partial<Session>): Session {
  return sessionRecord({ state: null, changed: at(60), created: at(724), started: at(724), ...changes });
}

const TABLE: readonly (readonly [string, Partial<Session>, readonly [string, string, string]])[] = [
  ['a tool whose process is not up', { status: 'starting' }, ['Starting', '', 'Working']],
  [
    'a startup dialog',
    { status: 'starting', state: 'waiting', waiting: { kind: 'trust', text: 'trust this folder?' } },
    ['Needs input', 'trust this folder?', 'Needs input'],
  ],
  ['a turn', { state: 'working', phase: 'editing' }, ['Working', 'editing', 'Working']],
  ['a turn without a phase', { state: 'working' }, ['Working', '', 'Working']],
  ['no rules', { state: 'unknown', lastOutput: at(12) }, ['Running', 'last output 12s', 'Working']],
  ['no rules and no output', { state: 'unknown' }, ['Running', '', 'Working']],
  [
    'a permission',
    { state: 'waiting', waiting: { kind: 'permission', text: 'npm publish' } },
    ['Needs input', 'permission: npm publish', 'Needs input'],
  ],
  [
    'a question',
    { state: 'waiting', waiting: { kind: 'question', text: 'Which colour?' } },
    ['Needs input', 'question: Which colour?', 'Needs input'],
  ],
  [
    'a plan',
    { state: 'waiting', waiting: { kind: 'plan', text: 'x' } },
    ['Needs input', 'plan to review', 'Needs input'],
  ],
  ['a sign-in', { state: 'waiting', waiting: { kind: 'login', text: '' } }, ['Needs input', 'sign in', 'Needs input']],
  ['a turn that ended, unseen', { state: 'idle', unread: true }, ['Finished', 'after 11m 4s', 'To review']],
  [
    'a turn that went wrong',
    { state: 'idle', unread: true, error: '401 Unauthorized' },
    ['Error', '401 Unauthorized', 'To review'],
  ],
  ['a turn that went wrong, seen', { state: 'idle', error: '' }, ['Error', '', 'Idle']],
  ['a turn that ended, seen', { state: 'idle' }, ['Idle', '', 'Idle']],
  [
    'a turn that left something behind',
    { state: 'idle', background: 2 },
    ['Working', '2 in the background', 'Working'],
  ],
  [
    'a turn that went wrong and left something behind',
    { state: 'idle', background: 1, error: '429' },
    ['Error', '429', 'Idle'],
  ],
  [
    'exit 0, unseen',
    { status: 'completed', exitCode: 0, unread: true, completed: at(4) },
    ['Completed', 'after 12m', 'To review'],
  ],
  ['exit 0, seen', { status: 'completed', exitCode: 0, completed: at(4) }, ['Completed', 'after 12m', 'Ended']],
  ['exit 3', { status: 'failed', exitCode: 3, unread: true }, ['Failed', 'exit 3', 'To review']],
  ['a signal', { status: 'failed', signal: 'SIGKILL' }, ['Failed', 'SIGKILL', 'Ended']],
  [
    'a start that failed',
    { status: 'failed', reason: 'tmux did not start' },
    ['Failed', 'tmux did not start', 'Ended'],
  ],
  ['ended by a person', { status: 'stopped', unread: true }, ['Stopped', '', 'Ended']],
  [
    'ended, and something goes on',
    { status: 'failed', exitCode: 3, left: [{ pid: 7, start: '1' }] },
    ['Failed', 'exit 3 · 1 process goes on', 'Ended'],
  ],
  [
    'broken off, and more than one goes on',
    {
      status: 'stopped',
      left: [
        { pid: 7, start: '1' },
        { pid: 8, start: '1' },
      ],
    },
    ['Stopped', '2 processes go on', 'Ended'],
  ],
  ['lost', { status: 'lost', reason: 'host restarted', unread: true }, ['Lost', 'host restarted', 'To review']],
  [
    'lost, and the time is known',
    { status: 'lost', reason: `host restarted ${at(600)}`, unread: true },
    ['Lost', `host restarted ${localDateTime(at(600), new Date(NOW))}`, 'To review'],
  ],
];

for (const [what, changes, [word, detail, group]] of TABLE) {
  test(`${what} is shown as “${word}”${detail === '' ? '' : ` “${detail}”`} in ${group}`, () => {
    assert.deepEqual(describe(session(changes), NOW), { word, detail, group });
  });
}

test('a usage limit says until when, in local time', () => {
  const { word, detail, group } = describe(
    session({ state: 'limited', limitedUntil: '2026-01-01T15:00:00.000Z' }),
    NOW,
  );
  assert.equal(word, 'Limited');
  assert.match(detail, /^until \d\d:\d\d$/);
  assert.equal(group, 'Idle');
});

test('a usage limit of another day says which', () => {
  const detail = (until: string): string => describe(session({ state: 'limited', limitedUntil: until }), NOW).detail;
  const day = (iso: string): string => new Date(iso).toLocaleDateString('en-GB', { day: 'numeric', month: 'short' });
  const thisYear = new Date(NOW + 3 * 86_400_000).toISOString();
  assert.match(detail(thisYear), new RegExp(`^until ${day(thisYear)}( \\d{4})? \\d\\d:\\d\\d$`));
  assert.match(detail(new Date(NOW + 370 * 86_400_000).toISOString()), /^until \d{1,2} \w{3} \d{4} \d\d:\d\d$/);
});

test('an unreachable machine keeps the last word with its age, and ended sessions are not offline', () => {
  const machine = { connection: 'offline', since: at(180) } as const;
  assert.deepEqual(describe(session({ state: 'working' }), NOW, machine), {
    word: 'Offline',
    detail: 'was working, seen 3m ago',
    group: 'Offline',
  });
  const waiting = session({ state: 'waiting', waiting: { kind: 'question', text: 'Which colour?' } });
  assert.equal(describe(waiting, NOW, machine).detail, 'needed input, seen 3m ago');
  assert.equal(describe(session({ status: 'completed', exitCode: 0 }), NOW, machine).word, 'Completed');
  assert.equal(
    describe(session({ state: 'working' }), NOW, { connection: 'connected', since: at(180) }).word,
    'Working',
  );
});

test('the age of the last word is that of the last news, and a try to reach the machine does not change it', () => {
  const seen = (machine: MachineView): string => {
    const { word, detail } = describe(session({ state: 'working' }), NOW, machine);
    return `${word} ${detail}`.trim();
  };
  assert.equal(seen({ connection: 'offline', since: at(60), lastSeen: at(300) }), 'Offline was working, seen 5m ago');
  assert.equal(seen({ connection: 'connecting', since: at(1), lastSeen: at(300) }), 'Offline was working, seen 5m ago');
  assert.equal(seen({ connection: 'connecting', since: at(1), lastSeen: at(2) }), 'Working');
  assert.equal(seen({ connection: 'connecting', since: at(1), lastSeen: null }), 'Working');
  assert.equal(seen({ connection: 'signInNeeded', since: at(60) }), 'Offline was working, seen 1m ago');
});
