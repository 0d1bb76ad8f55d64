import { randomBytes } from 'node:crypto';
import { link, readFile, rename, rm, unlink, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { delay } from '../common/async.js';
import { CodeManagerError } from '../protocol/errors.js';
import { ServerFile } from '../protocol/files.js';
import { machineIdentity } from '../machines/local/identity.js';
import { isAlive, processStart } from '../machines/local/processTree.js';

const LOCK_TIMEOUT_MS = 20_000;

/**
 * Holds `path` while `run` runs: one process at a time, whoever starts at the same instant. The lock of a process that
 * has died is taken over; which process that was is told by its id and start time, so a reused id deceives nobody.
 */
export async function withStartLock<T>(path: string, run: () => Promise<T>): Promise<T> {
  const own = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`;
  await writeFile(own, `${process.pid} ${(await processStart(process.pid)) ?? ''}`, { mode: 0o600 });
  try {
    const deadline = Date.now() + LOCK_TIMEOUT_MS;
    for (;;) {
      try {
        // A hard link is made whole or not at all, also on a network disk.
        await link(own, path);
        break;
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
      }
      await removeDeadLock(path);
      if (Date.now() > deadline) {
        throw new CodeManagerError('timeout', 'Another agent server has been starting for 20 s', {
          hint: `When none is, remove ${path}.`,
        });
      }
      await delay(10 + Math.random() * 20);
    }
    try {
      return await run();
    } finally {
      await unlink(path).catch(() => undefined);
    }
  } finally {
    await rm(own, { force: true });
  }
}

async function removeDeadLock(path: string): Promise<void> {
  const holder = await readFile(path, 'utf8').catch(() => undefined);
  if (holder === undefined || (await isHeld(holder))) return;
  // Taken aside first and looked at again: between the look and the move another process may have got the lock.
  const aside = `${path}.dead.${process.pid}`;
  try {
    await rename(path, aside);
  } catch {
    return;
  }
  const moved = await readFile(aside, 'utf8').catch(() => '');
  if (moved !== holder) await link(aside, path).catch(() => undefined);
  await rm(aside, { force: true });
}

async function isHeld(holder: string): Promise<boolean> {
  const [pid = '', ...start] = holder.split(' ');
  return /^\d+$/.test(pid) && isAlive(Number(pid), start.join(' '));
}

/** The server that runs on this host by its file, when its process lives. */
export async function runningServer(path: string): Promise<ServerFile | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  let parsed;
  try {
    parsed = ServerFile.safeParse(JSON.parse(text));
  } catch {
    return undefined;
  }
  if (!parsed.success || parsed.data.bootId !== (await machineIdentity()).bootId) return undefined;
  return (await isAlive(parsed.data.pid, parsed.data.processStart)) ? parsed.data : undefined;
}

/** Somebody listens on the socket. */
export function answers(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = connect(socket);
    const done = (result: boolean): void => {
      connection.destroy();
      resolve(result);
    };
    connection
      .once('connect', () => done(true))
      .once('error', () => done(false))
      .setTimeout(2000, () => done(false));
  });
}

/** Makes a server whose socket vanished listen again. False when it does not within 5 s. */
export async function wake(server: ServerFile): Promise<boolean> {
  if (await answers(server.socket)) return true;
  try {
    process.kill(server.pid, 'SIGHUP');
  } catch {
    return false;
  }
  for (let tries = 0; tries < 250; tries++) {
    await delay(20);
    if (await answers(server.socket)) return true;
  }
  return false;
}
