/**
 * Splits a line into words as a shell does with quotes and backslashes, and with nothing else: no variables, no
 * patterns, no commands.
 *
 * @returns undefined when a quote is left open
 */
export function splitWords(line: string): string[] | undefined {
  const words: string[] = [];
  let word: string | undefined;
  let quote: '"' | "'" | undefined;
  for (let i = 0; i < line.length; i++) {
    const letter = line.charAt(i);
    if (quote !== undefined) {
      if (letter === quote) quote = undefined;
      else if (letter === '\\' && quote === '"' && /["\\]/.test(line.charAt(i + 1)))
        word = (word ?? '') + line.charAt(++i);
      else word = (word ?? '') + letter;
    } else if (letter === '"' || letter === "'") {
      quote = letter;
      word ??= '';
    } else if (letter === '\\' && i + 1 < line.length) {
      word = (word ?? '') + line.charAt(++i);
    } else if (/\s/.test(letter)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else {
      word = (word ?? '') + letter;
    }
  }
  if (word !== undefined) words.push(word);
  return quote === undefined ? words : undefined;
}

/** The reverse of {@link splitWords}, for showing words that were read before. */
export function joinWords(words: readonly string[]): string {
  return words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `"${word.replace(/["\\]/g, '\\$&')}"`)).join(' ');
}

/** Reads `NAME=value` words. A sentence that says what is wrong, or the variables. */
export function parseEnvironment(line: string): Record<string, string> | string {
  const words = splitWords(line);
  if (words === undefined) return 'A quote is left open';
  const env: Record<string, string> = {};
  for (const word of words) {
    const match = /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/s.exec(word);
    if (match === null) return `${word} is not NAME=value`;
    env[match[1] ?? ''] = match[2] ?? '';
  }
  return env;
}

/** The line that `parseEnvironment` reads. */
export function formatEnvironment(env: Readonly<Record<string, string>>): string {
  return joinWords(Object.entries(env).map(([name, value]) => `${name}=${value}`));
}

/**
 * What stands in a one-line box into which several lines were pasted, which the box ran together: with their line
 * breaks again. Undefined when that is not what was pasted.
 *
 * @param clipboard what was pasted, if anything
 */
export function withPastedLines(value: string, clipboard: string): string | undefined {
  const lines = clipboard.replace(/[\r\n]+$/, '');
  const wanted = lines.replace(/\s+/g, '');
  if (wanted === '' || !/[\r\n]/.test(lines)) return undefined;
  // Without its blanks, each letter by where it stands: boxes take line breaks away, or make blanks of them.
  const places = Array.from({ length: value.length }, (_, i) => i).filter((i) => /\S/.test(value.charAt(i)));
  const at = places
    .map((i) => value.charAt(i))
    .join('')
    .indexOf(wanted);
  const [first, last] = [places[at], places[at + wanted.length - 1]];
  if (first === undefined || last === undefined) return undefined;
  return value.slice(0, first) + lines.trimStart() + value.slice(last + 1).trimEnd();
}

/** A text of one line with the line breaks of each text that was pasted into it and still stands there. */
export function withAllLines(value: string, clipboards: readonly string[]): string {
  return clipboards.reduce((text, clipboard) => withPastedLines(text, clipboard) ?? text, value);
}
