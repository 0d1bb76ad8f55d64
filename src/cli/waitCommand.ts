import { withTimeout } from '../common/async.js';
import type { Client } from '../client/api.js';
import { CodeManagerError } from '../protocol/errors.js';
import { hasEnded, type Session } from '../protocol/session.js';
import { describe } from '../protocol/word.js';
import type { App } from './app.js';
import { exitCodeOf } from './attachCommand.js';
import type { Invocation } from './command.js';
import { parseTime } from './controlCommands.js';

type Goal = 'input' | 'idle' | 'ended';

const REACHED: Readonly<Record<Goal, (session: Session) => boolean>> = {
  input: (session) => isGoing(session) && session.state === 'waiting',
  // What goes on in the background is part of the turn.
  idle: (session) => isGoing(session) && session.state === 'idle' && session.background === 0,
  ended: hasEnded,
};

function isGoing(session: Session): boolean {
  return !hasEnded(session) && session.suspended === null;
}

const SAID: Readonly<Record<Goal, string>> = { input: 'needed input', idle: 'was idle', ended: 'ended' };

export async function wait(app: App, invocation: Invocation): Promise<number> {
  const goal = invocation.value('for') ?? 'ended';
  if (!isGoal(goal)) throw new CodeManagerError('invalid', `The flag --for takes input, idle or ended, not "${goal}"`);
  const exitStatus = invocation.has('exit-status');
  if (exitStatus && goal !== 'ended') {
    throw new CodeManagerError('invalid', 'The flag --exit-status needs --for ended: only then there is one');
  }
  const timeoutMs = parseTime(invocation.value('timeout'), '--timeout');
  const client = app.connect({ subscribe: true });
  const { args } = invocation;
  const reached = Promise.all(args.map((ref) => reach(client, ref, goal)));
  const late = (): Error => new CodeManagerError('timeout', `Timed out before ${args.join(', ')} ${SAID[goal]}`);
  const sessions = await (timeoutMs === undefined ? reached : withTimeout(reached, timeoutMs, late));
  await print(app, sessions);
  if (exitStatus) return sessions.map(exitStatusOf).find((code) => code !== 0) ?? 0;
  return goal === 'idle' && sessions.some(({ error }) => error !== null) ? 1 : 0;
}

function isGoal(text: string): text is Goal {
  return Object.hasOwn(REACHED, text);
}

async function print({ output }: App, sessions: readonly Session[]): Promise<void> {
  if (output.json) return output.record(sessions);
  const words = sessions.map((session) => describe(session, Date.now()).word);
  await output.lines(sessions.length === 1 ? words : sessions.map(({ id }, i) => `${id} ${words[i] ?? ''}`));
}

/** The first record of a session that has reached the goal. */
function reach(client: Client, ref: string, goal: Goal): Promise<Session> {
  return new Promise((resolve, reject) => {
    let id: string | undefined;
    const look = (session: Session): void => {
      if (REACHED[goal](session)) resolve(session);
      else if (hasEnded(session))
        reject(new CodeManagerError('conflict', `${session.name} ended before it ${SAID[goal]}`));
    };
    const ask = (): void => {
      client.request('session/get', { session: id ?? ref }).then((session) => {
        id = session.id;
        look(session);
      }, reject);
    };
    client.onDidChange(({ change }) => {
      if (id === undefined) return;
      if (change.type === 'session/changed' && change.session.id === id) look(change.session);
      if (change.type === 'session/removed' && change.id === id) {
        reject(new CodeManagerError('notFound', `${change.name} was deleted before it ${SAID[goal]}`));
      }
    });
    // A picture that stands in place of missed changes says nothing of archived ones; the record itself does.
    client.onDidReset(() => {
      if (id !== undefined) ask();
    });
    ask();
  });
}

/** Waits until a session has ended. @returns what `cm` exits with to say how: its exit code, or 128 + the signal */
export async function endOf(app: App, id: string): Promise<number> {
  return exitStatusOf(await reach(app.connect({ subscribe: true }), id, 'ended'));
}

function exitStatusOf(session: Session): number {
  if (session.signal !== null) return exitCodeOf(session.signal);
  return session.exitCode ?? 1;
}
