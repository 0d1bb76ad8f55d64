import type { Socket } from 'node:net';

/** Our end of a connection. */
export type SocketEnd =
  | { readonly kind: 'unix'; readonly fd: number }
  | {
      readonly kind: 'tcp';
      readonly localAddress: string;
      readonly localPort: number;
      readonly remoteAddress: string;
      readonly remotePort: number;
    };

/** Our end of a unix socket. Windows' named pipes have none that could be looked at. */
export function unixEnd(socket: Socket): SocketEnd | undefined {
  const { _handle: handle } = socket as Socket & { readonly _handle?: { readonly fd?: number } | null };
  return handle?.fd === undefined || handle.fd < 0 ? undefined : { kind: 'unix', fd: handle.fd };
}

/** Our end of a TCP connection. */
export function tcpEnd({ localAddress, localPort, remoteAddress, remotePort }: Socket): SocketEnd | undefined {
  if (localAddress === undefined || remoteAddress === undefined) return undefined;
  if (localPort === undefined || remotePort === undefined) return undefined;
  return { kind: 'tcp', localAddress, localPort, remoteAddress, remotePort };
}

/** `gone`: the other end is not there any more. `unknown`: this system does not tell. */
export type Holders =
  | { readonly kind: 'held'; readonly pids: readonly number[] }
  | { readonly kind: 'gone' }
  | { readonly kind: 'unknown' };
