import { errorCode, systemReason } from '../../common/systemError.js';
import { join } from 'node:path';
import { delay } from '../../common/async.js';
import type { Machine } from '../machine/machine.js';
import { ANSWER } from './hookScript.js';

export interface HookAnswersOptions {
  readonly machine: Pick<Machine, 'writeFile' | 'rename' | 'remove' | 'stat'>;
  /** Folder of the program of the hooks. */
  readonly directory: string;
  /** Wakes the one who waits under a ticket. */
  readonly wake: (ticket: string) => Promise<void>;
}

/** Who waits for an answer has taken it within this time, else it is not there any more. */
const TAKEN_MS = 5_000;
const LOOK_EVERY_MS = 20;

/**
 * Answers for the hooks that wait for one. An answer is a file, and who renames it first has it: the hook, to give it to
 * its tool, or we, to take it back. So it is known for certain whether it was given.
 */
export class HookAnswers {
  readonly #options: HookAnswersOptions;
  /** Nobody has to be woken any more. */
  readonly #taken = new Set<string>();

  constructor(options: HookAnswersOptions) {
    this.#options = options;
  }

  /**
   * Gives an answer to the one who waits under a ticket.
   *
   * @returns false when nobody took it, and nobody ever will
   * @throws when that cannot be known
   */
  async give(ticket: string, text: string): Promise<boolean> {
    const { machine, wake } = this.#options;
    const file = this.#file(ticket);
    try {
      await machine.writeFile(file, text);
    } catch (error) {
      // A disk that took nothing gave nothing to anybody.
      if (isRefusal(error)) return false;
      throw error;
    }
    try {
      await wake(ticket);
      const end = performance.now() + TAKEN_MS;
      while (performance.now() < end && (await machine.stat(file)) !== undefined) await delay(LOOK_EVERY_MS);
    } catch (error) {
      if (await this.#takeBack(ticket)) return false;
      throw error;
    }
    if (await this.#takeBack(ticket)) return false;
    this.#taken.add(ticket);
    return true;
  }

  /** Lets the one who waits under a ticket go without an answer. */
  async release(ticket: string): Promise<void> {
    if (this.#taken.delete(ticket)) return;
    // One that was given by a server that ended in the middle of it is about nothing any more.
    await this.#takeBack(ticket);
    await this.#options.wake(ticket);
  }

  /** True when the answer was still there: it will not be taken then. */
  async #takeBack(ticket: string): Promise<boolean> {
    const { machine } = this.#options;
    const file = this.#file(ticket);
    const back = `${file}.back`;
    if (!(await machine.rename(file, back))) return false;
    await machine.remove(back);
    return true;
  }

  #file(ticket: string): string {
    return join(this.#options.directory, `${ticket}${ANSWER}`);
  }
}

/** The disk said no, as against a way to the machine that was cut in the middle. */
function isRefusal(error: unknown): boolean {
  const code = errorCode(error instanceof Error ? error.cause : undefined);
  return code !== undefined && code !== 'EIO' && systemReason(code, 'written') !== undefined;
}
