import { existsSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sleep } from './numbers.js';

type Cleanup = () => void | Promise<void>;

/** A folder and whatever else a group of figures needs for a while; all of it goes, however the group ends. */
export class Scratch {
  readonly #cleanups: Cleanup[] = [];
  #folders = 0;
  /** Short, since sockets live in it. */
  readonly directory = mkdtempSync(join(realpathSync(tmpdir()), 'cm-bench-'));

  /** Path of a folder that does not exist yet. */
  folder(): string {
    return join(this.directory, String(++this.#folders));
  }

  /** Runs when the scratch is cleared, the last one first. The result runs it earlier. */
  defer(cleanup: Cleanup): () => Promise<void> {
    this.#cleanups.push(cleanup);
    return async () => {
      const index = this.#cleanups.indexOf(cleanup);
      if (index < 0) return;
      this.#cleanups.splice(index, 1);
      await cleanup();
    };
  }

  /** The last lines of every agent server that ran in here, for the error of a figure that broke. */
  serverLogs(): string[] {
    return readdirSync(this.directory)
      .map((name) => join(this.directory, name, 'home', 'server.log'))
      .filter((path) => existsSync(path))
      .map((path) => readFileSync(path, 'utf8').trim().split('\n').slice(-20).join('\n'));
  }

  /** Ends everything. One thing that cannot be ended does not keep the others. */
  async clear(): Promise<readonly unknown[]> {
    const errors: unknown[] = [];
    for (let cleanup = this.#cleanups.pop(); cleanup !== undefined; cleanup = this.#cleanups.pop()) {
      try {
        await cleanup();
      } catch (error) {
        errors.push(error);
      }
    }
    // What was killed a moment ago may still be writing.
    for (let tries = 0; existsSync(this.directory); tries++) {
      try {
        rmSync(this.directory, { recursive: true, force: true });
      } catch (error) {
        if (tries >= 100) return [...errors, error];
        await sleep(50);
      }
    }
    return errors;
  }
}
