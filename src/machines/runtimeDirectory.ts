import { createHash } from 'node:crypto';
import { promises as fs, type Stats } from 'node:fs';
import { join, resolve } from 'node:path';
import { toDiskError } from '../core/store/diskErrors.js';
import { makeFolder } from '../core/store/makeFolder.js';
import { CodeManagerError } from '../protocol/errors.js';
import type { MachineIdentity } from '../protocol/session.js';
import { machineIdentity } from './identity.js';
import { holdsSockets } from './nodeClaim.js';

/** A socket's path has at most 104 bytes on macOS and 108 on Linux, with the zero at its end. */
const MAX_SOCKET_PATH_BYTES = 100;
/** The path stands in commands of tmux, which a shell reads after tmux has read it as a format and a time. */
const PLAIN_PATH = /^[A-Za-z0-9_./@:,+=-]+$/;
/** As long as the longest name of a socket in the folder may be. */
const LONGEST_NAME = 'x'.repeat(16);

/** File systems whose files are on another machine, or that may not have sockets, by the magic number of Linux. */
const NETWORK_FILE_SYSTEMS = new Set([
  0x6969, // NFS
  0x517b, // SMB
  0xff534d42, // CIFS
  0xfe534d42, // SMB 2 and 3
  0x65735546, // FUSE: sshfs, s3fs, Docker Desktop
  0x0bd00bd0, // Lustre
  0x47504653, // GPFS
  0x5346414f, // AFS
  0x6b414653, // kAFS
  0x01021997, // 9p: Windows drives in WSL
  0x19830326, // BeeGFS
  0x00c36400, // CephFS
  0x73757245, // Coda
  0x564c, // NCP
  0x7461636f, // OCFS2
  0x01161970, // GFS2
  0xaad7aaea, // PanFS
  0x20030528, // OrangeFS
  0x786f4256, // VirtualBox shared folders
  0xbacbacbc, // VMware shared folders
  0x7c7c6673, // Parallels shared folders
]);

export interface RuntimeDirectoryOptions {
  /** Where the folder goes when the home cannot hold it; default `/var/tmp`, which no logout and no reboot empties. */
  readonly fallback?: string;
  /** Whether a folder is on another machine's disk; default: as the system says. */
  readonly isNetworkDisk?: (folder: string) => Promise<boolean>;
  /** Who asks; default: this host. */
  readonly node?: MachineIdentity;
}

/**
 * The folder for sockets: `<home>/run` on a local disk when the path is short enough and plain and no other node with
 * the same home has it, else one for this user and home in `/var/tmp`. It is made, belongs to us alone, and is the same
 * for the same home and node at any time.
 * @throws CodeManagerError `conflict` when somebody else's folder, a link or a file is in its place, `unavailable` when
 * it cannot be made.
 */
export async function chooseRuntimeDirectory(home: string, options: RuntimeDirectoryOptions = {}): Promise<string> {
  const root = resolve(home);
  try {
    await makeFolder(root);
  } catch (error) {
    throw toDiskError(error, root);
  }
  // Named pipes need no folder; what else is kept there has no path that matters.
  if (process.platform === 'win32') {
    const folder = join(root, 'run');
    await makeFolder(folder);
    return folder;
  }
  const isNetworkDisk = await (options.isNetworkDisk ?? isOnNetworkDisk)(root);
  const rule = { uid: process.getuid?.() ?? 'user', isNetworkDisk, fallback: options.fallback };
  const folder = await makeAll(runtimeFolders(root, rule));
  if (folder !== runtimeFolderIn(root)) return folder;
  const node = options.node ?? (await machineIdentity());
  return (await holdsSockets(folder, node)) ? folder : makeAll(runtimeFolders(root, { ...rule, node: node.host }));
}

async function makeAll(folders: readonly string[]): Promise<string> {
  for (const folder of folders) await makePrivate(folder);
  return folders.at(-1) ?? '/';
}

/** Where the sockets of one node can be. */
export function runtimeFolderIn(home: string): string {
  return join(home, 'run');
}

/**
 * The rule by which the folder is chosen, the same for everybody who reaches a home: the folders to make for us alone,
 * of which the last one is for sockets.
 * @param home absolute
 */
export function runtimeFolders(home: string, options: RuntimeRule): readonly string[] {
  const inHome = runtimeFolderIn(home);
  const fits = PLAIN_PATH.test(inHome) && Buffer.byteLength(join(inHome, LONGEST_NAME)) <= MAX_SOCKET_PATH_BYTES;
  if (fits && !options.isNetworkDisk && options.node === undefined) return [inHome];
  const fallback = join(options.fallback ?? '/var/tmp', `cm-${options.uid}`);
  const place = options.node === undefined ? home : `${home}\0${options.node}`;
  return [fallback, join(fallback, createHash('sha256').update(place).digest('hex').slice(0, 12))];
}

export interface RuntimeRule {
  readonly uid: number | string;
  readonly isNetworkDisk: boolean;
  readonly fallback?: string | undefined;
  /** Who asks, where the folder in the home is that of another node. */
  readonly node?: string;
}

/** Whether files of a file system of Linux are on another machine; `type` is its magic number. */
export function isNetworkFileSystem(type: number): boolean {
  return NETWORK_FILE_SYSTEMS.has(type >>> 0);
}

async function isOnNetworkDisk(folder: string): Promise<boolean> {
  // Other systems number their file systems by the order in which they were loaded.
  if (process.platform !== 'linux') return false;
  try {
    const { type } = await fs.statfs(folder);
    return isNetworkFileSystem(type);
  } catch {
    return false;
  }
}

/** Makes a folder for us alone, or takes the one that is there when it is ours. */
async function makePrivate(folder: string): Promise<void> {
  try {
    await fs.mkdir(folder, { mode: 0o700 });
  } catch (error) {
    const there = await fs.lstat(folder).catch(() => undefined);
    if (there === undefined) throw toDiskError(error, folder);
  }
  // Not followed: a link of somebody else would lead our sockets to where he reads them.
  const stat = await fs.lstat(folder);
  const wrong = whatIsWrong(stat);
  if (wrong !== undefined) throw cannotHoldSockets(folder, wrong);
  if ((stat.mode & 0o777) !== 0o700) {
    try {
      await fs.chmod(folder, 0o700);
    } catch (error) {
      throw toDiskError(error, folder);
    }
  }
}

/** @param wrong what is in the place of the folder */
export function cannotHoldSockets(folder: string, wrong: string): CodeManagerError {
  return new CodeManagerError('conflict', `${folder} cannot hold the sockets of Code Manager: ${wrong}`, {
    hint: 'Remove it, or set CM_HOME to a short path on a local disk.',
  });
}

function whatIsWrong(stat: Stats): string | undefined {
  if (stat.isSymbolicLink()) return 'it is a link';
  if (!stat.isDirectory()) return 'it is not a folder';
  const uid = process.getuid?.();
  if (uid !== undefined && stat.uid !== uid) return `it belongs to another user (uid ${stat.uid})`;
  return undefined;
}
