import type { Context, Machine } from '../../src/protocol/context.js';
import { SessionRecord } from '../../src/protocol/files.js';
import type { PendingRequest } from '../../src/protocol/pendingRequest.js';
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

/** The same as an agent server keeps it. */
export function storedRecord(fields: Partial<SessionRecord> = {}): SessionRecord {
  return SessionRecord.parse({ ...sessionRecord(), ...fields });
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

/** What an agent asks: whether it may run a command. */
export function pendingRecord(fields: Partial<PendingRequest> = {}): PendingRequest {
  return {
    id: 'r1',
    kind: 'permission',
    action: 'shell',
    command: 'npm publish',
    path: null,
    question: null,
    text: fields.command ?? 'npm publish',
    exact: 'event',
    options: [
      { label: 'Yes', role: 'allow', detail: null },
      { label: 'No', role: 'deny', detail: null },
    ],
    takesReason: true,
    takesText: false,
    since: '2026-01-02T03:05:00.000Z',
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
