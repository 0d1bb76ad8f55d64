import { toCodeManagerError } from '../../protocol/errors.js';
import type { Check } from '../../protocol/requests.js';

export interface Step {
  readonly name: string;
  /** Resolves with what there is to say, or with a warning. @throws what is wrong */
  readonly run: () => Promise<string | Pick<Check, 'detail' | 'fix'>>;
}

/**
 * Takes steps one after the other and tells each; stops at the first that fails, or when the signal aborts.
 *
 * @returns whether all went well
 */
export async function takeSteps(
  steps: readonly Step[],
  signal: AbortSignal,
  onCheck: (check: Check) => void,
): Promise<boolean> {
  for (const { name, run } of steps) {
    const started = performance.now();
    const tell = (check: Pick<Check, 'status' | 'detail' | 'fix' | 'code'>): void =>
      onCheck({ name, ...check, ms: performance.now() - started });
    try {
      const said = await orAborted(run(), signal);
      if (typeof said === 'string') tell({ status: 'ok', detail: said, fix: null, code: null });
      else tell({ status: 'warning', ...said, code: null });
    } catch (error) {
      // What to do stands beside it.
      const { code, hint, message } = toCodeManagerError(error);
      tell({ status: 'failed', detail: message, fix: hint ?? null, code });
      return false;
    }
  }
  return true;
}

/** Rejects with the reason of the signal as soon as it aborts. */
export function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const abort = (): void => reject(signal.reason instanceof Error ? signal.reason : new Error('aborted'));
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
