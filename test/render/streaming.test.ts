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

const letters = (text: string): string => text.replace(/\s+/g, '');

test('an answer that is streamed in pieces is told once and in order, whatever the sizes and the moments of looking', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(), async (seed) => {
      const random = new Random(`${seed}`);
      const text = essay(`${seed}`, 200).replace(/[*`]/g, '');
      const renderer = new LogRenderer();
      const lines = await renderer.write(Buffer.from('\x1b[?1049h\x1b[2J'));
      let size: readonly [number, number] = [120, 40];
      let said = '';
      for (const piece of piecesOf(text, `${seed}`)) {
        said += piece.text;
        lines.push(...(await renderer.write(Buffer.from(paint(said, ...size, true)))));
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
        lines.push(...(await renderer.write(Buffer.from(paint(text, ...size, false)))));
      lines.push(...(await renderer.settle()), ...(await renderer.end()));
      assert.equal(letters(lines.join('')), letters(text));
    }),
    { numRuns: Number(process.env['CM_RUNS'] ?? 12) },
  );
});
