import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { errorCode, NO_INODES, systemReason, type Doing } from '../../common/systemError.js';
import { CodeManagerError } from '../../protocol/errors.js';

export { errorCode, isMissing } from '../../common/systemError.js';

/** A failed write as an error that says what a person can do. */
export function toDiskError(error: unknown, path: string): CodeManagerError {
  const known = errorCode(error) === 'ENOSPC' && lacksInodes(path) ? NO_INODES : undefined;
  return fileError(error, path, 'written', known);
}

/** A failed read, likewise. */
export function toReadError(error: unknown, path: string): CodeManagerError {
  return fileError(error, path, 'read');
}

/** What the system said of a file of any machine. */
export function fileError(
  error: unknown,
  path: string,
  doing: Doing,
  words = systemReason(errorCode(error), doing),
): CodeManagerError {
  if (error instanceof CodeManagerError) return error;
  const { reason, hint } = words ?? {
    reason: error instanceof Error ? error.message : String(error),
    hint: 'Check the folder and the disk it is on.',
  };
  return new CodeManagerError('unavailable', `${path} cannot be ${doing}: ${reason}`, { hint, cause: error });
}

/** Whether a disk has space and no room for another file. */
export function lacksInodes(path: string): boolean {
  for (let folder = path; ; folder = dirname(folder)) {
    try {
      const { files, ffree, bavail } = statfsSync(folder);
      return files > 0 && ffree === 0 && bavail > 0;
    } catch {
      // It is not there yet: what it would be in is.
      if (dirname(folder) === folder) return false;
    }
  }
}
