import { stripTerminal } from '../../common/terminalText.js';
import { truncate } from '../../common/text.js';
import { DISK_FULL, systemReason } from '../../common/systemError.js';
import { fileError } from '../../core/store/diskErrors.js';
import { type CodeManagerError } from '../../protocol/errors.js';

/** What programs print for the errors of the system, in the C locale. */
const SYSTEM_ERRORS: readonly (readonly [RegExp, string])[] = [
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
  [/no such file or directory|directory nonexistent|nonexistent directory|cannot open/i, 'ENOENT'],
];

/** What a command printed about why it failed, as an error with the code of the system. */
export class HostFileError extends Error {
  /** `ENOENT` and the like; `EIO` when the text says none. */
  readonly code: string;

  constructor(printed: string, path: string) {
    const line = stripTerminal(printed).trim().split('\n').at(-1) ?? '';
    super(`${path}: ${truncate(line === '' ? 'it failed without a word' : line, 300)}`);
    this.name = 'HostFileError';
    this.code = SYSTEM_ERRORS.find(([pattern]) => pattern.test(line))?.[1] ?? 'EIO';
  }
}

/** A failed write as an error that says what a person can do. */
export function toHostDiskError(printed: string, path: string): CodeManagerError {
  const error = new HostFileError(printed, path);
  // Which of both it is, only the host knows.
  const full = {
    ...DISK_FULL,
    hint: 'Free space or files there (df -h, df -i); nothing that was saved before is lost.',
  };
  return fileError(error, path, 'written', error.code === 'ENOSPC' ? full : systemReason(error.code, 'written'));
}
