import { promises as fs } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { isTrusted } from '../../common/files.js';
import { CodeManagerError } from '../../protocol/errors.js';
import { toDiskError, toReadError } from './diskErrors.js';
import { makeFolder } from './makeFolder.js';

/** Where things are in the folder of all data. */
export interface HomePaths {
  readonly root: string;
  readonly active: string;
  readonly archive: string;
  readonly tools: string;
  readonly servers: string;
  readonly worktrees: string;
}

/** Where things are in a home of all data. */
export function homePaths(home: string): HomePaths {
  const root = resolve(home);
  return {
    root,
    active: join(root, 'sessions', 'active'),
    archive: join(root, 'sessions', 'archive'),
    tools: join(root, 'tools'),
    servers: join(root, 'servers'),
    worktrees: join(root, 'worktrees'),
  };
}

/**
 * Makes the folder of all data with everything in it, for its owner alone. Asked again it changes nothing.
 * @throws CodeManagerError `invalid` when the folder would be the user's own home or `/`, `conflict` when it belongs to
 * another user or is no folder, `unavailable` when it cannot be made.
 */
export async function openHome(home: string): Promise<HomePaths> {
  const paths = homePaths(home);
  if (paths.root === '/' || paths.root === resolve(homedir())) {
    throw new CodeManagerError('invalid', `${paths.root} cannot be the folder of Code Manager's data`, {
      hint: 'Set CM_HOME to a folder of its own.',
    });
  }
  await checkSudo(paths.root);
  for (const folder of [
    paths.root,
    join(paths.root, 'sessions'),
    paths.active,
    paths.archive,
    paths.tools,
    paths.servers,
    paths.worktrees,
  ]) {
    await openPrivateFolder(folder);
  }
  return paths;
}

/** Root with the home of the one who asked for it would leave folders there that this one cannot use. */
async function checkSudo(root: string): Promise<void> {
  const person = Number(process.env['SUDO_UID']);
  if (process.getuid?.() !== 0 || !(person > 0)) return;
  if ((await fs.lstat(root).catch(() => undefined)) !== undefined) return;
  const parent = await fs.stat(dirname(root)).catch(() => undefined);
  if (parent?.uid === person) throw ofAnother(root, person);
}

async function openPrivateFolder(folder: string): Promise<void> {
  const uid = process.getuid?.();
  const link = await fs.lstat(folder).catch(() => undefined);
  // Whoever owns a link decides where it leads.
  if (link?.isSymbolicLink() === true && !isTrusted(link.uid)) throw ofAnother(folder, link.uid);
  try {
    await makeFolder(folder);
  } catch (error) {
    const stat = await fs.stat(folder).catch(() => undefined);
    if (stat !== undefined && !stat.isDirectory()) throw notAFolder(folder);
    if (stat === undefined) {
      if ((await fs.lstat(folder).catch(() => undefined))?.isSymbolicLink() === true) {
        throw new CodeManagerError('conflict', `${folder} is a link to a folder that does not exist`, {
          hint: 'Make that folder or remove the link.',
          cause: error,
        });
      }
      throw toDiskError(error, folder);
    }
  }
  const stat = await fs.stat(folder).catch((error: unknown) => {
    throw toReadError(error, folder);
  });
  if (!stat.isDirectory()) throw notAFolder(folder);
  if (uid !== undefined && stat.uid !== uid) throw ofAnother(folder, stat.uid);
  if (isShared(stat.mode)) {
    throw new CodeManagerError('conflict', `${folder} is a folder that others share`, {
      hint: 'Set CM_HOME to a folder of your own.',
    });
  }
  if ((stat.mode & 0o077) !== 0) {
    try {
      await fs.chmod(folder, 0o700);
    } catch (error) {
      throw toDiskError(error, folder);
    }
  }
}

/** Everybody may write there, or a group by its own mark: others have their files in it. */
function isShared(mode: number): boolean {
  return (mode & 0o1000) !== 0 || (mode & 0o002) !== 0 || (mode & 0o2020) === 0o2020;
}

function ofAnother(folder: string, uid: number): CodeManagerError {
  return new CodeManagerError('conflict', `${folder} belongs to another user (uid ${uid})`, {
    hint: 'Run as that user (with sudo: sudo -H), or set CM_HOME to a folder of your own.',
  });
}

function notAFolder(folder: string): CodeManagerError {
  return new CodeManagerError('conflict', `${folder} is not a folder`, {
    hint: 'Move that file away, or set CM_HOME to another folder.',
  });
}
