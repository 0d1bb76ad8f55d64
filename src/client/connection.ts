import { WebSocket, type RawData } from 'ws';
import { Deferred } from '../common/async.js';
import type { Disposable } from '../common/disposable.js';
import { CodeManagerError, ErrorCode } from '../protocol/errors.js';
import type { Method, ParamsInput } from '../protocol/requests.js';
import { decodeLogFrame, ResponseMessage, type LogFrame } from '../protocol/wire.js';
import { openSocket, type Transport } from './transport.js';

/** How often a far end is asked for a sign of life, and how long it has to give one. */
const BEAT_MS = 20_000;
const BEAT_ANSWER_MS = 10_000;
/** Clocks that jump further than this between two looks tell of a sleep. */
const LOOK_MS = 2_000;
const SLEPT_MS = 10_000;
const AWAKE_ANSWER_MS = 3_000;

/** The connection broke before the answer came: whether the request was carried out is not known. */
export class ConnectionLostError extends CodeManagerError {
  constructor(cause?: unknown) {
    super('unavailable', 'The connection to the agent server was lost', { cause });
    this.name = 'ConnectionLostError';
  }
}

/** What a connection tells unasked. */
export interface ConnectionListener {
  /** A message without an id, unchecked. */
  onNotification(message: unknown): void;
  onLogFrame(frame: LogFrame): void;
  /** Called once, last. */
  onClose(error: ConnectionLostError): void;
}

interface Pending {
  readonly onResult: ((result: unknown) => void) | undefined;
  resolve(result: unknown): void;
  reject(error: unknown): void;
}

/**
 * One socket to an agent server: requests with their answers, notifications and log frames, in the order in which they
 * came. What comes before a listener is attached waits for it.
 */
export class Connection implements Disposable {
  readonly #socket: WebSocket;
  readonly #pending = new Map<number, Pending>();
  readonly #inbox: ((listener: ConnectionListener) => void)[] = [];
  readonly #gone = new Deferred<void>();
  #listener: ConnectionListener | undefined;
  #closed: ConnectionLostError | undefined;
  #lastId = 0;
  #lastHeard = Date.now();

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data, isBinary) => this.#receive(data, isBinary));
    socket.on('error', (error) => this.#close(error));
    socket.on('close', () => this.#close());
  }

  /** Rejects as {@link openSocket} does. A far server that falls silent counts as gone. */
  static async open(transport: Transport, signal: AbortSignal): Promise<Connection> {
    const connection = new Connection(await openSocket(transport, signal));
    if (transport.kind !== 'socket') connection.#watchPulse();
    return connection;
  }

  /** When anything came from the other end, in milliseconds. */
  get lastHeard(): number {
    return this.#lastHeard;
  }

  get isClosed(): boolean {
    return this.#closed !== undefined;
  }

  /** Resolves when it is closed, by whomever. */
  get closed(): Promise<void> {
    return this.#gone.promise;
  }

  /** Gives what has come so far, then everything else as it comes. */
  attach(listener: ConnectionListener): void {
    this.#listener = listener;
    for (const deliver of this.#inbox.splice(0)) deliver(listener);
  }

  /**
   * Sends a request; the result is not checked.
   *
   * @param options.onResult called with the result before anything that came after it is delivered
   */
  request<M extends Method>(
    method: M,
    params: ParamsInput<M>,
    options: { signal?: AbortSignal | undefined; onResult?: (result: unknown) => void } = {},
  ): Promise<unknown> {
    const { signal, onResult } = options;
    return new Promise((resolve, reject) => {
      if (this.#closed !== undefined) return reject(this.#closed);
      const cancelled = (): CodeManagerError => new CodeManagerError('cancelled', 'Cancelled');
      if (signal?.aborted) return reject(cancelled());
      const id = ++this.#lastId;
      const settle = (): void => {
        this.#pending.delete(id);
        signal?.removeEventListener('abort', onAbort);
      };
      const onAbort = (): void => {
        settle();
        reject(cancelled());
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#pending.set(id, {
        onResult,
        resolve: (result) => {
          settle();
          resolve(result);
        },
        reject: (error) => {
          settle();
          reject(error instanceof Error ? error : new Error(String(error)));
        },
      });
      this.#socket.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
    });
  }

  /** Sends a binary frame, after everything that was sent before it. */
  sendFrame(frame: Uint8Array): void {
    if (this.#closed === undefined) this.#socket.send(frame, { binary: true });
  }

  /** Stops reading until `until` settles; the server then holds back by itself. */
  pauseUntil(until: Promise<unknown>): void {
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    this.#socket.pause();
    const resume = (): void => {
      if (this.#closed === undefined) this.#socket.resume();
    };
    until.then(resume, resume);
  }

  /** Ends it at once. Pending requests are rejected. */
  dispose(): void {
    this.#socket.terminate();
    this.#close();
  }

  /** A link that was cut without a word, or while this machine slept, would look alive for minutes. */
  #watchPulse(): void {
    let last = Date.now();
    let deadline: number | undefined;
    this.#socket.on('pong', () => {
      this.#lastHeard = Date.now();
      deadline = undefined;
    });
    const timer = setInterval(() => {
      const now = Date.now();
      const slept = now - last > SLEPT_MS;
      last = now;
      // While nothing is read its answer cannot be read either.
      if (this.#socket.isPaused) {
        deadline = undefined;
      } else if (deadline !== undefined && now > deadline && !slept) {
        this.#socket.terminate();
        this.#close(new Error('The agent server fell silent'));
      } else if (slept || (deadline === undefined && now - this.#lastHeard > BEAT_MS)) {
        deadline = now + (slept ? AWAKE_ANSWER_MS : BEAT_ANSWER_MS);
        this.#socket.ping();
      }
    }, LOOK_MS);
    timer.unref();
    void this.closed.then(() => clearInterval(timer));
  }

  #receive(data: RawData, isBinary: boolean): void {
    if (this.#closed !== undefined) return;
    this.#lastHeard = Date.now();
    const bytes = Buffer.isBuffer(data) ? data : Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
    if (isBinary) {
      const frame = decodeLogFrame(bytes);
      if (frame !== undefined) this.#deliver((listener) => listener.onLogFrame(frame));
      return;
    }
    let message: unknown;
    try {
      message = JSON.parse(bytes.toString('utf8'));
    } catch {
      // What is no JSON cannot be answered; the other messages still can.
      return;
    }
    if (typeof message !== 'object' || message === null) return;
    if ('method' in message) this.#deliver((listener) => listener.onNotification(message));
    else this.#answer(message);
  }

  #answer(message: object): void {
    const response = ResponseMessage.safeParse(message).data;
    const pending = typeof response?.id === 'number' ? this.#pending.get(response.id) : undefined;
    if (response === undefined || pending === undefined) return;
    if (response.error === undefined) {
      try {
        pending.onResult?.(response.result);
      } catch (error) {
        return pending.reject(error);
      }
      return pending.resolve(response.result);
    }
    const { message: text, data } = response.error;
    const code = ErrorCode.safeParse(data?.code).data ?? 'internal';
    pending.reject(new CodeManagerError(code, data?.message ?? text, data));
  }

  #deliver(deliver: (listener: ConnectionListener) => void): void {
    if (this.#listener === undefined) this.#inbox.push(deliver);
    else deliver(this.#listener);
  }

  #close(cause?: unknown): void {
    if (this.#closed !== undefined) return;
    const error = new ConnectionLostError(cause);
    this.#closed = error;
    this.#gone.resolve();
    for (const pending of [...this.#pending.values()]) pending.reject(error);
    this.#deliver((listener) => listener.onClose(error));
  }
}
