import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from './until.js';

/** Whoever needs something for a while, such as a test; the hooks are called at the end, the first one first. */
export interface Owner {
  after(hook: () => unknown): void;
}

/**
 * A new folder with a short path (sockets live in such folders), removed after the test. One that somebody still writes
 * into then goes with this process: a hook that fails would keep those behind it from ending what runs.
 */
export function tempDir(t: Owner, prefix = 'cm-'): string {
  const dir = mkdtempSync(join(realpathSync(tmpdir()), prefix));
  const remove = (): void => rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
  t.after(() => {
    try {
      remove();
    } catch {
      process.once('exit', remove);
    }
  });
  return dir;
}

/** Removes a folder as soon as the last of those who wrote into it has gone. */
export async function removeFolder(dir: string): Promise<void> {
  await until(`${dir} is removed`, () => {
    try {
      rmSync(dir, { recursive: true, force: true });
      return true;
    } catch {
      return false;
    }
  });
}
