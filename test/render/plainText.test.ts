import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { WHOLE_LINE } from '../../src/client/render/lineText.js';
import { LogRenderer } from '../../src/client/render/logRenderer.js';
import { chunksOf, ESCAPES } from './streams.js';

/** A renderer whose terminal must not be needed. */
function plainRenderer(): LogRenderer {
  return new LogRenderer({
    openTerminal: () => Promise.reject(new Error('plain output must not open a terminal')),
  });
}

async function render(text: string): Promise<string[]> {
  const renderer = plainRenderer();
  return [...(await renderer.write(Buffer.from(text))), ...(await renderer.end())];
}

test('lines pass through as soon as they are complete', async () => {
  const renderer = plainRenderer();
  assert.deepEqual(await renderer.write(Buffer.from('one\ntw')), ['one']);
  assert.deepEqual(await renderer.write(Buffer.from('o\r\n\n  three\nrest')), ['two', '', '  three']);
  assert.deepEqual(await renderer.end(), ['rest']);
  assert.deepEqual(await renderer.end(), []);
});

for (const [kind, sequence] of ESCAPES) {
  test(`${kind} leaves only the text of a plain line`, async () => {
    assert.deepEqual(await render(`before ${sequence}after\n`), ['before after']);
  });
}

const edits: readonly (readonly [name: string, output: string, line: string])[] = [
  ['a carriage return overwrites', 'Loading 10%\rLoading 90%\rLoading 100%', 'Loading 100%'],
  ['what a shorter text leaves of a longer one stays, as on a terminal', 'abcdef\rxy', 'xycdef'],
  ['erasing to the end removes it', 'abcdef\rxy\x1b[K', 'xy'],
  ['erasing to the start leaves blanks', 'abcdef\x1b[3D\x1b[1Kz', '   zef'],
  ['erasing the line and returning begins anew', 'abc\x1b[2K\rx', 'x'],
  ['erasing below acts inside the line', 'abcdef\r\x1b[Jxy', 'xy'],
  ['a spinner that rewrites one character leaves the line', '- building\r\\\r|\r/', '/ building'],
  ['backspace goes back', 'abc\b\bX', 'aXc'],
  ['backspace stops at the start', 'a\b\b\bX', 'X'],
  ['a tab goes to the next stop', 'a\tb\t\tc', 'a       b               c'],
  ['a tab over text keeps it', 'abcdefghij\r\tX', 'abcdefghXj'],
  ['the cursor moves inside the line', 'abc\x1b[10Gx\x1b[2Dy\x1b[3Cz', 'abc     yx  z'],
  ['characters are deleted', 'abcdef\r\x1b[2P', 'cdef'],
  ['characters are inserted', 'abc\r\x1b[2@xy', 'xyabc'],
  ['characters are blanked', 'abcdef\r\x1b[2Xz', 'z cdef'],
  ['blanks at the end go', 'abc   ', 'abc'],
];
for (const [name, output, line] of edits) {
  test(`in a plain line ${name}`, async () => {
    assert.deepEqual(await render(`${output}\n`), [line]);
  });
}

test('form feed, vertical tab, index and next line end a line', async () => {
  assert.deepEqual(await render('a\x0cb\x0bc\x1bDd\x1bEe\u0085f\n'), ['a', 'b', 'c', 'd', 'e', 'f']);
});

test('invalid UTF-8 is shown as such and loses nothing else', async () => {
  const renderer = plainRenderer();
  assert.deepEqual(await renderer.write(Uint8Array.of(0x61, 0xff, 0x62, 0x0a)), ['a\ufffdb']);
});

test('a line longer than 4 KiB is cut with an ellipsis, and the next is whole', async () => {
  const lines = await render(`${'x'.repeat(5000)}\n${'y'.repeat(4096)}\n${'z'.repeat(1_000_000)}\rshort\nend\n`);
  assert.deepEqual(
    lines.map((line) => [line.length, line.slice(-2)]),
    [
      [4096, 'x…'],
      [4096, 'yy'],
      [4096, 'z…'],
      [3, 'nd'],
    ],
  );
});

test('a line of any length is whole for a program, in pieces of any size, and few letters never make a long one', async () => {
  const long = `{"text":"${'x'.repeat(1_000_000)}"}`;
  const renderer = new LogRenderer({ maxLine: WHOLE_LINE });
  const bytes = Buffer.from(`${long}\r\n{}\n`);
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += 70_001) {
    lines.push(...(await renderer.write(bytes.subarray(at, at + 70_001))), ...(await renderer.settle()));
  }
  assert.ok(lines[0] === long);
  assert.deepEqual(lines.slice(1), ['{}']);
  const far = await renderer.write(Buffer.from('\x1b[60000000Cx\n\x1b[60000000Gx\nab\x1b[D\x1b[60000000@\n'));
  assert.ok(far.every((line) => line.length < 10_000));
});

test('a cut never splits a character', async () => {
  const [line = ''] = await render(`${'x'.repeat(4094)}${'😀'.repeat(10)}\n`);
  assert.equal(line, `${'x'.repeat(4094)}…`);
});

test('a question without a line end is given when the stream is quiet, and only what comes after it later', async () => {
  const renderer = plainRenderer();
  assert.deepEqual(await renderer.write(Buffer.from('building\nContinue? [y/N] ')), ['building']);
  assert.deepEqual(await renderer.settle(), ['Continue? [y/N]']);
  assert.deepEqual(await renderer.settle(), []);
  assert.deepEqual(await renderer.write(Buffer.from('y\r\ndone\r\n')), ['y', 'done']);
  assert.deepEqual(await renderer.end(), []);
});

test('a question that was given is not given again when nothing follows', async () => {
  const renderer = plainRenderer();
  await renderer.write(Buffer.from('Name? '));
  assert.deepEqual(await renderer.settle(), ['Name?']);
  assert.deepEqual(await renderer.end(), []);
});

test('calls that overlap keep their order', async () => {
  const renderer = plainRenderer();
  const results = await Promise.all([
    renderer.write(Buffer.from('a\n')),
    renderer.settle(),
    renderer.write(Buffer.from('b\n')),
    renderer.end(),
  ]);
  assert.deepEqual(results.flat(), ['a', 'b']);
});

test('plain output does not depend on how the stream was cut', async () => {
  const part = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 12 }).map((text) => text.replace(/[\x1b\x80-\x9f]/g, '')),
    fc.constantFrom(
      '\n',
      '\r\n',
      '\r',
      '\b',
      '\t',
      '\x1b[K',
      '\x1b[2K',
      '\x1b[5G',
      '\x1b[C',
      '\x1b[2D',
      '\x1b[P',
      '\x1b[2@',
      '\x1b[X',
    ),
    fc.constantFrom(...ESCAPES.map(([, sequence]) => sequence)),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(part, { maxLength: 40 }),
      fc.array(fc.integer({ min: 1, max: 7 })),
      async (parts, sizes) => {
        const text = parts.join('');
        const renderer = plainRenderer();
        const lines: string[] = [];
        for (const chunk of chunksOf(Buffer.from(text), sizes)) lines.push(...(await renderer.write(chunk)));
        lines.push(...(await renderer.end()));
        assert.deepEqual(lines, await render(text));
        for (const line of lines) assert.doesNotMatch(line, /[\x00-\x1f\x7f-\x9f]/);
      },
    ),
    { numRuns: 300 },
  );
});
