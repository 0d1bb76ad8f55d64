import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { waitFor } from '../bench/numbers.js';
import type { Product } from '../bench/product.js';

const FILE = '.half-typed';
const LINE = 'rm -rf half a li';

/** A line that a person has half typed in another terminal of the same machine, and every byte that arrives there. */
export class HalfTyped {
  readonly #path: string;

  private constructor(path: string) {
    this.#path = path;
  }

  static async open({ client, folder, start }: Product): Promise<HalfTyped> {
    const { id } = await start({ tool: 'shell', task: `stty raw -echo; exec cat >${FILE}` });
    const half = new HalfTyped(join(folder, FILE));
    await waitFor('a terminal to type in', () => existsSync(half.#path));
    const terminal = await client.openTerminal(id, { columns: 80, rows: 24 });
    terminal.onData(() => undefined);
    terminal.write(new TextEncoder().encode(LINE));
    await waitFor('the half typed line', () => half.text === LINE);
    return half;
  }

  get text(): string {
    return readFileSync(this.#path, 'latin1');
  }

  /** What is wrong with it now, one line each. */
  check(): string[] {
    return this.text === LINE ? [] : [`a half typed line elsewhere has become ${JSON.stringify(this.text)}`];
  }
}
