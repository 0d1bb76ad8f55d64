import type { WebSocket } from 'ws';
import type { Logger } from '../common/logger.js';
import { CodeManagerError, errorText, toCodeManagerError, type ErrorCode } from '../protocol/errors.js';
import type { ServerEvent } from '../protocol/events.js';
import type { Whence } from '../protocol/audit.js';
import { REQUESTS, type Method, type TokenInfo } from '../protocol/requests.js';
import { decodeLogFrame, encodeLogFrame, RequestMessage, type Notification } from '../protocol/wire.js';
import type { LogSink, LogSubscription, Terminal } from '../core/machine/machineService.js';
import type { SocketEnd } from '../machines/local/socketEnd.js';
import type { Inside } from './inside/boundary.js';
import { LogStream } from './logStream.js';
import { TerminalStream } from './terminalStream.js';

/** What a connection asks the server for. */
export interface RequestHandler {
  handle(method: Method, params: unknown, connection: ClientConnection): Promise<unknown>;
  /** The session inside which a client is. */
  insideOf(connection: ClientConnection): Promise<Inside | undefined>;
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
  readonly #gone = new AbortController();
  readonly #logs = new Map<number, LogStream>();
  readonly #terminals = new Map<number, TerminalStream>();
  #nextStream = 1;
  #running = 0;
  /** Set by `initialize`. */
  name = '?';
  /** The client as it calls itself: `VS Code`, `cm`. */
  clientName = '?';
  initialized = false;
  subscribed = false;

  /** What it says of itself. */
  said: { readonly pid?: number | undefined; readonly session?: string | undefined } = {};
  #inside: Promise<Inside | undefined> | undefined;

  /**
   * @param end our end of its connection, where the other one can be on this host
   * @param token with which it came over TCP; undefined on the socket of this host
   */
  constructor(
    socket: WebSocket,
    handler: RequestHandler,
    log: Logger,
    readonly end?: SocketEnd,
    readonly token?: Pick<TokenInfo, 'id' | 'name'>,
  ) {
    this.#socket = socket;
    this.#handler = handler;
    this.#log = log;
    socket.on('message', (data: Buffer, isBinary) => {
      if (isBinary) this.#onFrame(data);
      else void this.#onMessage(data.toString('utf8'));
    });
    socket.on('close', () => this.dispose());
    socket.on('error', (error) => log.debug(`client ${this.name}: ${error.message}`));
  }

  /** Aborted when the client has gone. */
  get closed(): AbortSignal {
    return this.#gone.signal;
  }

  /** The session inside which it is, asked once. */
  inside(): Promise<Inside | undefined> {
    this.#inside ??= this.#handler.insideOf(this);
    return this.#inside;
  }

  /** Where it comes from, whatever it calls itself. */
  get whence(): Whence {
    return this.token === undefined ? { type: 'user' } : { type: 'token', name: this.token.name };
  }

  /** What was typed into a terminal; one that has just ended takes it no more. */
  #onFrame(data: Buffer): void {
    const frame = decodeLogFrame(data);
    if (frame && frame.subscription < this.#nextStream) this.#terminals.get(frame.subscription)?.write(frame.bytes);
    else
      this.#answer({
        jsonrpc: '2.0',
        id: null,
        error: { code: INVALID_REQUEST, message: 'The frame is for no terminal' },
      });
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

  /** Opens a log for the client; its bytes come after the answer, so that the client knows the id before them. */
  async followLog(
    open: (sink: LogSink) => Promise<LogSubscription>,
  ): Promise<{ readonly subscription: number } & Omit<LogSubscription, 'feed' | 'start'>> {
    const subscription = this.#nextStream++;
    const stream = new LogStream({
      notify: (notification) => this.notify(notification),
      send: (offset, bytes) => this.#sendFrame(subscription, offset, bytes),
      subscription,
      onEnd: (error) => {
        this.#logs.delete(subscription);
        if (error === undefined) return;
        this.#log.error(`log of ${this.name}: ${errorText(error)}`);
        // The client comes again and asks from its last offset.
        this.#socket.terminate();
      },
    });
    const { feed, start, ...answer } = await open(stream);
    if (this.closed.aborted) feed.dispose();
    else {
      this.#logs.set(subscription, stream);
      stream.begin(feed, start);
    }
    return { subscription, ...answer };
  }

  /** Resolves when the client can take more; undefined when it can already. */
  #sendFrame(id: number, offset: number, bytes: Uint8Array): Promise<void> | undefined {
    const frame = encodeLogFrame(id, offset, bytes);
    if (this.#socket.bufferedAmount < LOG_BACKLOG_BYTES) {
      this.#socket.send(frame, { binary: true }, () => undefined);
      return undefined;
    }
    return new Promise((resolve) => {
      this.#socket.send(frame, { binary: true }, () => resolve());
    });
  }

  removeLog(subscription: number): void {
    this.#logs.get(subscription)?.dispose();
    this.#logs.delete(subscription);
  }

  /** Joins a terminal to the client; its bytes come after the answer with the id. */
  addTerminal(terminal: Terminal): number {
    if (this.closed.aborted) {
      terminal.dispose();
      throw new CodeManagerError('cancelled', 'Nobody waits for the terminal any more');
    }
    const id = this.#nextStream++;
    const stream = new TerminalStream(terminal, {
      send: (offset, bytes) => this.#sendFrame(id, offset, bytes),
      onExit: (code) => {
        this.#terminals.delete(id);
        this.notify({ jsonrpc: '2.0', method: 'terminal/exit', params: { terminal: id, code } });
      },
    });
    this.#terminals.set(id, stream);
    setImmediate(() => stream.start());
    return id;
  }

  /** @throws CodeManagerError `notFound` when it has ended */
  terminal(id: number): Terminal {
    const stream = this.#terminals.get(id);
    if (stream) return stream.terminal;
    throw new CodeManagerError('notFound', 'That terminal has ended');
  }

  removeTerminal(id: number): void {
    this.#terminals.get(id)?.dispose();
    this.#terminals.delete(id);
  }

  close(): void {
    this.#socket.close(1001, 'the agent server is going');
  }

  dispose(): void {
    this.#gone.abort();
    for (const log of this.#logs.values()) log.dispose();
    this.#logs.clear();
    for (const terminal of this.#terminals.values()) terminal.dispose();
    this.#terminals.clear();
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
