import assert from 'node:assert/strict';
import { test } from 'node:test';
import { INITIAL_LINK, reduceLink, toConnectionState, type Link, type LinkInput } from '../../src/client/link.js';
import type { ServerInfo } from '../../src/protocol/requests.js';

const server: ServerInfo = {
  version: '1.0.0',
  build: 'b',
  pid: 1,
  host: 'h',
  instance: 'i',
  started: '2026-01-02T03:04:05.000Z',
};
const error = new Error('no');
const later = new Error('still no');
const opened: LinkInput = { type: 'opened', server, now: 1000 };

const connecting: Link = { kind: 'connecting', attempt: 0, error: undefined };
const connected: Link = { kind: 'connected', attempt: 3, server, since: 1000 };
const waiting: Link = { kind: 'waiting', attempt: 2, error };
const ended: Link = { kind: 'ended', error };

const table: [string, Link, LinkInput, Link][] = [
  ['a success connects', connecting, opened, { ...connected, attempt: 0 }],
  ['a failure waits', connecting, { type: 'failed', error, final: false }, { kind: 'waiting', attempt: 0, error }],
  ['a final failure ends', connecting, { type: 'failed', error, final: true }, ended],
  ['a retry counts', waiting, { type: 'retry' }, { kind: 'connecting', attempt: 3, error }],
  ['a retry while connected changes nothing', connected, { type: 'retry' }, connected],
  [
    'a stable connection that breaks is made again at once',
    connected,
    { type: 'closed', error, final: false, now: 1500 },
    connecting,
  ],
  [
    'one that breaks soon after waits as after a failure',
    connected,
    { type: 'closed', error, final: false, now: 1499 },
    { kind: 'waiting', attempt: 3, error },
  ],
  ['a final break ends', connected, { type: 'closed', error, final: true, now: 9999 }, ended],
  ['a break that is known already changes nothing', waiting, { type: 'closed', error, final: false, now: 1 }, waiting],
  ['disposal ends', connected, { type: 'disposed', error }, ended],
  ['an ended one stays ended', ended, opened, ended],
];

for (const [name, before, input, after] of table) {
  test(`link: ${name}`, () => assert.deepEqual(reduceLink(before, input), after));
}

test('once a try has failed the client stays disconnected until one succeeds', () => {
  const states: string[] = [];
  let link: Link = INITIAL_LINK;
  for (const input of [
    { type: 'failed', error, final: false },
    { type: 'retry' },
    { type: 'failed', error: later, final: false },
    { type: 'retry' },
    opened,
  ] satisfies LinkInput[]) {
    states.push(toConnectionState(link).kind);
    link = reduceLink(link, input);
  }
  states.push(toConnectionState(link).kind);
  assert.deepEqual(states, ['connecting', 'disconnected', 'disconnected', 'disconnected', 'disconnected', 'connected']);
});
