import assert from 'node:assert/strict';
import test from 'node:test';
import { CodeManagerError } from '../../src/protocol/errors.js';
import {
  linkProblem,
  linkState,
  newLink,
  reduceLink,
  type Link,
  type LinkEvent,
} from '../../src/machines/link/link.js';
import { ConnectionFailure, type ConnectionFailureReason } from '../../src/machines/connectionFailure.js';

const cut = { message: 'the network is gone', command: null, blocks: null } as const;
const refused = { message: 'permission denied', command: null, blocks: 'signIn' } as const;
const changed = { message: 'the host key changed', command: 'ssh-keygen -R box', blocks: 'hostKey' } as const;

function run(events: readonly LinkEvent[], from: Link = newLink(0)): Link {
  return events.reduce(reduceLink, from);
}

const wanted = (time: number): LinkEvent => ({ type: 'wanted', time });
const connected = (time: number): LinkEvent => ({ type: 'connected', node: 'lab-3', time });
const failed = (time: number, problem: Extract<LinkEvent, { type: 'failed' }>['problem'] = cut): LinkEvent => ({
  type: 'failed',
  problem,
  random: 0.5,
  time,
});
const lost = (time: number): LinkEvent => ({ type: 'lost', problem: cut, time });

test('a host that nobody wants is not connected to', () => {
  const link = newLink(5);
  assert.equal(link.phase, 'idle');
  assert.equal(linkState(link).connection, 'offline');
  for (const type of ['due', 'reachable', 'woke', 'unwanted', 'heard'] as const)
    assert.equal(reduceLink(link, { type, time: 9 }), link);
});

test('tries come after 1, 2, 4 … seconds and at most once a minute', () => {
  let link = run([wanted(0)]);
  assert.equal(linkState(link).connection, 'connecting');
  const waits: number[] = [];
  for (let i = 0; i < 9; i++) {
    link = reduceLink(link, failed(1000));
    assert.equal(link.phase, 'waiting');
    waits.push((link.nextTry ?? 0) - 1000);
    assert.equal(reduceLink(link, { type: 'due', time: (link.nextTry ?? 0) - 1 }), link);
    link = reduceLink(link, { type: 'due', time: link.nextTry ?? 0 });
    assert.equal(link.phase, 'connecting');
    // A try in a row of them is part of being offline.
    assert.equal(linkState(link).connection, 'offline');
    assert.equal(link.since, 1000);
  }
  assert.deepEqual(waits, [1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000, 60000]);
});

test('many clients do not try at the same time', () => {
  const at = (random: number): number | null =>
    run([wanted(0), { type: 'failed', problem: cut, random, time: 0 }]).nextTry;
  assert.ok((at(0) ?? 0) < (at(0.5) ?? 0) && (at(0.5) ?? 0) < (at(1) ?? 0));
});

test('a connection that is lost is tried again at once, and what was seen last is kept', () => {
  const link = run([wanted(0), failed(1), wanted(2), connected(10), { type: 'heard', time: 500 }, lost(900)]);
  assert.equal(link.phase, 'connecting');
  assert.equal(link.failures, 0);
  assert.deepEqual(linkState(link), {
    connection: 'connecting',
    since: new Date(900).toISOString(),
    problem: { message: cut.message, command: null },
    node: 'lab-3',
    lastSeen: new Date(500).toISOString(),
    nextTry: null,
  });
  const offline = run([failed(950)], link);
  assert.equal(linkState(offline).connection, 'offline');
  assert.equal(linkState(offline).nextTry, new Date(1950).toISOString());
  assert.equal(linkState(offline).lastSeen, new Date(500).toISOString());
  const back = run([{ type: 'due', time: 1950 }, connected(2000)], offline);
  assert.deepEqual(
    [linkState(back).connection, back.problem, back.nextTry, back.failures],
    ['connected', null, null, 0],
  );
});

test('after a sleep and when somebody asks it is tried at once', () => {
  const waiting = run([wanted(0), failed(1), { type: 'due', time: 5000 }, failed(6000)]);
  const woke = reduceLink(waiting, { type: 'woke', time: 6001 });
  assert.deepEqual([woke.phase, woke.failures, woke.nextTry], ['connecting', 0, null]);
  assert.equal(reduceLink(waiting, wanted(6001)).phase, 'connecting');
});

test('a host that can be reached again is tried at once, and the waits after that go on growing', () => {
  const waiting = run([wanted(0), failed(1), { type: 'due', time: 5000 }, failed(6000)]);
  const again = reduceLink(waiting, { type: 'reachable', time: 6001 });
  assert.deepEqual([again.phase, again.failures, again.nextTry], ['connecting', 2, null]);
  const failedAgain = reduceLink(again, failed(6002));
  assert.equal(failedAgain.nextTry, 6002 + 4000);
});

test('a refused sign-in and a changed host key are never tried again by themselves', () => {
  for (const [problem, connection] of [
    [refused, 'signInNeeded'],
    [changed, 'hostKeyChanged'],
    [{ ...cut, blocks: 'other' as const }, 'offline'],
  ] as const) {
    const link = run([wanted(0), failed(10, problem)]);
    assert.equal(linkState(link).connection, connection);
    assert.equal(linkState(link).nextTry, null);
    for (const event of [
      { type: 'due', time: 1e9 },
      { type: 'woke', time: 1e9 },
      { type: 'reachable', time: 1e9 },
    ] as const)
      assert.equal(reduceLink(link, event), link);
    assert.equal(reduceLink(link, wanted(20)).phase, 'connecting');
  }
});

test('what nobody wants any more stays away', () => {
  for (const before of [
    [wanted(0)],
    [wanted(0), failed(1)],
    [wanted(0), connected(1)],
    [wanted(0), failed(1, refused)],
  ]) {
    const link = run([...before, { type: 'unwanted', time: 50 }]);
    assert.deepEqual([link.phase, link.nextTry, link.problem], ['idle', null, null]);
    // What was still under way has no say.
    assert.equal(reduceLink(link, failed(60)), link);
    assert.equal(reduceLink(link, lost(60)), link);
  }
});

test('each failure says whether a person is needed', () => {
  const blocks = (reason: ConnectionFailureReason): string | null =>
    linkProblem(new ConnectionFailure(reason, 'x')).blocks;
  for (const reason of ['refused', 'noRoute', 'timedOut', 'closed', 'hostNotFound', 'channels'] as const)
    assert.equal(blocks(reason), null);
  for (const reason of [
    'signInNeeded',
    'signInRefused',
    'tooManyFailures',
    'hostKeyUnknown',
    'accountExpired',
  ] as const)
    assert.equal(blocks(reason), 'signIn');
  assert.equal(blocks('hostKeyChanged'), 'hostKey');
  assert.equal(blocks('configuration'), 'other');
  const problem = linkProblem(
    new ConnectionFailure('hostKeyChanged', 'it changed', { hint: 'Look at it.', command: 'ssh-keygen -R box' }),
  );
  assert.deepEqual(problem, { message: 'it changed. Look at it.', command: 'ssh-keygen -R box', blocks: 'hostKey' });
  assert.equal(linkProblem(new CodeManagerError('unavailable', 'x')).blocks, null);
});
