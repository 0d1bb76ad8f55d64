import assert from 'node:assert/strict';
import test from 'node:test';
import { READ } from '../../src/protocol/access.js';
import { ABOUT_SESSIONS, accessOf, isRepeatable, REQUESTS, type Method } from '../../src/protocol/requests.js';

const METHODS = Object.keys(REQUESTS) as Method[];

test('what is about a session names one', () => {
  assert.ok(ABOUT_SESSIONS.length > 10);
  for (const method of ABOUT_SESSIONS) assert.ok('session' in REQUESTS[method].params.shape, method);
});

test('whatever could type, press, answer or delete twice is not sent again', () => {
  const never = METHODS.filter((method) => !isRepeatable(method));
  assert.deepEqual(never.sort(), [
    'context/add',
    'context/remove',
    'initialize',
    'log/subscribe',
    'log/unsubscribe',
    'machine/install',
    'policy/add',
    'policy/remove',
    'question/answer',
    'server/stop',
    'session/answer',
    'session/archive',
    'session/interrupt',
    'session/key',
    'session/purge',
    'session/send',
    'terminal/close',
    'terminal/open',
    'terminal/resize',
    'token/new',
    'token/revoke',
  ]);
});

test('a request that changes something tells what, in words that follow "may not"', () => {
  for (const method of METHODS) {
    const access = accessOf(method, { create: true, force: true, readOnly: false } as never);
    if (access === READ) continue;
    assert.match('words' in access ? access.words : '', /^[a-z]+ /u, method);
  }
});
