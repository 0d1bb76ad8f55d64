import { backoff, Deferred, systemClock, type Clock } from '../common/async.js';
import { toDisposable, type Disposable } from '../common/disposable.js';
import { Emitter } from '../common/emitter.js';
import { dataHome } from './dataHome.js';
import { CodeManagerError, toCodeManagerError } from '../protocol/errors.js';
import { ServerEvent } from '../protocol/events.js';
import type { Progress } from '../protocol/question.js';
import type { Snapshot } from '../protocol/collections.js';
import { isRepeatable, type Method, type ParamsInput, type Result } from '../protocol/requests.js';
import { Notification } from '../protocol/wire.js';
import type {
  AnswerQuestion,
  Client,
  ConnectionState,
  ConnectOptions,
  FollowLogOptions,
  OpenTerminalOptions,
  Terminal,
} from './api.js';
import { ConnectionLostError } from './connection.js';
import { checkResult, isSameBuild, openServer, type EndpointOptions, type Opened } from './endpoint.js';
import { INITIAL_LINK, reduceLink, toConnectionState, type Link, type LinkInput } from './link.js';
import { LogFollower, type LogSource } from './logFollower.js';
import { OpenQuestions } from './questions.js';
import { SnapshotStore } from './snapshotStore.js';
import { ClientTerminal, type Terminals } from './terminal.js';

const FIRST_RETRY_MS = 50;
const MAX_RETRY_MS = 5000;
/** A little longer than the search for a server takes at most, so that its own error arrives first. */
const DEFAULT_WAIT_MS = 10_500;
const MAX_REPEATS = 5;

/** What tests put in place of time and chance. */
export interface ClientDependencies {
  readonly clock?: Clock;
  readonly random?: () => number;
}

/** Connects to the agent server of this host in the background; the caller subscribes to what it needs meanwhile. */
export function createClient(options: ConnectOptions, dependencies: ClientDependencies = {}): Client {
  return new AgentServerClient(options, dependencies);
}

/** One connection with everything that belongs to it and ends with it. */
interface Source extends LogSource {
  readonly terminals: Terminals;
  readonly questions: OpenQuestions;
}

type EventMessage = { readonly seq: number; readonly time: string; readonly change: ServerEvent['change'] };

class AgentServerClient implements Client {
  readonly #endpoint: EndpointOptions;
  readonly #reconnects: boolean;
  readonly #retryRule: NonNullable<ConnectOptions['retry']>;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #store = new SnapshotStore();
  readonly #onDidChangeState = new Emitter<ConnectionState>();
  readonly #onDidReset = new Emitter<Snapshot>();
  readonly #onDidChange = new Emitter<EventMessage>();
  readonly #onProgress = new Emitter<Progress>();
  readonly #onQuestion: AnswerQuestion | undefined;
  readonly #waiting = new Set<Deferred<Source>>();
  readonly #followers = new Set<LogFollower>();
  #link: Link = INITIAL_LINK;
  #source: Source | undefined;
  #retry: { cancel(): void } | undefined;
  #nextTry: number | undefined;
  #lastHeard: number | undefined;
  #attempt = new AbortController();
  /** The last event that is known, in which life of the server. */
  #position: { instance: string; seq: number } | undefined;

  constructor(options: ConnectOptions, { clock = systemClock, random = Math.random }: ClientDependencies) {
    this.#endpoint = {
      name: options.name,
      transport: options.transport,
      home: options.home ?? dataHome(),
      serverPath: options.serverPath,
      replaceOtherBuild: options.replaceOtherBuild ?? false,
      subscribe: options.subscribe ?? false,
      log: options.log ?? (() => {}),
    };
    this.#reconnects = options.reconnect ?? true;
    this.#retryRule = options.retry ?? { firstMs: FIRST_RETRY_MS, maxMs: MAX_RETRY_MS };
    this.#position = options.resume;
    this.#onQuestion = options.onQuestion;
    this.#clock = clock;
    this.#random = random;
    void this.#connect();
  }

  get state(): ConnectionState {
    const state = toConnectionState(this.#link);
    return state.kind === 'disconnected' && !state.final ? { ...state, nextTry: this.#nextTry } : state;
  }

  get lastHeard(): number | undefined {
    return this.#source?.connection.lastHeard ?? this.#lastHeard;
  }

  get snapshot(): Snapshot {
    return this.#store.snapshot;
  }

  readonly onDidChangeState = this.#onDidChangeState.event;
  readonly onDidReset = this.#onDidReset.event;
  readonly onDidChange = this.#onDidChange.event;
  readonly onProgress = this.#onProgress.event;

  async request<M extends Method>(
    method: M,
    params: ParamsInput<M>,
    options: { signal?: AbortSignal; timeoutMs?: number } = {},
  ): Promise<Result<M>> {
    for (let repeats = 0; ; repeats++) {
      const source = this.#source ?? (await this.#connected(options));
      try {
        const result = await source.connection.request(method, params, { signal: options.signal });
        return checkResult(method, result, source.build);
      } catch (error) {
        if (!(error instanceof ConnectionLostError) || this.#link.kind === 'ended') {
          const known = toCodeManagerError(error);
          // The first time has ended it.
          if (repeats > 0 && known.code === 'conflict' && (method === 'session/stop' || method === 'session/kill')) {
            const { session } = params as ParamsInput<'session/stop'>;
            return (await this.request('session/get', { session }, options)) as Result<M>;
          }
          throw known;
        }
        if (!isRepeatable(method) || repeats >= MAX_REPEATS) {
          throw new CodeManagerError('unavailable', 'The agent server went away in the middle of this request', {
            hint: 'Check with `cm status` whether it was carried out.',
            cause: error,
          });
        }
      }
    }
  }

  followLog(session: string, options: FollowLogOptions): Disposable {
    const follower = new LogFollower(session, options, () => this.#followers.delete(follower), this.#clock);
    this.#followers.add(follower);
    if (this.#link.kind === 'ended') {
      const { error } = this.#link;
      queueMicrotask(() => follower.fail(error));
    } else if (this.#source !== undefined) {
      follower.start(this.#source);
    }
    return toDisposable(() => follower.dispose());
  }

  async openTerminal(session: string, options: OpenTerminalOptions): Promise<Terminal> {
    const source = this.#source ?? (await this.#connected(options));
    try {
      return await ClientTerminal.open(source.connection, source.build, source.terminals, session, options);
    } catch (error) {
      throw toCodeManagerError(error);
    }
  }

  retry(): void {
    this.#dispatch({ type: 'retry' });
  }

  dispose(): void {
    this.#dispatch({ type: 'disposed', error: new CodeManagerError('cancelled', 'Disconnected') });
    const emitters = [this.#onDidChangeState, this.#onDidReset, this.#onDidChange, this.#onProgress];
    for (const emitter of emitters) emitter.dispose();
  }

  /** Waits for the connection, or for the news that there will be none. */
  async #connected({ signal, timeoutMs }: { signal?: AbortSignal; timeoutMs?: number }): Promise<Source> {
    if (this.#link.kind === 'ended') throw this.#link.error;
    if (signal?.aborted) throw new CodeManagerError('cancelled', 'Cancelled');
    const waiter = new Deferred<Source>();
    const onAbort = (): void => waiter.reject(new CodeManagerError('cancelled', 'Cancelled'));
    const timer = setTimeout(() => {
      const lastError = 'error' in this.#link ? this.#link.error : undefined;
      waiter.reject(lastError ?? new CodeManagerError('unavailable', 'The agent server does not answer'));
    }, timeoutMs ?? DEFAULT_WAIT_MS);
    this.#waiting.add(waiter);
    signal?.addEventListener('abort', onAbort, { once: true });
    // Somebody wants something: that is a better moment for the next try than any later one.
    this.#dispatch({ type: 'retry' });
    try {
      return await waiter.promise;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      this.#waiting.delete(waiter);
    }
  }

  #dispatch(input: LinkInput): void {
    const before = this.#link;
    const after = reduceLink(before, input);
    if (after === before) return;
    this.#link = after;
    if (after.kind !== 'connected') this.#dropConnection();
    this.#retry?.cancel();
    this.#retry = undefined;
    this.#nextTry = undefined;
    switch (after.kind) {
      case 'connecting':
        void this.#connect();
        break;
      case 'connected':
        break;
      case 'waiting': {
        const { firstMs, maxMs } = this.#retryRule;
        const wait = backoff(after.attempt, firstMs, maxMs, this.#random);
        this.#nextTry = this.#clock.now() + wait;
        this.#retry = this.#clock.after(wait, () => this.#dispatch({ type: 'retry' }));
        // Without a server of its own to start, waiting for somebody else's is all that can be done.
        if (this.#endpoint.serverPath !== undefined || this.#endpoint.transport !== undefined) {
          this.#rejectWaiting(after.error);
        }
        break;
      }
      case 'ended':
        this.#attempt.abort();
        this.#rejectWaiting(after.error);
        for (const follower of [...this.#followers]) follower.fail(after.error);
        break;
    }
    this.#fireState(toConnectionState(before));
  }

  #fireState(before: ConnectionState): void {
    const state = this.state;
    const isSame =
      state.kind === before.kind &&
      (state.kind !== 'disconnected' ||
        (before.kind === 'disconnected' && before.error === state.error && before.final === state.final));
    if (!isSame) this.#onDidChangeState.fire(state);
  }

  async #connect(): Promise<void> {
    this.#attempt = new AbortController();
    const { signal } = this.#attempt;
    const resume = this.#endpoint.subscribe ? this.#position : undefined;
    try {
      const opened = await openServer(this.#endpoint, resume, signal);
      if (signal.aborted) opened.connection.dispose();
      else this.#use(opened);
    } catch (thrown) {
      if (signal.aborted) return;
      const error = toCodeManagerError(thrown);
      this.#endpoint.log(`No connection to the agent server: ${error.message}`);
      const final = !this.#reconnects || error.code === 'tooOld' || this.#retryRule.isFinal?.(error) === true;
      this.#dispatch({ type: 'failed', error, final });
    }
  }

  #use({ connection, initialized }: Opened): void {
    const { server, snapshot, events = [], seq } = initialized;
    const questions = new OpenQuestions(
      this.#onQuestion,
      (id, answer) => {
        // A question that nobody has any more needs no answer.
        connection.request('question/answer', { id, answer }).catch(() => undefined);
      },
      this.#clock,
    );
    const source: Source = {
      connection,
      // What another host says of itself is no reason to take its answers unchecked.
      build: this.#endpoint.transport === undefined ? server.build : '',
      followers: new Map(),
      terminals: new Map(),
      questions,
    };
    this.#source = source;
    if (snapshot !== undefined) this.#store.reset(snapshot);
    this.#position = snapshot === undefined && this.#position !== undefined ? this.#position : at(server.instance, seq);
    this.#dispatch({ type: 'opened', server, now: this.#clock.now() });
    if (snapshot !== undefined) this.#onDidReset.fire(this.#store.snapshot);
    for (const event of events) this.#applyEvent(event);
    for (const waiter of this.#waiting) waiter.resolve(source);
    for (const follower of [...this.#followers]) follower.start(source);
    connection.attach({
      onNotification: (message) => this.#notified(source, message),
      onLogFrame: (frame) => {
        source.followers.get(frame.subscription)?.receive(frame);
        source.terminals.get(frame.subscription)?.receive(frame.bytes);
      },
      onClose: (error) => {
        source.questions.cut();
        for (const terminal of [...source.terminals.values()]) terminal.exited(null);
        if (this.#source !== source) return;
        this.#dispatch({ type: 'closed', error, final: !this.#reconnects, now: this.#clock.now() });
      },
    });
  }

  #notified(source: Source, message: unknown): void {
    const checked = isSameBuild(source.build) ? (message as Notification) : Notification.safeParse(message).data;
    if (checked === undefined) return this.#skipUnknown(message);
    switch (checked.method) {
      case 'event':
        this.#applyEvent(checked.params);
        break;
      case 'log/end':
        source.followers.get(checked.params.subscription)?.end(checked.params.offset);
        break;
      case 'log/resized':
        source.followers.get(checked.params.subscription)?.resized(checked.params);
        break;
      case 'question':
        source.questions.ask(checked.params);
        break;
      case 'question/withdrawn':
        source.questions.withdraw(checked.params.id);
        break;
      case 'progress':
        this.#onProgress.fire(checked.params);
        break;
      case 'terminal/exit':
        source.terminals.get(checked.params.terminal)?.exited(checked.params.code);
        break;
    }
  }

  /** Newer servers tell things that this client does not know; their numbers count all the same. */
  #skipUnknown(message: unknown): void {
    const event = UnknownEvent.safeParse(message).data;
    if (event !== undefined && this.#takeNumber(event.params.seq)) {
      this.#endpoint.log(`Skipped event ${event.params.seq} of an unknown kind`);
    }
  }

  #applyEvent({ seq, time, change }: ServerEvent): void {
    if (!this.#takeNumber(seq)) return;
    this.#store.apply(change);
    this.#onDidChange.fire({ seq, time, change });
  }

  /** False for an event that is known already. A missing number means that the picture is wrong: it is fetched anew. */
  #takeNumber(seq: number): boolean {
    const position = this.#position;
    if (position === undefined || seq <= position.seq) return false;
    if (seq > position.seq + 1) {
      this.#position = undefined;
      const error = new ConnectionLostError(new Error(`event ${seq} after ${position.seq}`));
      this.#dispatch({ type: 'closed', error, final: false, now: this.#clock.now() });
      return false;
    }
    this.#position = at(position.instance, seq);
    return true;
  }

  #dropConnection(): void {
    const source = this.#source;
    this.#source = undefined;
    this.#lastHeard = source?.connection.lastHeard ?? this.#lastHeard;
    source?.connection.dispose();
  }

  #rejectWaiting(error: Error): void {
    for (const waiter of this.#waiting) waiter.reject(error);
  }
}

const UnknownEvent = Notification.options[0].extend({ params: ServerEvent.pick({ seq: true }) });

function at(instance: string, seq: number): { instance: string; seq: number } {
  return { instance, seq };
}
