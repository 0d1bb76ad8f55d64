import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TerminalParser, type TerminalSink } from '../../src/common/terminalParser.js';
import { neutralise, stripTerminal, TerminalStripper } from '../../src/common/terminalText.js';
import { ALL_HOSTILE, HOSTILE_LONG, NEVER_SHOWN } from '../helpers/hostileText.js';
import { chunksOf, SEQUENCES, terminalStream } from './streams.js';

const CONTROL = /[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/;

for (const [kind, sequence] of SEQUENCES) {
  test(`${kind} leaves only the text around it`, () => {
    assert.equal(stripTerminal(`before ${sequence}after`), 'before after');
    const stripper = new TerminalStripper();
    const pieces = [...`before ${sequence}after`].map((character) => stripper.push(character));
    assert.equal(pieces.join(''), 'before after');
  });
}

test('a label is one line without tabs, however the text was broken', () => {
  assert.equal(stripTerminal('  one\r\n\n\ttwo\rthree\x0bfour\u2028five\x85six  '), 'one two three four five six');
});

test('marks that reorder text are spelled out', () => {
  const spelled = 'rm <U+202E>txt.exe<U+202C> <U+2066>x<U+2069><U+200F>';
  assert.equal(stripTerminal('rm \u202etxt.exe\u202c \u2066x\u2069\u200f'), spelled);
});

test('what hides or joins is spelled out, but for the parts of an emoji', () => {
  assert.equal(stripTerminal('./mark\u200b y\u00ades\u{e0041}\ufeff'), './mark<U+200B> y<U+00AD>es<U+E0041><U+FEFF>');
  assert.equal(stripTerminal('a\u200db \ud83d c\ufe0f 1\ufe0f'), 'a<U+200D>b <U+D83D> c<U+FE0F> 1<U+FE0F>');
  assert.equal(stripTerminal('👩🏽‍💻 ⚠️ 1️⃣ ✳︎ 🏳️‍🌈'), '👩🏽‍💻 ⚠️ 1️⃣ ✳︎ 🏳️‍🌈');
  assert.equal(stripTerminal(`a${'\u0336'.repeat(9)}b`), `a${'\u0336'.repeat(8)}<U+0336>b`);
});

test('hostile text is neutral on one line and on several, in no time, and twice is as good as once', () => {
  for (const text of ALL_HOSTILE) {
    const line = stripTerminal(text);
    assert.doesNotMatch(line, NEVER_SHOWN);
    assert.doesNotMatch(line, /[\n\t]/);
    assert.ok(line.length <= 20_000);
    assert.equal(stripTerminal(line), line);
    const lines = neutralise(text);
    assert.doesNotMatch(lines, NEVER_SHOWN);
    assert.equal(neutralise(lines), lines);
  }
});

test('what is cut says so, also when nothing is to be seen of what was left', () => {
  for (const text of HOSTILE_LONG) assert.match(stripTerminal(text), /…$|^a b$/);
});

test('any text is neutralised once and for all', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
      const line = stripTerminal(text);
      assert.doesNotMatch(line, NEVER_SHOWN);
      assert.equal(stripTerminal(line), line);
      assert.equal(neutralise(line), line);
    }),
    { numRuns: 500 },
  );
});

test('letters of all languages and emoji stay in a label', () => {
  assert.equal(stripTerminal('日本語 naïve Ж 👩‍💻 ﷺ'), '日本語 naïve Ж 👩‍💻 ﷺ');
});

test('text behind a sequence that was broken off is kept', () => {
  assert.equal(stripTerminal('a\x1b[3\x18b'), 'ab');
  assert.equal(stripTerminal('a\x1b]0;title\x1b[1mb'), 'ab');
  assert.equal(stripTerminal('a\x1b[12é'), 'aé');
  assert.equal(stripTerminal('a\x1b'), 'a');
  assert.equal(stripTerminal('a\x1b]0;never ended'), 'a');
});

test('a control character inside a sequence acts, and the sequence goes on', () => {
  assert.equal(new TerminalStripper().push('a\x1b[3\n1mb'), 'a\nb');
});

test('a string that never ends hides no more than a bounded part of the stream', () => {
  const stripper = new TerminalStripper();
  stripper.push('\x1b]0;');
  for (let megabytes = 0; megabytes < 4; megabytes++) assert.equal(stripper.push('x'.repeat(1024 * 1024)), '');
  for (let megabytes = 0; megabytes < 8; megabytes++) stripper.push('x'.repeat(1024 * 1024));
  assert.equal(stripper.push('visible'), 'visible');
});

test('a sequence of any length is swallowed whole', () => {
  assert.equal(stripTerminal(`a\x1b[${'1;'.repeat(100_000)}mb`), 'ab');
});

test('a label never contains control characters', () => {
  fc.assert(
    fc.property(terminalStream, (text) => {
      const label = stripTerminal(text);
      assert.doesNotMatch(label, CONTROL);
      assert.equal(stripTerminal(label), label);
    }),
    { numRuns: 500 },
  );
});

test('stripped text has line feeds and tabs at most, and does not depend on how the stream was cut', () => {
  fc.assert(
    fc.property(terminalStream, fc.array(fc.integer({ min: 1, max: 9 })), (text, sizes) => {
      const whole = new TerminalStripper().push(text);
      assert.doesNotMatch(whole.replace(/[\n\t]/g, ''), CONTROL);
      const stripper = new TerminalStripper();
      assert.equal(
        chunksOf(text, sizes)
          .map((chunk) => stripper.push(chunk))
          .join(''),
        whole,
      );
    }),
    { numRuns: 500 },
  );
});

test('the parser gives the same elements however the stream was cut', () => {
  const elements = (chunks: readonly string[]): string[] => {
    const found: string[] = [];
    const sink: TerminalSink = {
      text: (source, start, end) => void found.push(...source.slice(start, end).split('')),
      control: (code) => void found.push(`control ${code}`),
      sequence: (kind, body) => void found.push(`${kind} ${body}`),
    };
    const parser = new TerminalParser();
    for (const chunk of chunks) assert.equal(parser.push(chunk, sink), chunk.length);
    return found;
  };
  fc.assert(
    fc.property(terminalStream, fc.array(fc.integer({ min: 1, max: 9 })), (text, sizes) => {
      assert.deepEqual(elements(chunksOf(text, sizes)), elements([text]));
    }),
    { numRuns: 500 },
  );
});

test('a sink that stops the parser gets the offset behind what it stopped at', () => {
  const sink: TerminalSink = {
    text: () => undefined,
    control: () => undefined,
    sequence: (_kind, body) => body === '2J',
  };
  const text = 'a\x1b[1mb\x1b[2Jrest';
  const rest = text.slice(new TerminalParser().push(text, sink));
  assert.equal(rest, 'rest');
});
