import type * as Library from 'ssh2';
import type { Client } from 'ssh2';
import { CodeManagerError } from '../../protocol/errors.js';

export type Ssh2 = typeof Library;

/** Read only when a host is reached by ssh: it is large, and most agent servers have none. */
export async function loadSsh2(): Promise<Ssh2> {
  const loaded = (await import('ssh2')) as Ssh2 & { readonly default?: Ssh2 };
  return loaded.default ?? loaded;
}

type FailureHandler = (protocol: unknown, methods: readonly string[], partial: boolean) => void;

/** What the library does and does not say in its interface. */
interface Internals {
  readonly _protocol?: { readonly _handlers?: { USERAUTH_FAILURE?: FailureHandler }; ping?(): void };
  readonly _callbacks?: ((error: unknown) => void)[];
}

/**
 * Calls `listener` with the methods that are left each time the host refuses one: the library keeps that to itself after
 * a key of an agent was refused. Call it right after `connect`.
 */
export function onMethodRefused(
  client: Client,
  listener: (methods: readonly string[], partial: boolean) => void,
): void {
  const handlers = (client as unknown as Internals)._protocol?._handlers;
  const original = handlers?.USERAUTH_FAILURE;
  if (handlers === undefined || original === undefined) throw unknownVersion();
  handlers.USERAUTH_FAILURE = (protocol, methods, partial) => {
    listener(methods, partial);
    original(protocol, methods, partial);
  };
}

/** One round trip that changes nothing; a refusal by the host is an answer as well. */
export function pingClient(client: Client): Promise<void> {
  const { _protocol: protocol, _callbacks: callbacks } = client as unknown as Internals;
  if (callbacks === undefined || protocol?.ping === undefined) throw unknownVersion();
  return new Promise((resolve, reject) => {
    callbacks.push((error) => (error instanceof Error ? reject(error) : resolve()));
    protocol.ping?.();
  });
}

function unknownVersion(): CodeManagerError {
  return new CodeManagerError('internal', 'This version of ssh2 is not known');
}
