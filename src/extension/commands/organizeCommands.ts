import * as vscode from 'vscode';
import { Name } from '../../protocol/context.js';
import { CodeManagerError } from '../../protocol/errors.js';
import { hasEnded, type Session } from '../../protocol/session.js';
import { ask, working } from '../editor/say.js';
import { oneLine } from '../../view/plainText.js';
import { sessionName } from '../../view/sessionLabel.js';
import { inputStep } from '../quickInput/steps.js';
import { all, named } from './controlCommands.js';
import type { Services } from './services.js';
import { oneSession, severalSessions } from './targets.js';
import { markRead } from './watchCommands.js';

/** Commands that keep the list in order. */
export function registerOrganizeCommands(services: Services): void {
  const { commands, link } = services;

  commands.register('codeManager.session.rename', async (...args) => {
    const session = await oneSession(services, args, { title: 'Rename' });
    const name = session === undefined ? undefined : await askName(`Rename ${sessionName(session)}`, session.name);
    if (session !== undefined && name !== undefined)
      await link.request('session/rename', { session: session.id, name });
  });
  const pin = (pinned: boolean) => async (args: readonly unknown[]) => {
    const sessions = await severalSessions(services, args, { title: pinned ? 'Pin' : 'Unpin' });
    await all(sessions, ({ id }) => link.request('session/update', { session: id, pinned }));
  };
  commands.register('codeManager.session.pin', (...args) => pin(true)(args));
  commands.register('codeManager.session.unpin', (...args) => pin(false)(args));
  commands.register('codeManager.session.markRead', async (...args) => {
    const sessions = await severalSessions(services, args, {
      title: 'Mark as Read',
      accept: ({ session }) => session.unread,
      none: 'There is nothing to review',
    });
    await markRead(services, sessions);
  });

  const archive = async (args: readonly unknown[]): Promise<void> => {
    const sessions = await severalSessions(services, args, {
      title: 'Archive',
      accept: ({ session }) => hasEnded(session),
      none: 'No session has ended',
    });
    const force = await mayEnd(sessions, 'Archive');
    if (force === undefined) return;
    await working(`Archiving ${named(sessions)}…`, () =>
      all(sessions, ({ id }) => link.request('session/archive', { session: id, force })),
    );
  };
  commands.register('codeManager.session.archive', (...args) => archive(args));
  commands.register('codeManager.session.archive.ask', () => archive([]));

  commands.register('codeManager.session.delete', async (...args) => {
    const sessions = await severalSessions(services, args, { title: 'Delete' });
    if (sessions.length === 0) return;
    const isRunning = sessions.some((session) => !hasEnded(session));
    const detail = `${isRunning ? 'What still runs is killed. ' : ''}The record and the whole log are deleted for good.`;
    if ((await ask(`Delete ${named(sessions)}?`, detail, 'Delete')) === undefined) return;
    await working(`Deleting ${named(sessions)}…`, () =>
      all(sessions, ({ id }) => link.request('session/purge', { session: id, force: isRunning })),
    );
  });

  const copy = (title: string, text: (session: Session) => string) => async (args: readonly unknown[]) => {
    const sessions = await severalSessions(services, args, { title });
    if (sessions.length > 0) await vscode.env.clipboard.writeText(sessions.map(text).join('\n'));
  };
  commands.register('codeManager.session.copyName', (...args) => copy('Copy Name', ({ name }) => oneLine(name))(args));
  commands.register('codeManager.session.copyId', (...args) => copy('Copy ID', ({ id }) => id)(args));
  commands.register('codeManager.session.copyAttachCommand', (...args) =>
    copy('Copy Attach Command', ({ id }) => `cm attach ${id}`)(args),
  );
  commands.register('codeManager.session.copyLastAnswer', async (...args) => {
    const session = await oneSession(services, args, { title: 'Copy Last Answer' });
    if (session === undefined) return;
    const { entries } = await link.request('session/transcript', { session: session.id });
    const answer = entries.filter(({ kind }) => kind === 'answer').at(-1);
    if (answer === undefined) throw new CodeManagerError('notFound', `${sessionName(session)} has not answered yet`);
    await vscode.env.clipboard.writeText(answer.text);
  });
}

/** Undefined: the person does not want to. True: running ones are to be killed. */
async function mayEnd(sessions: readonly Session[], action: string): Promise<boolean | undefined> {
  if (sessions.length === 0) return undefined;
  const running = sessions.filter((session) => !hasEnded(session));
  if (running.length === 0) return false;
  const button = `Kill and ${action}`;
  const answer = await ask(`${action} ${named(sessions)}?`, `${named(running)} still runs and is killed.`, button);
  return answer === undefined ? undefined : true;
}

/** Asks for a new name. Undefined when the person gives none or leaves it as it is. */
async function askName(title: string, value: string): Promise<string | undefined> {
  const result = await inputStep({
    title,
    placeholder: 'Name',
    value,
    validate: (name) => Name.safeParse(name).error?.issues[0]?.message,
  });
  const name = result.kind === 'next' ? result.value.trim() : value;
  return name === value ? undefined : name;
}
