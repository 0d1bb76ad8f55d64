import { inTheirWords, lastWords } from '../../common/whyFailed.js';
import { DISK_FULL, printedCode, systemReason, type SystemReason } from '../../common/systemError.js';

/** Which of both it is, only the host knows. */
const FULL_THERE: SystemReason = {
  ...DISK_FULL,
  hint: 'Free space or files there (df -h, df -i); nothing that was saved before is lost.',
};

/**
 * Why a program that writes a file on some machine has failed, by what it printed: in our words where it says what the
 * system says, else as its own.
 */
export function whyNotWritten(printed: string): SystemReason {
  const code = printedCode(lastWords(printed));
  const known = code === 'ENOSPC' ? FULL_THERE : systemReason(code, 'written');
  return known ?? { reason: inTheirWords(printed), hint: 'Check the folder and the disk it is on.' };
}
