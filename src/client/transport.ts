import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocket, type ClientOptions } from 'ws';
import { CodeManagerError, toCodeManagerError } from '../protocol/errors.js';
import { MAX_MESSAGE_BYTES } from '../protocol/wire.js';

/** How the bytes get to an agent server; every connection is made anew. */
export type Transport =
  /** A unix socket or named pipe of this host. */
  | { readonly kind: 'socket'; readonly path: string }
  /** Any two-way stream to the server, such as a channel of ssh. */
  | {
      readonly kind: 'stream';
      readonly open: (signal: AbortSignal) => Promise<Duplex>;
      /** Needed where the stream ends at a port and not at the server's own program. */
      readonly token?: () => Promise<string | undefined>;
    }
  /** `wss://`, or `ws://` on this host. */
  | { readonly kind: 'url'; readonly url: string; readonly token: () => Promise<string | undefined> };

/** Somebody took the connection, and said nothing in time. */
export class NoAnswerError extends CodeManagerError {
  constructor() {
    super('unavailable', 'The agent server does not answer');
    this.name = 'NoAnswerError';
  }
}

const HANDSHAKE_TIMEOUT_MS = 5000;
/** Over a network, with TLS. */
const FAR_HANDSHAKE_TIMEOUT_MS = 15_000;

const TLS_ERRORS = /CERT|SELF_SIGNED|ISSUER|ERR_TLS/;

/**
 * Opens a WebSocket to an agent server. Rejects with `unavailable` when nobody answers there, `unauthorized` when the
 * token is refused, `invalid` for a URL that would carry the token in clear, and with what `open` of a stream threw.
 */
export async function openSocket(transport: Transport, signal: AbortSignal): Promise<WebSocket> {
  switch (transport.kind) {
    case 'socket':
      return shakeHands(
        // The scheme only keeps the proxy code of VS Code's extension host away, which drops `createConnection`
        // otherwise. The real path is given below, since a URL would change its spaces and colons.
        'ws+unix:/agent-server:/',
        {
          // The socket's own timer: that of the handshake only listens to it.
          createConnection: () => connect({ path: transport.path, timeout: HANDSHAKE_TIMEOUT_MS }),
        },
        HANDSHAKE_TIMEOUT_MS,
        signal,
      );
    case 'stream': {
      const headers = authorization(await transport.token?.());
      const stream = await transport.open(signal);
      // An error after the end has nobody else to hear it.
      stream.on('error', () => undefined);
      try {
        const createConnection = (() => stream) as unknown as ClientOptions['createConnection'];
        return await shakeHands('ws://localhost/', { createConnection, headers }, FAR_HANDSHAKE_TIMEOUT_MS, signal);
      } catch (error) {
        stream.destroy();
        throw error;
      }
    }
    case 'url': {
      checkUrl(transport.url);
      const token = await transport.token();
      if (token === undefined) {
        throw new CodeManagerError('unauthorized', `There is no token for ${placeOf(transport.url)}`, {
          hint: 'Make one there with `cm server token new NAME`, and give it with --token-file.',
        });
      }
      return shakeHands(transport.url, { headers: authorization(token) }, FAR_HANDSHAKE_TIMEOUT_MS, signal);
    }
  }
}

function authorization(token: string | undefined): Record<string, string> {
  return token === undefined ? {} : { authorization: `Bearer ${token}` };
}

/** Whether a host name of a URL means this host. */
export function isLoopback(hostname: string): boolean {
  return /^(?:localhost|127(?:\.\d{1,3}){3}|\[?::1\]?)$/i.test(hostname);
}

function checkUrl(text: string): void {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new CodeManagerError('invalid', 'The address of the agent server is no URL');
  }
  if (url.protocol === 'wss:' || (url.protocol === 'ws:' && isLoopback(url.hostname))) return;
  throw new CodeManagerError(
    'invalid',
    `${url.protocol}//${url.host} would show the token and all logs to the network`,
    {
      hint: 'Use wss://, or reach it over ssh: --host HOST --agent.',
    },
  );
}

/** Scheme, host and port of a URL: what a message may tell of it. */
function placeOf(text: string): string {
  const { protocol, host } = new URL(text);
  return `${protocol}//${host}`;
}

function shakeHands(url: string, options: ClientOptions, timeoutMs: number, signal: AbortSignal): Promise<WebSocket> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, { perMessageDeflate: false, maxPayload: MAX_MESSAGE_BYTES, ...options });
    const settle = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
    };
    const fail = (error: CodeManagerError): void => {
      settle();
      // What comes of its end interests nobody.
      socket.on('error', () => undefined);
      socket.terminate();
      reject(error);
    };
    const onAbort = (): void => fail(new CodeManagerError('cancelled', 'Cancelled'));
    const onError = (cause: Error): void => fail(toConnectError(cause, url));
    const timer = setTimeout(() => fail(new NoAnswerError()), timeoutMs);
    signal.addEventListener('abort', onAbort, { once: true });
    socket.on('error', onError);
    socket.once('unexpected-response', (request, response) => {
      request.destroy();
      fail(toRefusal(response.statusCode ?? 0, Number(response.headers['retry-after'])));
    });
    socket.once('open', () => {
      settle();
      socket.off('error', onError);
      resolve(socket);
    });
  });
}

function toConnectError(cause: Error, url: string): CodeManagerError {
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : '';
  if (TLS_ERRORS.test(code)) {
    return new CodeManagerError('unavailable', `The certificate of ${placeOf(url)} is not trusted (${code})`, {
      hint: 'Set NODE_EXTRA_CA_CERTS to its CA file and run `cm server restart`.',
      cause,
    });
  }
  return cause instanceof CodeManagerError
    ? toCodeManagerError(cause)
    : new CodeManagerError('unavailable', 'The agent server does not answer', { cause });
}

function toRefusal(status: number, retryAfterSeconds: number): CodeManagerError {
  if (status === 401) {
    return new CodeManagerError('unauthorized', 'The agent server refused the token', {
      hint: 'Make a new one there with `cm server token new NAME`.',
    });
  }
  if (status === 429) {
    const wait = Number.isFinite(retryAfterSeconds) ? `${retryAfterSeconds} s` : 'a minute';
    return new CodeManagerError('unavailable', `The agent server takes no sign-in from here for ${wait}`, {
      hint: 'Too many wrong tokens came from this address.',
    });
  }
  if (status === 503) return new CodeManagerError('unavailable', 'The agent server has too many connections');
  return new CodeManagerError('unavailable', `What answers there is no agent server (HTTP ${status})`);
}
