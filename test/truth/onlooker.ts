import type { Client } from '../../src/client/api.js';
import { sleep } from '../bench/numbers.js';
import type { Random } from './random.js';

export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/** Of the terminals that people look from. */
export const SIZES: readonly [TerminalSize, ...TerminalSize[]] = [
  { columns: 120, rows: 40 },
  { columns: 80, rows: 24 },
  { columns: 60, rows: 20 },
];

/** How people name it. */
export function sizeName({ columns, rows }: TerminalSize): string {
  return `${columns}x${rows}`;
}

/** Somebody who looks at a session in a terminal of their own, and goes again. */
export class Onlooker {
  readonly #client: Pick<Client, 'openTerminal'>;
  readonly #random: Random;
  #terminal: { dispose(): void } | undefined;

  constructor(client: Pick<Client, 'openTerminal'>, random: Random) {
    this.#client = client;
    this.#random = random;
  }

  /** Goes, and in half of the cases comes back at another size. */
  async change(session: string): Promise<void> {
    this.leave();
    if (this.#random.next() < 0.5) return;
    await this.attach(session, this.#random.pick(SIZES));
    await sleep(this.#random.seconds(0, 1) * 1000);
  }

  async attach(session: string, size: TerminalSize): Promise<void> {
    this.leave();
    const terminal = await this.#client.openTerminal(session, size);
    terminal.onData(() => undefined);
    this.#terminal = terminal;
  }

  /** Comes after a while; where the session has ended by then, nobody does. */
  async visit(session: string, size: TerminalSize, seconds: number): Promise<void> {
    await sleep(seconds * 1000);
    await this.attach(session, size).catch(() => undefined);
  }

  leave(): void {
    this.#terminal?.dispose();
    this.#terminal = undefined;
  }
}
