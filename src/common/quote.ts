/**
 * One word of a tmux command line. Only for text that Code Manager made itself (ids, paths of its own folders):
 * what a person or an agent wrote never travels in a command.
 *
 * @throws when the text holds a line break or NUL, which a control line cannot carry
 */
function quoteTmux(word: string): string {
  if (/[\r\n\0]/.test(word)) throw new Error('a tmux word cannot contain line breaks or NUL');
  if (/^[A-Za-z0-9_@%$=:.,/+-]+$/.test(word) && !word.startsWith('%') && !word.startsWith('$')) return word;
  return `'${word.replaceAll("'", `'"'"'`)}'`;
}

/** A whole command from its words. */
export function tmuxCommand(...words: readonly string[]): string {
  return words.map(quoteTmux).join(' ');
}

/** One word of a POSIX shell command line, whatever it holds except NUL. */
export function quotePosix(word: string): string {
  if (word.includes('\0')) throw new Error('a shell word cannot contain NUL');
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
