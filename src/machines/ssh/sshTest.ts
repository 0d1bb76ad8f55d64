import type { Clock } from '../../common/async.js';
import type { Operation } from '../../core/operation.js';
import { toCodeManagerError } from '../../protocol/errors.js';
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

/** Walks the way to a host on a connection of its own and tells each step with its time. False when one failed. */
export async function testLink(
  { connect, clock }: SshTestOptions,
  { asker, signal }: Operation,
  onCheck: (check: Check) => void,
): Promise<boolean> {
  let last = clock.now();
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
  try {
    const connection = await connect({ asker, signal, onStep: done });
    const session = await HostSession.open(connection, { roundTrips: new RoundTrips() });
    const { user, host, shell, system } = session.facts;
    session.dispose();
    done('shell', `${user} on ${host} (${system}), ${shell === '' ? 'sh' : shell}`);
    return true;
  } catch (error) {
    const failure = toCodeManagerError(error);
    const command = failure instanceof SshFailure ? failure.command : null;
    onCheck({
      name: left[0] ?? 'shell',
      status: 'failed',
      detail: failure.message,
      fix: command ?? failure.hint ?? null,
      ms: took(),
      code: failure.code,
    });
    return false;
  }
}
