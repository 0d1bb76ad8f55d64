import { TerminalParser } from './terminalParser.js';
import { truncate } from './text.js';

/**
 * Removes every escape sequence, control character and invisible character that directs text from a stream, except for
 * line feeds and tabs. Pieces may be cut anywhere; memory is bounded also for sequences that never end.
 */
export class TerminalStripper {
  readonly #parser = new TerminalParser();
  readonly #keepsUnseen: boolean;
  #output = '';

  /** @param keepsUnseen characters that direct text are given on, for whoever spells them out */
  constructor({ keepsUnseen = false } = {}) {
    this.#keepsUnseen = keepsUnseen;
  }

  /** The text of the next piece of the stream. */
  push(text: string): string {
    this.#parser.push(text, this);
    const output = this.#output;
    this.#output = '';
    return output;
  }

  /** @internal */
  text(source: string, start: number, end: number): void {
    this.#output += source.slice(start, end);
  }

  /** @internal */
  control(code: number): undefined {
    if (isLineEnd(code)) this.#output += '\n';
    else if (code === 0x09) this.#output += '\t';
    else if (code > 0x9f && this.#keepsUnseen) this.#output += String.fromCharCode(code);
  }

  /** @internal */
  sequence(kind: 'csi' | 'escape', body: string): undefined {
    if (kind === 'escape' && (body === 'D' || body === 'E')) this.#output += '\n';
  }
}

/** LF, VT, FF, IND, NEL, and Unicode's separators of lines and paragraphs. */
export function isLineEnd(code: number): boolean {
  return (code >= 0x0a && code <= 0x0c) || code === 0x84 || code === 0x85 || code === 0x2028 || code === 0x2029;
}

/** Longer than this nothing is that is meant for one line; what is left out is said by `…` at its end. */
const MAX_LINE = 10_000;
/** So much of a text is looked at for one line: sequences that show nothing can be long, too. */
const MAX_SOURCE = 256 * 1024;
const PLAIN = /^[\x20-\x7e]*$/;
const PLAIN_LINES = /^[\t\n\x20-\x7e]*$/;

/** Joins the parts of an emoji. */
const EMOJI_JOINER = String.raw`(?<=\p{Extended_Pictographic}(?:\ufe0f|[\u{1f3fb}-\u{1f3ff}])?)\u200d(?=\p{Extended_Pictographic})`;
/** Says how an emoji is drawn. */
const EMOJI_STYLE = String.raw`(?<=\p{Extended_Pictographic})[\ufe0e\ufe0f]|(?<=[0-9#*])\ufe0f(?=\u20e3)`;
/** Reverses, joins or hides, or is nothing that can be seen; beyond eight marks on a letter they cover what is around. */
const UNSEEN = String.raw`[\p{Cf}\p{Cs}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}]|(?<=\p{M}{8})\p{M}`;
/** Joins or parts letters where words are spelled with it: Arabic script, and behind the vowel killers of India's scripts. */
const SCRIPT_JOINER =
  String.raw`(?<=[\p{Script=Arabic}\p{Script=Syriac}\p{Script=Nko}\p{Script=Mongolian}]\p{M}{0,4})[\u200c\u200d](?=[\p{Script=Arabic}\p{Script=Syriac}\p{Script=Nko}\p{Script=Mongolian}])` +
  String.raw`|(?<=[\u094d\u09cd\u0a4d\u0acd\u0b4d\u0bcd\u0c4d\u0ccd\u0d4d\u0dca\u1039\u17d2])[\u200c\u200d]`;
/** The flags of England, Scotland and Wales. */
const FLAG_TAGS = String.raw`(?<=\u{1f3f4})\u{e0067}\u{e0062}(?:\u{e0065}\u{e006e}\u{e0067}|\u{e0073}\u{e0063}\u{e0074}|\u{e0077}\u{e006c}\u{e0073})\u{e007f}`;
/** What is not seen by itself and belongs to what is. */
const PARTS = `${EMOJI_JOINER}|${EMOJI_STYLE}|${FLAG_TAGS}|${SCRIPT_JOINER}`;
const SPELLED = new RegExp(`${PARTS}|(${UNSEEN})`, 'gu');
/** What no name holds. */
const UNFIT = new RegExp(String.raw`${PARTS}|([\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+)`, 'gu');

/** A code point as people see it where it could not be seen itself: `<U+200B>`. */
export function codePointText(letter: string): string {
  return `<U+${(letter.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}>`;
}

/**
 * The one rule for text that somebody else wrote, before it is shown anywhere: no escape sequences and no control
 * characters except line feeds and tabs, and what reverses, joins or hides is spelled out (`mark<U+200B>`). What is
 * neutralised already stays as it is.
 */
export function neutralise(text: string): string {
  if (PLAIN_LINES.test(text)) return text;
  return new TerminalStripper({ keepsUnseen: true })
    .push(text.replace(/\r\n?/g, '\n'))
    .replace(SPELLED, (all, unseen: string | undefined) => (unseen === undefined ? all : codePointText(unseen)));
}

/** Whether a text has line breaks, control characters, or characters that direct text and are no part of what is seen. */
export function hasUnseen(text: string): boolean {
  return [...text.matchAll(UNFIT)].some(([, unfit]) => unfit !== undefined);
}

/** The text with blanks in place of what {@link hasUnseen} finds. */
export function withoutUnseen(text: string): string {
  return text.replace(UNFIT, (all, unfit: string | undefined) => (unfit === undefined ? all : ' '));
}

/** As {@link neutralise}, for what is one line: line breaks and tabs become single blanks, and a long text is cut. */
export function stripTerminal(text: string): string {
  // Most labels are plain, and a list has thousands of them.
  if (text.length <= MAX_LINE && PLAIN.test(text)) return text.trim();
  const isCut = text.length > MAX_SOURCE;
  const line = neutralise(isCut ? text.slice(0, MAX_SOURCE - 1).replace(/[\ud800-\udbff]$/, '') : text)
    .split(/[\n\t]+/)
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .join(' ');
  return truncate(isCut ? `${line}…` : line, MAX_LINE);
}
