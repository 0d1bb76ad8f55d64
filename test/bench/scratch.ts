import { existsSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sleep } from './numbers.js';
import { descendants, endAll, processesNaming } from './usage.js';

type Cleanup = () => void | Promise<void>;

/** A folder and whatever else a group of figures needs for a while; all of it goes, however the group ends. */
export class Scratch {
  readonly #cleanups: Cleanup[] = [];
  #folders = 0;
  #cleared: Promise<readonly unknown[]> | undefined;
  /** Short, since sockets live in it. */
  readonly directory = mkdtempSync(join(realpathSync(tmpdir()), 'cm-bench-'));

  /** Path of a folder that does not exist yet. */
  folder(): string {
    if (this.#cleared !== undefined) throw new Error('Interrupted');
    return join(this.directory, String(++this.#folders));
  }

  /** Runs when the scratch is cleared, the last one first. The result runs it earlier. */
  defer(cleanup: Cleanup): () => Promise<void> {
    if (this.#cleared !== undefined) throw new Error('Interrupted');
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

  /** Ends everything, once. One thing that cannot be ended does not keep the others. */
  clear(): Promise<readonly unknown[]> {
    return (this.#cleared ??= this.#clear());
  }

  async #clear(): Promise<readonly unknown[]> {
    const errors: unknown[] = [];
    for (let cleanup = this.#cleanups.pop(); cleanup !== undefined; cleanup = this.#cleanups.pop()) {
      try {
        await cleanup();
      } catch (error) {
        errors.push(error);
      }
    }
    for (let tries = 0; tries < 100; tries++) {
      // What was about to start when its server was ended.
      const left = processesNaming(`${this.directory}/`);
      endAll([...left.flatMap(descendants), ...left]);
      try {
        rmSync(this.directory, { recursive: true, force: true });
        if (left.length === 0) return errors;
      } catch (error) {
        if (tries === 99) errors.push(error);
      }
      await sleep(50);
    }
    return errors;
  }
}
