import { DisposableStore, type Disposable } from '../common/disposable.js';
import type { Terminal } from '../core/machine/machineService.js';

export interface TerminalStreamOptions {
  /** Resolves when the client can take more; undefined when it can already. */
  readonly send: (offset: number, bytes: Uint8Array) => Promise<void> | undefined;
  readonly onExit: (code: number | null) => void;
}

/** A terminal joined to a client. */
export class TerminalStream implements Disposable {
  readonly terminal: Terminal;
  readonly #options: TerminalStreamOptions;
  readonly #disposables = new DisposableStore();
  #offset = 0;

  constructor(terminal: Terminal, options: TerminalStreamOptions) {
    this.terminal = terminal;
    this.#options = options;
  }

  start(): void {
    if (this.#disposables.isDisposed) return;
    const { send, onExit } = this.#options;
    this.#disposables.add(
      this.terminal.onData((bytes) => {
        const sent = send(this.#offset, bytes);
        this.#offset += bytes.length;
        if (sent === undefined) return;
        // The program waits for a client that reads slowly.
        this.terminal.pause();
        void sent.then(() => this.terminal.resume());
      }),
    );
    this.#disposables.add(this.terminal.onExit(onExit));
  }

  write(bytes: Uint8Array): void {
    this.terminal.write(bytes);
  }

  dispose(): void {
    this.#disposables.dispose();
    this.terminal.dispose();
  }
}
