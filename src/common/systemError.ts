/** The code of a system error (`ENOENT`), undefined for any other value. */
export function errorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** True for a file or folder that is not there. */
export function isMissing(error: unknown): boolean {
  const code = errorCode(error);
  return code === 'ENOENT' || code === 'ENOTDIR';
}

/** Why the system refused something, and what a person can do: a clause, and a sentence. */
export interface SystemReason {
  readonly reason: string;
  readonly hint: string;
}

/** What is asked of a file or folder. */
export type Doing = 'read' | 'written';

/** Says the same of no space and no inodes: which it is, only the disk can tell. */
export const DISK_FULL: SystemReason = {
  reason: 'the disk is full',
  hint: 'Free some space on it; nothing that was saved before is lost.',
};
/** A disk with space and without inodes. */
export const NO_INODES: SystemReason = {
  reason: 'the disk can hold no more files (its inodes are used up)',
  hint: 'Remove files on it, not only large ones; nothing that was saved before is lost.',
};

const OTHER_FOLDER = 'or set CM_HOME to a folder on another disk.';

const REASONS: Readonly<Record<string, SystemReason | Readonly<Record<Doing, SystemReason>>>> = {
  ENOSPC: DISK_FULL,
  EDQUOT: {
    reason: 'your disk quota is used up',
    hint: 'Free some space; nothing that was saved before is lost.',
  },
  EROFS: { reason: 'the disk is read-only', hint: `Make it writable, ${OTHER_FOLDER}` },
  EACCES: {
    read: { reason: 'permission denied', hint: 'Check who owns it and its mode.' },
    written: {
      reason: 'permission denied',
      hint: 'Check who owns the folder, or set CM_HOME to a folder of your own.',
    },
  },
  EPERM: {
    read: { reason: 'permission denied', hint: 'Check who owns it and its mode.' },
    written: {
      reason: 'permission denied',
      hint: 'Check who owns the folder and that it is not immutable (lsattr), or set CM_HOME to a folder of your own.',
    },
  },
  ENOENT: { reason: 'it does not exist', hint: 'Check the path, and that its disk is mounted.' },
  ENOTDIR: {
    reason: 'a file is in the place of its folder',
    hint: 'Move that file away, or set CM_HOME to another folder.',
  },
  EEXIST: {
    reason: 'something else is in its place',
    hint: 'Move that away, or set CM_HOME to another folder.',
  },
  EISDIR: { reason: 'it is a folder', hint: 'Move that folder away.' },
  ENOTFILE: {
    reason: 'it is no regular file',
    hint: 'Move it away; a pipe, socket or device is never read or written.',
  },
  ENXIO: { reason: 'it is no regular file', hint: 'Move it away; a pipe, socket or device is never read or written.' },
  EFBIG: { reason: 'it is too large', hint: 'Move it away.' },
  ELOOP: { reason: 'it is a symbolic link', hint: 'Put a regular file in its place.' },
  ENOTOWN: { reason: 'it belongs to another user', hint: 'Run as that user, or set CM_HOME to a folder of your own.' },
  EMFILE: {
    reason: 'this process has too many files open',
    hint: 'Raise the limit (ulimit -n) and run `cm server restart`; agents go on.',
  },
  ENFILE: { reason: 'the whole system has too many files open', hint: 'Close programs, then try again.' },
  ENAMETOOLONG: { reason: 'the path is too long', hint: 'Choose a shorter name, or set CM_HOME to a shorter path.' },
  ETXTBSY: { reason: 'it is a program that runs', hint: 'Try again when that program has ended.' },
  EBUSY: { reason: 'something else uses it', hint: 'Close what uses it, then try again.' },
  EXDEV: { reason: 'it is on another disk', hint: 'Move it there by hand.' },
  ENOTEMPTY: { reason: 'the folder is not empty', hint: 'Look at what is in it.' },
  EMLINK: { reason: 'the file has too many links', hint: 'Remove some of them.' },
  ENODEV: { reason: 'its device is gone', hint: 'Check that the disk is there and mounted.' },
  ENOTSUP: { reason: 'that disk cannot do it', hint: 'Set CM_HOME to a folder on another disk.' },
  EIO: {
    reason: 'the disk gave an error',
    hint: 'Look at the system log (dmesg): the disk or its connection may fail.',
  },
  ESTALE: {
    reason: 'the network disk has lost it',
    hint: 'Mount that disk again, then try again.',
  },
  ENOMEM: { reason: 'the system has no memory left', hint: 'End other programs, then try again.' },
  EAGAIN: { reason: 'the system can start nothing more', hint: 'End other programs or raise the limit (ulimit -u).' },
  ETIMEDOUT: { reason: 'the network disk does not answer', hint: 'Check the network and its server, then try again.' },
  EHOSTDOWN: { reason: 'the network disk does not answer', hint: 'Check the network and its server, then try again.' },
  ENOTCONN: { reason: 'what mounts that folder has gone', hint: 'Mount it again, then try again.' },
  EADDRINUSE: { reason: 'something else is in the place of its socket', hint: 'See cm doctor, then try again.' },
};

/** Codes that {@link systemReason} has words for. */
export const KNOWN_CODES: readonly string[] = Object.keys(REASONS);

/** What programs print for these codes in the C locale, first match. */
const PRINTED: readonly (readonly [RegExp, string])[] = [
  [/no space left on device/i, 'ENOSPC'],
  [/not a regular file/i, 'ENOTFILE'],
  [/too many levels of symbolic links/i, 'ELOOP'],
  [/stale (?:nfs )?file handle/i, 'ESTALE'],
  [/text file busy/i, 'ETXTBSY'],
  [/too many open files in system/i, 'ENFILE'],
  [/too many open files/i, 'EMFILE'],
  [/device or resource busy/i, 'EBUSY'],
  [/file too large/i, 'EFBIG'],
  [/quota exceeded/i, 'EDQUOT'],
  [/read-only file system/i, 'EROFS'],
  [/permission denied/i, 'EACCES'],
  [/operation not permitted/i, 'EPERM'],
  [/not a directory/i, 'ENOTDIR'],
  [/is a directory/i, 'EISDIR'],
  [/file name too long/i, 'ENAMETOOLONG'],
  [/file exists/i, 'EEXIST'],
  [/directory not empty/i, 'ENOTEMPTY'],
  [/address already in use/i, 'EADDRINUSE'],
  [/cannot allocate memory/i, 'ENOMEM'],
  [/resource temporarily unavailable/i, 'EAGAIN'],
  [/no such file or directory|^no such file$|directory nonexistent|nonexistent directory|cannot open/i, 'ENOENT'],
  [/fork failed|fork error/, 'EAGAIN'],
  [/input\/output error/i, 'EIO'],
];

/** The code of what a program printed about why the system refused it something; undefined when that says none. */
export function printedCode(printed: string): string | undefined {
  return PRINTED.find(([pattern]) => pattern.test(printed))?.[1];
}

/** Words for what the system said; undefined for what it never says of a file. */
export function systemReason(code: string | undefined, doing: Doing): SystemReason | undefined {
  if (code === undefined || !Object.hasOwn(REASONS, code)) return undefined;
  const found = REASONS[code];
  return found === undefined || 'reason' in found ? found : found[doing];
}

/** The clause alone, for a list of findings; never a bare code. */
export function reasonOf(error: unknown, doing: Doing = 'read'): string {
  const known = systemReason(errorCode(error), doing);
  if (known !== undefined) return known.reason;
  return error instanceof Error ? error.message : String(error);
}
