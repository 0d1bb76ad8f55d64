import { randomUUID } from 'node:crypto';
import { CodeManagerError } from '../protocol/errors.js';
import type { Progress } from '../protocol/question.js';
import type { Method, ParamsInput, Result } from '../protocol/requests.js';
import type { Client } from './api.js';

/** Requests that tell how far they are and that can be cancelled. */
export type OperationMethod = {
  [M in Method]: ParamsInput<M> extends { operation?: string | undefined } ? M : never;
}[Method];

export interface OperationOptions {
  readonly onProgress?: (progress: Progress) => void;
  /** Cancels it on the server; the promise then rejects with `cancelled` as soon as the server has let go. */
  readonly signal?: AbortSignal;
}

/** Asks for something long: with its progress, and with a way to end it there and not only here. */
export async function runOperation<M extends OperationMethod>(
  client: Pick<Client, 'request' | 'onProgress'>,
  method: M,
  params: Omit<ParamsInput<M>, 'operation'>,
  { onProgress, signal }: OperationOptions = {},
): Promise<Result<M>> {
  const cancelled = (): CodeManagerError => new CodeManagerError('cancelled', 'Cancelled');
  if (signal?.aborted) throw cancelled();
  const operation = randomUUID();
  const listening = client.onProgress((progress) => {
    if (progress.operation === operation) onProgress?.(progress);
  });
  const cancel = (): void => {
    // When this fails the operation has ended already, and its own answer tells how.
    client.request('operation/cancel', { operation }).catch(() => undefined);
  };
  signal?.addEventListener('abort', cancel, { once: true });
  try {
    return await client.request(method, { ...params, operation } as ParamsInput<M>);
  } catch (error) {
    throw signal?.aborted === true ? cancelled() : error;
  } finally {
    signal?.removeEventListener('abort', cancel);
    listening.dispose();
  }
}
