import { randomUUID } from 'node:crypto';
import { constants, promises as fs } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Together } from '../../common/async.js';
import { behindOwnLink, openNew, openToRead } from '../../common/files.js';
import { shortHostName } from '../../common/home.js';
import { errorCode, isMissing, toDiskError } from './diskErrors.js';

export interface WriteOptions {
  /** Mode of the file; default 0600. */
  readonly mode?: number;
  /** Asked when all bytes are safe beside the file, right before they take its place: false leaves the file alone. */
  readonly onlyIf?: () => Promise<boolean>;
}

/** `.<name>.<host>-<pid>-<random>.cm-tmp`: tells whose it is, so that a crash's leftovers can be told from a write under way. */
const TEMPORARY = /^\..+\.([A-Za-z0-9_-]+)-(\d+)-[0-9a-f]{12}\.cm-tmp$/;
/** Longer than any write takes, for files of other hosts and of pids that were given to another process. */
const ABANDONED_MS = 60 * 60 * 1000;

const underWay = new Set<string>();

/**
 * Replaces a file whole or not at all, also when the process or the machine dies in the middle. A symbolic link of this
 * user to a file of theirs stays one: its target is replaced.
 * @returns false when `onlyIf` said no.
 * @throws CodeManagerError `unavailable` with what to do (disk full, read-only, …); the old file is as it was.
 */
export async function writeFileAtomic(
  path: string,
  data: string | Uint8Array,
  { mode = 0o600, onlyIf }: WriteOptions = {},
): Promise<boolean> {
  let temporary: string | undefined;
  try {
    const target = await behindOwnLink(path);
    const folder = dirname(target);
    temporary = join(folder, temporaryName(basename(target)));
    underWay.add(temporary);
    const file = await openNew(temporary, mode);
    try {
      await file.writeFile(data);
      // The umask may have taken bits away that the caller asked for.
      if (mode !== 0o600) await file.chmod(mode);
      await file.sync();
    } finally {
      await file.close();
    }
    if (onlyIf !== undefined && !(await onlyIf())) {
      await fs.rm(temporary, { force: true });
      return false;
    }
    await fs.rename(temporary, target);
    await syncFolder(folder);
    return true;
  } catch (error) {
    if (temporary !== undefined) await fs.rm(temporary, { force: true }).catch(() => undefined);
    throw toDiskError(error, path);
  } finally {
    if (temporary !== undefined) underWay.delete(temporary);
  }
}

/** One flush of a folder for all who have changed something in it meanwhile. */
const flushes = new Together<string, () => void>(async (folders) => {
  const flushed = new Map<string, Promise<() => void>>();
  const failed =
    (error: unknown): (() => void) =>
    () => {
      throw error;
    };
  for (const folder of new Set(folders))
    flushed.set(
      folder,
      flushFolder(folder).then(() => () => undefined, failed),
    );
  return Promise.all(folders.map(async (folder) => (await flushed.get(folder)) ?? (() => undefined)));
});

/** Makes renames and removals in a folder survive a power cut, where the file system can. */
export async function syncFolder(folder: string): Promise<void> {
  (await flushes.ask(folder))();
}

async function flushFolder(folder: string): Promise<void> {
  try {
    // A folder is synced through a descriptor of its own.
    const handle = await fs.open(folder, constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    // Some network and FUSE file systems refuse to sync a folder; the rename itself has happened.
    if (errorCode(error) === 'EIO') throw error;
  }
}

/** Removes what writes that died in the middle left in a folder; returns how many. */
export async function removeLeftovers(folder: string): Promise<number> {
  let removed = 0;
  for (const name of await fs.readdir(folder).catch(() => [])) {
    const match = TEMPORARY.exec(name);
    if (match === null) continue;
    const path = join(folder, name);
    if (underWay.has(path) || !(await isAbandoned(path, match[1] ?? '', Number(match[2])))) continue;
    await fs.rm(path, { force: true }).then(
      () => removed++,
      () => undefined,
    );
  }
  return removed;
}

/**
 * Moves a file that cannot be read out of the way, to `<name>.bad-<n>`, so that nothing in it is lost.
 * @returns the new path; undefined when the file is gone.
 */
export async function setAside(path: string): Promise<string | undefined> {
  for (let n = 1; ; n++) {
    const aside = `${path}.bad-${n}`;
    try {
      // A link fails when the name is taken, where a rename would overwrite.
      await fs.link(path, aside);
      await fs.unlink(path);
      return aside;
    } catch (error) {
      if (isMissing(error)) return undefined;
      if (errorCode(error) === 'EEXIST') continue;
      // File systems without hard links: the name was free a moment ago.
      if (await exists(aside)) continue;
      try {
        await fs.rename(path, aside);
        return aside;
      } catch (renameError) {
        throw toDiskError(renameError, path);
      }
    }
  }
}

async function exists(path: string): Promise<boolean> {
  return fs.lstat(path).then(
    () => true,
    () => false,
  );
}

/** Moves a file to another disk: a copy that is whole takes its place, then the source goes. */
export async function moveAcrossDisks(source: string, target: string): Promise<void> {
  const temporary = join(dirname(target), temporaryName(basename(target)));
  underWay.add(temporary);
  try {
    await fs.copyFile(source, temporary, constants.COPYFILE_EXCL);
    const file = await openToRead(temporary);
    try {
      await file.sync();
    } finally {
      await file.close();
    }
    await fs.rename(temporary, target);
    await fs.rm(source, { force: true });
  } catch (error) {
    await fs.rm(temporary, { force: true }).catch(() => undefined);
    throw toDiskError(error, target);
  } finally {
    underWay.delete(temporary);
  }
}

function temporaryName(name: string): string {
  // File names have at most 255 bytes; the rest of the pattern needs its room.
  const short = Buffer.byteLength(name) <= 120 ? name : name.slice(0, 40);
  return `.${short}.${shortHostName().slice(0, 60)}-${process.pid}-${randomUUID().slice(-12)}.cm-tmp`;
}

async function isAbandoned(path: string, host: string, pid: number): Promise<boolean> {
  if (host === shortHostName().slice(0, 60)) {
    if (pid === process.pid) return true;
    try {
      process.kill(pid, 0);
    } catch (error) {
      if (errorCode(error) === 'ESRCH') return true;
    }
  }
  const stat = await fs.lstat(path).catch(() => undefined);
  return stat !== undefined && Date.now() - stat.mtimeMs > ABANDONED_MS;
}
