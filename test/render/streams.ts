import fc from 'fast-check';

/** Every kind of escape sequence, one or more of each, in 7- and 8-bit form. None of them moves the cursor. */
export const SEQUENCES: readonly (readonly [kind: string, sequence: string])[] = [
  ['a colour', '\x1b[31m'],
  ['a 256-colour foreground with a background', '\x1b[38;5;208;48;5;16m'],
  ['a true colour with colons', '\x1b[38:2::255:100:0m'],
  ['an 8-bit CSI', '\x9b1;31m'],
  ['a private mode', '\x1b[?25l\x1b[?2004h'],
  ['a keyboard mode', '\x1b[>5u\x1b[<u\x1b[>4;2m'],
  ['a mode with intermediates', '\x1b[?2026$p'],
  ['a cursor shape', '\x1b[2 q'],
  ['a status query', '\x1b[6n\x1b[c\x1b[>0q'],
  ['a window operation', '\x1b[22;0t'],
  ['an empty SGR', '\x1b[m'],
  ['a title ended by BEL', '\x1b]0;some title\x07'],
  ['a title ended by ST', '\x1b]2;some title\x1b\\'],
  ['a title in 8-bit form', '\x9d0;some title\x9c'],
  ['a hyperlink', '\x1b]8;;https://example.com\x1b\\'],
  ['a state report', '\x1b]7501;state=working:app=demo\x1b\\'],
  ['a notification', '\x1b]9;done\x07'],
  ['a clipboard write', '\x1b]52;c;aGVsbG8=\x07'],
  ['a device control string', '\x1bP+q544e\x1b\\'],
  ['a device control string in 8-bit form', '\x90q#0;2;0;0;0\x9c'],
  ['a tmux passthrough', '\x1bPtmux;\x1b\x1b]9;hi\x07\x1b\\'],
  ['an application program command', '\x1b_Ga=T,f=100;AAAA\x1b\\'],
  ['an application program command in 8-bit form', '\x9fGa=d\x9c'],
  ['a privacy message', '\x1b^secret\x1b\\'],
  ['a privacy message in 8-bit form', '\x9esecret\x9c'],
  ['a start of string', '\x1bXstring\x1b\\'],
  ['a start of string in 8-bit form', '\x98string\x9c'],
  ['a character set', '\x1b(B\x1b)0\x0f'],
  ['a keypad mode', '\x1b=\x1b>'],
  ['a saved cursor', '\x1b7'],
  ['a tab stop', '\x1bH'],
  ['a line size', '\x1b#5'],
  ['an announcer', '\x1b F'],
  ['a bell', '\x07'],
  ['NUL, DEL, SO and SI', '\x00\x7f\x0e\x0f'],
  ['C1 controls', '\x80\x81\x86\x9c'],
  ['a string terminator alone', '\x1b\\'],
];

/** As {@link SEQUENCES}, with what a log leaves out as well and a label spells out. */
export const ESCAPES: readonly (readonly [kind: string, sequence: string])[] = [
  ...SEQUENCES,
  ['marks of direction', '\u202e\u2066\u2069\u200f\u061c'],
  ['a byte order mark in the middle', '\ufeff'],
];

/** Terminal streams: words, line ends, sequences whole and broken, arbitrary characters. */
export const terminalStream: fc.Arbitrary<string> = fc
  .array(
    fc.oneof(
      fc.string({ maxLength: 12 }),
      fc.string({ unit: 'grapheme', maxLength: 6 }),
      fc.constantFrom(...ESCAPES.map(([, sequence]) => sequence)),
      fc.constantFrom(...ESCAPES.map(([, sequence]) => sequence.slice(0, -1))),
      fc.constantFrom('\n', '\r\n', '\r', '\t', '\b', '\x1b', '\x1b[', '\x1b]', '\x9b', '\x18', '\x1a', '\u0085'),
      fc
        .tuple(
          fc.constantFrom('', '?', '>', '<', '='),
          fc.array(fc.nat(300), { maxLength: 3 }),
          fc.integer({ min: 0x40, max: 0x7e }),
        )
        .map(([prefix, values, final]) => `\x1b[${prefix}${values.join(';')}${String.fromCharCode(final)}`),
    ),
    { maxLength: 30 },
  )
  .map((parts) => parts.join(''));

/** `whole` cut into pieces of the given sizes, again and again. */
export function chunksOf(whole: string, sizes: readonly number[]): string[];
export function chunksOf(whole: Uint8Array, sizes: readonly number[]): Uint8Array[];
export function chunksOf(whole: string | Uint8Array, sizes: readonly number[]): (string | Uint8Array)[] {
  const chunks: (string | Uint8Array)[] = [];
  for (let at = 0, n = 0; at < whole.length; n++) {
    const size = sizes[n % Math.max(1, sizes.length)] ?? whole.length;
    chunks.push(typeof whole === 'string' ? whole.slice(at, at + size) : whole.subarray(at, at + size));
    at += size;
  }
  return chunks;
}
