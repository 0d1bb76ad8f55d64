import type { PendingRequest } from '../../../protocol/pendingRequest.js';
import { screenLines } from '../../state/screenLines.js';

/** A line that is drawn. */
const RULE = /^[\s\p{Pd}─━═╌╍┄┅┈┉╴╶_▔▁]+$/u;
/** So many letters of an option tell it from other lines, also where its end is wrapped. */
const LABEL_LETTERS = 16;
/** Frames and margins may take so much of the width. */
const MARGIN = 4;

/**
 * Whether what is asked stands whole and unmistakable on the screen. A command that was wrapped was put together again:
 * a blank in it may have been a line break, which begins another command. And what stands between the command and the
 * options may be more of it, not a description.
 * @param screen as tmux prints it
 */
export function isShownWhole(
  { command, path, text, options }: Pick<PendingRequest, 'command' | 'path' | 'text' | 'options'>,
  screen: string,
): boolean {
  const all = screenLines(screen);
  const lines = all.map((line) => (line.blank ? '' : line.text.trim().replace(/^\$ /u, '')));
  const end = firstOption(
    lines,
    options.map(({ label }) => label.slice(0, LABEL_LETTERS)),
  );
  if (end < 0) return false;
  const above = lines.slice(0, end);
  if (command !== null)
    return isCommandWhole(
      command,
      above.filter((line) => line !== ''),
    );
  const target = path ?? /^fetch (\S+)$/u.exec(text)?.[1];
  const width = Math.max(...all.map((line) => line.text.length));
  return target === undefined || !mayGoOn(target, above, width);
}

/** Index of the line of the first option; -1 when they are not all there. */
function firstOption(lines: readonly string[], labels: readonly string[]): number {
  if (labels.length === 0) return -1;
  const row = lines.findLastIndex((line) => labels.every((label) => line.includes(label)));
  if (row >= 0) return row;
  let at = lines.length;
  for (const label of [...labels].reverse()) {
    at = lines.slice(0, at).findLastIndex((line) => line.includes(label));
    if (at < 0) return -1;
  }
  return at;
}

function isCommandWhole(command: string, shown: readonly string[]): boolean {
  const wanted = command
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const at = shown.findLastIndex((_, start) => wanted.every((line, index) => shown[start + index] === line));
  if (at < 0 || wanted.length === 0) return false;
  const below = shown.slice(at + wanted.length).filter((line) => !RULE.test(line));
  const isQuestion = below.length === 0 || (below.length === 1 && /[?:]$/u.test(below[0] ?? ''));
  return isQuestion && !shown.some((line, index) => command.includes(`${line} ${shown[index + 1] ?? '\n'}`));
}

/** The line with this text may go on in the next one: its first word would not have fitted. */
function mayGoOn(text: string, lines: readonly string[], width: number): boolean {
  const at = lines.findLastIndex((line) => line.includes(text));
  const [line, next] = [lines[at], lines[at + 1]];
  // Not read from the screen, or nothing stands below it.
  if (line === undefined || next === undefined || next === '' || RULE.test(next)) return false;
  const [word = ''] = next.split(' ');
  return line.length + 1 + word.length > width - MARGIN;
}
