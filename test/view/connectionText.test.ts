import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Machine } from '../../src/protocol/context.js';
import { connectionText, machineType } from '../../src/view/machineText.js';
import { machineRecord } from '../helpers/records.js';

const NOW = Date.parse('2026-01-02T03:04:05.000Z');
const at = (seconds: number): string => new Date(NOW + seconds * 1000).toISOString();

const CONNECTIONS: [string, Partial<Machine>][] = [
  ['connected', {}],
  ['connecting', { connection: 'connecting' }],
  ['offline 3m, next try 8s', { connection: 'offline', since: at(-180), nextTry: at(8) }],
  ['offline 2h, next try now', { connection: 'offline', since: at(-9), lastSeen: at(-7200), nextTry: at(-1) }],
  ['offline 12s', { connection: 'offline', since: at(-12) }],
  ['sign-in needed', { connection: 'signInNeeded', nextTry: at(8) }],
  ['host key changed', { connection: 'hostKeyChanged' }],
  ['tmux missing', { connection: 'dependencyMissing' }],
];

for (const [text, fields] of CONNECTIONS) {
  test(`a connection is told as “${text}”`, () => assert.equal(connectionText(machineRecord(fields), NOW), text));
}

test('a machine is told by how it is reached, an agent server with its version in two numbers', () => {
  assert.equal(machineType({ type: 'local', version: '1.4.0' }), 'this host');
  assert.equal(machineType({ type: 'ssh', version: null }), 'ssh');
  assert.equal(machineType({ type: 'agent', version: '1.4.0' }), 'agent server 1.4');
  assert.equal(machineType({ type: 'agent', version: null }), 'agent server');
  assert.equal(machineType({ type: 'slurm', version: null }), 'slurm');
});
