import { hasEnded, type Session } from '../../protocol/session.js';
import { workingLong } from '../editor/say.js';
import { readWholeLog } from '../logs/wholeLog.js';
import { machineElsewhere, sessionPlace } from '../../view/machineText.js';
import { oneLine } from '../../view/plainText.js';
import { parseFilter } from '../../view/sessionFilter.js';
import type { GroupBy } from '../../view/sessionTree.js';
import { sessionItems } from './askSession.js';
import { inputStep, pickStep } from '../quickInput/steps.js';
import { describe, GROUPS } from '../../protocol/word.js';
import { openFolder, specOfMachine } from './openFolder.js';
import { showChanges } from './showChanges.js';
import type { Services } from './services.js';
import { oneSession } from './targets.js';

/** A session that a terminal can be attached to. */
export const isAttachable = ({ session }: { readonly session: Session }): boolean => !hasEnded(session);

/** Commands that look at sessions and change nothing but what has been looked at. */
export function registerWatchCommands(services: Services): void {
  const { commands, settings, logs, attachments, sessionsView } = services;

  const showLog = async (args: readonly unknown[]): Promise<void> => {
    const session = await oneSession(services, args, { title: 'Show Log' });
    if (session !== undefined) await openLog(services, session);
  };
  const attach = async (args: readonly unknown[], options: { beside?: boolean; readOnly?: boolean } = {}) => {
    const none = 'No session is running';
    const session = await oneSession(services, args, { title: 'Attach', accept: isAttachable, none });
    if (session === undefined) return;
    await attachments.attach(session, options);
    await markRead(services, [session]);
  };
  const openWhole = async (args: readonly unknown[]): Promise<void> => {
    const session = await oneSession(services, args, { title: 'Open Whole Log' });
    if (session !== undefined) await openWholeLog(services, session);
  };

  commands.register('codeManager.session.open', async (...args) => {
    const session = await oneSession(services, args, { title: 'Open' });
    if (session === undefined) return;
    if (settings.get('sessions.openWith') === 'terminal' && !hasEnded(session)) await attach(args);
    else await openLog(services, session);
  });
  commands.register('codeManager.session.showLog', (...args) => showLog(args));
  commands.register('codeManager.session.showLog.ask', () => showLog([]));
  commands.register('codeManager.session.openLog', (...args) => openWhole(args));
  commands.register('codeManager.session.openLog.ask', () => openWhole([]));
  commands.register('codeManager.session.attach', (...args) => attach(args));
  commands.register('codeManager.session.attach.ask', () => attach([]));
  commands.register('codeManager.session.attachBeside', (...args) => attach(args, { beside: true }));
  commands.register('codeManager.session.attachReadOnly', (...args) => attach(args, { readOnly: true }));
  commands.register('codeManager.session.showChanges', async (...args) => {
    const session = await oneSession(services, args, { title: 'Show Changes' });
    if (session !== undefined) await showChanges(services, session);
  });
  commands.register('codeManager.session.openFolder', async (...args) => {
    const session = await oneSession(services, args, { title: 'Open Folder' });
    if (session === undefined) return;
    const { link } = services;
    const path = session.worktree?.path ?? session.path;
    await openFolder(path, specOfMachine(session.machineId, link.snapshot), link.snapshot);
  });

  commands.register('codeManager.sessions.show', async () => {
    const session = await oneSession(services, [], { title: 'Sessions' });
    if (session === undefined) return;
    await sessionsView.select(session.id);
    await openLog(services, session);
  });
  commands.register('codeManager.sessions.showAllEnded', async () => {
    const id = await askEnded(services);
    if (id !== undefined) logs.show(await services.link.request('session/get', { session: id }));
  });
  commands.register('codeManager.sessions.filter', async () => {
    const result = await inputStep({
      title: 'Filter Sessions',
      placeholder: 'Words, agent:claude, context:api, machine:build-box, tag:web, state:working',
      prompt: 'Only sessions that match everything are shown. Empty: all.',
      value: sessionsView.filter?.source ?? '',
    });
    if (result.kind === 'next') sessionsView.filter = parseFilter(result.value);
  });
  commands.register('codeManager.sessions.clearFilter', () => {
    sessionsView.filter = undefined;
  });
  const groupBy = (value: GroupBy) => () => settings.set('sessions.groupBy', value);
  commands.register('codeManager.sessions.groupByStatus', groupBy('status'));
  commands.register('codeManager.sessions.groupByContext', groupBy('context'));
  commands.register('codeManager.sessions.groupByNone', groupBy('none'));
}

/** Opens the view on the row of a session, and its log; the focus stays where it is. */
export async function showSession(services: Services, session: Session): Promise<void> {
  await services.sessionsView.show(session.id);
  services.logs.show(session);
}

/** Shows the log without taking the focus; that counts as having looked. */
export async function openLog(services: Services, session: Session): Promise<void> {
  services.logs.show(session);
  await markRead(services, [session]);
}

export async function markRead({ link }: Services, sessions: readonly Session[]): Promise<void> {
  await Promise.all(
    sessions
      .filter(({ unread }) => unread)
      .map(({ id }) => link.request('session/update', { session: id, unread: false })),
  );
}

async function openWholeLog(services: Services, session: Session): Promise<void> {
  const { link, tools, documents } = services;
  const title = `${oneLine(session.name, 60)}.log`;
  const text = await workingLong(`Reading ${title}`, { cancellable: true }, (_report, token) =>
    readWholeLog(
      link.logClient,
      session,
      tools.nameOf(session.tool),
      machineElsewhere(session, link.snapshot.machines),
      token,
    ),
  );
  await documents.show(`log:${session.id}`, title, text, { atEnd: !hasEnded(session), isLog: true });
  await markRead(services, [session]);
}

/** All ended sessions, also archived ones. */
async function askEnded({ link, rows, tools }: Services): Promise<string | undefined> {
  const archived = async () => {
    const sessions = await link.request('session/list', { archived: true });
    const known = new Set(rows.all.map(({ session }) => session.id));
    const now = Date.now();
    const others = sessions
      .filter((session) => hasEnded(session) && !known.has(session.id))
      .map((session) => ({
        session,
        description: describe(session, now),
        group: GROUPS[GROUPS.length - 1] ?? 'Ended',
        context: undefined,
        ...sessionPlace(session, link.snapshot.machines),
      }));
    return sessionItems([...rows.all.filter(({ session }) => hasEnded(session)), ...others], tools, now);
  };
  const result = await pickStep({ title: 'Ended Sessions', placeholder: 'Choose a session', items: archived() });
  return result.kind === 'next' ? result.value.sessionId : undefined;
}
