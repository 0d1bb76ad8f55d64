import type { WebSocket } from 'ws';
import type { Logger } from '../common/logger.js';
import { CodeManagerError, toCodeManagerError, type ErrorCode } from '../protocol/errors.js';
import type { ServerEvent } from '../protocol/events.js';
import { REQUESTS, type Method } from '../protocol/requests.js';
import type { LogSize } from '../protocol/logSize.js';
import { encodeLogFrame, RequestMessage, type Notification } from '../protocol/wire.js';
import { LogFeed, type LogFeedOptions } from '../core/logs/logFeed.js';

/** What a connection asks the server for. */
export interface RequestHandler {
  handle(method: Method, params: unknown, connection: ClientConnection): Promise<unknown>;
}

/** A client that takes no bytes for so long a backlog reads its log from the file later. */
const LOG_BACKLOG_BYTES = 2 * 1024 * 1024;
/** A subscriber that is this far behind is cut; it comes back with a new snapshot. */
const EVENT_BACKLOG_BYTES = 64 * 1024 * 1024;
const MAX_RUNNING = 256;
const INVALID_REQUEST = -32600;
const REQUEST_FAILED = -32000;

/** One client's WebSocket: its requests, its events, its logs. */
export class ClientConnection {
  readonly #socket: WebSocket;
  readonly #handler: RequestHandler;
  readonly #log: Logger;
  readonly #feeds = new Map<number, { readonly session: string; readonly feed: LogFeed }>();
  #nextFeed = 1;
  #running = 0;
  /** Set by `initialize`. */
  name = '?';
  initialized = false;
  subscribed = false;

  /** @param token id of the token with which it came over TCP; undefined on the socket of this host */
  constructor(
    socket: WebSocket,
    handler: RequestHandler,
    log: Logger,
    readonly token: string | undefined = undefined,
  ) {
    this.#socket = socket;
    this.#handler = handler;
    this.#log = log;
    socket.on('message', (data: Buffer, isBinary) => {
      if (isBinary)
        this.#answer({
          jsonrpc: '2.0',
          id: null,
          error: { code: INVALID_REQUEST, message: 'binary frames come from the server only' },
        });
      else void this.#onMessage(data.toString('utf8'));
    });
    socket.on('close', () => this.dispose());
    socket.on('error', (error) => log.debug(`client ${this.name}: ${error.message}`));
  }

  async #onMessage(text: string): Promise<void> {
    let id: string | number | null = null;
    try {
      const message = parseRequest(text);
      id = message.id;
      if (!Object.hasOwn(REQUESTS, message.method))
        throw new CodeManagerError(
          'invalid',
          `The agent server does not know the request ${message.method.slice(0, 60)}`,
        );
      const method = message.method as Method;
      if (!this.initialized && method !== 'initialize' && method !== 'ping')
        throw new CodeManagerError('invalid', 'The first request has to be initialize');
      if (this.#running >= MAX_RUNNING)
        throw new CodeManagerError('unavailable', 'Too many requests at once', { hint: 'Wait for answers first.' });
      this.#running++;
      try {
        const params = REQUESTS[method].params.parse(message.params ?? {});
        const result = await this.#handler.handle(method, params, this);
        this.#answer({ jsonrpc: '2.0', id, result });
      } finally {
        this.#running--;
      }
    } catch (error) {
      const failure = toCodeManagerError(error);
      if (UNEXPECTED.has(failure.code)) this.#log.error(`${this.name}: ${failure.message}\n${failure.stack ?? ''}`);
      this.#answer({
        jsonrpc: '2.0',
        id,
        error: {
          code: id === null ? INVALID_REQUEST : REQUEST_FAILED,
          message: failure.message,
          data: failure.toWire(),
        },
      });
    }
  }

  #answer(message: object): void {
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  notify(notification: Notification): void {
    this.#answer(notification);
  }

  /** @param text the notification, written once for all clients */
  sendEvent(event: ServerEvent, text: string): void {
    if (!this.subscribed || this.#socket.readyState !== this.#socket.OPEN) return;
    if (this.#socket.bufferedAmount > EVENT_BACKLOG_BYTES) {
      this.#log.warn(`${this.name} is ${this.#socket.bufferedAmount} bytes behind at event ${event.seq}; cut`);
      this.#socket.terminate();
      return;
    }
    this.#socket.send(text);
  }

  /** Sends a log from an offset on; call {@link startFeed} once the answer with the id is under way. */
  addFeed({ session, ...options }: Omit<LogFeedOptions, 'sink'> & { readonly session: string }): number {
    const subscription = this.#nextFeed++;
    const sink: LogFeedOptions['sink'] = {
      write: (at, bytes) => this.#sendLog(subscription, at, bytes),
      end: (at) => {
        this.#feeds.delete(subscription);
        this.notify({ jsonrpc: '2.0', method: 'log/end', params: { subscription, offset: at } });
      },
      fail: (error) => {
        this.#feeds.delete(subscription);
        this.#log.error(`log of ${session}: ${String(error)}`);
        this.#socket.terminate();
      },
    };
    this.#feeds.set(subscription, { session, feed: new LogFeed({ ...options, sink }) });
    return subscription;
  }

  startFeed(subscription: number): void {
    this.#feeds.get(subscription)?.feed.onGrown();
  }

  #sendLog(subscription: number, offset: number, bytes: Uint8Array): Promise<void> | undefined {
    const frame = encodeLogFrame(subscription, offset, bytes);
    if (this.#socket.bufferedAmount < LOG_BACKLOG_BYTES) {
      this.#socket.send(frame, { binary: true }, () => undefined);
      return undefined;
    }
    return new Promise((resolve) => {
      this.#socket.send(frame, { binary: true }, () => resolve());
    });
  }

  removeFeed(subscription: number): void {
    this.#feeds.get(subscription)?.feed.dispose();
    this.#feeds.delete(subscription);
  }

  onLogGrown(session: string): void {
    for (const entry of this.#feeds.values()) if (entry.session === session) entry.feed.onGrown();
  }

  /** Said at once, before any byte of that size can be read from the log. */
  onLogResized(session: string, size: LogSize): void {
    for (const [subscription, entry] of this.#feeds)
      if (entry.session === session)
        this.notify({ jsonrpc: '2.0', method: 'log/resized', params: { subscription, ...size } });
  }

  onLogClosed(session: string): void {
    for (const entry of this.#feeds.values()) if (entry.session === session) entry.feed.onClosed();
  }

  close(): void {
    this.#socket.close(1001, 'the agent server is going');
  }

  dispose(): void {
    for (const { feed } of this.#feeds.values()) feed.dispose();
    this.#feeds.clear();
  }
}

const UNEXPECTED: ReadonlySet<ErrorCode> = new Set(['internal']);

function parseRequest(text: string): RequestMessage {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new CodeManagerError('invalid', 'The message is no JSON');
  }
  return RequestMessage.parse(json);
}
