import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LogRenderer } from '../../src/client/render/logRenderer.js';

const bytes = (text: string): Buffer => Buffer.from(text);

/** Breaks a text between words, as programs do that know the width. */
function wrap(text: string, columns: number): string[] {
  const rows: string[] = [];
  for (const word of text.split(' ')) {
    const row = rows.at(-1);
    if (row !== undefined && row.length + 1 + word.length <= columns) rows[rows.length - 1] = `${row} ${word}`;
    else rows.push(rows.length === 0 ? word : `  ${word}`);
  }
  return rows;
}

/** A sentence of three rows at 120 columns. */
const sentence = (n: number): string =>
  `● Answer ${n}: ` + Array.from({ length: 40 }, (_, word) => `w${n}x${word}`).join(' ');

const conversation = (count: number): string[] => Array.from({ length: count }, (_, n) => sentence(n));

/** The rows of a conversation at a width, with what such programs show below it. */
function rowsOf(said: readonly string[], columns: number): string[] {
  const live = ['─'.repeat(columns), '❯ ', '─'.repeat(columns), '  ? for shortcuts'];
  return [...said.flatMap((text) => [...wrap(text, columns - 4), '']), ...live];
}

const SIZES: readonly (readonly [number, number])[] = [
  [80, 24],
  [200, 60],
  [100, 30],
  [60, 40],
  [120, 40],
];

/** Runs a program through sizes: what it paints when it has said one thing more, and when it was resized. */
async function run(
  say: (said: readonly string[], columns: number, rows: number) => string,
  repaint: (said: readonly string[], columns: number, rows: number) => string,
  { settle = true, begin = '' } = {},
): Promise<{ lines: string[]; said: string[] }> {
  const said = conversation(SIZES.length * 4);
  const renderer = new LogRenderer();
  const lines = await renderer.write(bytes(begin));
  let [columns, rows]: readonly [number, number] = [120, 40];
  for (const [index] of said.entries()) {
    lines.push(...(await renderer.write(bytes(say(said.slice(0, index + 1), columns, rows)))));
    if (settle) lines.push(...(await renderer.settle()));
    const next = index % 4 === 3 ? SIZES[(index - 3) / 4] : undefined;
    if (!next) continue;
    [columns, rows] = next;
    lines.push(...(await renderer.resize(columns, rows)));
    lines.push(...(await renderer.write(bytes(repaint(said.slice(0, index + 1), columns, rows)))));
    if (settle) lines.push(...(await renderer.settle()));
  }
  lines.push(...(await renderer.end()));
  return { lines: lines.filter((line) => line !== ''), said };
}

/** Paints the end of the conversation on the whole screen. */
const fullScreen = (said: readonly string[], columns: number, rows: number): string => {
  const shown = rowsOf(said, columns).slice(-rows);
  const painted = Array.from({ length: rows }, (_, y) => `\x1b[${y + 1};1H${shown[y] ?? ''}\x1b[K`);
  return `\x1b[?2026h${painted.join('')}\x1b[?2026l`;
};

/** Prints below what was said and paints only its input area anew. */
const inline = (said: readonly string[], columns: number): string => {
  const text = wrap(said.at(-1) ?? '', columns - 4).join('\r\n');
  const live = rowsOf([], columns).join('\r\n');
  return said.length === 1 ? `${text}\r\n\r\n${live}` : `\r\x1b[3A\x1b[J${text}\r\n\r\n${live}`;
};

/** Erases everything and prints the whole conversation again. */
const reprint = (said: readonly string[], columns: number): string =>
  `\x1b[2J\x1b[3J\x1b[H${rowsOf(said, columns).join('\r\n')}`;

for (const settle of [true, false]) {
  const when = settle ? 'watched' : 'read at its end';

  test(`a program on the alternate screen that is resized says everything once, ${when}`, async () => {
    const { lines, said } = await run(fullScreen, fullScreen, { settle, begin: '\x1b[?1049h\x1b[2J' });
    assert.deepEqual(lines, said);
  });

  test(`a program that prints everything again when it is resized says everything once, ${when}`, async () => {
    const { lines, said } = await run(inline, reprint, { settle, begin: '\x1b[?2026h\x1b[?2026l' });
    assert.deepEqual(lines, said);
  });
}

test('lines that the terminal itself breaks survive any size, with nothing painted anew', async () => {
  const renderer = new LogRenderer();
  const said = Array.from({ length: 60 }, (_, n) => `line ${n}:`.padEnd(40 * (n % 6) + 8, '0123456789'));
  const lines = await renderer.write(bytes('\x1b[H\x1b[2J'));
  for (const [index, text] of said.entries()) {
    lines.push(...(await renderer.write(bytes(`${text}\r\n`))));
    const size = index % 5 === 4 ? SIZES[((index - 4) / 5) % SIZES.length] : undefined;
    if (size) lines.push(...(await renderer.resize(...size)));
  }
  lines.push(...(await renderer.end()));
  assert.deepEqual(
    lines.filter((line) => line !== ''),
    said,
  );
});

test('what was not given yet when the size changed is given after it', async () => {
  const renderer = new LogRenderer();
  await renderer.write(bytes('\x1b[?2026h\x1b[H\x1b[2J'));
  await renderer.write(bytes('● One thing.\r\n\r\n● Another thing.\x1b[?2026l'));
  await renderer.resize(50, 10);
  await renderer.write(bytes('\r\n\r\n● A third thing.'));
  assert.deepEqual(
    (await renderer.end()).filter((line) => line !== ''),
    ['● One thing.', '● Another thing.', '● A third thing.'],
  );
});

test('a size that is told while lines are printed counts for the screen that comes later', async () => {
  const renderer = new LogRenderer();
  const lines = await renderer.write(bytes('printed\r\n'));
  lines.push(...(await renderer.resize(60, 20)));
  lines.push(...(await renderer.write(bytes(`\x1b[2J\x1b[H${'x'.repeat(60)}\r\n\x1b[3;1Hbelow`))));
  lines.push(...(await renderer.end()));
  assert.deepEqual(
    lines.filter((line) => line !== ''),
    ['printed', 'x'.repeat(60), 'below'],
  );
});

test('a long conversation that is printed again for another size, in pieces, repeats nothing', async () => {
  const said = conversation(120);
  const renderer = new LogRenderer();
  const lines: string[] = [];
  for (const [index, text] of said.entries()) {
    const rows = rowsOf([text], 120);
    const live = rows.slice(-4);
    // The live part goes, and stands below what is new.
    const erase = index === 0 ? '' : `\x1b[${live.length - 1}A\r\x1b[J`;
    lines.push(...(await renderer.write(bytes(`${erase}${rows.join('\r\n')}`))));
    if (index % 10 === 9) lines.push(...(await renderer.settle()));
  }
  for (const columns of [60, 120]) {
    lines.push(...(await renderer.resize(columns, 24)));
    const whole = `\x1b[2J\x1b[3J\x1b[H${rowsOf(said, columns).join('\r\n')}`;
    const part = Math.ceil(whole.length / 7);
    for (let at = 0; at < whole.length; at += part) {
      lines.push(...(await renderer.write(bytes(whole.slice(at, at + part)))));
      for (let moment = 0; moment < 3; moment++) lines.push(...(await renderer.stand()));
    }
    lines.push(...(await renderer.settle()));
  }
  lines.push(...(await renderer.end()));
  assert.deepEqual(
    lines.filter((line) => line.includes('Answer ')).map((line) => /Answer \d+/u.exec(line)?.[0]),
    said.map((_, index) => `Answer ${index}`),
  );
});
