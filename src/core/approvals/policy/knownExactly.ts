import { isPlain, spelledLine } from '../../../common/spelled.js';
import type { ScreenRequest } from '../../../protocol/screen.js';

/** What of a request says whether it is what it looks like. */
export type Told = Pick<ScreenRequest, 'command' | 'path' | 'exact'>;

/** So much of what cannot be seen is shown in a reason. */
const SHOWN_LETTERS = 120;

/**
 * Why no rule could allow it, whatever it says: what will run is not known to the byte, or is not what it looks like.
 * Undefined where a rule may decide.
 */
export function whyNotExact({ command, path, exact }: Told): string | undefined {
  if (exact === null) return 'What will run is not known exactly.';
  const hidden = [command, path].find((text) => text !== null && !isPlain(text));
  if (hidden != null) return `It is not what it looks like: ${spelledLine(hidden, SHOWN_LETTERS)}`;
  // A name with a line break is no line of a list, and one with a tab looks like blanks.
  if (path !== null && /[\n\t]/u.test(path))
    return `Its path has more than one line: ${spelledLine(path, SHOWN_LETTERS)}`;
  return undefined;
}

/** Why no rule could allow what begins in another folder than that of its session. */
export function whyElsewhere(folder: string): string {
  return `It runs in another folder: ${spelledLine(folder, SHOWN_LETTERS)}`;
}
