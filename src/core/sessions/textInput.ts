import { delay } from '../../common/async.js';
import { isSameText } from '../state/sameRequest.js';

/** How long a program may take before it shows that a paste arrived; one that echoes nothing gets its Enter then. */
const TAKEN_TIMEOUT_MS = 600;
/** More for long texts: a program redraws what it takes. */
const TAKEN_MS_PER_KILOBYTE = 2;
/** Several agents read an Enter that follows at once as part of the paste. */
export const QUIET_MS = 60;
/** A busy program shows a paste in its input box within this time. */
const SHOWN_TIMEOUT_MS = 2000;
/** Gemini takes an Enter for a part of the paste until it has rested for a moment after it. */
const SETTLES_MS = 150;
/** Until the list of commands is that of the text, an Enter takes another command from it. */
const COMMANDS_MS = 500;
/** A program has taken the Enter that submits a text within this time. */
const SUBMITTED_MS = 1500;
const LOOK_EVERY_MS = 40;

/**
 * Text as it may be pasted: line ends as line feeds, no control characters. What remains cannot end a bracketed paste
 * or press a key.
 */
export function pasteable(text: string): string {
  return text.replace(/\r\n?/g, '\n').replace(/[\x00-\x08\x0b-\x1f\x7f\x80-\x9f]/g, '');
}

/** Reads what stands in the input box of a program; null when it is empty or not to be seen. */
export type ReadDraft = () => Promise<string | null>;

/**
 * Waits until a program has taken a paste: it printed something and was then quiet for a moment, and its input box
 * shows something, where that can be read.
 *
 * @param outputs counts the output seen so far; it grows with each new piece
 */
export async function pasteTaken(
  text: string,
  outputs: () => number,
  before: number,
  draft: ReadDraft | undefined,
): Promise<void> {
  const deadline = Date.now() + TAKEN_TIMEOUT_MS + (text.length / 1000) * TAKEN_MS_PER_KILOBYTE;
  let last = before;
  let quietSince = Date.now();
  while (Date.now() < deadline) {
    await delay(15);
    const now = outputs();
    if (now !== last) {
      last = now;
      quietSince = Date.now();
    } else if (now !== before && Date.now() - quietSince >= QUIET_MS) {
      break;
    }
  }
  if (!draft) return;
  // What a busy program prints until then is something else.
  const end = Date.now() + SHOWN_TIMEOUT_MS;
  while ((await read(draft)) === null && Date.now() < end) await delay(LOOK_EVERY_MS);
  await delay(text.startsWith('/') ? COMMANDS_MS : SETTLES_MS);
}

/**
 * Presses Enter, and once more when the very same text still stands in the input box after a while: programs take an
 * Enter for part of the paste, or drop it while they draw.
 *
 * @param draft undefined: its input box cannot be read
 */
export async function submit(text: string, press: () => Promise<void>, draft: ReadDraft | undefined): Promise<void> {
  const canTell = draft !== undefined && text.trim() !== '';
  let isShown = canTell && (await read(draft)) !== null;
  await press();
  if (!canTell) return;
  const end = performance.now() + SUBMITTED_MS;
  let left: string | null;
  do {
    await delay(LOOK_EVERY_MS);
    left = await read(draft);
    // Where nothing was seen yet, the text may still appear.
    if (isShown && !isLeft(left, text)) return;
    isShown ||= left !== null;
  } while (performance.now() < end);
  if (isLeft(left, text)) await press();
}

function isLeft(draft: string | null, text: string): boolean {
  return draft !== null && isSameText(draft, text);
}

/** A screen that cannot be read tells of nothing. */
function read(draft: ReadDraft): Promise<string | null> {
  return draft().catch(() => null);
}
