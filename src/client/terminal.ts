import { toDisposable, type Disposable } from '../common/disposable.js';
import { OnceEmitter } from '../common/onceEmitter.js';
import { CodeManagerError } from '../protocol/errors.js';
import type { Result } from '../protocol/requests.js';
import { encodeLogFrame } from '../protocol/wire.js';
import type { OpenTerminalOptions, Terminal, TerminalListener } from './api.js';
import type { Connection } from './connection.js';
import { checkResult } from './endpoint.js';

/** Where a terminal's frames and its end arrive, by its id. */
export type Terminals = Map<number, ClientTerminal>;

/** A terminal in a session over one connection; ends with that connection. */
export class ClientTerminal implements Terminal {
  readonly #connection: Connection;
  readonly #terminals: Terminals;
  readonly #id: number;
  #typed = 0;
  /** What came before anybody listened. */
  #early: Uint8Array[] = [];
  #listener: TerminalListener | undefined;
  readonly #ended = new OnceEmitter<number | null>();

  private constructor(connection: Connection, terminals: Terminals, id: number) {
    this.#connection = connection;
    this.#terminals = terminals;
    this.#id = id;
    terminals.set(id, this);
  }

  static async open(
    connection: Connection,
    build: string,
    terminals: Terminals,
    session: string,
    options: OpenTerminalOptions,
  ): Promise<ClientTerminal> {
    const { columns, rows, readOnly = false, nesting, signal } = options;
    let opened: ClientTerminal | undefined;
    // Registered before any frame of it is delivered.
    const onResult = (raw: unknown): void => {
      const { terminal }: Result<'terminal/open'> = checkResult('terminal/open', raw, build);
      opened = new ClientTerminal(connection, terminals, terminal);
    };
    // Waits for the answer also when it is not wanted any more: without its id it could not be closed.
    await connection.request(
      'terminal/open',
      { session, columns, rows, readOnly, ...(nesting === undefined ? {} : { nesting }) },
      { onResult },
    );
    if (opened === undefined) throw new Error('terminal/open was answered without a result');
    if (signal?.aborted === true) {
      opened.dispose();
      throw new CodeManagerError('cancelled', 'Cancelled');
    }
    return opened;
  }

  onData(listener: TerminalListener): Disposable {
    this.#listener = listener;
    for (const bytes of this.#early.splice(0)) this.#give(bytes);
    return toDisposable(() => {
      if (this.#listener === listener) this.#listener = undefined;
    });
  }

  onExit(listener: (code: number | null) => void): Disposable {
    return this.#ended.event(listener);
  }

  write(bytes: Uint8Array): void {
    if (this.#ended.hasFired) return;
    this.#connection.sendFrame(encodeLogFrame(this.#id, this.#typed, bytes));
    this.#typed += bytes.length;
  }

  resize(columns: number, rows: number): void {
    if (this.#ended.hasFired) return;
    // A size that did not arrive is followed by the next one.
    this.#connection.request('terminal/resize', { terminal: this.#id, columns, rows }).catch(() => undefined);
  }

  dispose(): void {
    if (this.#ended.hasFired) return;
    this.#ended.dispose();
    this.exited(null);
    // Whether it works does not matter: nobody looks at it any more.
    this.#connection.request('terminal/close', { terminal: this.#id }).catch(() => undefined);
  }

  /** @internal Bytes of it have come. */
  receive(bytes: Uint8Array): void {
    if (this.#listener === undefined) this.#early.push(bytes);
    else this.#give(bytes);
  }

  /** @internal Its program has ended, or the way to it (null). */
  exited(code: number | null): void {
    if (this.#ended.hasFired) return;
    this.#terminals.delete(this.#id);
    this.#ended.fire(code);
  }

  #give(bytes: Uint8Array): void {
    const taken = this.#listener?.(bytes);
    if (taken !== undefined) this.#connection.pauseUntil(taken);
  }
}
