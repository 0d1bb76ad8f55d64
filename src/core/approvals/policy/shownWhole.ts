import type { PendingRequest } from '../../../protocol/pendingRequest.js';
import { screenLines } from '../../state/screenLines.js';

/** So many letters of an option tell it from other lines, also where its end is wrapped. */
const LABEL_LETTERS = 16;
/** Frames and margins may take so much of the width. */
const MARGIN = 4;

/**
 * Whether what is asked stands whole and unmistakable on the screen; `notYet` while its options do not. A command that
 * was wrapped was put together again: a blank in it may have been a line break, which begins another command. And what
 * stands between the command and the options may be more of it, not a description, unless lines are drawn around it.
 * @param screen as tmux prints it
 */
export function shownWhole(
  { command, path, text, options }: Pick<PendingRequest, 'command' | 'path' | 'text' | 'options'>,
  screen: string,
): 'yes' | 'no' | 'notYet' {
  const lines = screenLines(screen).map(({ text: line, blank, rule }) => ({
    text: blank ? '' : line.trim().replace(/^\$ /u, ''),
    rule,
    width: line.length,
  }));
  const labels = options.map(({ label }) => label.slice(0, LABEL_LETTERS));
  const end = firstOption(
    lines.map((line) => line.text),
    labels,
  );
  if (end < 0) return 'notYet';
  const above = lines.slice(0, end);
  if (command !== null) return isCommandWhole(command, above) ? 'yes' : 'no';
  const target = path ?? /^fetch (\S+)$/u.exec(text)?.[1];
  const width = Math.max(...lines.map((line) => line.width));
  return target === undefined || !mayGoOn(target, above, width) ? 'yes' : 'no';
}

interface Line {
  readonly text: string;
  /** Drawn across the screen. */
  readonly rule: boolean;
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

function isCommandWhole(command: string, lines: readonly Line[]): boolean {
  const wanted = command
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  // Empty lines may be part of the command; what is drawn is not.
  const shown = lines.filter(({ text, rule }) => text !== '' || rule);
  const at = shown.findLastIndex((_, start) => wanted.every((line, index) => shown[start + index]?.text === line));
  if (at < 0 || wanted.length === 0) return false;
  const isJoined = shown.some(({ text }, index) => command.includes(`${text} ${shown[index + 1]?.text ?? '\n'}`));
  if (isJoined) return false;
  const below = shown.slice(at + wanted.length);
  const isFramed = shown[at - 1]?.rule === true && below[0]?.rule === true;
  if (isFramed) return below.filter(({ rule }) => rule).length === 1;
  return below.length === 0 || (below.length === 1 && /[?:]$/u.test(below[0]?.text ?? ''));
}

/** The line with this text may go on in the next one: its first word would not have fitted. */
function mayGoOn(target: string, lines: readonly Line[], width: number): boolean {
  const at = lines.findLastIndex(({ text }) => text.includes(target));
  const [line, next] = [lines[at], lines[at + 1]];
  // Not read from the screen, or nothing stands below it.
  if (line === undefined || next === undefined || next.text === '') return false;
  const [word = ''] = next.text.split(' ');
  return line.text.length + 1 + word.length > width - MARGIN;
}
