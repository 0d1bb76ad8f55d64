import { printedCode } from '../../common/systemError.js';
import { lastWords } from '../../common/whyFailed.js';
import { fileError } from '../../core/store/diskErrors.js';
import { whyNotWritten } from '../../core/store/printedError.js';
import { type CodeManagerError } from '../../protocol/errors.js';

/** What a command printed about why it failed, as an error with the code of the system. */
export class HostFileError extends Error {
  /** `ENOENT` and the like; `EIO` when the text says none. */
  readonly code: string;

  constructor(printed: string, path: string) {
    super(`${path} cannot be read: ${whyNotWritten(printed).reason}`);
    this.name = 'HostFileError';
    this.code = printedCode(lastWords(printed)) ?? 'EIO';
  }
}

/** A failed write as an error that says what a person can do. */
export function toHostDiskError(printed: string, path: string): CodeManagerError {
  return fileError(new HostFileError(printed, path), path, 'written', whyNotWritten(printed));
}
