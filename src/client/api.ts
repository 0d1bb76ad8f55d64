import type { Disposable } from '../common/disposable.js';
import type { Event } from '../common/emitter.js';
import type { CodeManagerError } from '../protocol/errors.js';
import type { Change } from '../protocol/events.js';
import type { LogSize } from '../protocol/logSize.js';
import type { Progress, Question } from '../protocol/question.js';
import type { Snapshot } from '../protocol/collections.js';
import type { Method, ParamsInput, Result, ServerInfo } from '../protocol/requests.js';
import type { Nesting } from '../protocol/sessionRequests.js';
import type { Transport } from './transport.js';

/**
 * Puts a question of a machine to the person: their answer, or null when there is none to be had. The signal takes it
 * away again; its reason is a `QuestionEnd`, and what is answered afterwards does not count.
 */
export type AnswerQuestion = (question: Question, signal: AbortSignal) => Promise<string | null>;

/** How the client stands to the agent server. */
export type ConnectionState =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'connected'; readonly server: ServerInfo }
  /** The client goes on trying by itself, at `nextTry` (ms), unless `final`; `error` says why it is not connected. */
  | {
      readonly kind: 'disconnected';
      readonly error: Error;
      readonly final: boolean;
      readonly nextTry?: number | undefined;
    };

export interface ConnectOptions {
  /** Shown in the server's log and status: `cm`, `vscode`. */
  readonly name: string;
  /** Home of all data; default CM_HOME or `~/.cm`. */
  readonly home?: string;
  /** How a server elsewhere is reached. Undefined: the server of this host, with the three options around this one. */
  readonly transport?: Transport | undefined;
  /** The server's bundle, started when none runs. Undefined: never start one. */
  readonly serverPath?: string | undefined;
  /** Also replace a server of the same version that was built from other code. For people who change the code. */
  readonly replaceOtherBuild?: boolean;
  /** Keep the whole picture up to date (snapshot and events). */
  readonly subscribe?: boolean;
  /** Connect again after a cut, with back-off, and start the server again when it has gone. Default true. */
  readonly reconnect?: boolean;
  /** How it waits between tries, in milliseconds, and which failures trying again by itself would only make worse. */
  readonly retry?: {
    readonly firstMs: number;
    readonly maxMs: number;
    readonly isFinal?: (error: CodeManagerError) => boolean;
  };
  /** With `subscribe`: begin after this event instead of with a snapshot, when the server still has what came since. */
  readonly resume?: { readonly instance: string; readonly seq: number };
  /** Asked what requests of this client make machines ask. Without it such questions are never answered. */
  readonly onQuestion?: AnswerQuestion;
  readonly log?: (message: string) => void;
}

export interface LogChunk {
  /** Byte offset of the first byte. */
  readonly offset: number;
  readonly bytes: Uint8Array;
}

export interface FollowLogOptions {
  readonly from?: number | { readonly tail: number };
  /** Once for every connection. */
  readonly onStart?: (start: Omit<Result<'log/subscribe'>, 'subscription'>) => void;
  /**
   * Bytes in order, each exactly once, also across reconnects. While a returned promise is pending nothing more is read
   * from the server on this client, so that a slow reader needs no memory.
   */
  readonly onChunk: (chunk: LogChunk) => void | Promise<void>;
  /** Size of the session's terminal for the bytes that come next: before the first one, and whenever it changes. */
  readonly onResize?: (size: LogSize) => void;
  /** The session has ended and its log is complete. */
  readonly onEnd?: (offset: number) => void;
  readonly onError?: (error: Error) => void;
}

export interface OpenTerminalOptions {
  readonly columns: number;
  readonly rows: number;
  /** What is typed goes nowhere. */
  readonly readOnly?: boolean;
  /** The terminal may be inside another tmux: the person is told how to leave. */
  readonly nesting?: Nesting | undefined;
  /** The terminal is not wanted any more: closed as soon as it is open (`cancelled`). */
  readonly signal?: AbortSignal;
}

/** Takes bytes of a terminal. While a returned promise is pending nothing more is read on this client. */
export type TerminalListener = (bytes: Uint8Array) => void | Promise<void>;

/** A terminal in a session, wherever that runs, over the connection of the client. It ends with the connection. */
export interface Terminal extends Disposable {
  /** For one listener at a time; the first one also gets what came before it. */
  onData(listener: TerminalListener): Disposable;
  /** Exit code of what ran in it, null when the way to it broke. Called once, also when that has happened already. */
  onExit(listener: (code: number | null) => void): Disposable;
  write(bytes: Uint8Array): void;
  resize(columns: number, rows: number): void;
  /** Leaves the session alone. */
  dispose(): void;
}

/** The typed way to the agent server that the CLI, the extension and other servers share. */
export interface Client extends Disposable {
  readonly state: ConnectionState;
  /** When the server was heard of last, in milliseconds; undefined before the first time. */
  readonly lastHeard: number | undefined;
  readonly onDidChangeState: Event<ConnectionState>;
  /** With `subscribe`: the whole picture, kept current. Replaced as a whole after a gap. */
  readonly snapshot: Snapshot;
  /** A new snapshot stands in place of the old one. */
  readonly onDidReset: Event<Snapshot>;
  /** One change, after it has been applied to `snapshot`; in order and without gaps. */
  readonly onDidChange: Event<{ readonly seq: number; readonly time: string; readonly change: Change }>;
  /** How far operations of this client are; see `runOperation`. */
  readonly onProgress: Event<Progress>;
  /**
   * Waits for the connection (at most `timeoutMs`, default 10 s), then asks. Rejects with a CodeManagerError, at once
   * when the server could not be started. `signal` gives up waiting (`cancelled`).
   * Requests that may run twice without harm are repeated after a cut; `session/create` is, by its request id.
   */
  request<M extends Method>(
    method: M,
    params: ParamsInput<M>,
    options?: { signal?: AbortSignal; timeoutMs?: number },
  ): Promise<Result<M>>;
  /** Follows a log until disposed or ended; after a cut it goes on from the last byte. */
  followLog(session: string, options: FollowLogOptions): Disposable;
  /** Opens a terminal in a session for which `session/attach` gives no command. */
  openTerminal(session: string, options: OpenTerminalOptions): Promise<Terminal>;
  /** Tries at once, when it is waiting for the next try. */
  retry(): void;
}
