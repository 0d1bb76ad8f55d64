import { hostname } from 'node:os';
import type { Client, ConnectionState } from '../../../client/api.js';
import { systemClock } from '../../../common/async.js';
import { shortHostName } from '../../../common/home.js';
import { stripTerminal } from '../../../common/terminalText.js';
import { truncate } from '../../../common/text.js';
import type { SessionMethod } from '../../../core/machine/machineService.js';
import { ConnectionFailure } from '../../../machines/connectionFailure.js';
import type { Machine as MachineInfo } from '../../../protocol/context.js';
import { CodeManagerError, errorText, toCodeManagerError } from '../../../protocol/errors.js';
import type { Params, ServerInfo } from '../../../protocol/requests.js';

/** How much of what a host says is shown. */
const MESSAGE_LETTERS = 500;

/** The request as the server there understands it: it knows neither our contexts nor our machines. */
export function toTheirs(method: SessionMethod, params: unknown): unknown {
  if (method === 'session/list') {
    const { archived, tool, state } = params as Params<'session/list'>;
    return { archived, tool, state, machine: 'local' };
  }
  return method === 'tool/list' ? { ...(params as Params<'tool/list'>), machine: 'local' } : params;
}

/** ISO 8601. */
export function now(): string {
  return new Date(systemClock.now()).toISOString();
}

/** What a host says, as one line for people. */
export function line(text: string): string {
  return truncate(stripTerminal(text), MESSAGE_LETTERS);
}

/** Whether a client has given up. */
export function isFinal({ state }: Client): boolean {
  return state.kind === 'disconnected' && state.final;
}

/** Whether a client is connecting right now. */
export function isTrying(client: Client | undefined): boolean {
  if (client === undefined) return false;
  const { state } = client;
  return state.kind === 'connecting' || (state.kind === 'disconnected' && !state.final && state.nextTry === undefined);
}

/** Trying again without a person could only fail again, and may lock the account. */
export function needsPerson(error: CodeManagerError): boolean {
  return error instanceof ConnectionFailure
    ? error.needsPerson
    : error.code === 'unauthorized' || error.code === 'invalid';
}

/** The host opens no further session on the connection. */
export function isChannelRefused(error: unknown): boolean {
  return error instanceof ConnectionFailure && error.reason === 'channels';
}

/** Waits until a client that tries to connect has come to something. @throws what it failed with, or `cancelled` */
export async function attempted(client: Client, signal: AbortSignal | undefined): Promise<void> {
  if (client.state.kind === 'connected') return;
  let settle: () => void = () => undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      const onAbort = (): void => reject(new CodeManagerError('cancelled', 'Cancelled'));
      const look = (): void => {
        const { state } = client;
        if (state.kind === 'connected') resolve();
        else if (state.kind === 'disconnected' && (state.final || state.nextTry !== undefined)) reject(state.error);
      };
      const listening = client.onDidChangeState(look);
      settle = () => {
        listening.dispose();
        signal?.removeEventListener('abort', onAbort);
      };
      if (signal?.aborted === true) onAbort();
      signal?.addEventListener('abort', onAbort, { once: true });
      look();
    });
  } finally {
    settle();
  }
}

/**
 * How a failure to connect is shown.
 *
 * @param before how the machine was shown
 */
export function failureInfo(
  { error: thrown, final, nextTry }: Extract<ConnectionState, { readonly kind: 'disconnected' }>,
  before: MachineInfo['connection'],
): Pick<MachineInfo, 'connection' | 'problem' | 'nextTry'> {
  const error = toCodeManagerError(thrown);
  const isTryingNow = !final && nextTry === undefined;
  return {
    // A try that is under way is shown as what the last one came to.
    connection: isTryingNow && before === 'connected' ? 'connecting' : connectionOf(error, final),
    problem: { message: line(errorText(error)), command: error.command ?? null },
    nextTry: nextTry === undefined ? null : new Date(nextTry).toISOString(),
  };
}

function connectionOf(error: CodeManagerError, isFinalError: boolean): MachineInfo['connection'] {
  if (error instanceof ConnectionFailure && (error.reason === 'hostKeyChanged' || error.reason === 'hostKeyRevoked')) {
    return 'hostKeyChanged';
  }
  if (error.code === 'dependencyMissing') return 'dependencyMissing';
  return isFinalError && error.code === 'unauthorized' ? 'signInNeeded' : 'offline';
}

/** What an agent server says of its own host, among its machines. */
export function problemThere(machines: readonly MachineInfo[]): Pick<MachineInfo, 'connection' | 'problem'> {
  const local = machines.find(({ id }) => id === 'local');
  if (local?.connection !== 'dependencyMissing') return { connection: 'connected', problem: null };
  const { problem } = local;
  return {
    connection: 'dependencyMissing',
    problem: problem && {
      message: line(problem.message),
      command: problem.command === null ? null : line(problem.command),
      reason: problem.reason,
    },
  };
}

/** A server that reaches itself would show every session twice. */
export function isThisProcess(server: ServerInfo): boolean {
  return server.pid === process.pid && server.host === shortHostName(hostname());
}
