import { execFile, spawn } from 'node:child_process';
import { constants } from 'node:os';
import { promisify } from 'node:util';
import { reasonOf } from '../common/systemError.js';
import { CodeManagerError } from '../protocol/errors.js';
import type { Nesting } from '../protocol/sessionRequests.js';
import type { App } from './app.js';
import type { Invocation } from './command.js';

export async function attach(app: App, invocation: Invocation): Promise<number> {
  const [session = ''] = invocation.args;
  const readOnly = invocation.has('read-only');
  if (app.output.json) {
    await app.output.record(await app.client.request('session/attach', { session, readOnly }));
    return 0;
  }
  return attachTo(app, session, readOnly, invocation.has('notify'));
}

/** Throws `invalid` where there is no terminal that could be attached. */
export function needTerminal(): void {
  if (process.stdin.isTTY && process.stdout.isTTY) return;
  throw new CodeManagerError('invalid', 'Attaching needs a terminal', {
    hint: 'Use `cm logs` and `cm send`, which need none.',
  });
}

/** Hands this terminal to a session until the person detaches. Gives the exit code of the terminal client. */
export async function attachTo(app: App, session: string, readOnly: boolean, notify = false): Promise<number> {
  const nesting = await nestingOf(app.env);
  const how = { readOnly, ...(nesting === undefined ? {} : { nesting }) };
  const attach = await app.client.request('session/attach', { session, ...how });
  needTerminal();
  // What is put between the sequences of the terminal has to come by the same way as they do.
  if (attach === null || notify) {
    const { attachRemotely } = await import('./remoteTerminal.js');
    return attachRemotely(app, session, how, notify);
  }
  const [program = '', ...args] = attach.command;
  // A terminal inside somebody's own tmux is a terminal like any other.
  const { TMUX: _tmux, TMUX_PANE: _pane, ...inherited } = app.env;
  app.client.dispose();
  // Ctrl-C is for the agent.
  const ignore = (): void => {};
  process.removeAllListeners('SIGINT').on('SIGINT', ignore);
  const child = spawn(program, args, { stdio: 'inherit', env: { ...inherited, ...attach.env } });
  return new Promise((resolve, reject) => {
    child.once('error', (cause) => {
      reject(new CodeManagerError('dependencyMissing', `${program} could not be run: ${reasonOf(cause)}`, { cause }));
    });
    child.once('exit', (code, signal) => resolve(code ?? exitCodeOf(signal)));
  });
}

/** The prefix of our tmux. */
const PREFIX = 'C-b';
const ASK_MS = 1_000;

/** Whether keys for our tmux are taken by one that is around this terminal; undefined when there is none that takes them. */
export async function nestingOf(env: NodeJS.ProcessEnv): Promise<Nesting | undefined> {
  if (env['TMUX'] !== undefined && env['TMUX'] !== '') {
    const prefix = await promisify(execFile)('tmux', ['display-message', '-p', '#{prefix}'], {
      env,
      timeout: ASK_MS,
    }).then(
      ({ stdout }) => stdout.trim(),
      () => PREFIX,
    );
    return prefix === PREFIX ? 'yes' : undefined;
  }
  // Over ssh only the name of the terminal tells, and others have it too.
  return /^(?:tmux|screen)/.test(env['TERM'] ?? '') ? 'perhaps' : undefined;
}

/** How shells tell a death by a signal. */
export function exitCodeOf(signal: string | null): number {
  const number = signal === null ? undefined : constants.signals[signal as NodeJS.Signals];
  return number === undefined ? 1 : 128 + number;
}
