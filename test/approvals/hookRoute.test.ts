import assert from 'node:assert/strict';
import test from 'node:test';
import { HookRoute } from '../../src/core/approvals/hookRoute.js';
import { resolveAnswer, type ResolvedAnswer } from '../../src/core/approvals/resolveAnswer.js';
import type { Answer, PendingRequest } from '../../src/protocol/pendingRequest.js';
import { SessionRecord } from '../../src/protocol/files.js';
import { toolOf } from './fakeAgent.js';

const TIME = '2026-11-22T12:00:00.000Z';
const REQUEST: PendingRequest = {
  id: 'r',
  kind: 'permission',
  action: 'shell',
  command: 'ls',
  path: null,
  question: null,
  text: 'ls',
  exact: 'event',
  options: [
    { label: 'Yes', role: 'allow', detail: null },
    { label: 'Yes, and do not ask again', role: 'always', detail: null },
    { label: 'Yes, and switch to auto mode', role: 'mode', detail: null },
    { label: 'No', role: 'deny', detail: null },
  ],
  takesReason: true,
  takesText: false,
  since: TIME,
};
const SESSION = SessionRecord.parse({
  ...{ id: '0123456789ab', name: 'a', contextId: 'c', contextName: 'api', path: '/p', tool: 'claude', task: '' },
  ...{ machine: { host: 'box', bootId: 'b' }, status: 'running', changed: TIME, created: TIME },
});

const resolve = (answer: Answer): ResolvedAnswer => resolveAnswer(REQUEST, answer);

function given(): { route: HookRoute; texts: string[] } {
  const texts: string[] = [];
  const route = new HookRoute({
    tool: toolOf,
    ticketFor: () => 't1',
    answers: { give: (to, text) => Promise.resolve(texts.push(`${to} ${text}`) > 0) },
  });
  return { route, texts };
}

test('an answer goes to the one who waits for it, in the words of its tool', async () => {
  const { route, texts } = given();
  const allow = route.find(SESSION, REQUEST, resolve({ type: 'allow', always: false }));
  assert.equal(allow?.via, 'hook');
  assert.equal(await allow.give(), true);
  const deny = resolve({ type: 'deny', reason: 'use pnpm' });
  const api = route.find({ ...SESSION, tool: 'opencode' }, REQUEST, deny);
  assert.equal(api?.via, 'api');
  assert.equal(await api.give(), true);
  assert.match(texts[0] ?? '', /^t1 .*"behavior":"allow"/);
  assert.equal(texts[1], 't1 {"reply":"reject","message":"use pnpm"}');
});

test('an option of the list, and what changes more than this request, is left to keys', () => {
  const { route } = given();
  for (const answer of [
    { type: 'allow', always: true },
    { type: 'option', label: 'Yes, and switch to auto mode' },
    { type: 'option', label: 'Yes, and do not ask again' },
  ] as const) {
    assert.equal(route.find(SESSION, REQUEST, resolve(answer)), undefined, JSON.stringify(answer));
  }
});

test('where nobody waits, and for a tool without hooks, there is no other way than keys', () => {
  const allow = resolve({ type: 'allow', always: false });
  const { route } = given();
  assert.equal(route.find({ ...SESSION, tool: 'shell' }, REQUEST, allow), undefined);
  const nobody = new HookRoute({
    tool: toolOf,
    ticketFor: () => undefined,
    answers: { give: () => Promise.resolve(true) },
  });
  assert.equal(nobody.find(SESSION, REQUEST, allow), undefined);
});
