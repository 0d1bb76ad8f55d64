import { closeSync, constants, fstatSync, openSync, promises as fs, readSync, writeSync, type Stats } from 'node:fs';
import { isMissing } from './systemError.js';

/**
 * The one way in which files of a home are opened: only regular files, no waiting for the other end of a pipe, no
 * terminal taken over, and what is written follows no symbolic link and is for its owner alone. A test holds that
 * nothing else opens any.
 */

/** What is there is no file to read or write; `code` as the system has it, or `ENOTFILE`, `EFBIG`, `ENOTOWN`. */
export class FileKindError extends Error {
  readonly code: string;
  readonly path: string;
  readonly syscall = 'open';

  constructor(code: string, path: string) {
    super(`${code}: ${path}`);
    this.name = 'FileKindError';
    this.code = code;
    this.path = path;
  }
}

/** Larger files of ours are none of ours. */
export const MAX_FILE_BYTES = 64 * 1024 * 1024;

// Windows has none of them.
const { O_NONBLOCK = 0, O_NOFOLLOW = 0, O_NOCTTY = 0 } = constants as Partial<typeof constants>;
const READ = constants.O_RDONLY | O_NONBLOCK | O_NOCTTY;
const APPEND = constants.O_APPEND | constants.O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
const NEW = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | O_NOFOLLOW;
const CHUNK_BYTES = 64 * 1024;

function checkKind(path: string, stat: Stats): void {
  if (stat.isDirectory()) throw new FileKindError('EISDIR', path);
  if (!stat.isFile()) throw new FileKindError('ENOTFILE', path);
}

/** Checks also that nobody else can change what is written through it. */
function checkOwn(path: string, stat: Stats): void {
  checkKind(path, stat);
  const uid = process.getuid?.();
  if (uid !== undefined && stat.uid !== uid) throw new FileKindError('ENOTOWN', path);
}

/** A regular file to read, also behind a symbolic link. */
export async function openToRead(path: string): Promise<fs.FileHandle> {
  return checked(path, await fs.open(path, READ), checkKind);
}

/**
 * A regular file of this user that is added to, made (0600) when it is not there; never through a symbolic link, or
 * with `followOwn`, for a file of the person's, only through one of theirs.
 */
export async function openToAppend(path: string, { followOwn = false } = {}): Promise<fs.FileHandle> {
  const target = followOwn ? await behindOwnLink(path) : path;
  return checked(path, await fs.open(target, APPEND | constants.O_RDWR, 0o600), checkOwn);
}

/** A path with its own link resolved, when it is one; a link of another user's, or one that leads to a file of theirs, is refused. */
export async function behindOwnLink(path: string): Promise<string> {
  const link = await fs.lstat(path).catch((error: unknown) => {
    if (isMissing(error)) return undefined;
    throw error;
  });
  if (link?.isSymbolicLink() !== true) return path;
  if (!isTrusted(link.uid)) throw new FileKindError('ENOTOWN', path);
  const target = await fs.realpath(path).catch((error: unknown) => {
    if (isMissing(error)) return undefined;
    throw error;
  });
  if (target === undefined) return path;
  checkOwn(path, await fs.stat(target));
  return target;
}

/** Whether links of this owner are followed: this user's own, and those of whoever may do everything anyway. */
export function isTrusted(uid: number): boolean {
  const own = process.getuid?.();
  return own === undefined || uid === own || uid === 0;
}

/** A file that is not there yet. */
export function openNew(path: string, mode = 0o600): Promise<fs.FileHandle> {
  return fs.open(path, NEW, mode);
}

async function checked(
  path: string,
  file: fs.FileHandle,
  check: (path: string, stat: Stats) => void,
): Promise<fs.FileHandle> {
  try {
    check(path, await file.stat());
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** What a regular file holds. Rejects with `EFBIG` for one of more than `limit` bytes. */
export async function readBytes(path: string, limit = MAX_FILE_BYTES): Promise<Buffer> {
  const file = await openToRead(path);
  try {
    // Some files of the system have a size of 0 and yet something in them, and any may grow meanwhile.
    const { size } = await file.stat();
    if (size > limit) throw new FileKindError('EFBIG', path);
    const pieces: Buffer[] = [];
    for (let read = 0; ;) {
      const piece = Buffer.allocUnsafe(Math.min(Math.max(size - read, 0) + 512, CHUNK_BYTES * 16));
      const { bytesRead } = await file.read(piece, 0, piece.length, null);
      if (bytesRead === 0) break;
      read += bytesRead;
      if (read > limit) throw new FileKindError('EFBIG', path);
      pieces.push(piece.subarray(0, bytesRead));
    }
    const [only] = pieces;
    return pieces.length === 1 && only !== undefined ? only : Buffer.concat(pieces);
  } finally {
    await file.close();
  }
}

/** As {@link readBytes}, as text. */
export async function readText(path: string, limit = MAX_FILE_BYTES): Promise<string> {
  return (await readBytes(path, limit)).toString('utf8');
}

/** Makes a file that is not there yet. */
export async function writeNew(path: string, data: string | Uint8Array): Promise<void> {
  const file = await openNew(path);
  try {
    await file.writeFile(data);
  } finally {
    await file.close();
  }
}

/** To the end of a file, as {@link openToAppend} opens it. */
export async function appendText(path: string, data: string | Uint8Array): Promise<void> {
  const file = await openToAppend(path);
  try {
    await file.writeFile(data);
  } finally {
    await file.close();
  }
}

/** As {@link openToRead}, at once; the caller closes it. */
export function openToReadSync(path: string): number {
  return checkedSync(path, openSync(path, READ), checkKind);
}

function checkedSync(path: string, file: number, check: (path: string, stat: Stats) => void): number {
  try {
    check(path, fstatSync(file));
    return file;
  } catch (error) {
    closeSync(file);
    throw error;
  }
}

/** As {@link readText}, at once. */
export function readTextSync(path: string, limit = MAX_FILE_BYTES): string {
  const file = openToReadSync(path);
  try {
    const pieces: Buffer[] = [];
    for (let read = 0; ;) {
      const piece = Buffer.allocUnsafe(CHUNK_BYTES);
      const length = readSync(file, piece, 0, piece.length, null);
      if (length === 0) return Buffer.concat(pieces).toString('utf8');
      read += length;
      if (read > limit) throw new FileKindError('EFBIG', path);
      pieces.push(piece.subarray(0, length));
    }
  } finally {
    closeSync(file);
  }
}

/** As {@link appendText}, at once. */
export function appendTextSync(path: string, data: string): void {
  const file = checkedSync(path, openSync(path, APPEND | constants.O_WRONLY, 0o600), checkOwn);
  try {
    writeAll(file, data);
  } finally {
    closeSync(file);
  }
}

/** As {@link writeNew}, at once. */
export function writeNewSync(path: string, data: string): void {
  const file = openSync(path, NEW, 0o600);
  try {
    writeAll(file, data);
  } finally {
    closeSync(file);
  }
}

function writeAll(file: number, data: string): void {
  const bytes = Buffer.from(data);
  for (let written = 0; written < bytes.length;) written += writeSync(file, bytes, written);
}
