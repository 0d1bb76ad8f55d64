import type { Terminal } from '../../client/api.js';
import { Emitter, type Event } from '../../common/emitter.js';
import { errorText } from '../../protocol/errors.js';
import { oneLine } from '../../view/plainText.js';

interface Dimensions {
  readonly columns: number;
  readonly rows: number;
}

/** Opens a terminal in the session; the signal says that it is not wanted any more. */
export type OpenTerminal = (size: Dimensions, signal: AbortSignal) => Promise<Terminal>;

const DEFAULT_SIZE: Dimensions = { columns: 80, rows: 24 };
/** Undoes what a cut program cannot undo any more: other screen, mouse, pasting, hidden cursor, colours. */
const RESET = '\u001b[?1049l\u001b[?1000l\u001b[?1002l\u001b[?1003l\u001b[?1006l\u001b[?2004l\u001b[?25h\u001b[0m';

/**
 * The inside of an integrated terminal that is attached to a session of another machine, over the connection that is
 * open already. Shaped as the editor's `Pseudoterminal`. Closing it leaves the session alone; after a cut the person
 * attaches it again.
 */
export class SessionTerminal {
  readonly #openTerminal: OpenTerminal;
  readonly #machine: string;
  readonly #written = new Emitter<string>();
  readonly #closed = new Emitter<number>();
  readonly #encoder = new TextEncoder();
  #size = DEFAULT_SIZE;
  #opening: AbortController | undefined;
  #terminal: Terminal | undefined;
  /** Nothing is attached, and Enter tries again. */
  #waits = false;

  /** @param machine name of the machine, for messages */
  constructor(openTerminal: OpenTerminal, machine: string) {
    this.#openTerminal = openTerminal;
    this.#machine = machine;
  }

  get onDidWrite(): Event<string> {
    return this.#written.event;
  }

  get onDidClose(): Event<number> {
    return this.#closed.event;
  }

  open(size: Dimensions | undefined): void {
    if (size !== undefined) this.#size = size;
    void this.#attach();
  }

  close(): void {
    this.#opening?.abort();
    this.#terminal?.dispose();
    this.#terminal = undefined;
    this.#waits = false;
  }

  handleInput(data: string): void {
    if (this.#terminal !== undefined) this.#terminal.write(this.#encoder.encode(data));
    else if (this.#waits && /[\r\n]/.test(data)) void this.#attach();
  }

  setDimensions(size: Dimensions): void {
    this.#size = size;
    this.#terminal?.resize(size.columns, size.rows);
  }

  async #attach(): Promise<void> {
    this.#waits = false;
    const { signal } = (this.#opening = new AbortController());
    const size = this.#size;
    try {
      const terminal = await this.#openTerminal(size, signal);
      if (signal.aborted) return terminal.dispose();
      this.#use(terminal);
      if (size !== this.#size) terminal.resize(this.#size.columns, this.#size.rows);
    } catch (error) {
      if (!signal.aborted) this.#wait(oneLine(errorText(error), 500));
    }
  }

  #use(terminal: Terminal): void {
    this.#terminal = terminal;
    // Letters may be split between two pieces.
    const decoder = new TextDecoder();
    terminal.onData((bytes) => this.#written.fire(decoder.decode(bytes, { stream: true })));
    terminal.onExit((code) => {
      if (this.#terminal !== terminal) return;
      this.#terminal = undefined;
      if (code === null) this.#wait(`The connection to ${oneLine(this.#machine)} was cut; the session goes on.`);
      else this.#closed.fire(code);
    });
  }

  #wait(reason: string): void {
    this.#waits = true;
    this.#written.fire(`${RESET}\r\n— ${reason} Press Enter to attach again. —\r\n`);
  }
}
