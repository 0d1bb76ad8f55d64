/** How programs lay out text in a terminal: cut into rows, padded, framed, and with what they lose of it on the way. */

const SEGMENTS = new Intl.Segmenter('en');
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u;
const NOTHING = /^[\p{Mn}\p{Me}\p{Cf}\p{Cc}]*$/u;

/** How many columns a text takes. */
export function cells(text: string): number {
  let count = 0;
  for (const { segment } of SEGMENTS.segment(text)) count += NOTHING.test(segment) ? 0 : WIDE.test(segment) ? 2 : 1;
  return count;
}

/** A text with blanks up to a width. */
export function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - cells(text)));
}

/** The lines of a text, cut between its words where one is longer than `width`, or anywhere when a word is. */
export function wrapped(text: string, width: number): string[] {
  return text.split('\n').flatMap((line) => {
    const rows: string[] = [];
    let row = '';
    for (const word of line.split(/(?<= )/u)) {
      if (row !== '' && cells(row) + cells(word.trimEnd()) > width) {
        rows.push(row.trimEnd());
        row = '';
      }
      row += word;
      while (cells(row.trimEnd()) > width) {
        const { part, rest } = split(row, width);
        rows.push(part);
        row = rest;
      }
    }
    return [...rows, row.trimEnd()];
  });
}

function split(text: string, width: number): { part: string; rest: string } {
  let part = '';
  for (const { segment } of SEGMENTS.segment(text)) {
    if (part !== '' && cells(part + segment) > width) break;
    part += segment;
  }
  return { part, rest: text.slice(part.length) };
}

/** Rows in a frame with round corners. */
export function framed(rows: readonly string[], columns: number): string[] {
  const line = '─'.repeat(columns - 2);
  return [`╭${line}╮`, ...rows.map((row) => `│ ${pad(row, columns - 4)} │`), `╰${line}╯`];
}

/** Puts blanks before what stands in a row. */
export function indented(blanks: number): (row: string) => string {
  return (row) => (row === '' ? '' : ' '.repeat(blanks) + row);
}

/** What becomes of a text on its way to a screen. */
export interface Ink {
  /** Of what cannot be seen or is a control: drawn as it is, left out, or another sign in its place. */
  readonly unseen: 'kept' | 'dropped' | 'replaced';
  readonly tab: 'kept' | 'dropped' | 'blank' | 'blanks';
  /** Of signs that take two columns: as they are, with a blank behind, or another sign in their place. */
  readonly wide: 'kept' | 'apart' | 'replaced';
}

/** A text as a program draws it that loses something of it. */
export function inked(text: string, { unseen, tab, wide }: Ink): string {
  return [...text]
    .map((sign) => {
      if (sign === '\n') return sign;
      if (sign === '\t') return { kept: sign, dropped: '', blank: ' ', blanks: '    ' }[tab];
      if (UNSEEN.test(sign)) return { kept: sign, dropped: '', replaced: '\ufffd' }[unseen];
      return WIDE.test(sign) ? { kept: sign, apart: `${sign} `, replaced: '?' }[wide] : sign;
    })
    .join('');
}

const UNSEEN = /[\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\u2028\u2029]/u;
