/** A line for people is never longer, in UTF-16 units: one endless line would freeze an editor. */
export const MAX_LINE = 4096;
/** Where lines go to a program or a file: only one that never ends is cut. */
export const WHOLE_LINE = 64 * 1024 * 1024;

/** Cuts `line` to `max`, with `…` at the end, never inside a surrogate pair, and without blanks at its end. */
export function finishLine(line: string, max = MAX_LINE): string {
  if (line.length <= max) return line.trimEnd();
  const end = max - 1;
  const last = line.charCodeAt(end - 1);
  return line.slice(0, last >= 0xd800 && last < 0xdc00 ? end - 1 : end) + '…';
}

/** `target.push(...lines)` for any number of lines. */
export function append(target: string[], lines: readonly string[]): void {
  for (const line of lines) target.push(line);
}

/** A text without its blanks: those change with the breaks of its lines. */
export function letters(text: string): string {
  return text.replace(/\s+/g, '');
}

/** Where the first `count` letters of `text` end. */
export function endOfLetters(text: string, count: number): number {
  let end = 0;
  for (let left = count; left > 0 && end < text.length; end++) if (text.charAt(end).trim() !== '') left--;
  return end;
}
