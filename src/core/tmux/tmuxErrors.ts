import { printedCode, systemReason, type SystemReason } from '../../common/systemError.js';
import { CodeManagerError, type ErrorCode } from '../../protocol/errors.js';

/** There is no way to tmux, or none any more. */
export class TmuxGoneError extends CodeManagerError {
  /** What tmux itself said, which is not for people. */
  readonly said: string;

  constructor(said: string) {
    super('unavailable', 'The connection to tmux has ended', { hint: 'Try again; tmux is started when it is needed.' });
    this.name = 'TmuxGoneError';
    this.said = said;
  }
}

/** tmux runs and gave no answer in time: what it was asked it may still do. */
export class TmuxSilentError extends CodeManagerError {
  constructor(seconds: number) {
    super('unavailable', `tmux did not answer within ${seconds} s`, { hint: 'It may only be slow: try again.' });
    this.name = 'TmuxSilentError';
  }
}

/** Whether tmux may only have been too slow: nothing says that it cannot do what it was asked. */
export function isSlow(error: unknown): boolean {
  return error instanceof TmuxSilentError || (error instanceof CodeManagerError && error.code === 'timeout');
}

/** What kept tmux from something, in words of ours: a sentence's end, and what a person can do. */
interface Refusal {
  readonly kind: 'gone' | 'taken' | 'system' | 'other';
  readonly code: ErrorCode;
  readonly reason: string;
  readonly hint: string;
}

const LOG_TELLS = 'What it said stands in server.log; cm doctor looks at tmux.';

/** By what tmux says of itself, first match. It says nothing in other languages. */
const REFUSALS: readonly (readonly [RegExp, Refusal])[] = [
  [
    /^can't find (?:pane|window|session)|^target pane has exited|^no (?:current )?(?:target|session|window|pane)/,
    {
      kind: 'gone',
      code: 'conflict',
      reason: 'its window has gone',
      hint: 'The session may have just ended: see cm ls.',
    },
  ],
  [
    /^duplicate session/,
    { kind: 'taken', code: 'conflict', reason: 'the session has a window already', hint: 'See cm ls.' },
  ],
  [
    /(?:missing or unsuitable|unknown) terminal|can't (?:find|use) terminfo|error while loading shared libraries/,
    {
      kind: 'system',
      code: 'dependencyMissing',
      reason: 'a part of its installation is missing',
      hint: 'Install tmux again.',
    },
  ],
  [
    /^(?:unknown|ambiguous|invalid) (?:command|option|flag)|unknown (?:option|flag)|usage:/,
    {
      kind: 'other',
      code: 'internal',
      reason: 'this version of it does not know what it was asked',
      hint: LOG_TELLS,
    },
  ],
];

const DENIED: SystemReason = {
  reason: 'permission was denied',
  hint: 'See whether the folder of its socket and /dev/ptmx can be written.',
};

/** What the system refuses tmux for other reasons than a file of ours. */
const OF_TMUX: Readonly<Record<string, SystemReason>> = {
  EACCES: DENIED,
  EPERM: DENIED,
  EMFILE: { reason: 'too many files are open', hint: 'Raise the limit (ulimit -n) and try again.' },
  ENAMETOOLONG: { reason: 'the path of its socket is too long', hint: 'Set CM_HOME to a shorter path.' },
  ENOENT: { reason: 'a file that it needs has gone', hint: 'Try again: files of ours are made anew.' },
};

const OTHER: Refusal = { kind: 'other', code: 'internal', reason: 'it says why in its own words', hint: LOG_TELLS };

function refusalOf(said: string): Refusal {
  const own = REFUSALS.find(([pattern]) => pattern.test(said))?.[1];
  if (own !== undefined) return own;
  const code = printedCode(said);
  const words = (code === undefined ? undefined : OF_TMUX[code]) ?? systemReason(code, 'written');
  return words === undefined ? OTHER : { kind: 'system', code: 'unavailable', ...words };
}

/** tmux runs and did not do what it was asked, or does not start. Whatever it says itself is for the log alone. */
export class TmuxRefusedError extends CodeManagerError {
  readonly kind: Refusal['kind'];
  /** What tmux itself said, which is not for people. */
  readonly said: string;

  /** @param what did not happen: `tmux did not start` */
  constructor(said: string, what = 'tmux did not do what it was asked') {
    const { kind, code, reason, hint } = refusalOf(said);
    super(code, `${what}: ${reason}`, { hint });
    this.name = 'TmuxRefusedError';
    this.kind = kind;
    this.said = said;
    // Only the log shows that.
    this.stack = `${this.stack ?? ''}\ntmux said: ${said}`;
  }
}
