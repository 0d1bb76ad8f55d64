import type { Clock } from '../../common/async.js';
import type { Operation } from '../../core/operation.js';
import { formatDuration } from '../../common/text.js';
import { orAborted } from '../../core/steps.js';
import { CodeManagerError, toCodeManagerError } from '../../protocol/errors.js';
import type { Check } from '../../protocol/requests.js';
import { HostSession } from './hostSession.js';
import { RoundTrips } from './roundTrips.js';
import type { SshConnection, SshConnectOptions, SshStep } from './sshConnection.js';
import { SshFailure } from './sshFailure.js';

export interface SshTestOptions {
  readonly connect: (options: Pick<SshConnectOptions, 'asker' | 'signal' | 'onStep'>) => Promise<SshConnection>;
  readonly clock: Clock;
}

const STEPS: readonly (SshStep | 'shell')[] = ['resolve', 'connect', 'host key', 'sign in', 'shell'];

/** Walks the way to a host on a connection of its own and tells each step with its time. What it failed by, if it did. */
export async function testLink(
  { connect, clock }: SshTestOptions,
  { asker, signal }: Operation,
  onCheck: (check: Check) => void,
): Promise<CodeManagerError | undefined> {
  const started = clock.now();
  let last = started;
  const left = [...STEPS];
  const took = (): number => {
    const now = clock.now();
    const ms = now - last;
    last = now;
    return ms;
  };
  const done = (step: SshStep | 'shell', detail: string): void => {
    left.splice(0, left.indexOf(step) + 1);
    onCheck({ name: step, status: 'ok', detail, fix: null, ms: took(), code: null });
  };
  let connection: SshConnection | undefined;
  try {
    connection = await connect({ asker, signal, onStep: done });
    const session = await orAborted(HostSession.open(connection, { roundTrips: new RoundTrips() }), signal);
    const { user, host, shell, system } = session.facts;
    session.dispose();
    done('shell', `${user} on ${host} (${system}), ${shell === '' ? 'sh' : shell}`);
    return undefined;
  } catch (error) {
    connection?.dispose();
    const failure = isLate(signal)
      ? new SshFailure('timedOut', LATE[left[0] ?? 'shell'](formatDuration(clock.now() - started)), {
          hint: 'If it is only slow, give it longer with --timeout.',
          cause: error,
        })
      : toCodeManagerError(error);
    const command = failure instanceof SshFailure ? failure.command : null;
    onCheck({
      name: left[0] ?? 'shell',
      status: 'failed',
      detail: failure.message,
      fix: command ?? failure.hint ?? null,
      ms: took(),
      code: failure.code,
    });
    return failure;
  }
}

/** The time that the person gave it is over. */
function isLate({ aborted, reason }: AbortSignal): boolean {
  return aborted && reason instanceof CodeManagerError && reason.code === 'timeout';
}

/** What was waited for in vain, by the step. */
const LATE: Readonly<Record<SshStep | 'shell', (time: string) => string>> = {
  resolve: (time) => `The name was not resolved within ${time}`,
  connect: (time) => `Nothing answered within ${time}: the host is down, or a firewall drops what is sent to that port`,
  'host key': (time) => `The host showed no key within ${time}`,
  'sign in': (time) => `The host did not decide about the sign-in within ${time}`,
  shell: (time) => `The login shell there did not start a shell of ours within ${time}: look at what its files run`,
};
