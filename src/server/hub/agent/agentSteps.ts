import { brokenStep } from '../../../machines/link/linkSteps.js';
import type { ConnectStep } from '../../../machines/link/linkSteps.js';
import type { Machine as MachineInfo } from '../../../protocol/context.js';
import { errorText, toCodeManagerError } from '../../../protocol/errors.js';
import type { Check } from '../../../protocol/requests.js';

/** The last step of the way. */
export const AGENT_STEP = 'agent server';

export interface AgentStepsOptions {
  readonly isConnected: () => boolean;
  /** Connects, and tells the steps of a sign-in on the way. */
  readonly connect: (onStep: (step: ConnectStep, detail: string) => void) => Promise<void>;
  readonly info: () => MachineInfo;
  readonly onCheck: (check: Check) => void;
}

/** The way to an agent server, step by step with times; one that is connected already is not signed in to again. */
export function agentSteps({ isConnected, connect, info, onCheck }: AgentStepsOptions): {
  /** Whether it was reached. */
  reach(): Promise<boolean>;
} {
  return {
    async reach() {
      let last = performance.now();
      const tell = (check: Pick<Check, 'name' | 'status' | 'detail' | 'fix' | 'code'>): void => {
        const now = performance.now();
        onCheck({ ...check, ms: now - last });
        last = now;
      };
      const was = isConnected();
      try {
        await connect((name, detail) => tell({ name, status: 'ok', detail, fix: null, code: null }));
      } catch (thrown) {
        const error = toCodeManagerError(thrown);
        tell({
          name: brokenStep(error) ?? AGENT_STEP,
          status: 'failed',
          detail: errorText(error),
          fix: error.command ?? error.hint ?? null,
          code: error.code,
        });
        return false;
      }
      const { version, node } = info();
      const detail = `${version ?? '?'} on ${node ?? '?'}${was ? ', over the open connection' : ''}`;
      tell({ name: AGENT_STEP, status: 'ok', detail, fix: null, code: null });
      return true;
    },
  };
}
