import { randomBytes } from 'node:crypto';
import { link, rm, stat, unlink } from 'node:fs/promises';
import { get } from 'node:http';
import { basename } from 'node:path';
import { delay } from '../common/async.js';
import { readText, writeNew } from '../common/files.js';
import { toDiskError } from '../core/store/diskErrors.js';
import { CodeManagerError } from '../protocol/errors.js';
import { ServerFile } from '../protocol/files.js';
import { machineIdentity } from '../machines/identity.js';
import { isAlive, processStart } from '../machines/local/processTree.js';
import { listenerOf } from '../machines/local/socketListener.js';

const LOCK_TIMEOUT_MS = 20_000;
/** Taking over a dead lock takes milliseconds. */
const TAKEOVER_MS = 5_000;
const ANSWER_MS = 1_000;
const MAX_LOCK_BYTES = 1024;
const MAX_RECORD_BYTES = 64 * 1024;
/** Short enough that the client which started us still hears what we have to say. */
const WAKE_MS = 3_000;

/** Header of the answer to a plain HTTP request on the socket. */
export const PID_HEADER = 'x-code-manager-pid';

/**
 * Holds `path` while `run` runs: one process at a time, whoever starts at the same instant. The lock of a process that
 * has died is taken over; which process that was is told by its id and start time, so a reused id deceives nobody.
 */
export async function withStartLock<T>(path: string, run: () => Promise<T>): Promise<T> {
  const own = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`;
  try {
    await writeNew(own, `${process.pid} ${(await processStart(process.pid)) ?? ''}`).catch((error: unknown) => {
      throw toDiskError(error, own);
    });
    const deadline = Date.now() + LOCK_TIMEOUT_MS;
    while (!(await tryLink(own, path))) {
      await removeDeadLock(path, own);
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
    await rm(own, { force: true }).catch(() => undefined);
  }
}

/** A hard link is made whole or not at all, also on a network disk. False when the name is taken. */
async function tryLink(own: string, path: string): Promise<boolean> {
  try {
    await link(own, path);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw toDiskError(error, path);
  }
}

/** Only one process at a time may judge a lock and remove it: by then it could be somebody else's fresh one. */
async function removeDeadLock(path: string, own: string): Promise<void> {
  if (await isHeld(path)) return;
  const judge = `${path}.judge`;
  if (!(await tryLink(own, judge))) {
    const since = (await stat(judge).catch(() => undefined))?.ctimeMs;
    if (since !== undefined && Date.now() - since > TAKEOVER_MS) await rm(judge, { force: true });
    return;
  }
  try {
    if (!(await isHeld(path))) await rm(path, { force: true });
  } finally {
    await rm(judge, { force: true });
  }
}

/** Also true for a lock that has just gone. */
async function isHeld(path: string): Promise<boolean> {
  const holder = await readText(path, MAX_LOCK_BYTES).catch(() => undefined);
  if (holder === undefined) return true;
  const [pid = '', ...start] = holder.split(' ');
  return /^\d+$/.test(pid) && isAlive(Number(pid), start.join(' '));
}

/**
 * Process of the server that runs on this host: by its file, or by its socket when the file was removed, also by one
 * that was removed or that answers nothing.
 */
export async function runningServer(
  file: string,
  socket: string,
): Promise<{ readonly pid: number; readonly isFiled: boolean } | undefined> {
  const record = await readServerFile(file);
  if (record?.bootId === (await machineIdentity()).bootId && (await isAlive(record.pid, record.processStart))) {
    return { pid: record.pid, isFiled: true };
  }
  const holder = await listenerOf(socket);
  const pid = holder !== undefined && (await isServer(holder)) ? holder : await ask(socket);
  return pid === undefined ? undefined : { pid, isFiled: false };
}

/** Whether a process runs the program that this one runs. */
async function isServer(pid: number): Promise<boolean> {
  const text = await readText(`/proc/${pid}/cmdline`).catch(() => '');
  return pid !== process.pid && basename(text.split('\0')[1] ?? '') === basename(process.argv[1] ?? '');
}

async function readServerFile(path: string): Promise<ServerFile | undefined> {
  try {
    return ServerFile.safeParse(JSON.parse(await readText(path, MAX_RECORD_BYTES))).data;
  } catch {
    return undefined;
  }
}

/** Process of the server that answers on a socket. A stopped process takes connections and never answers. */
function ask(socketPath: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    const request = get({ socketPath, path: '/', timeout: ANSWER_MS, agent: false }, (response) => {
      response.resume();
      const pid = Number(response.headers[PID_HEADER]);
      resolve(Number.isInteger(pid) && pid > 0 ? pid : undefined);
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(undefined));
  });
}

/**
 * Makes sure that a server which runs can be reached: it listens and its file tells where.
 *
 * @returns `gone` when its process ended meanwhile, `silent` when it does not answer
 */
export async function wake(pid: number, file: string, socket: string): Promise<'awake' | 'gone' | 'silent'> {
  const isAwake = async (): Promise<boolean> =>
    (await readServerFile(file))?.pid === pid && (await ask(socket)) === pid;
  if (await isAwake()) return 'awake';
  // Windows has no signal that does not end a process.
  if (process.platform === 'win32') return 'silent';
  const start = await processStart(pid);
  const deadline = Date.now() + WAKE_MS;
  try {
    process.kill(pid, 'SIGHUP');
  } catch {
    return 'gone';
  }
  while (Date.now() < deadline) {
    await delay(20);
    if (!(await isAlive(pid, start))) return 'gone';
    if (await isAwake()) return 'awake';
  }
  return 'silent';
}
