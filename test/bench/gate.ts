import { execFileSync } from 'node:child_process';
import { open } from 'node:fs/promises';
import { monotonicMs } from './numbers.js';
import { shellWords } from './product.js';

/** What a session on this host waits for, and nobody looks at meanwhile. */
export class Gate {
  readonly #path: string;

  /** @param path where there is nothing yet */
  constructor(path: string) {
    this.#path = path;
    execFileSync('mkfifo', [path]);
  }

  /** The command that waits. */
  get wait(): string {
    return `read line < ${shellWords(this.#path)}`;
  }

  /** Lets one go on. @returns when that was, in milliseconds of {@link monotonicMs} */
  async open(): Promise<number> {
    // Opening waits for the reader.
    const file = await open(this.#path, 'w');
    const opened = monotonicMs();
    await file.write('go\n');
    await file.close();
    return opened;
  }
}
