import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { isPlain, spelled, spelledLine, spelledLines } from '../../src/common/spelled.js';

test('what cannot be seen for what it is is spelled out', () => {
  for (const [text, shown] of [
    ['./mark yes', './mark yes'],
    ['./mark\u200b yes', './mark<U+200B> yes'],
    ['docs\u200e/a', 'docs<U+200E>/a'],
    ['a\u00a0b', 'a<U+00A0>b'],
    ['a\u2028b', 'a<U+2028>b'],
    ['a\r\x1b[2Kb', 'a<U+000D><U+001B>[2Kb'],
    ['say <U+200B>', 'say <U+003C>U+200B>'],
    ['café 漢字 Привет мир', 'café 漢字 Привет мир'],
    ['cafe\u0301', 'cafe<U+0301>'],
    ['\u212bngström', '<U+212B>ngström'],
    ['./m\u0430rk', './m<U+0430>rk'],
    ['\u0441\u0440 a b', '<U+0441><U+0440> a b'],
    ['a\u2044b', 'a<U+2044>b'],
    ['\ud800', '<U+D800>'],
    ['\u{e0041}', '<U+E0041>'],
    ['a\u3164b', 'a<U+3164>b'],
    ['./mark\u{1d159} yes\u{13441}', './mark<U+1D159> yes<U+13441>'],
    ['\u{1d69b}m \u{1d7f6}', '<U+1D69B>m <U+1D7F6>'],
    ['done ✅ 🦊', 'done ✅ 🦊'],
  ] as const) {
    assert.equal(spelled(text), shown, JSON.stringify(text));
    assert.equal(isPlain(text), shown === text);
  }
});

test('lines keep their indentation, and say where a blank or a tab would be lost', () => {
  assert.deepEqual(spelledLines('if x:\n\ty  \n\n  z'), ['if x:', '⇥y␣␣', '', '  z']);
  assert.equal(spelledLine('a  b\nc\t d '), 'a ␣b⏎c⇥ d␣');
  assert.equal(spelledLine('⏎'), '<U+23CE>');
  assert.equal(spelledLine('a'.repeat(300), 200), `${'a'.repeat(199)}…`);
});

/** Whatever people could take for one another, much of it. */
const TEXTS = fc.string({
  unit: fc.oneof(
    fc.constantFrom(...'ab <U+200B>\n\t⏎⇥␣é\u0301e\u200b\u200e\u00a0\u0430\u2028\r\u3164\ufe0f'),
    fc.integer({ min: 0, max: 0x10ffff }).map((code) => String.fromCodePoint(code)),
  ),
  maxLength: 12,
});

test('two different texts never look the same', () => {
  const seen = new Map<string, string>();
  fc.assert(
    fc.property(TEXTS, (text) => {
      for (const shown of [JSON.stringify(spelledLines(text)), spelledLine(text)]) {
        const known = seen.get(shown.normalize('NFC'));
        assert.ok(known === undefined || known === text, `${JSON.stringify([known, text])} look the same: ${shown}`);
        seen.set(shown.normalize('NFC'), text);
      }
      assert.equal(
        /[^\n\t\x20\P{Z}]|\p{C}|\p{Default_Ignorable_Code_Point}/u.test(spelled(text).replace(/[\n\t]/gu, '')),
        false,
      );
    }),
    { numRuns: 5000 },
  );
});

test('texts that differ in one letter never look the same', () => {
  fc.assert(
    fc.property(TEXTS, TEXTS, TEXTS, (a, b, c) => {
      const [one, other] = [a + b, a + c];
      if (one !== other) assert.notEqual(spelledLine(one).normalize('NFC'), spelledLine(other).normalize('NFC'));
    }),
    { numRuns: 5000 },
  );
});
