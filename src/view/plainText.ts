import { neutralise, stripTerminal } from '../common/terminalText.js';
import { truncate } from '../common/text.js';

/** Text that somebody else wrote as one harmless line, for labels, titles and messages. */
export function oneLine(text: string, length = 120): string {
  return truncate(stripTerminal(text), length);
}

/** The editor cuts a message here. */
const MESSAGE_LENGTH = 1000;

/**
 * A message of the editor as one harmless line. `[words](target)` would become a link there, also one that runs a
 * command: a blank between the two breaks that and nothing else.
 */
export function messageText(text: string, length = MESSAGE_LENGTH): string {
  return oneLine(text, length).replace(/\](?=\()/g, '] ');
}

/** As {@link messageText}, with line breaks, for the small print below a question. */
export function detailText(text: string): string {
  return truncate(neutralise(text.slice(0, 100 * MESSAGE_LENGTH)), 4 * MESSAGE_LENGTH).replace(/\](?=\()/g, '] ');
}

/** What the editor would draw as an icon wherever it draws icons in text. */
const ICON = /\$\((?=[a-z0-9-]+(?:~[a-z]+)?\))/gi;

/** As {@link oneLine}, for where the editor draws `$(name)` as an icon; there the backslash is not seen. Not to be done twice. */
export function labelText(text: string, length = MESSAGE_LENGTH): string {
  return oneLine(text, length).replace(ICON, '\\$(');
}

/** As {@link labelText}, for where links are made as well. */
export function promptText(text: string, length = MESSAGE_LENGTH): string {
  return messageText(text, length).replace(ICON, '\\$(');
}

/** As {@link oneLine}, for Markdown in which nothing of it may become markup, a link or an icon. */
export function markdownText(text: string, length = 200): string {
  return oneLine(text, length)
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/[\\`*_{}[\]()#+\-.!|~$:=@^"]/g, '\\$&');
}

/** The first lines of a text, each made harmless. */
export function firstLines(text: string, count: number, length = 200): string[] {
  const lines = truncate(text, count * length * 4)
    .split(/\r\n|\r|\n/)
    .filter((line) => line.trim() !== '');
  const shown = lines.slice(0, count).map((line) => oneLine(line, length));
  return lines.length > count ? [...shown, '…'] : shown;
}

/** What an item of the status bar shows, and what a screen reader says. Icons are named by us, texts by anybody. */
export interface StatusText {
  readonly parts: readonly { readonly icon: string; readonly text: string }[];
  readonly spoken: string;
}

/** `1 session`, `2 sessions`. */
export function countOf(count: number, singular: string, plural = `${singular}s`): string {
  return `${count} ${count === 1 ? singular : plural}`;
}

/** A path as people write it: `~` for the home folder. */
export function shortPath(path: string, home: string | undefined): string {
  if (home === undefined || home === '' || home === '/') return path;
  return path === home ? '~' : path.startsWith(`${home}/`) ? `~${path.slice(home.length)}` : path;
}
