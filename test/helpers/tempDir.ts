import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Whoever needs something for a while, such as a test; the hooks are called at the end, the first one first. */
export interface Owner {
  after(hook: () => unknown): void;
}

/** A new folder with a short path (sockets live in such folders), removed after the test. */
export function tempDir(t: Owner, prefix = 'cm-'): string {
  const dir = mkdtempSync(join(realpathSync(tmpdir()), prefix));
  t.after(() => rmSync(dir, { recursive: true, force: true, maxRetries: 5 }));
  return dir;
}
