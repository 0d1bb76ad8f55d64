import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { writeNew } from '../../common/files.js';
import { errorCode } from '../../common/systemError.js';

const LIFETIME_MS = 10 * 60_000;

/** Lets one of all windows do what only one should do. */
export class Claims {
  readonly #folder: string;

  /** @param folder that all windows share */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** True for the one that asks first. */
  async take(key: string): Promise<boolean> {
    await mkdir(this.#folder, { recursive: true });
    try {
      await writeNew(join(this.#folder, key.replace(/[^\w-]/g, '_')), '');
    } catch (error) {
      if (errorCode(error) === 'EEXIST') return false;
      throw error;
    }
    await this.#removeOld();
    return true;
  }

  async #removeOld(): Promise<void> {
    for (const name of await readdir(this.#folder)) {
      const path = join(this.#folder, name);
      const age = Date.now() - ((await stat(path).catch(() => undefined))?.mtimeMs ?? Date.now());
      if (age > LIFETIME_MS) await rm(path, { force: true });
    }
  }
}
