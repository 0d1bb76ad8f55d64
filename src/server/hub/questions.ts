import { randomUUID } from 'node:crypto';
import type { Asker } from '../../core/machine/operation.js';
import { CodeManagerError } from '../../protocol/errors.js';
import type { Params } from '../../protocol/requests.js';
import type { Notification } from '../../protocol/wire.js';

/** The client that is asked. */
export interface Asked {
  /** Aborted when the client has gone. */
  readonly closed: AbortSignal;
  notify(notification: Notification): void;
}

interface Open {
  readonly asked: Asked;
  readonly settle: (answer: string | null) => void;
}

/** Questions of machines to the clients that caused them. Answers are kept nowhere. */
export class Questions {
  readonly #open = new Map<string, Open>();

  /** Asks one client, each question for as long as it may take. */
  asker(asked: Asked): Asker {
    return {
      ask: (question, signal) =>
        new Promise((resolve) => {
          const id = randomUUID();
          const gone = AbortSignal.any([signal, asked.closed]);
          if (gone.aborted) return resolve(null);
          const settle = (answer: string | null): void => {
            if (!this.#open.delete(id)) return;
            clearTimeout(timer);
            gone.removeEventListener('abort', withdraw);
            resolve(answer);
          };
          const withdraw = (): void => {
            asked.notify({ jsonrpc: '2.0', method: 'question/withdrawn', params: { id } });
            settle(null);
          };
          const timer = setTimeout(withdraw, question.timeoutMs);
          gone.addEventListener('abort', withdraw, { once: true });
          this.#open.set(id, { asked, settle });
          asked.notify({ jsonrpc: '2.0', method: 'question', params: { id, ...question } });
        }),
    };
  }

  /** @throws CodeManagerError `conflict` when it is not asked any more, or was asked of somebody else */
  answer(asked: Asked, { id, answer }: Params<'question/answer'>): void {
    const open = this.#open.get(id);
    if (open?.asked !== asked) {
      throw new CodeManagerError('conflict', 'That is not asked any more', { hint: 'Connect again to be asked anew.' });
    }
    open.settle(answer);
  }
}
