import { textLines } from '../state/screenLines.js';

const WORD = /\p{L}{4,}/gu;
/** Titles and the like, which are no part of the screen; then every other sequence. */
const SEQUENCES = /\x1b[\]P^_X][^\x07\x1b]*(?:\x07|\x1b\\|$)|\x1b\[[0-?]*[ -/]*[@-~]|\x1b[ -/]*[0-~]/gu;

export interface TwoScreens {
  /** The screen before the key, and as it is now. */
  readonly before: string;
  readonly now: string;
  /** Labels of the options of the dialog that both of them show. */
  readonly labels: readonly string[];
  /** What was printed in between, with its sequences. */
  readonly printed: string;
}

/**
 * Whether a dialog has gone and an equal one has come, too quickly for a screen without one to be seen: other words
 * stand around it, or words were printed in between that are not there any more. A dialog that only heard a key draws
 * itself anew, in the same words.
 */
export function hasMovedOn({ before, now, labels, printed }: TwoScreens): boolean {
  if (around(before, labels) !== around(now, labels)) return true;
  const shown = textLines(now).join('\n');
  return [...printed.replace(SEQUENCES, ' ').matchAll(WORD)].some(([word]) => !shown.includes(word));
}

/** The words of a screen without those of its options, whose marks move. */
function around(screen: string, labels: readonly string[]): string {
  const lines = textLines(screen).filter((line) => !labels.some((label) => line.includes(label.slice(0, 20))));
  return (lines.join(' ').match(WORD) ?? []).join(' ');
}
