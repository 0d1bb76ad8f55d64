import { randomBytes } from 'node:crypto';
import { promises as fs } from 'node:fs';
import { delay } from '../../common/async.js';
import { readText, writeNew } from '../../common/files.js';
import { shortHostName } from '../../common/home.js';
import { CodeManagerError } from '../../protocol/errors.js';
import { errorCode, isMissing, toDiskError } from './diskErrors.js';

/** A holder does one small write; one that is older has died or hangs. */
const STALE_MS = 10_000;
const GIVE_UP_MS = 20_000;
const MAX_LOCK_BYTES = 1024;

/**
 * Runs a task while no other process that asks for the same lock runs one, also on other hosts that share the disk. A
 * lock whose holder has died is taken over.
 * @param path the file to protect; the lock is `<path>.lock` beside it.
 * @throws CodeManagerError `unavailable` when the lock cannot be made or had.
 */
export async function withFileLock<T>(path: string, task: () => Promise<T>): Promise<T> {
  const lock = `${path}.lock`;
  const owner = `${shortHostName()} ${process.pid} ${randomBytes(6).toString('hex')}\n`;
  const started = performance.now();
  while (!(await tryLock(lock, owner))) {
    await removeStale(lock, owner);
    if (performance.now() - started > GIVE_UP_MS) {
      throw new CodeManagerError('unavailable', `${path} is locked by another program`, {
        hint: `When no Code Manager is running, remove ${lock}.`,
      });
    }
    await delay(5 + Math.random() * 20);
  }
  try {
    return await task();
  } finally {
    // Somebody who took us for dead has a lock of his own there.
    if ((await readLock(lock)) === owner) await fs.rm(lock, { force: true }).catch(() => undefined);
  }
}

async function tryLock(lock: string, owner: string): Promise<boolean> {
  try {
    await writeNew(lock, owner);
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw toDiskError(error, lock);
  }
}

async function readLock(lock: string): Promise<string | undefined> {
  return readText(lock, MAX_LOCK_BYTES).catch(() => undefined);
}

async function removeStale(lock: string, owner: string): Promise<void> {
  const holder = await readLock(lock);
  if (holder === undefined || !(await isStale(lock, holder))) return;
  // Moved away first: of several who find it stale, only one moves it, and sees whether it was still the stale one.
  const aside = `${lock}.${owner.trim().replaceAll(' ', '-')}`;
  try {
    await fs.rename(lock, aside);
  } catch (error) {
    if (isMissing(error)) return;
    throw toDiskError(error, lock);
  }
  if ((await readLock(aside)) !== holder) await fs.link(aside, lock).catch(() => undefined);
  await fs.rm(aside, { force: true });
}

async function isStale(lock: string, holder: string): Promise<boolean> {
  const [host, pid] = holder.split(' ');
  if (host === shortHostName() && Number(pid) > 0) {
    try {
      process.kill(Number(pid), 0);
    } catch (error) {
      if (errorCode(error) === 'ESRCH') return true;
    }
  }
  const stat = await fs.stat(lock).catch(() => undefined);
  return stat !== undefined && Date.now() - stat.mtimeMs > STALE_MS;
}
