/** Behind it a shell takes `~` for the home, as at the beginning of a word. */
const ASSIGNED = /^[A-Za-z_][A-Za-z0-9_]*=$/;

/**
 * Splits one line of shell into words as far as that is possible without running anything: quotes, backslashes, `~` and
 * plain variables. Undefined when it holds syntax that only a shell can resolve.
 */
export function splitShellWords(
  line: string,
  env: Readonly<Record<string, string>>,
  options: { readonly fish?: boolean } = {},
): string[] | undefined {
  const words: string[] = [];
  let word: string | undefined;
  let i = 0;
  const variable = (): string | undefined => {
    const match = /^\$(?:([A-Za-z_][A-Za-z0-9_]*)|\{([A-Za-z_][A-Za-z0-9_]*)\})/.exec(line.slice(i));
    const name = match?.[1] ?? match?.[2];
    if (match === null || name === undefined) return undefined;
    i += match[0].length;
    return env[name];
  };
  while (i < line.length) {
    const c = line.charAt(i);
    if (c === ' ' || c === '\t') {
      if (word !== undefined) words.push(word);
      word = undefined;
      i++;
    } else if (c === "'") {
      const quoted = singleQuoted(line, i, options.fish === true);
      if (quoted === undefined) return undefined;
      word = (word ?? '') + quoted.text;
      i = quoted.end;
    } else if (c === '$' && line.charAt(i + 1) === "'" && options.fish !== true) {
      const quoted = ansiQuoted(line, i);
      if (quoted === undefined) return undefined;
      word = (word ?? '') + quoted.text;
      i = quoted.end;
    } else if (c === '"') {
      word ??= '';
      i++;
      while (line.charAt(i) !== '"') {
        const inner = line.charAt(i);
        if (inner === '' || inner === '`') return undefined;
        if (inner === '\\' && /["\\$`]/.test(line.charAt(i + 1))) {
          word += line.charAt(i + 1);
          i += 2;
        } else if (inner === '$') {
          const value = variable();
          if (value === undefined) return undefined;
          word += value;
        } else {
          word += inner;
          i++;
        }
      }
      i++;
    } else if (c === '\\') {
      const next = line.charAt(i + 1);
      if (next === '' || next === '\n') return undefined;
      word = (word ?? '') + next;
      i += 2;
    } else if (c === '$') {
      const value = variable();
      // A shell would split or drop such a value.
      if (value === undefined || value === '' || /[\s*?[\]]/.test(value)) return undefined;
      word = (word ?? '') + value;
    } else if (c === '~' && (word === undefined || ASSIGNED.test(word))) {
      if (!/^~(\/|\s|$)/.test(line.slice(i))) return undefined;
      const home = env['HOME'];
      if (home === undefined) return undefined;
      word = (word ?? '') + home;
      i++;
    } else if (/[|&;<>()`*?[\]{}!\n\r]/.test(c) || (c === '#' && word === undefined)) {
      return undefined;
    } else {
      word = (word ?? '') + c;
      i++;
    }
  }
  if (word !== undefined) words.push(word);
  return words;
}

interface Quoted {
  readonly text: string;
  readonly end: number;
}

/** `'…'` at `start`; only fish knows escapes in it. */
export function singleQuoted(text: string, start: number, fish = false): Quoted | undefined {
  let result = '';
  for (let i = start + 1; i < text.length; i++) {
    const c = text.charAt(i);
    if (c === "'") return { text: result, end: i + 1 };
    if (fish && c === '\\' && /['\\]/.test(text.charAt(i + 1))) i++;
    result += text.charAt(i);
  }
  return undefined;
}

/** `$'…'` at `start`, as bash and zsh print what has control characters. */
export function ansiQuoted(text: string, start: number): Quoted | undefined {
  const plain: Readonly<Record<string, string>> = {
    n: '\n',
    t: '\t',
    r: '\r',
    e: '\x1b',
    E: '\x1b',
    a: '\x07',
    '\\': '\\',
    "'": "'",
    '"': '"',
  };
  let result = '';
  for (let i = start + 2; i < text.length; i++) {
    const c = text.charAt(i);
    if (c === "'") return { text: result, end: i + 1 };
    if (c !== '\\') {
      result += c;
      continue;
    }
    const number = /^\\(?:x([0-9a-fA-F]{1,2})|([0-7]{1,3}))/.exec(text.slice(i));
    if (number !== null) {
      result += String.fromCharCode(number[1] === undefined ? parseInt(number[2] ?? '0', 8) : parseInt(number[1], 16));
      i += number[0].length - 1;
    } else {
      i++;
      const escaped = plain[text.charAt(i)];
      // Shells differ in what is left of others.
      if (escaped === undefined) return undefined;
      result += escaped;
    }
  }
  return undefined;
}
