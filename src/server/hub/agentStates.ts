import { hostname } from 'node:os';
import type { Client } from '../../client/api.js';
import { systemClock } from '../../common/async.js';
import { shortHostName } from '../../common/home.js';
import { stripTerminal } from '../../common/terminalText.js';
import { truncate } from '../../common/text.js';
import type { SessionMethod } from '../../core/machineService.js';
import { SshFailure } from '../../machines/ssh/sshFailure.js';
import type { AgentMachineSpec, Machine as MachineInfo } from '../../protocol/context.js';
import type { CodeManagerError } from '../../protocol/errors.js';
import type { Params, ServerInfo } from '../../protocol/requests.js';

/** How much of what a host says is shown. */
export const MESSAGE_LETTERS = 500;

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

/** The name by which people know the machine. */
export function hostOf(spec: AgentMachineSpec): string {
  if ('url' in spec && typeof spec.url === 'string') return new URL(spec.url).host;
  return 'host' in spec && typeof spec.host === 'string' ? spec.host : '?';
}

/** It has given up. */
export function isFinal({ state }: Client): boolean {
  return state.kind === 'disconnected' && state.final;
}

/** It is connecting right now. */
export function isTrying(client: Client | undefined): boolean {
  if (client === undefined) return false;
  const { state } = client;
  return state.kind === 'connecting' || (state.kind === 'disconnected' && !state.final && state.nextTry === undefined);
}

/** Trying again without a person could only fail again, and may lock the account. */
export function needsPerson(error: CodeManagerError): boolean {
  return error instanceof SshFailure ? error.needsPerson : error.code === 'unauthorized' || error.code === 'invalid';
}

/** The host opens no further session on the connection. */
export function isChannelRefused(error: unknown): boolean {
  return error instanceof SshFailure && error.reason === 'channels';
}

/** How a failure to connect is shown. */
export function connectionOf(error: CodeManagerError, isFinalError: boolean): MachineInfo['connection'] {
  if (error instanceof SshFailure && (error.reason === 'hostKeyChanged' || error.reason === 'hostKeyRevoked')) {
    return 'hostKeyChanged';
  }
  if (error.code === 'dependencyMissing') return 'dependencyMissing';
  return isFinalError && error.code === 'unauthorized' ? 'signInNeeded' : 'offline';
}

/** A command that a hint names. */
export function commandIn(hint: string | undefined): string | undefined {
  return /`([^`]+)`/.exec(hint ?? '')?.[1];
}

/** A server that reaches itself would show every session twice. */
export function isThisProcess(server: ServerInfo): boolean {
  return server.pid === process.pid && server.host === shortHostName(hostname());
}
