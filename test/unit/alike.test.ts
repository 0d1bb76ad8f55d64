import assert from 'node:assert/strict';
import { test } from 'node:test';
import { alike, onlyNamed } from '../../src/protocol/alike.js';
import type { PendingRequest } from '../../src/protocol/pendingRequest.js';
import type { Session } from '../../src/protocol/session.js';
import { pendingRecord, sessionRecord } from '../helpers/records.js';

let count = 0;
function asking(request: Partial<PendingRequest>, session: Partial<Session> = {}): Session {
  const id = `00000000${String(count++).padStart(4, '0')}`;
  return sessionRecord({ id, tool: 'claude', request: pendingRecord({ id: `r${id}`, ...request }), ...session });
}

test('only what differs in nothing that a person decides on is alike', () => {
  const first = asking({});
  const same = asking({ since: '2026-01-02T03:09:00.000Z', exact: 'record' });
  const [yes, no] = pendingRecord().options;
  assert.ok(yes !== undefined && no !== undefined);
  const others: readonly (readonly [string, Session])[] = [
    ['another agent', asking({}, { tool: 'codex' })],
    ['another action', asking({ action: 'network' })],
    ['one blank more', asking({ command: 'npm  publish' })],
    ['a letter that looks the same', asking({ command: 'npm publi\u0455h' })],
    ['another case', asking({ command: 'npm Publish' })],
    ['another text for people', asking({ text: 'publish' })],
    ['another question', asking({ question: 'Really?' })],
    ['another folder', asking({ folder: '/elsewhere' })],
    ['a file', asking({ path: 'a.txt' })],
    ['another word of an option', asking({ options: [{ ...yes, label: 'Yes, always' }, no] })],
    ['what is said below an option', asking({ options: [{ ...yes, detail: 'for good' }, no] })],
    ['what an option does', asking({ options: [{ ...yes, role: 'always' }, no] })],
    ['an option more', asking({ options: [yes, no, no] })],
    ['its options in another order', asking({ options: [no, yes] })],
    ['a choice of several', asking({ several: true })],
    ['a text of its own', asking({ takesText: true })],
    ['not known exactly', asking({ exact: null })],
    ['nothing', sessionRecord({ id: '0000000000zz', tool: 'claude' })],
  ];
  assert.deepEqual(alike(first, [first, same, ...others.map(([, session]) => session)]), [same]);
  for (const [why, session] of others) assert.deepEqual(alike(session, [first, same]), [], why);
});

test('what is more than its words is like nothing: a folder to trust, a plan, what was not read whole', () => {
  const kinds: readonly Partial<PendingRequest>[] = [
    { kind: 'trust', action: null, command: null, text: 'trust this folder?' },
    { kind: 'plan', action: null, command: null, text: 'plan to review' },
    { kind: 'login', action: null, command: null, text: 'sign in' },
    { kind: 'question', action: null, command: null, text: 'Which colour should it …' },
    { exact: null },
    { options: [] },
  ];
  for (const request of kinds) assert.deepEqual(alike(asking(request), [asking(request)]), [], request.text);
  const question: Partial<PendingRequest> = { kind: 'question', action: null, command: null, question: 'Which?' };
  assert.equal(alike(asking(question), [asking(question), asking({ ...question, exact: null })]).length, 2);
});

test('where requests are named by their ids no other one is answered, and all where none is', () => {
  const pending = ['a', 'b', 'c'].map((id) => ({ request: { id } }));
  const ids = (...named: string[]): string[] => onlyNamed(pending, named).map(({ request }) => request.id);
  assert.deepEqual(ids(), ['a', 'b', 'c']);
  assert.deepEqual(ids('c', 'a'), ['a', 'c']);
  assert.deepEqual(ids('d'), []);
  assert.deepEqual(ids('b', 'd'), ['b']);
});
