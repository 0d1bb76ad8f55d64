import type { Clock } from '../../common/async.js';
import { formatDuration } from '../../common/text.js';
import { CodeManagerError, toCodeManagerError } from '../../protocol/errors.js';
import type { Check } from '../../protocol/requests.js';
import { ConnectionFailure, type ConnectionFailureReason } from '../connectionFailure.js';

/** A step of making a connection. */
export type ConnectStep = 'resolve' | 'connect' | 'host key' | 'sign in';
/** Called when a step is done, with what there is to say about it. */
export type OnConnectStep = (step: ConnectStep, detail: string) => void;

type LinkStep = ConnectStep | 'shell';

/** The step at which a way breaks. */
const STEP_OF: Partial<Readonly<Record<ConnectionFailureReason, ConnectStep>>> = {
  configuration: 'resolve',
  hostNotFound: 'resolve',
  refused: 'connect',
  noRoute: 'connect',
  timedOut: 'connect',
  notSsh: 'connect',
  noCommonAlgorithms: 'connect',
  hostKeyUnknown: 'host key',
  hostKeyChanged: 'host key',
  hostKeyRevoked: 'host key',
  signInNeeded: 'sign in',
  signInRefused: 'sign in',
  tooManyFailures: 'sign in',
  accountExpired: 'sign in',
};

/** The step at which it ended, where its end tells that. */
export function brokenStep(error: unknown): ConnectStep | undefined {
  return error instanceof ConnectionFailure ? STEP_OF[error.reason] : undefined;
}

const STEPS: readonly LinkStep[] = ['resolve', 'connect', 'host key', 'sign in', 'shell'];

/** The way to a host as it is told: each step with its time, up to the one that fails. */
export class LinkSteps {
  readonly #clock: Clock;
  readonly #onCheck: (check: Check) => void;
  readonly #started: number;
  readonly #left = [...STEPS];
  #last: number;

  constructor(clock: Clock, onCheck: (check: Check) => void) {
    this.#clock = clock;
    this.#onCheck = onCheck;
    this.#started = this.#last = clock.now();
  }

  get isSignedIn(): boolean {
    return this.#left[0] === 'shell';
  }

  readonly done = (step: LinkStep, detail: string): void => {
    this.#left.splice(0, this.#left.indexOf(step) + 1);
    this.#onCheck({ name: step, status: 'ok', detail, fix: null, ms: this.#took(), code: null });
  };

  /** Somebody has gone the way before: there is nothing to be told of its steps. */
  overOpen(): void {
    this.done('connect', 'over the open connection');
    this.#left.splice(0, this.#left.indexOf('shell'));
  }

  /** @param signal the time that the person gave it */
  failed(error: unknown, signal: AbortSignal): void {
    const [next = 'shell'] = this.#left;
    // Nothing is told of the steps that somebody else takes.
    const step = next === 'resolve' ? (brokenStep(error) ?? next) : next;
    const failure = isLate(signal)
      ? new ConnectionFailure('timedOut', LATE[step](formatDuration(this.#clock.now() - this.#started)), {
          hint: 'If it is only slow, give it longer with --timeout.',
          cause: error,
        })
      : toCodeManagerError(error);
    this.#onCheck({
      name: step,
      status: 'failed',
      detail: failure.message,
      fix: failure.command ?? failure.hint ?? null,
      ms: this.#took(),
      code: failure.code,
    });
  }

  #took(): number {
    const now = this.#clock.now();
    const ms = now - this.#last;
    this.#last = now;
    return ms;
  }
}

/** The time that was given is over: not that somebody does not want it any more. */
export function isLate({ aborted, reason }: AbortSignal): boolean {
  return aborted && reason instanceof CodeManagerError && reason.code === 'timeout';
}

/** What was waited for in vain, by the step. */
const LATE: Readonly<Record<LinkStep, (time: string) => string>> = {
  resolve: (time) => `The name was not resolved within ${time}`,
  connect: (time) => `Nothing answered within ${time}: the host is down, or a firewall drops what is sent to that port`,
  'host key': (time) => `The host showed no key within ${time}`,
  'sign in': (time) => `The host did not decide about the sign-in within ${time}`,
  shell: (time) => `The login shell there did not start a shell of ours within ${time}: look at what its files run`,
};
