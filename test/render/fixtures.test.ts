import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { LogRenderer } from '../../src/client/render/logRenderer.js';
import { chunksOf } from './streams.js';

const folder = join(process.cwd(), 'test/fixtures/raw');
const names = readdirSync(folder)
  .filter((name) => name.endsWith('.log'))
  .map((name) => name.slice(0, -'.log'.length));

const streamOf = (name: string): Buffer => readFileSync(join(folder, `${name}.log`));

/** What a person saw in the run: the texts of the expectation file, without their kind. */
function expectedOf(name: string): string[] {
  const rows = readFileSync(join(folder, `${name}.expected.txt`), 'utf8')
    .trimEnd()
    .split('\n');
  return rows.map((row) => {
    const match = /^(?:prompt|said|call|result|note) (.+)$/.exec(row);
    assert.ok(match?.[1], `a row of ${name}.expected.txt without a kind: ${row}`);
    return match[1];
  });
}

async function render(chunks: readonly Uint8Array[], settleEvery = 0): Promise<string[]> {
  const renderer = new LogRenderer();
  const lines: string[] = [];
  for (const [index, chunk] of chunks.entries()) {
    lines.push(...(await renderer.write(chunk)));
    if (settleEvery > 0 && index % settleEvery === 0) lines.push(...(await renderer.settle()));
  }
  lines.push(...(await renderer.end()));
  return lines;
}

/** A line without its bullet. */
const bare = (line: string): string => line.replace(/^\s*(?:[●•⏺›❯■✔✗⎿]\s+)?/, '');

/** The frames of a stream: cut where a program has finished painting one. */
function framesOf(stream: Buffer): Buffer[] {
  const mark = ['\x1b[?2026l', '\x1b[40;1H', '\x1b]0;'].find((candidate) => stream.includes(candidate)) ?? '';
  const frames: Buffer[] = [];
  let at = 0;
  while (at < stream.length) {
    const found = stream.indexOf(mark, at);
    const end = found < 0 ? stream.length : found + mark.length;
    frames.push(stream.subarray(at, end));
    at = end;
  }
  return frames;
}

assert.equal(names.length, 5);

for (const name of names) {
  test(`${name}: each prompt, call and sentence once and in order, at most a tenth of other lines`, async () => {
    const expected = expectedOf(name);
    const lines = (await render([streamOf(name)])).filter((line) => line !== '').map(bare);
    const others: string[] = [];
    let next = 0;
    for (const line of lines) {
      if (line === expected[next]) next++;
      else others.push(line);
    }
    assert.deepEqual(expected.slice(next), [], 'missing, or not in order');
    const repeated = others.filter((line) =>
      expected.some((text) => text === line || (text.length > 20 && line.includes(text))),
    );
    assert.deepEqual(repeated, []);
    assert.ok(others.length <= lines.length / 10, `other lines:\n${others.join('\n')}`);
  });

  test(`${name}: no box, drawing, spinner, counter, footer or control character`, async () => {
    for (const line of await render([streamOf(name)])) {
      assert.doesNotMatch(line, /[\u2500-\u259f\u2800-\u28ff]/, 'a box or a drawing');
      assert.doesNotMatch(line, /[✢✳✶✻✽■⬝]{2}|^\s*[✢✳✶✻✽·*] |…$/, 'a spinner');
      assert.doesNotMatch(line, /\(\d+s\b|\b\d+(?:\.\d+)?m?s$|\bfor \d+s\b|tokens\)/, 'a counter');
      assert.doesNotMatch(
        line,
        /esc (?:to )?interrupt|\? for shortcuts|ctrl\+p|shift\+tab|Tip:|manual mode/i,
        'a footer',
      );
      assert.doesNotMatch(line, /[\x00-\x1f\x7f-\x9f]/, 'a control character');
    }
  });

  test(`${name}: the same lines however the stream was cut`, async () => {
    const stream = streamOf(name);
    const whole = await render([stream]);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 20, maxLength: 20 }), async (sizes) => {
        assert.deepEqual(await render(chunksOf(stream, sizes)), whole);
      }),
      { numRuns: 3 },
    );
  });

  test(`${name}: settling after every few frames, as while it ran, loses, repeats and reorders no word`, async () => {
    const words = (lines: readonly string[]): string => lines.join(' ').replace(/\s+/g, ' ');
    const fromPrompt = (text: string): string => text.slice(text.indexOf('do:'));
    const frames = framesOf(streamOf(name));
    assert.ok(frames.length > 10);
    const whole = fromPrompt(words(await render([streamOf(name)])));
    assert.equal(fromPrompt(words(await render(frames, 5))), whole);
  });
}
