import type { Clock } from '../../common/async.js';
import { asClause } from '../../common/text.js';
import type { Machine as MachineInfo } from '../../protocol/context.js';
import { CodeManagerError } from '../../protocol/errors.js';

/** A request waits so long for a machine that is just being connected again. */
export const RECONNECT_WAIT_MS = 8_000;

/** Waits until a connection is there or has failed, for {@link RECONNECT_WAIT_MS} at most. */
export async function reconnected(connect: () => Promise<void>, clock: Clock): Promise<void> {
  await Promise.race([
    connect().catch(() => undefined),
    new Promise<void>((resolve) => void clock.after(RECONNECT_WAIT_MS, resolve)),
  ]);
}

/** Why nothing can be asked of a machine, and what to do. */
export function unreachable({ host, connection, problem }: MachineInfo): CodeManagerError {
  const hint = `Connect it: cm machine connect ${host}`;
  if (connection === 'signInNeeded') {
    return new CodeManagerError('unauthorized', `${host} needs you to sign in`, { hint });
  }
  if (connection === 'hostKeyChanged') {
    return new CodeManagerError('unauthorized', problem?.message ?? `${host} has a new host key`, {
      hint: problem?.command ?? hint,
    });
  }
  if (problem === null) return new CodeManagerError('unavailable', `${host} cannot be reached`, { hint });
  // Why, what helps, and the command that tries it at once: in two sentences.
  const [why = '', advice = ''] = problem.message.split(/(?<=\.) (.*)/su);
  return new CodeManagerError('unavailable', `${host} cannot be reached: ${asClause(why.replace(/\.$/u, ''))}`, {
    hint: advice === '' ? hint : `${advice.replace(/\.$/u, '')}, then: cm machine connect ${host}`,
  });
}
