import type { OpenedFile, SimpleCommand } from './simpleCommand.js';

export interface ReadLine {
  readonly commands: readonly SimpleCommand[];
  /** What was not understood; nothing behind it was read. */
  readonly problem: string | undefined;
}

interface Word {
  readonly text: string;
  /** Something in it was quoted or escaped: it is no reserved word and no file descriptor. */
  readonly quoted: boolean;
  /** Where an assignment to it would end: the name in front of the first `=` is not quoted. */
  readonly isAssignment: boolean;
  /** Begins with a `~` that stands for the home. */
  readonly isHome: boolean;
}

interface HereDocument {
  readonly delimiter: string;
  readonly literal: boolean;
  readonly stripTabs: boolean;
}

class NotUnderstood extends Error {}

/** Words that are no program where a program is expected, in sh, bash or zsh. */
const RESERVED = new Set(
  (
    '! { } [[ ]] case coproc do done elif else end esac fi for foreach function if in nocorrect repeat select then ' +
    'time until while end - noglob'
  ).split(' '),
);
/** Builtins that change what later words mean, or run their words. */
const UNREADABLE = new Set(
  (
    '. source eval alias unalias trap hash enable set shopt setopt unsetopt emulate autoload export declare typeset ' +
    'local readonly unset read readarray mapfile let getopts integer float zmodload bind complete disable rehash'
  ).split(' '),
);
/** Builtins of some shells that calculate with their words, and run what stands in the brackets of an array's name. */
const CALCULATING = new Set('printf test [ umask exit return kill wait'.split(' '));
const RUN_IN_BRACKETS = /\[.*(?:\$[({[]|`|[<=]\()/su;
/** What makes a builtin set a variable, also the one that says where programs are. */
const SETTING_OPTIONS: Readonly<Record<string, RegExp>> = { printf: /^-v/u, wait: /^-\w*p/u };
/** What may stand in a comment: a shell that has none then finds only words in it. */
const HARMLESS_COMMENT = /^[^;&|<>()$`\\'"{}]*$/u;
/** Control characters, separators that a person does not see, and those that change the direction of the text. */
const HIDDEN = /[^\n\t\P{Cc}]|[\p{Cf}\p{Zl}\p{Zp}]|[^ \P{Zs}]/u;

/** Reads a command line once, from left to right, as a shell does. */
export class ShellReader {
  readonly #text: string;
  readonly #commands: SimpleCommand[] = [];
  readonly #documents: HereDocument[] = [];
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  read(): ReadLine {
    try {
      if (HIDDEN.test(this.#text)) throw new NotUnderstood('it has characters that cannot be seen');
      this.#list(false);
      if (this.#documents.length > 0) throw new NotUnderstood('a here-document has no end');
      return { commands: this.#commands, problem: undefined };
    } catch (error) {
      if (!(error instanceof NotUnderstood)) throw error;
      return { commands: this.#commands, problem: error.message };
    }
  }

  /** Commands and what joins them, to the end of the text or of the subshell. */
  #list(inSubshell: boolean): void {
    // An operator needs a command before it; `&&`, `||` and `|` need one behind them too.
    let before: 'none' | 'command' | 'joined' = 'none';
    for (;;) {
      this.#blanks();
      const char = this.#char();
      if (char === '' || (inSubshell && char === ')')) {
        if (before === 'joined') throw new NotUnderstood('a command is missing at its end');
        if (char === '' && inSubshell) throw new NotUnderstood('a parenthesis is not closed');
        return;
      }
      if (char === '\n') {
        this.#newLine();
        if (before === 'command') before = 'none';
      } else if (char === ';' || char === '&' || char === '|') {
        if (before !== 'command') throw new NotUnderstood(`there is no command before "${char}"`);
        before = this.#operator() ? 'joined' : 'none';
      } else if (before === 'command') {
        throw new NotUnderstood('something stands behind a parenthesis');
      } else {
        if (char === '(') this.#subshell();
        else this.#command();
        before = 'command';
      }
    }
  }

  /** True when another command has to follow. */
  #operator(): boolean {
    const operator = /^(?:&&|\|\||\|&|;;|;&|[;&|])/u.exec(this.#text.slice(this.#at))?.[0] ?? '';
    this.#at += operator.length;
    if (operator === ';;' || operator === ';&') throw new NotUnderstood(`"${operator}" stands outside of a case`);
    const next = this.#char();
    if (operator === '&' && next !== '' && '|!>'.includes(next)) throw new NotUnderstood(`shells differ on "&${next}"`);
    return operator !== ';' && operator !== '&';
  }

  #subshell(): void {
    if (this.#char(1) === '(') throw new NotUnderstood('it calculates');
    this.#at++;
    const before = this.#commands.length;
    this.#list(true);
    if (this.#commands.length === before) throw new NotUnderstood('there is nothing in the parentheses');
    this.#at++;
    const files = this.#redirections();
    if (files.length > 0) this.#commands.push({ words: [], assignments: 0, tildes: [], files });
  }

  /** Redirections alone, behind a subshell. */
  #redirections(): OpenedFile[] {
    const files: OpenedFile[] = [];
    for (;;) {
      this.#blanks();
      const file = this.#redirection();
      if (file === undefined) return files;
      files.push(...file);
    }
  }

  #command(): void {
    const words: string[] = [];
    const tildes: number[] = [];
    const files: OpenedFile[] = [];
    let assignments = 0;
    let isProgram = true;
    for (;;) {
      this.#blanks();
      const opened = this.#redirection();
      if (opened !== undefined) {
        files.push(...opened);
        continue;
      }
      const char = this.#char();
      if (char === '(') throw new NotUnderstood('a parenthesis stands behind a word');
      if (char === '' || '\n;&|)'.includes(char)) break;
      const word = this.#word();
      if (isProgram && word.isAssignment) {
        assignments++;
      } else if (isProgram) {
        checkProgram(word);
        isProgram = false;
      }
      if (word.text.startsWith('~') && !word.isHome) tildes.push(words.length);
      words.push(word.text);
    }
    if (isProgram && files.length === 0) throw new NotUnderstood('it only sets variables');
    checkBuiltin(words.slice(assignments));
    this.#commands.push({ words, assignments, tildes, files });
    if (isProgram && assignments > 0) throw new NotUnderstood('it only sets variables');
  }

  /** What a redirection opens; undefined when none stands here. */
  #redirection(): OpenedFile[] | undefined {
    const ahead = this.#text.slice(this.#at);
    const found = /^(\d*)(<<<|<<-|<<|<>|<&|<|>>|>&|>\||>)/u.exec(ahead);
    const [whole = '', descriptor = '', operator = ''] = found ?? [];
    if (!found) return undefined;
    if (descriptor.length > 1) throw new NotUnderstood('shells differ on the number before a redirection');
    if (/^\d*<\d*-\d*>/u.test(ahead)) throw new NotUnderstood('it has patterns of file names');
    this.#at += whole.length;
    if (this.#char() === '(') throw new NotUnderstood('it substitutes a process');
    if (this.#char() === '>' || this.#char() === '<' || this.#char() === '&') {
      throw new NotUnderstood(`"${whole}${this.#char()}" is not a redirection`);
    }
    this.#blanks();
    const char = this.#char();
    if (char === '' || '\n;&|<>()#'.includes(char)) throw new NotUnderstood('a redirection has no target');
    const word = this.#word();
    if (operator === '<<' || operator === '<<-') {
      this.#documents.push({ delimiter: word.text, literal: word.quoted, stripTabs: operator === '<<-' });
      return [];
    }
    if (operator === '<<<') return [];
    if (operator.endsWith('&')) {
      if (!word.quoted && /^(?:\d+|-)$/u.test(word.text)) return [];
      if (/^[\d-]/u.test(word.text)) throw new NotUnderstood('shells differ on where the copied output ends');
      if (operator === '<&') throw new NotUnderstood('it opens a file in an unusual way');
    }
    if (!word.quoted && /^[!|&-]/u.test(word.text)) throw new NotUnderstood('shells differ on where it redirects to');
    if (word.text === '') throw new NotUnderstood('a redirection has no target');
    const path = word.text.startsWith('~') && !word.isHome ? `./${word.text}` : word.text;
    const read: OpenedFile = { mode: 'read', path };
    const write: OpenedFile = { mode: 'write', path };
    if (operator === '<') return [read];
    return operator === '<>' ? [read, write] : [write];
  }

  #newLine(): void {
    this.#at++;
    for (const document of this.#documents.splice(0)) this.#document(document);
  }

  #document({ delimiter, literal, stripTabs }: HereDocument): void {
    for (;;) {
      if (this.#at >= this.#text.length) throw new NotUnderstood('a here-document has no end');
      const end = this.#text.indexOf('\n', this.#at);
      const whole = this.#text.slice(this.#at, end < 0 ? undefined : end);
      this.#at = end < 0 ? this.#text.length : end + 1;
      const line = stripTabs ? whole.replace(/^\t+/u, '') : whole;
      if (line === delimiter) return;
      if (!literal && /[$`\\]/u.test(line)) throw new NotUnderstood('a here-document has substitutions');
    }
  }

  #word(): Word {
    let text = '';
    let quoted = false;
    /** Length of what stands before the first quote. */
    let plain: number | undefined;
    const start = this.#char();
    for (;;) {
      const char = this.#char();
      if (char === '' || ' \t\n;&|<>()'.includes(char)) break;
      if (char === '\\' || char === "'" || char === '"') {
        if (char === '\\' && this.#char(1) === '\n') throw new NotUnderstood('a word goes on in the next line');
        plain ??= text.length;
        quoted = true;
        text += char === '\\' ? this.#escaped() : char === "'" ? this.#single() : this.#double();
      } else {
        checkPlain(char, this.#char(1), text === '' && !quoted);
        text += char;
        this.#at++;
      }
    }
    const isAssignment = /^[A-Za-z_][A-Za-z0-9_]*\+?=/u.exec(text.slice(0, plain)) !== null;
    const isHome = start === '~';
    if (isHome && !(text.slice(0, plain).startsWith('~/') || (text === '~' && !quoted))) {
      throw new NotUnderstood('it names the home of a user');
    }
    if (/[=:]~/u.test(text.slice(0, plain))) throw new NotUnderstood('shells differ on a "~" inside of a word');
    return { text, quoted, isAssignment, isHome };
  }

  #escaped(): string {
    const char = this.#char(1);
    if (char === '') throw new NotUnderstood('it ends with a backslash');
    this.#at += 2;
    return char;
  }

  #skipLine(): void {
    if (this.#documents.length > 0) throw new NotUnderstood('a line goes on before a here-document');
    this.#at += 2;
  }

  #single(): string {
    const end = this.#text.indexOf("'", this.#at + 1);
    if (end < 0) throw new NotUnderstood('a quote is not closed');
    const text = this.#text.slice(this.#at + 1, end);
    // Some shells take it for an escaped quote.
    if (text.endsWith('\\')) throw new NotUnderstood('shells differ on a backslash before a quote');
    this.#at = end + 1;
    this.#checkLines(text);
    return text;
  }

  #double(): string {
    let text = '';
    this.#at++;
    for (;;) {
      const char = this.#char();
      if (char === '') throw new NotUnderstood('a quote is not closed');
      if (char === '"') break;
      if (char === '$' || char === '`') throw new NotUnderstood('it has variables or substitutions');
      const next = this.#char(1);
      if (char === '\\' && next !== '' && '$`"\\\n'.includes(next)) {
        if (next !== '\n') text += next;
        this.#at += 2;
      } else {
        text += char;
        this.#at++;
      }
    }
    this.#at++;
    this.#checkLines(text);
    return text;
  }

  /** Shells differ on where a here-document begins when a quoted text has several lines. */
  #checkLines(text: string): void {
    if (this.#documents.length > 0 && text.includes('\n')) throw new NotUnderstood('quotes hold a here-document up');
  }

  /** Blanks, lines that go on, and a comment. */
  #blanks(): void {
    for (;;) {
      const char = this.#char();
      if (char === ' ' || char === '\t') this.#at++;
      else if (char === '\\' && this.#char(1) === '\n') this.#skipLine();
      else if (char === '#') this.#comment();
      else return;
    }
  }

  #comment(): void {
    const end = this.#text.indexOf('\n', this.#at);
    const comment = this.#text.slice(this.#at, end < 0 ? undefined : end);
    if (!HARMLESS_COMMENT.test(comment)) throw new NotUnderstood('shells differ on a comment');
    this.#at += comment.length;
  }

  #char(ahead = 0): string {
    return this.#text.charAt(this.#at + ahead);
  }
}

function checkProgram({ text, quoted, isHome }: Word): void {
  if (text === '') throw new NotUnderstood('the name of a program is empty');
  if (isHome) throw new NotUnderstood('the program is named by a "~"');
  if (!quoted && RESERVED.has(text)) throw new NotUnderstood(`"${text}" is more than a plain command`);
  if (UNREADABLE.has(text)) throw new NotUnderstood(`what "${text}" does cannot be told`);
}

function checkBuiltin([program = '', ...rest]: readonly string[]): void {
  if (CALCULATING.has(program) && rest.some((word) => RUN_IN_BRACKETS.test(word))) {
    throw new NotUnderstood(`shells differ on what "${program}" runs of its words`);
  }
  const setting = Object.hasOwn(SETTING_OPTIONS, program) ? SETTING_OPTIONS[program] : undefined;
  if (rest.some((word) => setting?.test(word) === true)) {
    throw new NotUnderstood(`"${program}" sets a variable`);
  }
}

/** A character outside of quotes that is more than itself. */
function checkPlain(char: string, next: string, isFirst: boolean): void {
  if (char === '$' || char === '`') throw new NotUnderstood('it has variables or substitutions');
  if ('*?['.includes(char) && !(char === '[' && isFirst && (next === ' ' || next === ''))) {
    throw new NotUnderstood('it has patterns of file names');
  }
  if (char === '{' || char === '}') throw new NotUnderstood('it has braces');
  if (char === '^' && isFirst) throw new NotUnderstood('shells differ on a "^"');
  if (char === '!') throw new NotUnderstood('shells differ on a "!"');
  if (char === '=' && isFirst) throw new NotUnderstood('shells differ on a word that begins with "="');
  if (char === '#' && isFirst) throw new NotUnderstood('shells differ on a comment');
}
