import type { Machine } from '../../src/protocol/context.js';
import type { Session } from '../../src/protocol/session.js';
import { describe } from '../../src/protocol/word.js';
import { sessionPlace } from '../../src/view/machineText.js';
import type { SessionRow } from '../../src/view/sessionRows.js';
import { machineRecord, sessionRecord } from '../helpers/records.js';

/** A fixed moment; the records of the helpers changed 5 minutes earlier. */
export const NOW = Date.parse('2026-01-02T03:09:05.000Z');

/** Rows as the view has them, without the short delay that holds a row in its group. */
export function rowsOf(sessions: readonly Session[], machines: readonly Machine[] = []): SessionRow[] {
  return sessions.map((session) => {
    const place = sessionPlace(session, machines);
    const description = describe(session, NOW, place.machine);
    return {
      session,
      description,
      group: description.group,
      context: undefined,
      ...place,
    };
  });
}

/** One row by the fields that matter. */
export function rowOf(fields: Partial<Session>, machine?: Machine): SessionRow {
  const [row] = rowsOf([sessionRecord(fields)], machine === undefined ? [] : [machine]);
  if (row === undefined) throw new Error('no row');
  return row;
}

export const AWAY = machineRecord({ id: 'ssh:lab', host: 'lab', type: 'ssh', connection: 'offline' });

/** Sessions of every word, pinned and unread ones among them. */
export function variedSessions(): Session[] {
  const changed: Partial<Session>[] = [
    { status: 'starting', state: null },
    { state: 'working', phase: 'editing' },
    { state: 'unknown' },
    { state: 'waiting', waiting: { kind: 'question', text: 'Which colour?' } },
    { state: 'waiting', waiting: { kind: 'permission', text: 'npm publish' } },
    { state: 'limited', limitedUntil: '2026-01-02T15:00:00.000Z' },
    { state: 'idle', unread: true },
    { state: 'working', suspended: 'Ctrl+Z' },
    { state: 'idle', pinned: true },
    { status: 'completed', state: null, exitCode: 0, completed: '2026-01-02T03:04:05.000Z' },
    { status: 'failed', state: null, exitCode: 3, unread: true },
    { status: 'stopped', state: null },
    { status: 'stopped', state: null, conversationId: 'c0ffee' },
    { status: 'lost', state: null, reason: 'host restarted 14:02' },
  ];
  return changed.map((fields, index) => sessionRecord({ ...fields, id: `00000000000${index.toString(36)}` }));
}
