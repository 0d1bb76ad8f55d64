import { CodeManagerError } from '../../protocol/errors.js';

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

/** A failed write as an error that says what a person can do. */
export function toDiskError(error: unknown, path: string): CodeManagerError {
  if (error instanceof CodeManagerError) return error;
  const code = errorCode(error);
  const fail = (reason: string, hint: string): CodeManagerError =>
    new CodeManagerError('unavailable', `${path} cannot be written: ${reason}`, { hint, cause: error });
  switch (code) {
    case 'ENOSPC':
      return fail('the disk is full', 'Free some space on it; nothing that was saved before is lost.');
    case 'EDQUOT':
      return fail('your disk quota is used up', 'Free some space; nothing that was saved before is lost.');
    case 'EROFS':
      return fail('the disk is read-only', 'Make it writable, or set CM_HOME to a folder on another disk.');
    case 'EACCES':
    case 'EPERM':
      return fail('permission denied', 'Check who owns the folder, or set CM_HOME to a folder of your own.');
    case 'ENOTDIR':
    case 'EEXIST':
      return fail('a file is in the place of its folder', 'Move that file away, or set CM_HOME to another folder.');
    case 'ENAMETOOLONG':
      return fail('the path is too long', 'Set CM_HOME to a shorter path.');
    case undefined:
    default:
      return fail(error instanceof Error ? error.message : String(error), 'Check the folder and the disk it is on.');
  }
}
