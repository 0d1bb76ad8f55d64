import { stripTerminal } from '../../common/terminalText.js';
import { truncate } from '../../common/text.js';
import { DISK_FULL, printedCode, systemReason } from '../../common/systemError.js';
import { fileError } from '../../core/store/diskErrors.js';
import { type CodeManagerError } from '../../protocol/errors.js';

/** What a command printed about why it failed, as an error with the code of the system. */
export class HostFileError extends Error {
  /** `ENOENT` and the like; `EIO` when the text says none. */
  readonly code: string;

  constructor(printed: string, path: string) {
    const line = stripTerminal(printed).trim().split('\n').at(-1) ?? '';
    super(`${path}: ${truncate(line === '' ? 'it failed without a word' : line, 300)}`);
    this.name = 'HostFileError';
    this.code = printedCode(line) ?? 'EIO';
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
