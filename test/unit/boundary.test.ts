import assert from 'node:assert/strict';
import test from 'node:test';
import type { AuditEntry } from '../../src/protocol/audit.js';
import { CodeManagerError } from '../../src/protocol/errors.js';
import type { Method, Params } from '../../src/protocol/requests.js';
import { PolicyRule } from '../../src/protocol/policy.js';
import { Boundary, type Inside } from '../../src/server/inside/boundary.js';
import { sessionRecord } from '../helpers/records.js';
import { silentLogger } from '../helpers/silentLogger.js';

const OWN = sessionRecord({ id: '000000000001', name: 'agent' });
const ALLOWED = PolicyRule.parse({
  id: 'r',
  created: '2026-01-01T00:00:00.000Z',
  effect: 'allow',
  actions: ['manage'],
  command: ['stop'],
});

interface Scene {
  readonly rules?: readonly PolicyRule[];
  readonly isTaken?: boolean;
  readonly isReady?: boolean;
  readonly inside?: Inside | undefined;
}

/** What became of a request, and what stands on record of it. */
async function admit<M extends Method>(
  method: M,
  params: Params<M>,
  { rules = [], isTaken = true, isReady = true, ...scene }: Scene = {},
): Promise<{ readonly code: string; readonly entries: AuditEntry[]; readonly isAsked: boolean }> {
  const entries: AuditEntry[] = [];
  let isAsked = false;
  const full = new CodeManagerError('unavailable', 'The disk is full');
  const boundary = new Boundary({
    policies: { current: () => Promise.resolve({ off: false, rules }), take: () => Promise.resolve(isTaken) },
    audit: {
      ready: () => (isReady ? Promise.resolve() : Promise.reject(full)),
      append: (entry) => {
        entries.push(entry);
        return Promise.resolve(isReady ? undefined : full);
      },
    },
    find: (ref) => Promise.resolve({ id: ref }),
    host: () => 'here',
    log: silentLogger,
  });
  const inside = (): Promise<Inside | undefined> => {
    isAsked = true;
    return Promise.resolve('inside' in scene ? scene.inside : OWN);
  };
  const code = await boundary.admit(method, params, { inside }).then(
    () => 'admitted',
    (error: unknown) => (error as CodeManagerError).code,
  );
  return { code, entries, isAsked };
}

test('who only looks is not even asked who it is', async () => {
  assert.deepEqual(await admit('session/get', { session: 'x' }), { code: 'admitted', entries: [], isAsked: false });
});

test('who is outside does everything', async () => {
  const { code, entries } = await admit('session/kill', { session: 'x' }, { inside: undefined });
  assert.deepEqual([code, entries], ['admitted', []]);
});

test('inside nothing is done but what a rule names, and the own name', async () => {
  const { code, entries } = await admit('session/kill', { session: 'x' });
  assert.equal(code, 'conflict');
  assert.deepEqual(
    entries.map(({ decision, by, from }) => [decision, by.type, from]),
    [['deny', 'boundary', { type: 'session', name: 'agent' }]],
  );
  assert.equal((await admit('policy/off', { off: true }, { rules: [ALLOWED] })).code, 'conflict');
  assert.equal((await admit('session/rename', { session: OWN.id, name: 'x' })).code, 'admitted');
  assert.equal((await admit('session/rename', { session: 'other', name: 'x' })).code, 'conflict');
});

test('what a rule allows is counted and on record first', async () => {
  const rules = [ALLOWED];
  const { code, entries } = await admit('session/kill', { session: 'x' }, { rules });
  assert.equal(code, 'admitted');
  assert.deepEqual(
    entries.map(({ decision, by }) => [decision, by.type]),
    [['allow', 'policy']],
  );
  assert.equal((await admit('session/kill', { session: 'x' }, { rules, isTaken: false })).code, 'conflict');
  assert.equal((await admit('session/kill', { session: 'x' }, { rules, isReady: false })).code, 'unavailable');
});
