import { systemClock } from '../common/async.js';
import { runOperation, type OperationMethod } from '../client/operation.js';
import { CodeManagerError } from '../protocol/errors.js';
import type { Progress } from '../protocol/question.js';
import type { ParamsInput, Result } from '../protocol/requests.js';
import type { App } from './app.js';

/** So long the server may take to let go of what Ctrl-C cancelled. */
const CANCEL_MS = 3000;

/**
 * Carries out something long: tells how far it is, and Ctrl-C cancels it on the server too. A second Ctrl-C waits for
 * nobody.
 */
export async function operate<M extends OperationMethod>(
  app: App,
  method: M,
  params: Omit<ParamsInput<M>, 'operation'>,
): Promise<Result<M>> {
  const { output } = app;
  const controller = new AbortController();
  const before = process.listeners('SIGINT');
  const onInterrupt = (): void => {
    if (controller.signal.aborted) process.exit(130);
    controller.abort();
  };
  process.removeAllListeners('SIGINT').on('SIGINT', onInterrupt);
  let last = '';
  const onProgress = ({ message, percent }: Progress): void => {
    if (output.isRemarkTerminal) {
      output.transient(`${message}${percent === null ? '' : ` ${Math.floor(percent)} %`}`);
    } else if (message !== last) {
      output.note(message);
    }
    last = message;
  };
  const running = runOperation(app.client, method, params, { onProgress, signal: controller.signal });
  try {
    return await Promise.race([running, cancelled(controller.signal)]);
  } finally {
    output.transient('');
    process.off('SIGINT', onInterrupt);
    for (const listener of before) process.on('SIGINT', listener);
  }
}

/** Rejects when it was cancelled and the server has had its time. */
function cancelled(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const giveUp = (): void => reject(new CodeManagerError('cancelled', 'Cancelled'));
    signal.addEventListener('abort', () => systemClock.after(CANCEL_MS, giveUp), { once: true });
  });
}
