import { delay } from '../../common/async.js';
import { isSameText } from '../state/sameRequest.js';

/** How long a program may take before it shows that a paste arrived; one that echoes nothing gets its Enter then. */
const TAKEN_TIMEOUT_MS = 600;
/** More for long texts: a program redraws what it takes. */
const TAKEN_MS_PER_KILOBYTE = 2;
/** Several agents read an Enter that follows at once as part of the paste. */
export const QUIET_MS = 60;

/**
 * Text as it may be pasted: line ends as line feeds, no control characters. What remains cannot end a bracketed paste
 * or press a key.
 */
export function pasteable(text: string): string {
  return text.replace(/\r\n?/g, '\n').replace(/[\x00-\x08\x0b-\x1f\x7f\x80-\x9f]/g, '');
}

/**
 * Waits until a program has taken a paste: it printed something and was then quiet for a moment.
 *
 * @param outputs counts the output seen so far; it grows with each new piece
 * @param length of the paste in characters
 */
export async function pasteTaken(outputs: () => number, before: number, length: number): Promise<void> {
  const deadline = Date.now() + TAKEN_TIMEOUT_MS + (length / 1000) * TAKEN_MS_PER_KILOBYTE;
  let last = before;
  let quietSince = Date.now();
  while (Date.now() < deadline) {
    await delay(15);
    const now = outputs();
    if (now !== last) {
      last = now;
      quietSince = Date.now();
    } else if (now !== before && Date.now() - quietSince >= QUIET_MS) {
      return;
    }
  }
}

/** A program has taken the Enter that submits a text within this time. */
const SUBMITTED_MS = 1500;
const LOOK_EVERY_MS = 40;

/**
 * Presses Enter, and once more when the very same text still stands in the input box after a while: programs take an
 * Enter for part of the paste, or drop it while they draw.
 *
 * @param draft what stands in the input box now; null when it is empty or not to be seen
 */
export async function submit(
  text: string,
  press: () => Promise<void>,
  draft: () => Promise<string | null>,
): Promise<void> {
  await press();
  if (text.trim() === '') return;
  const end = performance.now() + SUBMITTED_MS;
  do {
    await delay(LOOK_EVERY_MS);
    // A screen that cannot be read tells of nothing that is left to do.
    const left = await draft().catch(() => null);
    if (left === null || !isSameText(left, text)) return;
  } while (performance.now() < end);
  await press();
}
