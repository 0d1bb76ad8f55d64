import { truncate } from './text.js';

/**
 * How exact texts are shown: commands and paths as an agent's tool has them. Whatever of one could not be told from
 * another text by looking at it is spelled out (`./mark<U+200B> yes`), so that two different texts never look the same.
 */

/** Drawn for a line break, a tab and a blank where those themselves would be lost. */
const BREAK = '⏎';
const TAB = '⇥';
const BLANK = '␣';

/** Nothing is to be seen of it, or it directs the text around it; also what is drawn for others. */
const HIDDEN =
  /[\p{Cc}\p{Cf}\p{Zs}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Cn}\p{Default_Ignorable_Code_Point}\u2800\u{1d159}\u{13441}\u{13442}⏎⇥␣]/gu;
/** Marks that are drawn over a letter which they do not belong to. */
const STRAY_MARKS = /(?<=^|[\x00-\x7f])\p{M}+/gu;
/** Letters of other scripts and signs that look like ASCII. */
const LIKE_ASCII =
  'аВвеЕЗкКмМНнОоРрСсТтуУхХѕЅіІјЈԁԛԜԝһӏӀԌ' +
  'αΑΒΕΖΗΙΚΜΝνοΟρΡΤΥΧγιϲϳ' +
  'օոսցհլԼՏ' +
  'ꓮꓐꓚꓓꓰꓝꓖꓧꓲꓙꓗꓡꓟꓠꓳꓑꓣꓢꓔꓴꓦꓪꓫꓬꓜ' +
  'ɑɡɩıƖǀ';
const LOOKALIKES = new Set(LIKE_ASCII);
const WORD = /[\p{L}\p{N}]+/gu;
/** Signs that look like ASCII ones which mean something in a command or a path, and the alphabets of mathematics. */
const LIKE_SIGNS =
  /[\u{1d400}-\u{1d7ff}\u2010-\u2012\u2212\u2043\u2044\u2215\u29f8\u2571\u2216\u29f5\u2572\u2223\u01c0\u05c0\u2024\ua789]/gu;
/** What is spelled out already, as a text that says so itself. */
const LOOKS_SPELLED = /<(?=U\+[0-9A-F]{4,6}>)/gu;
const PLAIN = /^[\n\t\x20-\x7e]*$/u;

/** A text with everything in it spelled out that cannot be seen for what it is; line breaks, tabs and blanks stay. */
export function spelled(text: string): string {
  if (PLAIN.test(text)) return text.replace(LOOKS_SPELLED, code);
  const shown = text
    .replace(LOOKS_SPELLED, code)
    .replace(HIDDEN, (letter) => (letter === ' ' || letter === '\n' || letter === '\t' ? letter : code(letter)))
    .replace(STRAY_MARKS, codes)
    .replace(LIKE_SIGNS, code)
    .replace(WORD, (word) =>
      isDisguised(word) ? [...word].map((letter) => (isAscii(letter) ? letter : code(letter))).join('') : word,
    );
  return shown.normalize('NFC') === shown ? shown : spelledParts(shown);
}

/** Whether a text is what it looks like. */
export function isPlain(text: string): boolean {
  return spelled(text) === text;
}

/** The lines of a text as they can be shown whole. */
export function spelledLines(text: string): string[] {
  return spelled(text)
    .split('\n')
    .map((line) => line.replace(/\t/gu, TAB).replace(/(?<! ) +$/u, (blanks) => BLANK.repeat(blanks.length)));
}

/** A text as one line; `…` at its end says that it is not all. */
export function spelledLine(text: string, length = Infinity): string {
  const line = spelled(length === Infinity ? text : truncate(text, length + 1))
    .replace(/\n/gu, BREAK)
    .replace(/\t/gu, TAB)
    .replace(/^ +|(?<! ) +$|(?<= ) +/gu, (blanks) => BLANK.repeat(blanks.length));
  return length === Infinity ? line : truncate(line, length);
}

function code(letter: string): string {
  return `<U+${(letter.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}>`;
}

function codes(text: string): string {
  return [...text].map(code).join('');
}

function isAscii(letter: string): boolean {
  return letter <= '\x7f';
}

/** Letters of another script stand for those of a word in ASCII. */
function isDisguised(word: string): boolean {
  const letters = [...word];
  const others = letters.filter((letter) => !isAscii(letter));
  if (!others.some((letter) => LOOKALIKES.has(letter))) return false;
  return others.every((letter) => LOOKALIKES.has(letter)) || letters.some((letter) => /[A-Za-z]/u.test(letter));
}

/** Whatever looks like a text of other code points. */
function spelledParts(text: string): string {
  const parts = [...new Intl.Segmenter('en').segment(text)].map(({ segment }) =>
    segment.normalize('NFC') === segment ? segment : spelledAll(segment),
  );
  const shown = parts.join('');
  return shown.normalize('NFC') === shown ? shown : spelledAll(shown);
}

function spelledAll(text: string): string {
  return [...text].map((letter) => (isAscii(letter) ? letter : code(letter))).join('');
}
