import { createServer, STATUS_CODES, type IncomingMessage, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import { delay } from '../../common/async.js';
import type { Logger } from '../../common/logger.js';
import { reasonOf } from '../../common/systemError.js';
import { isLoopback } from '../../client/transport.js';
import { tcpEnd, type SocketEnd } from '../../machines/local/socketEnd.js';
import { CodeManagerError, errorText } from '../../protocol/errors.js';
import type { TokenInfo } from '../../protocol/requests.js';
import { MAX_MESSAGE_BYTES } from '../../protocol/wire.js';
import { isOwnHost } from './hostNames.js';
import { Guesses } from './guesses.js';
import { limitRequests } from './requestLimit.js';
import type { TokenStore } from './tokenStore.js';
import { PROVE_MS, Unproved } from './unproved.js';

/** Time for the first message after the token. */
const HANDSHAKE_MS = 10_000;
const MAX_HEADER_BYTES = 8 * 1024;
const REVOKED_CLOSE = 4401;

/** Why a port cannot be listened on. */
const LISTEN_REASONS: Readonly<Record<string, string>> = {
  EADDRNOTAVAIL: 'this host has no such address',
  EACCES: 'only root may use that port',
  ENOTFOUND: 'no host has that name',
};

export interface TcpOptions {
  /** 0: any that is free. */
  readonly port: number;
  /** Name or address to listen on; anything but this host itself needs a certificate. */
  readonly host: string;
  /** PEM texts. */
  readonly tls: { readonly cert: string; readonly key: string } | undefined;
}

export interface TcpClients {
  /** A client that has signed in. The result tells whether it has said who it is. */
  accept(socket: WebSocket, token: TokenInfo, end: SocketEnd | undefined): () => boolean;
}

/** Lets clients with a token in over TCP: on this host, or with TLS from anywhere. */
export class TcpListener {
  readonly #options: TcpOptions;
  readonly #tokens: TokenStore;
  readonly #clients: TcpClients;
  readonly #log: Logger;
  readonly #http: Server;
  readonly #guesses = new Guesses();
  readonly #unproved = new Unproved();
  readonly #webSockets = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_MESSAGE_BYTES,
    perMessageDeflate: false,
    clientTracking: false,
  });
  readonly #open = new Map<WebSocket, string>();

  private constructor(options: TcpOptions, tokens: TokenStore, clients: TcpClients, log: Logger) {
    this.#options = options;
    this.#tokens = tokens;
    this.#clients = clients;
    this.#log = log;
    const limits = {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: PROVE_MS,
      requestTimeout: PROVE_MS,
      connectionsCheckingInterval: PROVE_MS,
    };
    this.#http =
      options.tls === undefined
        ? createServer(limits)
        : createTlsServer({ ...limits, ...options.tls, minVersion: 'TLSv1.2', handshakeTimeout: PROVE_MS });
    this.#http.on('connection', (socket: Socket) => this.#unproved.add(socket));
    this.#http.on('request', (_request, response) => {
      response.writeHead(426, { connection: 'close' }).end();
    });
    this.#http.on('upgrade', (request, socket, head) => {
      socket.on('error', () => socket.destroy());
      this.#upgrade(request, socket, head).catch((error: unknown) => {
        log.error(`a sign-in failed: ${errorText(error)}`);
        refuse(socket, 500);
      });
    });
    tokens.onDidRevoke((id) => this.#end(id));
  }

  /** @throws CodeManagerError `invalid` for a way that would show tokens to the network, `conflict` when the port is taken */
  static async open(options: TcpOptions, tokens: TokenStore, clients: TcpClients, log: Logger): Promise<TcpListener> {
    if (options.tls === undefined && !isLoopback(options.host)) {
      throw new CodeManagerError('invalid', `${options.host} can be reached by others, who would read the token`, {
        hint: 'Give --tls-cert and --tls-key, or leave --host out and come over ssh.',
      });
    }
    let listener: TcpListener;
    try {
      listener = new TcpListener(options, tokens, clients, log);
    } catch (cause) {
      throw new CodeManagerError('invalid', 'The certificate or its key cannot be used', { cause });
    }
    await new Promise<void>((resolve, reject) => {
      const fail = (error: NodeJS.ErrnoException): void => {
        const taken = error.code === 'EADDRINUSE';
        reject(
          new CodeManagerError(
            taken ? 'conflict' : 'invalid',
            taken
              ? `Port ${options.port} is taken`
              : `Cannot listen on ${options.host}:${options.port}: ${LISTEN_REASONS[error.code ?? ''] ?? reasonOf(error)}`,
            { cause: error },
          ),
        );
      };
      listener.#http.once('error', fail).listen(options.port, options.host.replace(/^\[|\]$/g, ''), () => {
        listener.#http.off('error', fail).on('error', (error) => log.error(`TCP: ${error.message}`));
        resolve();
      });
    });
    return listener;
  }

  /** `ws://127.0.0.1:9876` */
  get url(): string {
    const { address, port } = this.#http.address() as AddressInfo;
    return `${this.#options.tls === undefined ? 'ws' : 'wss'}://${address.includes(':') ? `[${address}]` : address}:${port}`;
  }

  get port(): number {
    return (this.#http.address() as AddressInfo).port;
  }

  /** Takes nobody else; who is connected is the owner's business. */
  close(): void {
    this.#http.close();
    this.#http.closeIdleConnections();
  }

  async #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const address = request.socket.remoteAddress ?? '?';
    const { host, origin, authorization } = request.headers;
    if (!isOwnHost(host, this.#options.host, this.#options.tls?.cert)) return refuse(socket, 421);
    // Only browsers send it, and no page of a browser has any business here.
    if (origin !== undefined) return refuse(socket, 403);
    // A token in a URL would end up in logs on the way; it is not even looked at.
    if (request.url !== '/') return refuse(socket, request.url?.includes('?') === true ? 400 : 404);
    const token = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
    if (token === undefined) return refuse(socket, 401, { 'www-authenticate': 'Bearer' });
    // Whatever came before from its address: the right token always enters.
    const known = await this.#tokens.verify(token);
    if (known === undefined) return this.#refuseWrong(address, socket);
    if (socket.destroyed) return;
    this.#unproved.proved(request.socket);
    this.#webSockets.handleUpgrade(request, socket, head, (webSocket) =>
      this.#accept(webSocket, known, address, tcpEnd(request.socket)),
    );
  }

  /** Answered late, so that nobody learns much from many; the connection goes sooner when its place is needed. */
  async #refuseWrong(address: string, socket: Duplex): Promise<void> {
    const { waitMs, count } = this.#guesses.wrong(address);
    if (count > 0) this.#log.warn(`a wrong token came from ${address}${count === 1 ? '' : ` (number ${count})`}`);
    await delay(waitMs);
    if (!socket.destroyed) refuse(socket, 401, { 'www-authenticate': 'Bearer' });
  }

  #accept(webSocket: WebSocket, token: TokenInfo, address: string, end: SocketEnd | undefined): void {
    this.#open.set(webSocket, token.id);
    webSocket.once('close', () => this.#open.delete(webSocket));
    webSocket.on('error', () => undefined);
    limitRequests(webSocket);
    const hasIntroducedItself = this.#clients.accept(webSocket, token, end);
    const timer = setTimeout(() => {
      if (!hasIntroducedItself()) webSocket.terminate();
    }, HANDSHAKE_MS);
    webSocket.once('close', () => clearTimeout(timer));
    this.#log.info(`a client signed in from ${address} with token ${token.id}`);
    this.#tokens.used(token.id).catch((error: unknown) => this.#log.warn(errorText(error)));
  }

  #end(tokenId: string): void {
    for (const [webSocket, id] of this.#open) {
      if (id !== tokenId) continue;
      webSocket.close(REVOKED_CLOSE, 'the token was revoked');
      webSocket.terminate();
    }
  }
}

function refuse(socket: Duplex, status: number, headers: Readonly<Record<string, string>> = {}): void {
  const lines = Object.entries({ ...headers, connection: 'close', 'content-length': '0' });
  const text = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  socket.once('finish', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${text}\r\n`);
}
