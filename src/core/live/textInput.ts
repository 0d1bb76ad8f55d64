import { delay } from '../../common/async.js';
import { isSameText, withoutBlanks } from '../state/sameRequest.js';

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
/** One that has just started may show its input box for seconds before it takes an Enter. */
const MOST_ENTERS = 5;
/** The same where its input box is not read while the text stands in it, but shows again once it is empty. */
const UNREAD_MS = 400;
/** So many letters at the end of a text are looked for where its input box is not read. */
const END_LETTERS = 12;
const FEW_LETTERS = 3;
const LOOK_EVERY_MS = 40;
/** A text that is gone from its box stays gone for so long before it counts as taken. */
const GONE_MS = 150;

/**
 * Text as it may be pasted: line ends as line feeds, no control characters. What remains cannot end a bracketed paste
 * or press a key.
 */
export function pasteable(text: string): string {
  return text.replace(/\r\n?/g, '\n').replace(/[\x00-\x08\x0b-\x1f\x7f\x80-\x9f]/g, '');
}

/** A last word that opens a list of files, skills or commands in many of them: the list would take the Enter. */
const OPENS_LIST = /(?:(?:^|\s)[@$#]|\s\/)\S*$/u;

/**
 * Text as it is typed into an input box: an Enter behind a backslash breaks the line in many of them, and one behind a
 * word that opens a list takes something from that. The text would stay there, for the next one to be glued to.
 */
export function typeable(text: string): string {
  return text.endsWith('\\') || OPENS_LIST.test(text) ? `${text} ` : text;
}

/** The screen of a program that has an input box. */
export interface BoxLook {
  /** What stands in the box; null when it is empty or not to be seen. */
  readonly draft: string | null;
  readonly lines: readonly string[];
  /** `idle`: the box is there, and takes a prompt. */
  readonly rule?: string | null;
}

export type ReadBox = () => Promise<BoxLook>;

/** Watches the input box of a program for one text. */
export class InputBox {
  readonly #read: ReadBox;
  readonly #end: string;
  #before = 0;

  private constructor(read: ReadBox, text: string) {
    this.#read = read;
    this.#end = withoutBlanks(text).slice(-END_LETTERS);
  }

  /** To be called before the text is typed. */
  static async watch(read: ReadBox, text: string): Promise<InputBox> {
    const box = new InputBox(read, text);
    box.#before = (await box.look()).ends;
    return box;
  }

  /** What stands in it, and how often the screen shows the end of the text. A screen that cannot be read tells of nothing. */
  async look(): Promise<{ readonly draft: string | null; readonly isEmpty: boolean; readonly ends: number }> {
    const { draft, lines, rule } = await this.#read().catch((): BoxLook => ({ draft: null, lines: [] }));
    const letters = withoutBlanks(lines.join('')).replace(/[│┃]/gu, '');
    return {
      draft,
      isEmpty: draft === null && rule === 'idle',
      ends: this.#end.length < FEW_LETTERS ? 0 : letters.split(this.#end).length - 1,
    };
  }

  /** The very text stands in it. */
  async holds(text: string): Promise<boolean> {
    return isLeft((await this.look()).draft, text);
  }

  /** The end of the text has been drawn, wherever its input box is. */
  async showsEnd(): Promise<boolean> {
    return (await this.look()).ends > this.#before;
  }
}

/**
 * Waits until a program has taken a paste: it shows its end, or printed something and was then quiet for a moment, and
 * its input box shows something, where that can be read.
 *
 * @param outputs counts the output seen so far; it grows with each new piece
 * @param box undefined: its input box cannot be read
 */
export async function pasteTaken(
  text: string,
  outputs: () => number,
  before: number,
  box: InputBox | undefined,
): Promise<void> {
  const deadline = Date.now() + TAKEN_TIMEOUT_MS + (text.length / 1000) * TAKEN_MS_PER_KILOBYTE;
  let last = before;
  let quietSince = Date.now();
  let lookAt = quietSince + QUIET_MS;
  while (Date.now() < deadline) {
    await delay(15);
    const now = outputs();
    if (now !== last) {
      last = now;
      quietSince = Date.now();
    } else if (now !== before && Date.now() - quietSince >= QUIET_MS) {
      break;
    }
    // A busy program is never quiet.
    if (!box || Date.now() < lookAt) continue;
    if (await box.showsEnd()) break;
    lookAt = Date.now() + LOOK_EVERY_MS;
  }
  if (!box) return;
  // What a busy program prints until then is something else.
  const end = Date.now() + SHOWN_TIMEOUT_MS;
  while ((await box.look()).draft === null && !(await box.showsEnd()) && Date.now() < end) await delay(LOOK_EVERY_MS);
  await delay(text.startsWith('/') ? COMMANDS_MS : SETTLES_MS);
}

/**
 * Presses Enter, and a few times more while the very same text still stands in the input box after a while: programs take
 * an Enter for part of the paste, drop it while they start or draw, or break the line.
 *
 * @param box undefined: its input box cannot be read
 * @returns false when the text stands there all the same
 */
export async function submit(text: string, press: () => Promise<void>, box: InputBox | undefined): Promise<boolean> {
  if (!box || text.trim() === '') {
    await press();
    return true;
  }
  const { draft, isEmpty } = await box.look();
  // Its box may not be read while the text stands in it.
  const isUnread = draft === null && (await box.showsEnd());
  let left = await pressed(text, press, box, draft, isUnread ? UNREAD_MS : SUBMITTED_MS, isUnread && !isEmpty);
  for (let count = 1; left !== null && count < MOST_ENTERS; count++)
    left = await pressed(text, press, box, left, SUBMITTED_MS);
  return left === null;
}

/**
 * Presses Enter once.
 *
 * @param before what its box showed until then
 * @param isHidden the text stands in a box that is not read while it does
 * @returns what is left there of the text, or is shown in place of it; null when that has gone
 */
async function pressed(
  text: string,
  press: () => Promise<void>,
  box: InputBox,
  before: string | null,
  withinMs: number,
  isHidden = false,
): Promise<string | null> {
  const stays = (draft: string | null): boolean => isLeft(draft, text) || (isPlaceholder(draft) && draft === before);
  let isShown = before !== null;
  const hasGone = ({ draft, isEmpty }: { readonly draft: string | null; readonly isEmpty: boolean }): boolean =>
    isShown ? !stays(draft) : isHidden && isEmpty;
  await press();
  const end = performance.now() + withinMs;
  let left: string | null;
  do {
    await delay(LOOK_EVERY_MS);
    let seen = await box.look();
    // Where nothing was seen yet, the text may still appear.
    if (hasGone(seen)) {
      // A program that draws its whole screen anew shows no box for a moment.
      await delay(GONE_MS);
      seen = await box.look();
      if (hasGone(seen)) return null;
    }
    left = seen.draft;
    isShown ||= left !== null;
  } while (performance.now() < end);
  return stays(left) ? left : null;
}

/** What many show in place of a long paste: `[Pasted text #1 +40 lines]`, `[Pasted Content 1024 chars]`. */
function isPlaceholder(draft: string | null): boolean {
  return draft !== null && /^\[paste[^\]\n]{0,60}\]$/iu.test(draft.trim());
}

/** Whole, or with a line break in place of a backslash at its end. */
function isLeft(draft: string | null, text: string): boolean {
  return draft !== null && (isSameText(draft, text) || isSameText(draft, text.trimEnd().replace(/\\$/u, '')));
}
