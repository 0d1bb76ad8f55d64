/**
 * Final characters of the sequences that move the cursor to another line, scroll, or restore a position: up, down, next
 * line, previous line, position, line, insert and delete lines, scroll, margins, restore.
 */
const ADDRESSING_FINALS = new Set('ABEFHfdeLMSTru');
/** The alternate screen in its three forms, and synchronized output, which only repainting programs use. */
const SCREEN_MODES = /^\?(?:\d+;)*(?:47|1047|1049|2026)(?:;\d+)*h$/;

/**
 * True for a sequence by which a program addresses the screen as a whole, where lines are no longer printed one after
 * another. Colours, modes, queries and moves inside the line are not of this kind.
 */
export function isAddressing(kind: 'csi' | 'escape', body: string): boolean {
  // Reverse index, restore cursor, reset.
  if (kind === 'escape') return body === 'M' || body === '8' || body === 'c';
  const final = body.charAt(body.length - 1);
  if (final === 'm') return false;
  if (final === 'h') return SCREEN_MODES.test(body);
  if (final === 'J') return body === '2J' || body === '1J';
  // With a prefix (`?`, `>`, `<`, `=`) or an intermediate the same finals ask and set modes of the keyboard.
  return ADDRESSING_FINALS.has(final) && /^[\d;:]*.$/.test(body);
}
