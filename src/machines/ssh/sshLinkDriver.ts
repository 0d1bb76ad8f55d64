import type { Clock } from '../../common/async.js';
import { Deferred } from '../../common/async.js';
import type { Disposable } from '../../common/disposable.js';
import { Emitter } from '../../common/emitter.js';
import type { Logger } from '../../common/logger.js';
import type { LinkState, MachineLink } from '../../core/machine.js';
import type { Operation } from '../../core/operation.js';
import { CodeManagerError, errorText } from '../../protocol/errors.js';
import type { Check } from '../../protocol/requests.js';
import { linkProblem, linkState, newLink, reduceLink, type Link, type LinkEvent } from './sshLink.js';

/** A host that is connected, as far as the link needs to know. */
export interface LinkedHost extends Disposable {
  /** What the host calls itself. */
  readonly node: string;
  /** One round trip; rejects when it was lost. */
  ping(): Promise<void>;
  /** Bytes that came, as of now. */
  readonly bytesRead: number;
  onClose(listener: (error: CodeManagerError | undefined) => void): Disposable;
}

export interface SshLinkOptions {
  readonly connect: (operation: Operation | undefined, signal: AbortSignal) => Promise<LinkedHost>;
  /** Walks the way to the host step by step. What it failed by, if it did. */
  readonly test: (operation: Operation, onCheck: (check: Check) => void) => Promise<CodeManagerError | undefined>;
  /** Called with a host before `connected` is told, and with undefined when it has gone. */
  readonly onHost: (host: LinkedHost | undefined) => void;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random?: () => number;
}

/** A look at the clock: a jump of it means that this machine slept. */
const LOOK_MS = 5_000;
const JUMP_MS = 15_000;
/** A connection that is silent for so long is asked whether it still is one: some 300 bytes each time. */
const SILENT_MS = 20_000;
const ANSWER_MS = 10_000;
const ANSWER_AFTER_SLEEP_MS = 4_000;

interface Try {
  readonly abort: AbortController;
  readonly done: Deferred<void>;
  readonly asks: boolean;
}

/** Keeps a host connected: drives {@link reduceLink}. */
export class SshLink implements MachineLink, Disposable {
  readonly #options: SshLinkOptions;
  readonly #changed = new Emitter<LinkState>();
  #link: Link;
  #told: string;
  #try: Try | undefined;
  #host: LinkedHost | undefined;
  #due: { cancel(): void } | undefined;
  #look: { cancel(): void } | undefined;
  #lookedAt = 0;
  #heardBytes = 0;
  #pinging = false;
  #disposed = false;

  readonly onDidChange = this.#changed.event;

  constructor(options: SshLinkOptions) {
    this.#options = options;
    this.#link = newLink(options.clock.now());
    this.#told = JSON.stringify(this.state);
  }

  get state(): LinkState {
    return linkState(this.#link);
  }

  async connect(operation?: Operation): Promise<void> {
    if (this.#disposed) throw new CodeManagerError('unavailable', 'the machine is not used any more');
    if (this.#link.phase === 'connected') return;
    // One that may ask is worth more than one that may not.
    if (this.#try !== undefined && operation?.asker !== undefined && !this.#try.asks) this.#giveUp();
    this.#dispatch({ type: 'wanted', time: this.#now() });
    const current = this.#try ?? this.#start(operation);
    const signal = operation?.signal;
    const onAbort = (): void => {
      if (this.#try === current && current.asks) current.abort.abort();
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      await current.done.promise;
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
  }

  async disconnect(): Promise<void> {
    this.#giveUp();
    this.#drop();
    this.#dispatch({ type: 'unwanted', time: this.#now() });
    return Promise.resolve();
  }

  async test(operation: Operation, onCheck: (check: Check) => void): Promise<boolean> {
    const failure = await this.#options.test(operation, onCheck);
    if (failure === undefined) return true;
    const problem = linkProblem(failure);
    // What a test is refused by would refuse every other try too.
    if (problem.blocks !== null) this.#dispatch({ type: 'refused', problem, time: this.#now() });
    return false;
  }

  #now(): number {
    return this.#options.clock.now();
  }

  #dispatch(event: LinkEvent): void {
    this.#link = reduceLink(this.#link, event);
    this.#due?.cancel();
    this.#due = undefined;
    const { nextTry } = this.#link;
    if (nextTry !== null) {
      this.#due = this.#options.clock.after(Math.max(0, nextTry - this.#now()), () =>
        this.#dispatch({ type: 'due', time: Math.max(this.#now(), nextTry) }),
      );
    }
    this.#watchClock();
    const state = this.state;
    // What was heard last is not told while there is always something to hear.
    const text = JSON.stringify(state.connection === 'connected' ? { ...state, lastSeen: null } : state);
    if (text !== this.#told) {
      this.#told = text;
      this.#changed.fire(state);
    }
    if (this.#link.phase === 'connecting' && this.#try === undefined && event.type !== 'wanted') this.#start(undefined);
  }

  #start(operation: Operation | undefined): Try {
    const current: Try = {
      abort: new AbortController(),
      done: new Deferred(),
      asks: operation?.asker !== undefined,
    };
    // Most tries have nobody who waits for them.
    current.done.promise.catch(() => undefined);
    this.#try = current;
    void this.#run(current, operation);
    return current;
  }

  async #run(current: Try, operation: Operation | undefined): Promise<void> {
    const { connect, log, random = Math.random } = this.#options;
    try {
      const host = await connect(operation, current.abort.signal);
      if (this.#try !== current || this.#disposed) {
        host.dispose();
        throw new CodeManagerError('cancelled', 'connecting was given up');
      }
      this.#try = undefined;
      this.#take(host);
      current.done.resolve();
    } catch (error) {
      if (this.#try === current) {
        this.#try = undefined;
        log.info(`not connected: ${errorText(error)}`);
        const isCancelled = error instanceof CodeManagerError && error.code === 'cancelled';
        this.#dispatch(
          isCancelled
            ? { type: 'unwanted', time: this.#now() }
            : { type: 'failed', problem: linkProblem(error), random: random(), time: this.#now() },
        );
      }
      current.done.reject(error);
    }
  }

  #take(host: LinkedHost): void {
    this.#host = host;
    this.#heardBytes = host.bytesRead;
    this.#options.onHost(host);
    this.#dispatch({ type: 'connected', node: host.node, time: this.#now() });
    host.onClose((error) => {
      if (this.#host !== host) return;
      this.#drop();
      const problem = linkProblem(error ?? new CodeManagerError('unavailable', 'the connection has ended'));
      this.#options.log.info(`connection lost: ${problem.message}`);
      // The end of a connection is news of its own.
      this.#dispatch({ type: 'heard', time: this.#now() });
      // Nobody is refused by a connection that was cut.
      this.#dispatch({ type: 'lost', problem: { ...problem, blocks: null }, time: this.#now() });
    });
  }

  #drop(): void {
    const host = this.#host;
    this.#host = undefined;
    if (host === undefined) return;
    this.#options.onHost(undefined);
    host.dispose();
  }

  #giveUp(): void {
    const current = this.#try;
    this.#try = undefined;
    current?.abort.abort();
  }

  /** While it is connected or waited for: looks whether this machine slept and whether the host still answers. */
  #watchClock(): void {
    const isWanted = this.#link.phase === 'connected' || this.#link.phase === 'waiting';
    if (!isWanted || this.#disposed) {
      this.#look?.cancel();
      this.#look = undefined;
      return;
    }
    if (this.#look !== undefined) return;
    this.#lookedAt = this.#now();
    this.#look = this.#options.clock.after(LOOK_MS, () => {
      this.#look = undefined;
      const now = this.#now();
      const slept = now - this.#lookedAt > JUMP_MS;
      if (slept) this.#options.log.info('this machine slept');
      this.#listen(now, slept);
      // Also when nothing changed: this is what looks again.
      this.#dispatch(slept ? { type: 'woke', time: now } : { type: 'due', time: now });
    });
  }

  #listen(now: number, slept: boolean): void {
    const host = this.#host;
    if (host === undefined) return;
    if (host.bytesRead !== this.#heardBytes) {
      this.#heardBytes = host.bytesRead;
      this.#dispatch({ type: 'heard', time: now });
    }
    const isSilent = now - (this.#link.lastSeen ?? 0) >= SILENT_MS;
    if ((!slept && !isSilent) || this.#pinging) return;
    this.#pinging = true;
    const limit = this.#options.clock.after(slept ? ANSWER_AFTER_SLEEP_MS : ANSWER_MS, () => {
      this.#pinging = false;
      this.#fail(host, new CodeManagerError('unavailable', 'the host does not answer any more'));
    });
    host.ping().then(
      () => {
        limit.cancel();
        this.#pinging = false;
        if (this.#host !== host) return;
        this.#heardBytes = host.bytesRead;
        this.#dispatch({ type: 'heard', time: this.#now() });
      },
      (error: unknown) => {
        limit.cancel();
        this.#pinging = false;
        this.#fail(host, error);
      },
    );
  }

  #fail(host: LinkedHost, error: unknown): void {
    if (this.#host !== host) return;
    this.#drop();
    this.#dispatch({ type: 'lost', problem: { ...linkProblem(error), blocks: null }, time: this.#now() });
  }

  dispose(): void {
    this.#disposed = true;
    this.#giveUp();
    this.#due?.cancel();
    this.#look?.cancel();
    this.#drop();
    this.#changed.dispose();
  }
}
