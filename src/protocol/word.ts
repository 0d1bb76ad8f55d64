import { formatAge, formatDuration, localDateTime, localDayTime } from '../common/text.js';
import type { Connection } from './context.js';
import type { Session, Waiting } from './session.js';

/** The words that people see for a session, one at a time. */
export const WORDS = [
  'Starting',
  'Working',
  'Running',
  'Needs input',
  'Suspended',
  'Error',
  'Limited',
  'Finished',
  'Idle',
  'Completed',
  'Failed',
  'Stopped',
  'Lost',
  'Offline',
] as const;
export type Word = (typeof WORDS)[number];

/** Groups of the Sessions view, in the order in which they are shown. */
export const GROUPS = ['Needs input', 'To review', 'Working', 'Idle', 'Offline', 'Ended'] as const;
export type Group = (typeof GROUPS)[number];

export interface Description {
  readonly word: Word;
  /** What follows the word: `permission: npm publish`, `exit 3`, `last output 12s`; often empty. */
  readonly detail: string;
  readonly group: Group;
}

/** The machine's connection as far as it changes what a session shows. */
export interface MachineView {
  readonly connection: Connection;
  /** ISO time since when. */
  readonly since: string;
  /** ISO time when anything was heard of it last, where that is known. */
  readonly lastSeen?: string | null;
}

/** A machine that is tried again keeps its word for so long, and does not change to and fro with every try. */
const BRIEF_MS = 10_000;

function isReachable({ connection, lastSeen }: MachineView, now: number): boolean {
  if (connection !== 'connecting') return connection === 'connected';
  return typeof lastSeen !== 'string' || now - Date.parse(lastSeen) < BRIEF_MS;
}

function waitingText({ kind, text }: Waiting): string {
  switch (kind) {
    case 'permission':
    case 'question':
      return text === '' ? kind : `${kind}: ${text}`;
    case 'plan':
      return 'plan to review';
    case 'trust':
      return text === '' ? 'trust this folder?' : text;
    case 'login':
      return text === '' ? 'sign in' : text;
  }
}

function ran(session: Session): string {
  if (session.completed === null) return '';
  const from = session.started ?? session.created;
  return `after ${formatDuration(Date.parse(session.completed) - Date.parse(from))}`;
}

/**
 * Turns a session record into the word, the detail and the group that every surface shows: tree, CLI, status bar,
 * notifications and screen reader.
 *
 * @param now milliseconds since the epoch
 * @param machine connection of the session's machine; absent means reachable
 */
export function describe(session: Session, now: number, machine?: MachineView): Description {
  const isOpen = session.status === 'running' || session.status === 'starting';
  if (isOpen && machine !== undefined && !isReachable(machine, now)) {
    const last = describe(session, now);
    const seen = formatAge(now - Date.parse(machine.lastSeen ?? machine.since));
    return {
      word: 'Offline',
      detail: `${last.word === 'Needs input' ? 'needed input' : `was ${last.word.toLowerCase()}`}, seen ${seen === 'now' ? 'just now' : `${seen} ago`}`,
      group: 'Offline',
    };
  }
  const reviewOrEnded: Group = session.unread ? 'To review' : 'Ended';
  const left = leftText(session);
  switch (session.status) {
    case 'completed':
      return { word: 'Completed', detail: joined(ran(session), left), group: reviewOrEnded };
    case 'failed':
      return {
        word: 'Failed',
        detail: joined(
          session.signal ?? (session.exitCode === null ? (session.reason ?? '') : `exit ${session.exitCode}`),
          left,
        ),
        group: reviewOrEnded,
      };
    case 'stopped':
      return { word: 'Stopped', detail: left, group: 'Ended' };
    case 'lost':
      return { word: 'Lost', detail: joined(reasonText(session.reason ?? '', now), left), group: reviewOrEnded };
    case 'starting':
    case 'running':
      break;
  }
  if (session.suspended !== null) return { word: 'Suspended', detail: session.suspended, group: 'Idle' };
  if (session.state === 'waiting') {
    return { word: 'Needs input', detail: session.waiting ? waitingText(session.waiting) : '', group: 'Needs input' };
  }
  if (session.status === 'starting') return { word: 'Starting', detail: '', group: 'Working' };
  switch (session.state) {
    case 'working':
      return { word: 'Working', detail: session.phase ?? '', group: 'Working' };
    case 'limited':
      return {
        word: 'Limited',
        detail: session.limitedUntil ? `until ${localDayTime(session.limitedUntil, new Date(now))}` : '',
        group: 'Idle',
      };
    case 'idle':
      if (session.error !== null) {
        return { word: 'Error', detail: session.error, group: session.unread ? 'To review' : 'Idle' };
      }
      // What it has begun is part of the turn.
      if (session.background > 0) {
        return { word: 'Working', detail: `${session.background} in the background`, group: 'Working' };
      }
      return session.unread
        ? {
            word: 'Finished',
            detail: `after ${formatDuration(Date.parse(session.changed) - Date.parse(session.started ?? session.created))}`,
            group: 'To review',
          }
        : { word: 'Idle', detail: '', group: 'Idle' };
    case 'unknown':
    case null: {
      const detail =
        session.lastOutput === null
          ? ''
          : `last output ${formatAge(now - Date.parse(session.lastOutput), { seconds: true })}`;
      return { word: 'Running', detail, group: 'Working' };
    }
  }
}

/** What a session that has ended left running: `2 processes go on`; empty when there is nothing. */
export function leftText({ left }: Pick<Session, 'left'>): string {
  if (left.length === 0) return '';
  return left.length === 1 ? '1 process goes on' : `${left.length} processes go on`;
}

function joined(...parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join(' · ');
}

/** Why a session ended as it did, as its record says, for people: a time in it becomes local time. */
export function reasonText(reason: string, now = Date.now()): string {
  return reason.replace(RESTART, (_all, what: string, time: string) => `${what} ${localDateTime(time, new Date(now))}`);
}

const RESTART = /^(host restarted) (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)$/;
