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

/** Marks of Markdown, which a program may draw until they close and take away then. */
const MARK = /[*_`~#]/;
const NO_LETTERS = /[\s*_`~#]+/g;

/** A text without its blanks, which change with the breaks of its lines, and without marks of Markdown. */
export function letters(text: string): string {
  return text.replace(NO_LETTERS, '');
}

/** Where the first `count` letters of `text` end, with the marks that close there. */
export function endOfLetters(text: string, count: number): number {
  if (count <= 0) return 0;
  let end = 0;
  for (let left = count; left > 0 && end < text.length; end++) {
    const char = text.charAt(end);
    if (char.trim() !== '' && !MARK.test(char)) left--;
  }
  while (MARK.test(text.charAt(end))) end++;
  return end;
}
