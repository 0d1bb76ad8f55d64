import type { Terminal as ClientTerminal } from '../../../client/api.js';
import { Emitter, type Event } from '../../../common/emitter.js';
import { Deferred } from '../../../common/async.js';
import type { Terminal, TerminalSize } from '../../../core/machine/machine.js';

/** A terminal on another agent server, over a connection that it shares with nothing: it may hold that back. */
export class AgentTerminal implements Terminal {
  readonly #terminal: ClientTerminal;
  readonly #release: () => void;
  readonly #data = new Emitter<Uint8Array>();
  #paused: Deferred<void> | undefined;
  #listening = false;

  /** @param release ends the connection that was made for it */
  constructor(terminal: ClientTerminal, release: () => void) {
    this.#terminal = terminal;
    this.#release = release;
    this.#terminal.onExit(() => this.#release());
  }

  readonly onData: Event<Uint8Array> = (listener) => {
    const subscription = this.#data.event(listener);
    if (!this.#listening) {
      this.#listening = true;
      this.#terminal.onData((bytes) => {
        this.#data.fire(bytes);
        return this.#paused?.promise;
      });
    }
    return subscription;
  };

  readonly onExit: Event<number | null> = (listener) => this.#terminal.onExit(listener);

  write(data: Uint8Array): void {
    this.#terminal.write(data);
  }

  resize({ columns, rows }: TerminalSize): void {
    this.#terminal.resize(columns, rows);
  }

  pause(): void {
    this.#paused ??= new Deferred();
  }

  resume(): void {
    this.#paused?.resolve();
    this.#paused = undefined;
  }

  dispose(): void {
    this.resume();
    this.#terminal.dispose();
    this.#data.dispose();
    this.#release();
  }
}
