import * as z from 'zod';
import { SESSION_ID_PATTERN } from '../../../common/ids.js';
import { stripTerminal } from '../../../common/terminalText.js';
import { truncate } from '../../../common/text.js';
import type { Context } from '../../../protocol/context.js';
import { machineId } from '../../../protocol/machineKinds.js';
import type { Change } from '../../../protocol/events.js';
import type { PendingRequest } from '../../../protocol/pendingRequest.js';
import type { Snapshot } from '../../../protocol/collections.js';
import { MAX_TASK_BYTES, Session } from '../../../protocol/session.js';

/** More sessions than anybody looks at; a host that tells of more is not believed. */
const MAX_SESSIONS = 10_000;
const LINE_LETTERS = 1_000;
const PATH_LETTERS = 4_096;
const MAX_ARGS = 1_000;
const MAX_COMMAND = 64 * 1024;
const MAX_OPTIONS = 100;

/** Without the fields that this version does not know: they would be kept and passed on unread. */
const KnownSession = z.object(Session.shape);

/** The sessions of one agent server as our clients see them: as parts of our machine and our contexts. */
export class AgentMirror {
  readonly #id: string;
  readonly #contexts: () => readonly Context[];
  readonly #sessions = new Map<string, Session>();
  /** The contexts in which sessions were started or found; a session stays in its own, whatever comes later. */
  readonly #chosen = new Map<string, Pick<Context, 'id' | 'name'>>();
  /** Paths of the contexts there, by their ids there. */
  readonly #paths = new Map<string, string>();

  /** @param id of the machine here; @param contexts all of ours */
  constructor(id: string, contexts: () => readonly Context[]) {
    this.#id = id;
    this.#contexts = contexts;
  }

  get sessions(): readonly Session[] {
    return [...this.#sessions.values()];
  }

  has(id: string): boolean {
    return this.#sessions.has(id);
  }

  /** What was known when it was heard of last. */
  remember(sessions: readonly Session[]): void {
    const ours = new Set(this.#contexts().map(({ id }) => id));
    for (const session of sessions) {
      this.#sessions.set(session.id, { ...session, machineId: this.#id });
      const { contextId: id, contextName: name } = session;
      if (ours.has(id)) this.#chosen.set(session.id, { id, name });
    }
  }

  /** A session was started in this context; gives the change when it was taken for one of another. */
  choose(session: string, { id, name }: Pick<Context, 'id' | 'name'>): Change | undefined {
    this.#chosen.set(session, { id, name });
    const known = this.#sessions.get(session);
    if (known === undefined || known.contextId === id) return undefined;
    const moved = { ...known, contextId: id, contextName: name };
    this.#sessions.set(session, moved);
    return { type: 'session/changed', session: moved };
  }

  /** Takes a whole picture over; gives what differs from the one before. */
  reset({ sessions, contexts }: Snapshot): Change[] {
    this.#paths.clear();
    for (const { id, path } of contexts) this.#paths.set(id, path);
    const changes: Change[] = [];
    const gone = new Map(this.#sessions);
    for (const theirs of sessions.slice(0, MAX_SESSIONS)) {
      const session = this.take(theirs);
      if (session === undefined || session.archived) continue;
      const known = gone.get(session.id);
      gone.delete(session.id);
      this.#sessions.set(session.id, session);
      if (JSON.stringify(known) !== JSON.stringify(session)) changes.push({ type: 'session/changed', session });
    }
    for (const { id, name } of gone.values()) {
      this.#sessions.delete(id);
      this.#chosen.delete(id);
      changes.push({ type: 'session/removed', id, name });
    }
    return changes;
  }

  /** What a change there is here; undefined when it is none of ours. */
  apply(change: Change): Change | undefined {
    switch (change.type) {
      case 'session/changed': {
        const session = this.take(change.session);
        if (session === undefined) return undefined;
        if (session.archived) this.#sessions.delete(session.id);
        else if (this.#sessions.has(session.id) || this.#sessions.size < MAX_SESSIONS) {
          this.#sessions.set(session.id, session);
        }
        return { type: 'session/changed', session };
      }
      case 'session/removed': {
        const known = this.#sessions.get(change.id);
        this.#sessions.delete(change.id);
        this.#chosen.delete(change.id);
        return known && { type: 'session/removed', id: known.id, name: known.name };
      }
      case 'context/changed':
        this.#paths.set(change.context.id, change.context.path);
        return undefined;
      case 'context/removed':
        this.#paths.delete(change.id);
        return undefined;
      case 'machine/changed':
      case 'machine/removed':
      case 'policy/changed':
      case 'notice':
        return undefined;
    }
  }

  /** A session there as one of this machine; undefined for one that the server there reaches elsewhere itself. */
  take(theirs: Session): Session | undefined {
    const session = KnownSession.safeParse(theirs).data;
    if (session === undefined || session.machineId !== 'local' || !SESSION_ID_PATTERN.test(session.id)) {
      return undefined;
    }
    const context = this.#chosen.get(session.id) ?? this.#contextOf(session);
    return {
      ...session,
      machineId: this.#id,
      contextId: context?.id ?? session.contextId.slice(0, LINE_LETTERS),
      contextName: context?.name ?? line(session.contextName),
      name: line(session.name) || session.id,
      path: session.path.slice(0, PATH_LETTERS),
      task: truncate(session.task, MAX_TASK_BYTES),
      args: session.args.slice(0, MAX_ARGS),
      title: lineOrNull(session.title),
      reason: lineOrNull(session.reason),
      waiting: session.waiting && { ...session.waiting, text: line(session.waiting.text) },
      request: session.request && harmless(session.request),
    };
  }

  /** Ours with the path that theirs has; else the deepest one of ours that holds the session's folder. */
  #contextOf({ contextId, path }: Session): Context | undefined {
    const ours = this.#contexts().filter(({ machine }) => machineId(machine) === this.#id);
    const theirPath = this.#paths.get(contextId);
    const same = ours.find((context) => context.path === theirPath);
    if (same !== undefined) return same;
    const holding = ours.filter(
      (context) => path === context.path || path.startsWith(context.path === '/' ? '/' : `${context.path}/`),
    );
    return holding.sort((a, b) => b.path.length - a.path.length)[0];
  }
}

/** What their agent asks, bounded, and harmless where it is only for people. */
function harmless(request: PendingRequest): PendingRequest {
  const { command, path, question, text, exact, options } = request;
  const isWhole = (command?.length ?? 0) <= MAX_COMMAND && (path?.length ?? 0) <= LINE_LETTERS;
  return {
    ...request,
    // As their tool has them: every surface spells them out.
    command: command && truncate(command, MAX_COMMAND),
    path: path && truncate(path, LINE_LETTERS),
    exact: isWhole ? exact : null,
    question: lineOrNull(question),
    text: line(text),
    options: options.slice(0, MAX_OPTIONS).map((option) => ({
      ...option,
      label: line(option.label),
      detail: lineOrNull(option.detail),
    })),
  };
}

function line(text: string): string {
  return truncate(stripTerminal(text), LINE_LETTERS);
}

function lineOrNull(text: string | null): string | null {
  return text === null ? null : line(text);
}
