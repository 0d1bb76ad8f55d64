import { CodeManagerError } from '../../protocol/errors.js';

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
