import { StringDecoder } from 'node:string_decoder';
import { Deferred } from '../../common/async.js';
import { type Disposable } from '../../common/disposable.js';
import { Emitter } from '../../common/emitter.js';
import type { ProcessStream } from '../machine/machine.js';
import { ControlParser } from './controlParser.js';
import { TmuxGoneError, TmuxRefusedError, TmuxSilentError } from './tmuxErrors.js';

interface Pending {
  /** Commands on the line whose answers are still to come. */
  left: number;
  readonly replies: (readonly string[])[];
  readonly done: Deferred<readonly (readonly string[])[]>;
  readonly line: string;
}

/** A tmux that does not answer for so long is taken for hung. */
const ANSWER_TIMEOUT_MS = 8_000;

/** One open `tmux -C`: many commands, no process for any of them. Answers come in the order of the questions. */
export class ControlClient implements Disposable {
  readonly #stream: ProcessStream;
  readonly #answerMs: number;
  readonly #parser = new ControlParser();
  readonly #decoder = new StringDecoder('utf8');
  readonly #pending: Pending[] = [];
  readonly #notifications = new Emitter<{ readonly name: string; readonly rest: string }>();
  readonly #exit = new Emitter<string>();
  #closed: TmuxGoneError | TmuxSilentError | undefined;
  /** What tmux said to the command that the client was started with. */
  #refusal = '';
  /** Lines that wait for the answer to that command; undefined once it came. */
  #unsent: string[] | undefined = [];

  readonly onNotification = this.#notifications.event;
  /** Once, with the reason. */
  readonly onExit = this.#exit.event;

  /** @param answerMs how long tmux may take for an answer */
  constructor(stream: ProcessStream, answerMs = ANSWER_TIMEOUT_MS) {
    this.#stream = stream;
    this.#answerMs = answerMs;
    stream.onData((data) => {
      for (const message of this.#parser.push(this.#decoder.write(Buffer.from(data)))) {
        if (message.kind === 'notification') {
          if (message.name === 'exit') this.#close(new TmuxGoneError(message.rest || this.#refusal || 'exit'));
          else this.#notifications.fire(message);
        } else if (message.own) {
          this.#answer(message.ok, message.lines);
        } else if (message.ok) {
          this.#attached();
        } else {
          this.#refusal = message.lines.join(' ');
        }
      }
    });
    stream.onExit(({ stderr }) => this.#close(new TmuxGoneError(stderr.trim() || 'the tmux client ended')));
  }

  get isClosed(): boolean {
    return this.#closed !== undefined;
  }

  /**
   * Runs commands as one list: tmux executes them without anything in between and stops at the first that fails.
   *
   * @returns the lines each command printed
   * @throws TmuxRefusedError when it fails, TmuxGoneError, TmuxSilentError
   */
  async run(...commands: readonly string[]): Promise<readonly (readonly string[])[]> {
    if (this.#closed !== undefined) throw this.#closed;
    const pending: Pending = { left: commands.length, replies: [], done: new Deferred(), line: commands.join(' ; ') };
    this.#pending.push(pending);
    if (this.#unsent) this.#unsent.push(pending.line);
    else this.#stream.write(pending.line + '\n');
    const timer = setTimeout(() => this.#close(new TmuxSilentError(this.#answerMs / 1000)), this.#answerMs);
    try {
      return await pending.done.promise;
    } finally {
      clearTimeout(timer);
    }
  }

  /** tmux may run what it reads before it has attached the client, and then says that there is no client. */
  #attached(): void {
    for (const line of this.#unsent ?? []) this.#stream.write(line + '\n');
    this.#unsent = undefined;
  }

  #answer(ok: boolean, lines: readonly string[]): void {
    const pending = this.#pending[0];
    if (!pending) return;
    pending.replies.push(lines);
    pending.left--;
    if (ok && pending.left > 0) return;
    this.#pending.shift();
    if (ok) pending.done.resolve(pending.replies);
    else pending.done.reject(new TmuxRefusedError(lines.join(' ')));
  }

  #close(error: TmuxGoneError | TmuxSilentError): void {
    if (this.#closed !== undefined) return;
    this.#closed = error;
    for (const pending of this.#pending.splice(0)) pending.done.reject(error);
    this.#stream.dispose();
    this.#exit.fire(error instanceof TmuxGoneError ? error.said : error.message);
  }

  dispose(): void {
    this.#close(new TmuxGoneError('closed'));
  }
}
