import type { Clock } from '../../common/async.js';
import { Deferred } from '../../common/async.js';
import type { Disposable } from '../../common/disposable.js';
import { Emitter } from '../../common/emitter.js';
import type { Logger } from '../../common/logger.js';
import type { LinkState, MachineLink } from '../../core/machine/machine.js';
import type { Operation } from '../../core/machine/operation.js';
import { CodeManagerError, errorText } from '../../protocol/errors.js';
import { orAborted } from '../../core/machine/steps.js';
import type { Check } from '../../protocol/requests.js';
import { Knocker } from './knocker.js';
import { isLate, LinkSteps, type OnConnectStep } from './linkSteps.js';
import { linkProblem, linkState, newLink, reduceLink, type Link, type LinkEvent } from './link.js';

/** A host that is connected, as far as the link needs to know. */
export interface LinkedHost extends Disposable {
  /** What the host calls itself. */
  readonly node: string;
  /** One round trip; rejects when it was lost. */
  ping(): Promise<void>;
  /** Has its shell do something. What there is to say about it. */
  look(): Promise<string>;
  /** Bytes that came, as of now. */
  readonly bytesRead: number;
  onClose(listener: (error: CodeManagerError | undefined) => void): Disposable;
}

export interface LinkDriverOptions {
  readonly connect: (
    operation: Operation | undefined,
    signal: AbortSignal,
    onStep: OnConnectStep | undefined,
  ) => Promise<LinkedHost>;
  /** Called with a host before `connected` is told, and with undefined when it has gone. */
  readonly onHost: (host: LinkedHost | undefined) => void;
  /** Whether something answers where the way to the host begins, without signing in; never rejects. */
  readonly knock?: () => Promise<boolean>;
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
  /** Where it is only seen whether it can be reached. */
  readonly test: LinkTest | undefined;
}

interface LinkTest {
  readonly onStep: OnConnectStep | undefined;
  /** How it is afterwards too, unless something was found out. */
  readonly before: Link;
}

/** Keeps a host connected: drives {@link reduceLink}. */
export class LinkDriver implements MachineLink, Disposable {
  readonly #options: LinkDriverOptions;
  readonly #changed = new Emitter<LinkState>();
  #link: Link;
  #told: string;
  #try: Try | undefined;
  #host: LinkedHost | undefined;
  #due: { cancel(): void } | undefined;
  #look: { cancel(): void } | undefined;
  readonly #knocker: Knocker | undefined;
  #lookedAt = 0;
  #heardBytes = 0;
  #pinging = false;
  #disposed = false;

  readonly onDidChange = this.#changed.event;

  constructor(options: LinkDriverOptions) {
    this.#options = options;
    this.#link = newLink(options.clock.now());
    this.#told = JSON.stringify(this.state);
    const { clock, knock, log } = options;
    const onOpen = (): void => {
      log.info('the host can be reached again');
      this.#dispatch({ type: 'reachable', time: this.#now() });
    };
    this.#knocker = knock === undefined ? undefined : new Knocker({ knock, clock, onOpen });
  }

  get state(): LinkState {
    return linkState(this.#link);
  }

  async connect(operation?: Operation): Promise<void> {
    await this.#connect(operation, undefined);
  }

  async #connect(operation: Operation | undefined, test: LinkTest | undefined): Promise<void> {
    if (this.#disposed) throw new CodeManagerError('unavailable', 'The machine is not used any more');
    if (this.#link.phase === 'connected') return;
    // One that may ask, or tells its steps, is worth more than one that does not.
    const isMore = operation?.asker !== undefined || test !== undefined;
    if (this.#try !== undefined && isMore && !this.#try.asks) this.#giveUp();
    this.#dispatch({ type: 'wanted', time: this.#now() });
    const current = this.#try ?? this.#start(operation, test);
    const signal = operation?.signal;
    const onAbort = (): void => {
      if (this.#try === current && current.asks) current.abort.abort(signal?.reason);
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

  /** Nobody signs in twice: what is open is used, and what has to be made for this stays. */
  async test(operation: Operation, onCheck: (check: Check) => void): Promise<boolean> {
    const { signal } = operation;
    const steps = new LinkSteps(this.#options.clock, onCheck);
    try {
      if (!(await orAborted(this.#answers(), signal))) {
        const test = { onStep: steps.done, before: this.#link };
        await orAborted(this.#connect(operation, test), signal);
      }
      if (!steps.isSignedIn) steps.overOpen();
      const host = this.#host;
      if (host === undefined) throw new CodeManagerError('unavailable', 'The connection has ended');
      steps.done('shell', await orAborted(host.look(), signal));
      return true;
    } catch (error) {
      steps.failed(error, signal);
      return false;
    }
  }

  /** Whether it is connected, by asking. */
  async #answers(): Promise<boolean> {
    const host = this.#host;
    if (host === undefined) return false;
    const late = new Deferred<never>();
    const limit = this.#options.clock.after(ANSWER_AFTER_SLEEP_MS, () =>
      late.reject(new CodeManagerError('unavailable', 'The host does not answer any more')),
    );
    try {
      await Promise.race([host.ping(), late.promise]);
    } catch (error) {
      this.#fail(host, error);
    } finally {
      limit.cancel();
    }
    return this.#host === host;
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
    if (this.#link.phase === 'waiting') this.#knocker?.start(this.#link.since);
    else this.#knocker?.stop();
    this.#watchClock();
    const state = this.state;
    // What was heard last is not told while there is always something to hear.
    const text = JSON.stringify(state.connection === 'connected' ? { ...state, lastSeen: null } : state);
    if (text !== this.#told) {
      this.#told = text;
      this.#changed.fire(state);
    }
    if (this.#link.phase === 'connecting' && this.#try === undefined && event.type !== 'wanted') {
      this.#start(undefined, undefined);
    }
  }

  #start(operation: Operation | undefined, test: LinkTest | undefined): Try {
    const current: Try = {
      abort: new AbortController(),
      done: new Deferred(),
      asks: operation?.asker !== undefined,
      test,
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
      const host = await connect(operation, current.abort.signal, current.test?.onStep);
      if (this.#try !== current || this.#disposed) {
        host.dispose();
        throw new CodeManagerError('cancelled', 'Connecting was given up');
      }
      this.#try = undefined;
      this.#take(host);
      current.done.resolve();
    } catch (error) {
      if (this.#try === current) {
        this.#try = undefined;
        log.info(`not connected: ${errorText(error)}`);
        this.#dispatch(outcome(current, error, { random: random(), time: this.#now() }));
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
      const problem = linkProblem(error ?? new CodeManagerError('unavailable', 'The connection has ended'));
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
      this.#fail(host, new CodeManagerError('unavailable', 'The host does not answer any more'));
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
    this.#knocker?.dispose();
    this.#drop();
    this.#changed.dispose();
  }
}

/** What a try that came to nothing means for the link. */
function outcome(
  { abort: { signal }, test }: Try,
  error: unknown,
  at: { readonly random: number; readonly time: number },
): LinkEvent {
  const late = isLate(signal);
  const problem = linkProblem(late ? signal.reason : error);
  const unwanted = { type: 'unwanted', time: at.time } as const;
  if (test === undefined) {
    const isCancelled = !late && error instanceof CodeManagerError && error.code === 'cancelled';
    return isCancelled ? unwanted : { type: 'failed', problem, ...at };
  }
  const { phase, problem: known } = test.before;
  if (problem.blocks !== null) return { type: 'failed', problem, ...at };
  if (phase === 'blocked' && known !== null) return { type: 'failed', problem: known, ...at };
  return phase === 'idle' ? unwanted : { type: 'failed', problem, ...at };
}
