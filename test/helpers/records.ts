import type { Context, Machine } from '../../src/protocol/context.js';
import type { Question } from '../../src/protocol/question.js';
import { Session } from '../../src/protocol/session.js';

/** A session record with plausible contents; a test names what matters to it. */
export function sessionRecord(fields: Partial<Session> = {}): Session {
  const now = '2026-01-02T03:04:05.000Z';
  return Session.parse({
    id: '0123456789ab',
    name: 'sample',
    contextId: 'context-1',
    contextName: 'demo',
    path: '/work/demo',
    machine: { host: 'test-host', bootId: 'boot' },
    tool: 'shell',
    task: 'echo hello',
    status: 'running',
    state: 'unknown',
    changed: now,
    created: now,
    started: now,
    ...fields,
  });
}

export function contextRecord(fields: Partial<Context> = {}): Context {
  return {
    id: 'context-1',
    name: 'demo',
    path: '/work/demo',
    machine: 'local',
    tags: [],
    created: '2026-01-02T03:04:05.000Z',
    lastUsed: null,
    ...fields,
  };
}

export function machineRecord(fields: Partial<Machine> = {}): Machine {
  return {
    id: 'local',
    host: 'test-host',
    type: 'local',
    connection: 'connected',
    since: '2026-01-02T03:04:05.000Z',
    problem: null,
    node: 'test-host',
    version: null,
    lastSeen: null,
    nextTry: null,
    ...fields,
  };
}

/** What a machine asks: its password. */
export function questionRecord(fields: Partial<Question> = {}): Question {
  return {
    id: 'q1',
    machine: 'build-box',
    kind: 'password',
    title: 'Password of anna@build-box',
    text: '',
    secret: true,
    timeoutMs: 60_000,
    ...fields,
  };
}
