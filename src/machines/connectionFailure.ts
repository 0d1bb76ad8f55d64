import { CodeManagerError, type ErrorCode } from '../protocol/errors.js';

/** Why a host cannot be reached, signed in to or used. */
export type ConnectionFailureReason =
  | 'configuration' // ssh's own configuration, or a proxy command in it, is wrong
  | 'hostNotFound' // the name means nothing here
  | 'refused' // nothing listens on that port
  | 'noRoute' // the network does not lead there
  | 'timedOut' // no answer in time
  | 'notSsh' // something else answers there
  | 'noCommonAlgorithms' // too old or too new to talk to
  | 'hostKeyUnknown' // never seen, and nobody said yes
  | 'hostKeyChanged' // not the key that known_hosts has
  | 'hostKeyRevoked' // a key that known_hosts forbids
  | 'signInNeeded' // only a person can answer what the host asks, and nobody did
  | 'signInRefused' // what was offered is not accepted
  | 'tooManyFailures' // the host hung up on too many tries
  | 'accountExpired' // the account or its password has run out
  | 'channels' // the host opens no further session on this connection
  | 'forward' // the host does not forward, or cannot reach what it was asked for
  | 'noSftp' // the host has no SFTP
  | 'closed' // the connection has ended
  | 'cancelled'; // given up on request

const codes: Readonly<Record<ConnectionFailureReason, ErrorCode>> = {
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
};

/** What went wrong with a host reached by ssh; `command` is the one that mends it, where there is one. */
export class ConnectionFailure extends CodeManagerError {
  readonly reason: ConnectionFailureReason;
  readonly command: string | null;

  constructor(
    reason: ConnectionFailureReason,
    message: string,
    options: { hint?: string | undefined; command?: string | undefined; cause?: unknown } = {},
  ) {
    super(codes[reason], message, options);
    this.name = 'ConnectionFailure';
    this.reason = reason;
    this.command = options.command ?? null;
  }

  /** True when a new try without a person can only fail again, and may lock the account. */
  get needsPerson(): boolean {
    return this.code === 'unauthorized' || this.reason === 'configuration';
  }
}
