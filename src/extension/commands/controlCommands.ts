import { randomUUID } from 'node:crypto';
import * as vscode from 'vscode';
import { CodeManagerError, errorText } from '../../protocol/errors.js';
import { hasEnded, seatOf, type Session } from '../../protocol/session.js';
import { ask, say, working } from '../editor/say.js';
import { countOf, oneLine } from '../../view/plainText.js';
import { sessionName } from '../../view/sessionLabel.js';
import { draftLike } from '../newSession/draft.js';
import { textStep } from '../quickInput/steps.js';
import type { Services } from './services.js';
import { oneSession, severalSessions, type Question } from './targets.js';
import { isAttachable, openLog } from './watchCommands.js';

/** A polite end takes at most 10 s, a firm one follows. */
const STOP_TIMEOUT_MS = 40_000;
/** Some agents have to be asked for their records, and start slowly. */
const RESUME_TIMEOUT_MS = 120_000;

/** Commands that act on what runs. */
export function registerControlCommands(services: Services): void {
  const { commands, link, newSession, drafts } = services;

  commands.register('codeManager.session.new', () => newSession.run());
  commands.register('codeManager.session.newLike', () => newSession.runLikeLast());
  commands.register('codeManager.session.tryDemo', () => newSession.tryDemo());
  commands.register('codeManager.session.startDraft', async () => {
    const draft = drafts.active;
    if (draft === undefined) return;
    if (await newSession.start(draft)) await drafts.closeActive();
  });
  commands.register('codeManager.session.startAgain', async (...args) => {
    const session = await oneSession(services, args, {
      title: 'Start Again',
      accept: (row) => hasEnded(row.session),
      none: 'No session has ended',
    });
    if (session === undefined) return;
    // The list has long tasks cut.
    const whole = await link.request('session/get', { session: session.id });
    await newSession.run(
      draftLike(
        whole,
        link.snapshot.contexts.some(({ id }) => id === session.contextId),
      ),
    );
  });

  const resume = async (args: readonly unknown[]): Promise<void> => {
    const session = await oneSession(services, args, {
      title: 'Resume',
      accept: (row) => hasEnded(row.session) && row.session.conversationId !== null,
      none: 'No session has ended whose conversation is known',
    });
    if (session === undefined) return;
    const resumed = await working(`Resuming ${named([session])}…`, () =>
      link.request(
        'session/resume',
        { session: session.id, requestId: randomUUID(), seat: seatOf(process.env) },
        { timeoutMs: RESUME_TIMEOUT_MS },
      ),
    );
    await openLog(services, resumed);
  };
  commands.register('codeManager.session.resume', (...args) => resume(args));
  commands.register('codeManager.session.resume.ask', () => resume([]));

  const goOn = async (args: readonly unknown[]): Promise<void> => {
    const session = await oneSession(services, args, {
      title: 'Continue',
      accept: (row) => row.description.word === 'Suspended',
      none: 'No session is suspended',
    });
    if (session === undefined) return;
    await working(`Continuing ${named([session])}…`, () =>
      link.request('session/resume', { session: session.id, requestId: randomUUID(), seat: seatOf(process.env) }),
    );
  };
  commands.register('codeManager.session.continue', (...args) => goOn(args));
  commands.register('codeManager.session.continue.ask', () => goOn([]));

  const send = async (args: readonly unknown[], text?: string): Promise<void> => {
    const session = await oneSession(services, args, running('Send Text'));
    if (session === undefined) return;
    const value = text ?? (await askText(session));
    if (value !== undefined) await sendText(services, session, value);
  };
  commands.register('codeManager.session.send', (...args) => send(args));
  commands.register('codeManager.session.send.ask', () => send([]));
  commands.register('codeManager.session.sendSelection', async () => {
    const editor = vscode.window.activeTextEditor;
    const text = editor?.document.getText(editor.selection) ?? '';
    if (text === '') throw new CodeManagerError('invalid', 'Nothing is selected in the editor');
    await send([], text);
  });

  const interrupt = async (args: readonly unknown[]): Promise<void> => {
    const sessions = await severalSessions(services, args, running('Interrupt'));
    await all(sessions, ({ id: session }) =>
      orAnyway('Interrupt Anyway', (force) => link.request('session/interrupt', { session, force })),
    );
  };
  commands.register('codeManager.session.interrupt', (...args) => interrupt(args));
  commands.register('codeManager.session.interrupt.ask', () => interrupt([]));

  const stop = async (args: readonly unknown[]): Promise<void> => {
    const sessions = (await severalSessions(services, args, endable('Stop'))).filter(isEndable);
    await working(`Stopping ${named(sessions)}…`, () =>
      all(sessions, ({ id }) => link.request('session/stop', { session: id }, { timeoutMs: STOP_TIMEOUT_MS })),
    );
  };
  commands.register('codeManager.session.stop', (...args) => stop(args));
  commands.register('codeManager.session.stop.ask', () => stop([]));

  const kill = async (args: readonly unknown[]): Promise<void> => {
    const sessions = (await severalSessions(services, args, endable('Kill'))).filter(isEndable);
    if (sessions.length === 0) return;
    const detail = 'All its processes end at once, without saving anything. The log stays.';
    if (!(await ask(`Kill ${named(sessions)}?`, detail, 'Kill'))) return;
    await working(`Killing ${named(sessions)}…`, () =>
      all(sessions, ({ id }) => link.request('session/kill', { session: id })),
    );
  };
  commands.register('codeManager.session.kill', (...args) => kill(args));
  commands.register('codeManager.session.kill.ask', () => kill([]));
}

/** For commands that need a session that runs. */
function running(title: string): Question {
  return { title, accept: isAttachable, none: 'No session is running' };
}

/** Whether a session runs, or has left something running. */
function isEndable(session: Session): boolean {
  return !hasEnded(session) || session.left.length > 0;
}

function endable(title: string): Question {
  return { title, accept: ({ session }) => isEndable(session), none: 'No session is running' };
}

async function askText(session: Session): Promise<string | undefined> {
  const waiting = session.waiting === null ? '' : ` It asks: ${oneLine(session.waiting.text)}`;
  const result = await textStep({
    title: `Send Text to ${sessionName(session)}`,
    placeholder: 'Text',
    prompt: `Typed and submitted with Enter.${waiting}`,
  });
  return result.kind === 'next' && result.value !== '' ? result.value : undefined;
}

/** Types a text into a session and submits it. Where that could disturb, the person is asked first. */
export async function sendText({ link }: Services, { id }: Session, text: string): Promise<void> {
  await orAnyway('Send Anyway', (force) => link.request('session/send', { session: id, text, force }));
}

/** Does what may disturb somebody. Where it is refused for that, the person may have it done all the same. */
async function orAnyway(label: string, run: (force: boolean) => Promise<unknown>): Promise<void> {
  try {
    await run(false);
  } catch (error) {
    if (!(error instanceof CodeManagerError) || error.anyway === undefined) throw error;
    if ((await say('warning', errorText(error), label)) === label) await run(true);
  }
}

/** `refactor-auth`, or `3 sessions`. */
export function named(sessions: readonly Session[]): string {
  const [only] = sessions;
  return only !== undefined && sessions.length === 1 ? sessionName(only) : countOf(sessions.length, 'session');
}

/** Does it for each; the first failure is told after all have been tried. */
export async function all(sessions: readonly Session[], run: (session: Session) => Promise<unknown>): Promise<void> {
  const results = await Promise.allSettled(sessions.map(run));
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}
