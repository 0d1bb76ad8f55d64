import { startTimer } from '../../common/async.js';
import type { Operation } from '../../core/machine/operation.js';
import { CodeManagerError } from '../../protocol/errors.js';
import { formatDuration } from '../../common/text.js';
import type { Asked, Questions } from './questions.js';

export interface OperationOptions {
  /** The client's own id of it. */
  readonly id?: string | undefined;
  readonly timeoutMs?: number;
}

/** What clients wait for: its progress, its questions and its end on request. */
export class Operations {
  readonly #questions: Questions;
  readonly #running = new Map<Asked, Map<string, AbortController>>();

  constructor(questions: Questions) {
    this.#questions = questions;
  }

  /** Runs something long for a client; ends it when the client goes, cancels it, or has waited long enough. */
  async run<T>(client: Asked, options: OperationOptions, run: (operation: Operation) => Promise<T>): Promise<T> {
    const { id, timeoutMs } = options;
    const controller = new AbortController();
    const own = this.#running.get(client) ?? new Map<string, AbortController>();
    if (id !== undefined) {
      if (own.has(id)) throw new CodeManagerError('conflict', 'An operation of that id is under way');
      own.set(id, controller);
      this.#running.set(client, own);
    }
    const late = (): void =>
      controller.abort(new CodeManagerError('timeout', `No answer within ${formatDuration(timeoutMs ?? 0)}`));
    const timer = timeoutMs === undefined ? undefined : startTimer(timeoutMs, late);
    const gone = (): void => controller.abort(new CodeManagerError('cancelled', 'Nobody waits for it any more'));
    client.closed.addEventListener('abort', gone, { once: true });
    try {
      return await run({
        asker: this.#questions.asker(client),
        signal: controller.signal,
        progress: (message, percent) => {
          if (id === undefined) return;
          const params = { operation: id, message, percent: percent ?? null };
          client.notify({ jsonrpc: '2.0', method: 'progress', params });
        },
      });
    } finally {
      timer?.cancel();
      client.closed.removeEventListener('abort', gone);
      if (id !== undefined) own.delete(id);
      if (own.size === 0) this.#running.delete(client);
    }
  }

  /** Ends an operation of the same client. One that is over is fine. */
  cancel(client: Asked, id: string): void {
    this.#running.get(client)?.get(id)?.abort(new CodeManagerError('cancelled', 'Cancelled'));
  }
}
