import { link, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { delay } from './processes.mjs';

/**
 * Runs `action` while no other process holds the lock. A lock whose owner is dead is taken over.
 * It saves double work, not correctness: whoever holds it must still put its result in place atomically.
 * @template T
 * @param {string} file
 * @param {() => Promise<T>} action
 * @param {{onWait?: (pid: number) => void}} [options] called once when another process holds the lock
 * @returns {Promise<T>}
 */
export async function withLock(file, action, { onWait } = {}) {
  await mkdir(dirname(file), { recursive: true });
  let hasWaited = false;
  while (!(await tryCreate(file))) {
    const owner = await readOwner(file);
    const isStale = owner === undefined ? await isOlderThan(file, 10_000) : !isProcessAlive(owner);
    if (isStale) {
      await bury(file, owner);
      continue;
    }
    if (!hasWaited && owner !== undefined) {
      hasWaited = true;
      onWait?.(owner);
    }
    await delay(250);
  }
  try {
    return await action();
  } finally {
    await rm(file, { force: true });
  }
}

/**
 * @param {string} file
 * @returns {Promise<boolean>}
 */
async function tryCreate(file) {
  try {
    const handle = await open(file, 'wx');
    await handle.writeFile(String(process.pid));
    await handle.close();
    return true;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'EEXIST') return false;
    throw error;
  }
}

/**
 * @param {string} file
 * @returns {Promise<number | undefined>} undefined while the owner is still writing its pid
 */
async function readOwner(file) {
  try {
    const pid = Number.parseInt(await readFile(file, 'utf8'), 10);
    return pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Removes a dead process's lock. Another one may have done so in the meantime and hold the lock itself: that is seen
 * by the pid, and its lock is put back.
 * @param {string} file
 * @param {number | undefined} owner
 */
async function bury(file, owner) {
  const grave = `${file}.${process.pid}`;
  try {
    await rename(file, grave);
    if ((await readOwner(grave)) !== owner) await link(grave, file);
  } catch {
    // Somebody else was faster.
  }
  await rm(grave, { force: true });
}

/**
 * @param {string} file
 * @param {number} ms
 * @returns {Promise<boolean>}
 */
async function isOlderThan(file, ms) {
  try {
    return Date.now() - (await stat(file)).mtimeMs > ms;
  } catch {
    return false;
  }
}

/**
 * @param {number} pid
 * @returns {boolean}
 */
function isProcessAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'EPERM';
  }
}
