import { CodeManagerError, type ErrorCode, type ErrorReason } from '../protocol/errors.js';

/** What each reason is for whoever asks only for the code. */
const codes = {
  configuration: 'invalid',
  hostNotFound: 'unavailable',
  refused: 'unavailable',
  noRoute: 'unavailable',
  timedOut: 'unavailable',
  notSsh: 'unavailable',
  noCommonAlgorithms: 'unavailable',
  hostKeyUnknown: 'unauthorized',
  hostKeyChanged: 'unauthorized',
  hostKeyRevoked: 'unauthorized',
  signInNeeded: 'unauthorized',
  signInRefused: 'unauthorized',
  tooManyFailures: 'unauthorized',
  accountExpired: 'unauthorized',
  channels: 'unavailable',
  forward: 'unavailable',
  noSftp: 'unavailable',
  closed: 'unavailable',
  cancelled: 'cancelled',
} as const satisfies Partial<Record<ErrorReason, ErrorCode>>;

/** Why a host cannot be reached, signed in to or used. */
export type ConnectionFailureReason = keyof typeof codes;

/** What went wrong with a host reached by ssh. */
export class ConnectionFailure extends CodeManagerError {
  declare readonly reason: ConnectionFailureReason;

  constructor(
    reason: ConnectionFailureReason,
    message: string,
    options: { hint?: string | undefined; command?: string | undefined; cause?: unknown } = {},
  ) {
    super(codes[reason], message, { ...options, reason });
    this.name = 'ConnectionFailure';
  }

  /** True when a new try without a person can only fail again, and may lock the account. */
  get needsPerson(): boolean {
    return this.code === 'unauthorized' || this.reason === 'configuration';
  }
}
