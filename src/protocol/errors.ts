import * as z from 'zod';
import { errorCode, systemReason } from '../common/systemError.js';
import { inTheirWords } from '../common/whyFailed.js';
import { OwnGit } from './ownGit.js';
import { refusalText } from './refusal.js';

/** Every way a request can fail, on the wire, in exit codes and in the editor. */
export const ErrorCode = z.enum([
  'invalid', // the request itself is wrong: 2
  'notFound', // no such context, session or tool: 3
  'unavailable', // machine or server cannot be reached: 4
  'unauthorized', // sign-in refused or needed: 5
  'conflict', // name taken, ambiguous id, already answered, wrong state: 6
  'toolMissing', // the agent is not installed there: 7
  'dependencyMissing', // tmux, git or Node is missing or too old there: 7
  'timeout', // 124
  'cancelled', // 130
  'tooOld', // this client is older than the agent server: 1
  'internal', // our fault: 1
]);
export type ErrorCode = z.infer<typeof ErrorCode>;

/** The one table from error code to the exit code of `cm`. */
export const EXIT_CODES = {
  invalid: 2,
  notFound: 3,
  unavailable: 4,
  unauthorized: 5,
  conflict: 6,
  toolMissing: 7,
  dependencyMissing: 7,
  timeout: 124,
  cancelled: 130,
  tooOld: 1,
  internal: 1,
} as const satisfies Record<ErrorCode, number>;

/** What receivers decide on, finer than a code; never on the wording of a message. */
export const ErrorReason = z.enum([
  'requestChanged', // what was to be answered is not what is asked
  'folderMissing', // a folder is not there
  'tooOld', // a program is there and too old
  // Of a host that is to be reached, signed in to or used:
  'configuration', // ssh's own configuration, or a proxy command in it, is wrong
  'hostNotFound', // the name means nothing here
  'refused', // nothing listens on that port
  'noRoute', // the network does not lead there
  'timedOut', // no answer in time
  'notSsh', // something else answers there
  'noCommonAlgorithms', // too old or too new to talk to
  'hostKeyUnknown', // never seen, and nobody said yes
  'hostKeyChanged', // not the key that known_hosts has
  'hostKeyRevoked', // a key that known_hosts forbids
  'signInNeeded', // only a person can answer what the host asks, and nobody did
  'signInRefused', // what was offered is not accepted
  'tooManyFailures', // the host hung up on too many tries
  'accountExpired', // the account or its password has run out
  'channels', // the host opens no further session on this connection
  'forward', // the host does not forward, or cannot reach what it was asked for
  'noSftp', // the host has no SFTP
  'closed', // the connection has ended
  'cancelled', // given up on request
]);
export type ErrorReason = z.infer<typeof ErrorReason>;

/** `message` says what failed, `hint` what to do about it. */
export const WireError = z.object({
  code: ErrorCode,
  message: z.string(),
  hint: z.string().optional(),
  /** What the same request does when it is sent with `force`, where that helps: `types anyway`. */
  anyway: z.string().optional(),
  /** One that this version does not know is as none. */
  reason: ErrorReason.optional().catch(undefined),
  /** The command that mends it, where one does. */
  command: z.string().optional(),
  /** What a repository has of its own, where the person has to decide on that first. */
  ownGit: OwnGit.optional(),
});
export type WireError = z.infer<typeof WireError>;

type ErrorDetails = Omit<WireError, 'code' | 'message'> & { readonly cause?: unknown };

export class CodeManagerError extends Error {
  readonly code: ErrorCode;
  readonly reason: ErrorReason | undefined;
  /** What the person can do, one sentence. */
  readonly hint: string | undefined;
  /** The command that mends it, where one does. */
  readonly command: string | undefined;
  /** What the same request does with `force`; undefined where that does not help. */
  readonly anyway: string | undefined;
  readonly ownGit: OwnGit | undefined;

  constructor(code: ErrorCode, message: string, { hint, anyway, reason, command, ownGit, cause }: ErrorDetails = {}) {
    super(message, { cause });
    this.name = 'CodeManagerError';
    this.code = code;
    this.reason = reason;
    this.hint = hint;
    this.command = command;
    this.anyway = anyway;
    this.ownGit = ownGit;
  }

  toWire(): WireError {
    const { code, message, hint, anyway, reason, command, ownGit } = this;
    const fields = Object.entries({ code, message, hint, anyway, reason, command, ownGit } satisfies WireError);
    return Object.fromEntries(fields.filter(([, value]) => value !== undefined)) as WireError;
  }
}

/** What a call of the system that only looks is named. */
const LOOKS = /^(?:open|read|f?stat|lstat|scandir|opendir|readlink|realpath|access|statfs)$/;

/** What the system refused, in words; undefined when it is no such error, or one that has no words. */
function toSystemError(error: unknown): CodeManagerError | undefined {
  if (!(error instanceof Error) || !('syscall' in error) || typeof error.syscall !== 'string') return undefined;
  const path = 'path' in error && typeof error.path === 'string' ? error.path : undefined;
  if (error.syscall.startsWith('spawn')) {
    const words = systemReason(errorCode(error), 'read');
    if (words === undefined) return undefined;
    return new CodeManagerError('unavailable', `${path ?? 'A program'} cannot be started: ${words.reason}`, {
      hint: words.hint,
      cause: error,
    });
  }
  const doing = LOOKS.test(error.syscall) ? 'read' : 'written';
  const words = systemReason(errorCode(error), doing);
  if (words === undefined || (path === undefined && !/^(?:read|write|f[a-z]+)$/.test(error.syscall))) return undefined;
  return new CodeManagerError('unavailable', `${path ?? 'A file'} cannot be ${doing}: ${words.reason}`, {
    hint: words.hint,
    cause: error,
  });
}

/** Any thrown value as a CodeManagerError; what is not ours becomes `internal`, never with a bare code of the system. */
export function toCodeManagerError(error: unknown): CodeManagerError {
  if (error instanceof CodeManagerError) return error;
  if (error instanceof z.ZodError) return new CodeManagerError('invalid', refusalText(error), { cause: error });
  const system = toSystemError(error);
  if (system !== undefined) return system;
  const text = error instanceof Error ? error.message : String(error);
  // What is no sentence is of somebody else.
  const message = /^[\p{Lu}\p{Nd}"“/]/u.test(text) ? text : `Something went wrong: ${inTheirWords(text)}`;
  return new CodeManagerError('internal', message, { cause: error });
}

/**
 * `message` and `hint` as the one or two sentences that a person reads.
 *
 * @param force what they can type to have it done all the same; a surface with a button for that names none
 */
export function errorText(error: unknown, force?: string): string {
  const { message, hint, anyway } = toCodeManagerError(error);
  const sentence = /[.!?…]$/.test(message) ? message : `${message}.`;
  const all = force === undefined || anyway === undefined ? undefined : `${force} ${anyway}.`;
  if (hint === undefined) return all === undefined ? sentence : `${sentence} ${all}`;
  return `${sentence} ${all === undefined ? hint : `${hint.replace(/\.$/, '')}; ${all}`}`;
}
