import { stripTerminal } from '../../common/terminalText.js';
import { truncate } from '../../common/text.js';
import { toDiskError } from '../../core/store/diskErrors.js';
import { type CodeManagerError } from '../../protocol/errors.js';

/** What programs print for the errors of the system, in the C locale. */
const SYSTEM_ERRORS: readonly (readonly [RegExp, string])[] = [
  [/no space left on device/i, 'ENOSPC'],
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
  return toDiskError(new HostFileError(printed, path), path);
}
