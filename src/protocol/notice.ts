import * as z from 'zod';
import { stripTerminal } from '../common/terminalText.js';
import { formatDuration, truncate } from '../common/text.js';
import { Timestamp } from './context.js';
import { Session } from './session.js';
import { describe, type Word } from './word.js';

/** What happens to sessions that a person may want to be told. */
export const NoticeKind = z.enum(['needsInput', 'error', 'failed', 'lost', 'finished']);
export type NoticeKind = z.infer<typeof NoticeKind>;

/** What the `notify` program of `config.json` gets on stdin, one line of JSON. */
export const NotifyEvent = z.object({
  event: NoticeKind,
  /** One line for people: `refactor-auth needs permission: npm publish`. */
  text: z.string(),
  /** When it happened. */
  time: Timestamp,
  /** Shows the session in VS Code when it is opened: `vscode://…`. */
  link: z.string(),
  session: Session,
});
export type NotifyEvent = z.infer<typeof NotifyEvent>;

/** Something that happened to a session. */
export interface Notice {
  readonly sessionId: string;
  /** Equal for one happening, whoever sees it. */
  readonly key: string;
  readonly kind: NoticeKind;
  readonly text: string;
  /** Of an error: what is told once, however many sessions it hits. */
  readonly cause: string | undefined;
}

/** A session and the name of its machine as people see it. */
export interface PlacedSession {
  readonly session: Session;
  readonly machineName: string;
}

/** What a session's record is worth telling; undefined for nothing, also for what was looked at already. */
export function noticeOf({ session, machineName }: PlacedSession): Notice | undefined {
  // By the record alone, whether or not its machine is reachable, and without times that move by themselves.
  const { word, detail } = describe(session, Date.parse(session.changed));
  const kind = KINDS[word];
  if (kind === undefined || (kind !== 'needsInput' && !session.unread)) return undefined;
  const asked = kind === 'needsInput' ? session.request?.id : undefined;
  return {
    sessionId: session.id,
    key: `${session.id}-${kind}-${asked ?? Date.parse(session.changed)}`,
    kind,
    text: textOf(kind, session, machineName, detail),
    cause: kind === 'error' ? `${session.tool} ${detail}` : undefined,
  };
}

const KINDS: Partial<Record<Word, NoticeKind>> = {
  'Needs input': 'needsInput',
  Error: 'error',
  Failed: 'failed',
  Lost: 'lost',
  Finished: 'finished',
  Completed: 'finished',
};

function textOf(kind: NoticeKind, session: Session, machineName: string, detail: string): string {
  const name = line(session.name, 60);
  switch (kind) {
    case 'needsInput':
      return `${name} ${waitingText(session)}`;
    case 'failed':
      return detail === '' ? `${name} failed` : `${name} failed (${line(detail)})`;
    case 'error':
      return detail === '' ? `${name} ended in an error` : `${name} ended in an error: ${line(detail)}`;
    case 'lost': {
      const restart = /^host restarted(?: (?:at )?((?:\d{4}-\d\d-\d\d )?\d\d:\d\d))?$/.exec(detail);
      if (restart !== null) {
        const at = restart[1] === undefined ? '' : ` at ${restart[1]}`;
        return `${name} was lost: ${line(machineName, 60)} restarted${at}`;
      }
      return detail === '' ? `${name} was lost` : `${name} was lost: ${line(detail)}`;
    }
    case 'finished': {
      const end = session.completed ?? session.changed;
      const ms = Date.parse(end) - Date.parse(session.started ?? session.created);
      return `${name} finished after ${formatDuration(ms)}`;
    }
  }
}

function line(text: string, length = 120): string {
  return truncate(stripTerminal(text), length);
}

function waitingText({ waiting }: Session): string {
  const about = line(waiting?.text ?? '');
  switch (waiting?.kind) {
    case 'permission':
      return about === '' ? 'needs permission' : `needs permission: ${about}`;
    case 'question':
      return about === '' ? 'has a question' : `asks: ${about}`;
    case 'plan':
      return 'has a plan to review';
    case 'trust':
      return `asks: ${about === '' ? 'trust this folder?' : about}`;
    case 'login':
      return about === '' ? 'needs you to sign in' : `needs you: ${about}`;
    case undefined:
      return 'needs input';
  }
}

/** What was seen of a session at the last look. */
interface Seen {
  readonly notice: Notice | undefined;
  readonly changed: string;
  /** The request that was pending. */
  readonly pending: string | undefined;
  /** The last request that was seen at all. */
  readonly request: string | undefined;
}

/** Finds out what has happened between two looks at all sessions. The first look tells nothing. */
export class NoticeFinder {
  #seen: ReadonlyMap<string, Seen> | undefined;
  #since = 0;

  /** @param now milliseconds since the epoch */
  look(sessions: readonly PlacedSession[], now = Date.now()): readonly Notice[] {
    const before = this.#seen;
    if (before === undefined) this.#since = now;
    const seen = new Map<string, Seen>();
    const found: Notice[] = [];
    const causes = new Set([...(before?.values() ?? [])].flatMap(({ notice }) => notice?.cause ?? []));
    for (const placed of sessions) {
      const { id, changed, request } = placed.session;
      const notice = noticeOf(placed);
      const last = before?.get(id);
      seen.set(id, { notice, changed, pending: request?.id, request: request?.id ?? last?.request });
      if (before === undefined || notice === undefined || isKnown(notice, placed.session, last)) continue;
      // What ended on a machine before anybody here could know of it is no news.
      if (last === undefined && notice.kind !== 'needsInput' && Date.parse(changed) < this.#since) continue;
      if (notice.cause !== undefined) {
        if (causes.has(notice.cause)) continue;
        causes.add(notice.cause);
      }
      found.push(notice);
    }
    this.#seen = seen;
    return found;
  }

  /** After the connection was lost for good there is nothing to compare with. */
  forget(): void {
    this.#seen = undefined;
  }
}

function isKnown({ key, kind }: Notice, { request, changed }: Session, last: Seen | undefined): boolean {
  if (last === undefined) return false;
  if (last.notice?.key === key) return true;
  if (kind !== 'needsInput') return false;
  // A request keeps its id while the state flickers.
  if (request !== null && request.id === last.request) return true;
  // An agent tells that it asks before it is known what.
  const stillAsks = last.notice?.kind === 'needsInput' && last.changed === changed;
  return stillAsks && (request === null || last.pending === undefined);
}
