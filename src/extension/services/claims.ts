import { mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

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
      await (await open(join(this.#folder, key.replace(/[^\w-]/g, '_')), 'wx')).close();
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
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
