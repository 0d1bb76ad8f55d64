import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LogRenderer } from '../../src/client/render/logRenderer.js';
import { essay, piecesOf } from '../model/essay.js';
import { Random } from '../truth/random.js';

/** Breaks a line between words, as programs do that know the width. */
function wrap(line: string, width: number): string[] {
  const rows = [''];
  for (const word of line.split(' ')) {
    const row = rows.at(-1) ?? '';
    if (row !== '' && row.length + 1 + word.length > width) rows.push(word);
    else rows[rows.length - 1] = row === '' ? word : `${row} ${word}`;
  }
  return rows;
}

/** The end of a conversation with its input box below, as it is painted for a size. */
function paint(text: string, columns: number, rows: number, isWorking: boolean): string {
  const said = text
    .split('\n')
    .flatMap((line) => (line === '' ? [''] : wrap(line, columns - 6).map((row) => `  ${row}`)));
  const status = isWorking ? ['', '✻ Thinking… (3s · esc to interrupt)'] : [];
  const box = ['─'.repeat(columns), '❯ ', '─'.repeat(columns), '  ? for shortcuts'];
  const shown = [...said, ...status, ...box].slice(-rows);
  const painted = Array.from({ length: rows }, (_, y) => `\x1b[${y + 1};1H${shown[y] ?? ''}\x1b[K`);
  return `\x1b[?2026h${painted.join('')}\x1b[?2026l`;
}

/** Marks of Markdown are drawn until they close. */
const drawn = (text: string): string => text.replace(/(\*\*|`)(\S+?)\1/g, '$2');

const letters = (text: string): string => drawn(text).replace(/[\s*`#]+/g, '');

test('an answer that is streamed in pieces is told once and in order, whatever the sizes and the moments of looking', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(), async (seed) => {
      const random = new Random(`${seed}`);
      const text = essay(`${seed}`, 200).replace(/```/g, '');
      const renderer = new LogRenderer();
      const lines = await renderer.write(Buffer.from('\x1b[?1049h\x1b[2J'));
      let size: readonly [number, number] = [120, 40];
      let said = '';
      for (const piece of piecesOf(text, `${seed}`)) {
        said += piece.text;
        lines.push(...(await renderer.write(Buffer.from(paint(drawn(said), ...size, true)))));
        if (random.next() < 0.5) lines.push(...(await renderer.stand()));
        if (random.next() < 0.03) {
          size = random.pick<readonly [number, number]>([
            [80, 24],
            [60, 20],
            [120, 40],
            [100, 30],
          ]);
          lines.push(...(await renderer.resize(...size)));
        }
      }
      for (let frame = 0; frame < 8; frame++)
        lines.push(...(await renderer.write(Buffer.from(paint(drawn(text), ...size, false)))));
      lines.push(...(await renderer.settle()), ...(await renderer.end()));
      assert.equal(letters(lines.join('')), letters(text));
    }),
    { numRuns: Number(process.env['CM_RUNS'] ?? 12) },
  );
});

/** Frames one after another on the other screen, each looked at for some moments. */
async function read(frames: readonly (readonly string[])[], moments = 3): Promise<string[]> {
  const renderer = new LogRenderer();
  const lines = await renderer.write(Buffer.from('\x1b[?1049h\x1b[2J'));
  for (const frame of frames) {
    const rows = Array.from({ length: 40 }, (_, y) => `\x1b[${y + 1};1H${frame[y] ?? ''}\x1b[K`);
    lines.push(...(await renderer.write(Buffer.from(`\x1b[?2026h${rows.join('')}\x1b[?2026l`))));
    for (let moment = 0; moment < moments; moment++) lines.push(...(await renderer.stand()));
  }
  lines.push(...(await renderer.settle()), ...(await renderer.end()));
  return lines.filter((line) => line !== '').map((line) => line.trim());
}

const STATUS = ['', '✻ Thinking… (3s · esc to interrupt)'];
const BOX = ['─'.repeat(120), '❯ ', '─'.repeat(120), '  ? for shortcuts'];
const SENTENCES = Array.from(
  { length: 6 },
  (_, n) => `Sentence number ${n} says something about ${'abcdef'[n]}${n}${n}.`,
);
const [one = '', two = '', three = '', four = '', five = '', six = ''] = SENTENCES;

test('a hint below the status that takes two rows is no conversation, and what grows above it is told once', async () => {
  const hint = [
    ...STATUS,
    '  ⎿  Tip: Plan with a mode of its own first. Press shift+tab',
    '     twice to enable.',
    ...BOX,
  ];
  const frames = [[`● ${one}`], [`● ${one} ${two}`], [`● ${one} ${two}`, `  ${three}`]];
  const lines = await read([...frames.map((rows) => [...rows, ...hint]), [...(frames[2] ?? []), '', ...BOX]]);
  assert.equal(lines.join(' '), `● ${one} ${two} ${three}`);
});

test('sentences that a program has erased by mistake are not missed, and what stands around them is told once', async () => {
  const paragraph = [one, two, three, four].join(' ');
  const whole = [`● ${one}`, '', two, '', three, '', four];
  const torn = [`● ${one}`, '', two, '', five];
  const lines = await read([
    [...whole, ...STATUS, ...BOX],
    [...torn, ...STATUS, ...BOX],
    [...torn.slice(0, -1), `${five} ${six}`, ...STATUS, ...BOX],
    [...whole, '', `${five} ${six}`, '', ...BOX],
  ]);
  assert.equal(lines.join(' '), `● ${paragraph} ${five} ${six}`);
});

test('an item that is left cut off while the list goes on waits for its end', async () => {
  const list = (...items: string[]): string[] => ['● Here:', '', ...items, ...STATUS, ...BOX];
  const lines = await read([
    list('  - First of th'),
    list('  - First of th', '  - Second of them.'),
    list('  - First of them all.', '  - Second of them.'),
  ]);
  assert.deepEqual(lines, ['● Here:', '- First of them all.', '- Second of them.']);
});

test('of pictures that a program leaves one below the other only the last is told', async () => {
  const status = ['⠏ Thinking… (3s · esc to interrupt)'];
  const lines = await read([
    [one, '', ...STATUS, ...BOX],
    [one, '', two, ...status, '', `${two} ${three}`, ...STATUS, ...BOX],
    [one, '', `${two} ${three}`, '', ...BOX],
  ]);
  assert.equal(lines.join(' '), `${one} ${two} ${three}`);
});

test('a scroll bar, the time of day beside a prompt, the folder and a blinking status are no conversation', async () => {
  const bar = (row: string): string => `${row.padEnd(119)}┃`;
  const frame = (said: string, bullet: string): string[] => [
    bar(` ❯ Say something${' '.repeat(90)}03:36`),
    bar(''),
    bar(` ● ${said}`),
    bar(''),
    ' /home/someone/project [⎇ main%]',
    '─'.repeat(120),
    '❯',
    '─'.repeat(120),
    ` ${bullet} Working · 758 B esc esc interrupt${' '.repeat(60)}gpt-4.1`,
  ];
  const lines = await read([frame(one, '●'), frame(`${one} Tw`, '○'), frame(`${one} ${two}`, '●')]);
  assert.deepEqual(lines.join(' '), `❯ Say something ● ${one} ${two}`);
});
