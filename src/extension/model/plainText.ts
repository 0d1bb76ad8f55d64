import { truncate } from '../../common/text.js';

/** Control, format and separator characters, except the joiner that emoji are made with. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]+/gu;

/** Text that somebody else wrote as one printable line, for labels, titles and messages. */
export function oneLine(text: string, length = 120): string {
  const cleaned = truncate(text, length * 4)
    .replace(UNPRINTABLE, (run) => (run === '\u200d' ? run : ' '))
    .replace(/\s+/g, ' ')
    .trim();
  return truncate(cleaned, length);
}

/** As {@link oneLine}, for a label in which `$(name)` would become an icon. */
export function labelText(text: string, length = 120): string {
  return oneLine(text, length).replace(/\$\(/g, '$\u200b(');
}

/** As {@link oneLine}, for Markdown in which nothing of it may become markup, a link or an icon. */
export function markdownText(text: string, length = 200): string {
  return oneLine(text, length)
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/[\\`*_{}[\]()#+\-.!|~$:]/g, '\\$&');
}

/** The first lines of a text, each made printable. */
export function firstLines(text: string, count: number, length = 200): string[] {
  const lines = truncate(text, count * length * 4)
    .split(/\r\n|\r|\n/)
    .filter((line) => line.trim() !== '');
  const shown = lines.slice(0, count).map((line) => oneLine(line, length));
  return lines.length > count ? [...shown, '…'] : shown;
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
