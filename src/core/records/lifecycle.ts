import type { SessionRecord } from '../../protocol/files.js';
import type { PendingRequest } from '../../protocol/pendingRequest.js';
import type { Phase } from '../../protocol/screen.js';
import { hasEnded, type MachineIdentity, type SessionState, type Waiting } from '../../protocol/session.js';
import { withHistory } from './history.js';

/** How a session's process ended, with the signal's name. */
export interface Ending {
  readonly exitCode: number | null;
  readonly signal: string | null;
}

/** What can happen to a session. `time` is ISO 8601 UTC. */
export type LifecycleEvent =
  /** tmux runs it; `waits`: it is ready only when its startup screens are through. */
  | { readonly type: 'launched'; readonly pid: number; readonly waits: boolean; readonly time: string }
  | {
      readonly type: 'startupDialog';
      readonly waiting: Waiting;
      readonly request?: PendingRequest | null;
      readonly time: string;
    }
  | { readonly type: 'startupDialogGone'; readonly time: string }
  | { readonly type: 'ready'; readonly time: string }
  /** What the tool is doing, by the evidence that won. */
  | {
      readonly type: 'state';
      readonly state: SessionState;
      readonly phase?: Phase | null;
      readonly waiting?: Waiting | null;
      /** What exactly is waited for; kept apart from `waiting`, which may be known sooner. */
      readonly request?: PendingRequest | null;
      /** Shells and agents that go on beside the conversation. */
      readonly background?: number;
      readonly limitedUntil?: string | null;
      /** What the tool was asked to do is done, or went wrong: there is something to look at. */
      readonly turnEnded?: boolean;
      /** How the turn that has ended went wrong, in few words. */
      readonly error?: string | null;
      /** The agent was idle already, while something that it had begun went on. */
      readonly isLate?: boolean;
      readonly time: string;
    }
  /** By what it is suspended; null: it goes on. */
  | { readonly type: 'suspended'; readonly suspended: string | null; readonly time: string }
  | { readonly type: 'endAsked'; readonly how: 'stop' | 'kill' }
  /** The agent's process has gone; null when nobody can know how. */
  | {
      readonly type: 'ended';
      readonly ending: Ending | null;
      /** A person has pressed Ctrl+C right before. */
      readonly isBrokenOff?: boolean;
      readonly time: string;
    }
  | { readonly type: 'lost'; readonly reason: string; readonly time: string }
  | { readonly type: 'startFailed'; readonly reason: string; readonly time: string }
  /** A person takes its conversation up again; `note`: what they should know. */
  | {
      readonly type: 'resumed';
      readonly request: string;
      /** Size of the log: where the new run begins in it. */
      readonly logSize: number;
      readonly machine: MachineIdentity;
      readonly note: string | null;
      readonly time: string;
    };

const NOT_RUNNING = {
  state: null,
  phase: null,
  waiting: null,
  request: null,
  background: 0,
  limitedUntil: null,
  error: null,
  suspended: null,
  pid: null,
} as const;

/**
 * The life of a session as a pure function. Events that come too late change nothing: what has ended stays ended until
 * a person resumes it.
 */
export function reduceLifecycle(record: SessionRecord, event: LifecycleEvent): SessionRecord {
  const next = reduce(record, event);
  return next === record ? record : withHistory(record, next);
}

function reduce(record: SessionRecord, event: LifecycleEvent): SessionRecord {
  if (event.type === 'resumed') return hasEnded(record) ? resume(record, event) : record;
  if (hasEnded(record)) return record;
  switch (event.type) {
    case 'launched':
      return {
        ...record,
        status: event.waits ? 'starting' : 'running',
        state: event.waits ? null : 'unknown',
        pid: event.pid,
        started: record.started ?? event.time,
        changed: event.time,
      };
    case 'startupDialog':
      return record.status === 'starting'
        ? withState(record, 'waiting', event.time, { waiting: event.waiting, request: event.request ?? null })
        : record;
    case 'startupDialogGone':
      return record.status === 'starting' && record.state === 'waiting'
        ? { ...record, state: null, waiting: null, request: null, changed: event.time }
        : record;
    case 'ready':
      return record.status === 'starting'
        ? { ...record, status: 'running', state: 'unknown', waiting: null, request: null, changed: event.time }
        : record;
    case 'state': {
      const next = withState({ ...record, status: 'running' }, event.state, event.time, event);
      const isNews =
        (event.turnEnded === true && (record.state !== 'idle' || event.isLate === true)) ||
        (event.error != null && record.error === null);
      // A turn that goes on or asks is nothing to review any more.
      return { ...next, unread: event.state === 'idle' && (isNews || record.unread) };
    }
    case 'suspended':
      // Whatever is ended is stopped first.
      return record.ending !== null || record.suspended === event.suspended
        ? record
        : {
            ...record,
            suspended: event.suspended,
            // Who pressed its key has looked at it.
            unread: record.unread && event.suspended !== 'Ctrl+Z',
            changed: event.time,
          };
    case 'endAsked':
      return { ...record, ending: event.how === 'kill' ? 'kill' : (record.ending ?? 'stop') };
    case 'ended': {
      const ended = { ...record, ...NOT_RUNNING, completed: event.time, changed: event.time };
      const isWell = event.ending !== null && event.ending.exitCode === 0 && event.ending.signal === null;
      if (record.ending !== null || (event.isBrokenOff === true && !isWell))
        return {
          ...ended,
          status: 'stopped',
          unread: false,
          exitCode: event.ending?.exitCode ?? null,
          signal: event.ending?.signal ?? null,
        };
      if (event.ending === null)
        return { ...ended, status: 'lost', unread: true, reason: 'it ended and nobody saw how' };
      const { exitCode, signal } = event.ending;
      return {
        ...ended,
        status: isWell ? 'completed' : 'failed',
        unread: true,
        exitCode,
        signal,
      };
    }
    case 'lost':
      if (record.ending !== null)
        return {
          ...record,
          ...NOT_RUNNING,
          status: 'stopped',
          unread: false,
          completed: event.time,
          changed: event.time,
        };
      return {
        ...record,
        ...NOT_RUNNING,
        status: 'lost',
        unread: true,
        reason: event.reason,
        completed: event.time,
        changed: event.time,
      };
    case 'startFailed':
      return {
        ...record,
        ...NOT_RUNNING,
        status: 'failed',
        unread: true,
        reason: event.reason,
        completed: event.time,
        changed: event.time,
      };
  }
}

/** Back to the moment before its start; what it was started with and what its tool recorded stays. */
function resume(record: SessionRecord, event: LifecycleEvent & { readonly type: 'resumed' }): SessionRecord {
  return {
    ...record,
    ...NOT_RUNNING,
    status: 'starting',
    changed: event.time,
    started: null,
    completed: null,
    exitCode: null,
    signal: null,
    unread: false,
    archived: false,
    ending: null,
    reason: event.note,
    machine: event.machine,
    resumeId: event.request,
    runFrom: event.logSize,
    left: [],
    // The task is part of the conversation.
    delivery: 'none',
  };
}

function withState(
  record: SessionRecord,
  state: SessionState,
  time: string,
  {
    phase = null,
    waiting = null,
    request = null,
    background = 0,
    limitedUntil = null,
    error = null,
  }: Pick<
    LifecycleEvent & { readonly type: 'state' },
    'phase' | 'waiting' | 'request' | 'background' | 'limitedUntil' | 'error'
  >,
): SessionRecord {
  const same =
    record.state === state &&
    record.phase === phase &&
    record.waiting?.kind === waiting?.kind &&
    record.waiting?.text === waiting?.text &&
    // That its details have become known is no other request.
    (record.request === null || record.request.id === request?.id) &&
    record.limitedUntil === limitedUntil &&
    record.error === error;
  return {
    ...record,
    state,
    phase,
    waiting,
    request,
    background,
    limitedUntil,
    error,
    changed: same ? record.changed : time,
  };
}
