import { CodeManagerError } from '../../protocol/errors.js';
import type { Session } from '../../protocol/session.js';
import type { Services } from './services.js';
import type { SessionRow } from '../../view/sessionRows.js';
import { askSession } from './askSession.js';

/** What a command was called with: a row, an id from a key binding, or nothing that it knows. */
function idOf(argument: unknown, field: 'sessionId' | 'contextId' | 'machineId'): string | undefined {
  if (typeof argument === 'string') return argument;
  if (typeof argument !== 'object' || argument === null) return undefined;
  const value: unknown = (argument as Readonly<Record<string, unknown>>)[field];
  return typeof value === 'string' ? value : undefined;
}

/**
 * The rows that a command of a tree is meant for: all selected ones when the clicked one is among them, or when a key
 * was pressed that says so.
 */
function sessionIds({ sessionsView }: Services, [first, selection]: readonly unknown[]): readonly string[] {
  if (typeof first === 'object' && first !== null && 'selected' in first) return sessionsView.selectedSessions;
  const clicked = idOf(first, 'sessionId');
  if (clicked === undefined) return [];
  const selected = Array.isArray(selection) ? selection.flatMap((item) => idOf(item, 'sessionId') ?? []) : [];
  return selected.includes(clicked) ? selected : [clicked];
}

export function contextId([first]: readonly unknown[]): string | undefined {
  return idOf(first, 'contextId');
}

export function machineIdOf([first]: readonly unknown[]): string | undefined {
  return idOf(first, 'machineId');
}

/**
 * Whether a row was clicked and nobody knows which: while its view is drawn anew the editor has forgotten its rows, and
 * gives nothing in their place. From the palette and by a key there is no argument at all.
 */
function isLostRow(args: readonly unknown[]): boolean {
  return args.length > 0 && (args[0] === undefined || args[0] === null);
}

export interface Question {
  /** The command as the person knows it, for the title of the list. */
  readonly title: string;
  readonly accept?: (row: SessionRow) => boolean;
  readonly none?: string;
}

/** The session of a command: what it was called with, else what the person chooses. Undefined when they choose none. */
export async function oneSession(
  services: Services,
  args: readonly unknown[],
  question: Question,
): Promise<Session | undefined> {
  const [given] = sessionIds(services, args);
  const id = given ?? (await ask(services, question, isLostRow(args)));
  return id === undefined ? undefined : await sessionById(services, id);
}

/** As {@link oneSession}, for commands that take several. */
export async function severalSessions(
  services: Services,
  args: readonly unknown[],
  question: Question,
): Promise<readonly Session[]> {
  const given = sessionIds(services, args);
  const asked = given.length > 0 ? undefined : await ask(services, question, isLostRow(args));
  const ids = asked === undefined ? given : [asked];
  return await Promise.all(ids.map((id) => sessionById(services, id)));
}

/** The record as it is known, else as the agent server has it: archived ones are not in the picture. */
async function sessionById({ link }: Services, id: string): Promise<Session> {
  return link.session(id) ?? (await link.request('session/get', { session: id }));
}

/** The row of a session. Throws when it is gone. */
export function rowOf({ rows, link }: Services, session: Session): SessionRow {
  rows.update();
  const row = rows.find(session.id);
  if (row !== undefined) return row;
  throw new CodeManagerError('notFound', `There is no session ${session.name}`, {
    hint: link.isLoaded ? 'It may have been archived or deleted.' : 'The agent server is not connected.',
  });
}

async function ask(
  services: Services,
  { title, accept, none }: Question,
  isRowLost: boolean,
): Promise<string | undefined> {
  if (isRowLost) {
    // The row had this command, so it is one of those that the command is for.
    const [only, ...others] = services.rows.all.filter(accept ?? (() => true));
    if (only !== undefined && others.length === 0) return only.session.id;
  }
  return await askSession(services.link, services.rows, services.tools, {
    title,
    none: none ?? 'There are no sessions',
    ...(isRowLost ? { placeholder: 'The rows were just moving; choose the session' } : {}),
    selected: services.sessionsView.selectedSessions,
    ...(accept === undefined ? {} : { accept }),
  });
}
