import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LogRenderer } from '../../src/client/render/logRenderer.js';
import { chunksOf, ESCAPES, terminalStream } from './streams.js';

const bytes = (text: string): Buffer => Buffer.from(text);

/** One frame of a program that repaints its whole screen of 40 rows. */
function frame(rows: readonly string[]): string {
  const painted = Array.from({ length: 40 }, (_, y) => `\x1b[${y + 1};1H${rows[y] ?? ''}\x1b[K`);
  return `\x1b[?2026h${painted.join('')}\x1b[?2026l`;
}

const ENTER = '\x1b[?1049h\x1b[2J';
const LEAVE = '\x1b[?1049l';

/** Paints the frames one after another, each `times` times with something that moves, and ends. */
async function paint(frames: readonly (readonly string[])[], times = 8): Promise<string[]> {
  const renderer = new LogRenderer();
  const lines = await renderer.write(bytes(ENTER));
  for (const rows of frames) {
    for (let n = 0; n < times; n++) {
      const live = ['─'.repeat(120), `❯ ${'x'.repeat(n)}`, '─'.repeat(120), '  ? for shortcuts'];
      lines.push(...(await renderer.write(bytes(frame([...rows, '', ...live])))));
    }
  }
  return [...lines, ...(await renderer.end())].filter((line) => line !== '');
}

test('a sentence that is said twice is given twice, and one that stays is given once', async () => {
  const first = ['❯ hello', '', '● Hello!'];
  const second = [...first, '', '❯ hello', '', '● Hello!'];
  assert.deepEqual(await paint([first, second, second]), ['❯ hello', '● Hello!', '❯ hello', '● Hello!']);
});

test('lines that scroll off a full screen are given once and in order, also when they were there for one frame only', async () => {
  const all = Array.from({ length: 200 }, (_, n) => `line ${n} of the answer, number ${n}`);
  const frames = Array.from({ length: 40 }, (_, n) => all.slice(n * 5, n * 5 + 30));
  assert.deepEqual(await paint(frames, 1), all);
});

test('looking back at earlier lines repeats nothing', async () => {
  const all = Array.from({ length: 60 }, (_, n) => `line ${n}`);
  const views = [all.slice(0, 30), all.slice(30), all.slice(5, 35), all.slice(0, 30), all.slice(30)];
  assert.deepEqual(await paint([all.slice(0, 30), all.slice(15, 45), ...views.slice(1)]), all);
});

test('a call that runs is given once, as it ended', async () => {
  const before = ['❯ go', '', '● I will run the tests.', ''];
  const working = [
    ...before,
    '● Running npm test',
    '  ⎿  Waiting…',
    '',
    '✻ Thinking… (3s · 12 tokens · esc to interrupt)',
  ];
  const done = [...before, '● Ran npm test', '  ⎿  12 passed', '', '● All good.'];
  assert.deepEqual(await paint([working, done]), [
    '❯ go',
    '● I will run the tests.',
    '● Ran npm test',
    '  ⎿  12 passed',
    '● All good.',
  ]);
});

test('what is inserted above a call that still runs comes before it', async () => {
  const working = ['❯ go', '', '● Running npm test', '', '✻ Thinking… (3s · esc to interrupt)'];
  const told = ['❯ go', '', '● I will run the tests.', '', '● Ran npm test'];
  assert.deepEqual(await paint([working, told]), ['❯ go', '● I will run the tests.', '● Ran npm test']);
});

test('a prompt that was shown for a while and withdrawn is given, and the next that begins like it is whole', async () => {
  const before = ['● Ready.'];
  const first = [...before, '', '❯ do this', '', '✻ Thinking… (3s · esc to interrupt)'];
  const second = [...before, '', '❯ do this and that', '', '● Done.'];
  assert.deepEqual(await paint([first, before, second]), ['● Ready.', '❯ do this', '❯ do this and that', '● Done.']);
});

test('a line that grew after it was given is given on from there', async () => {
  const renderer = new LogRenderer();
  await renderer.write(bytes(ENTER + frame(['● The answer'])));
  assert.deepEqual(await renderer.settle(), ['● The answer']);
  await renderer.write(bytes(frame(['● The answer is 42.'])));
  assert.deepEqual(await renderer.settle(), ['is 42.']);
  assert.deepEqual(await renderer.settle(), []);
  assert.deepEqual(await renderer.end(), []);
});

test('while a program asks, the call that it asks about waits for its outcome', async () => {
  const renderer = new LogRenderer();
  const dialog = ['─'.repeat(120), ' Do you want to proceed?', ' ❯ 1. Yes', '   2. No', '', ' Esc to cancel'];
  await renderer.write(bytes(ENTER + frame(['❯ go', '', '● I will write.', '', '● Write(a.txt)', '', ...dialog])));
  assert.deepEqual(await renderer.settle(), ['❯ go', '', '● I will write.']);
  const done = ['❯ go', '', '● I will write.', '', '● Write(a.txt)', '  ⎿  Wrote 1 line'];
  const lines = await renderer.write(bytes(frame(done)));
  lines.push(...(await renderer.settle()));
  assert.deepEqual(lines, ['', '● Write(a.txt)', '  ⎿  Wrote 1 line']);
});

test('what was asked about is given when the stream ends there', async () => {
  const renderer = new LogRenderer();
  const dialog = ['─'.repeat(120), ' Do you want to proceed?', ' ❯ 1. Yes', '   2. No', '', ' Esc to cancel'];
  await renderer.write(bytes(ENTER + frame(['❯ go', '', '● Write(a.txt)', '', ...dialog])));
  assert.deepEqual(await renderer.end(), ['❯ go', '', '● Write(a.txt)']);
});

test('a sentence that ends with an ellipsis is given when the program rests, and at its end', async () => {
  const renderer = new LogRenderer();
  await renderer.write(bytes(ENTER + frame(['● Well...'])));
  assert.deepEqual(await renderer.settle(), ['● Well...']);
  await renderer.write(bytes(frame(['● Well...', '', '● Who knows…'])));
  assert.deepEqual(await renderer.end(), ['', '● Who knows…']);
});

test('a panel that floats over the right side changes no line', async () => {
  const rows = ['  ┃  first question', '', '     the answer', '', '  ┃  second question', '', '     another answer'];
  const covered = rows.map((row, y) => (y === 0 ? `${row.padEnd(90)}┃  saved to disk  ┃` : row));
  assert.deepEqual(
    await paint([rows, covered, rows]),
    rows.filter((row) => row !== '').map((row) => row.replace('┃', ' ').slice(5)),
  );
});

test('wrapped lines are joined: by the terminal, by the program between words, and inside a long word', async () => {
  const words = 'word '.repeat(40).trim();
  const byProgram = [`● ${words.slice(0, 114)}`, `  ${words.slice(115)}`];
  const path = `/a${'/long'.repeat(40)}`;
  const byBorder = [`● ${path.slice(0, 118)}`, `  ${path.slice(118)}`];
  const lines = await paint([[...byProgram, '', ...byBorder]]);
  assert.deepEqual(lines, [`● ${words}`, `● ${path}`]);

  const renderer = new LogRenderer();
  await renderer.write(bytes(`\x1b[2J\x1b[H${'0123456789'.repeat(30)}\r\nnext\r\n`));
  assert.deepEqual(await renderer.end(), ['0123456789'.repeat(30), 'next']);
});

test('lines that only happen to be long are not joined', async () => {
  const rows = [`● ${'a'.repeat(100)} list:`, '  - first', '  - second', '    1 one', '    2 two'];
  assert.deepEqual(await paint([rows]), rows);
});

test('a table keeps its words, a panel with a title is left out', async () => {
  const table = [
    '● Here:',
    '  ┌──────┬──────┐',
    '  │ name │ size │',
    '  ├──────┼──────┤',
    '  │ a    │ 12   │',
    '  └──────┴──────┘',
  ];
  const panel = [`╭─── Tool v1.0 ${'─'.repeat(50)}╮`, `│ ${'Welcome'.padEnd(62)} │`, `╰${'─'.repeat(64)}╯`];
  assert.deepEqual(await paint([[...panel, '', ...table]]), ['● Here:', '    name   size', '    a      12']);
});

test('progress that is painted over lines already given does not give them again', async () => {
  const renderer = new LogRenderer();
  const lines = await renderer.write(bytes('start\r\na: waiting\r\nb: waiting\r\n'));
  assert.deepEqual(lines, ['start', 'a: waiting', 'b: waiting']);
  for (let percent = 10; percent <= 100; percent += 10)
    lines.push(...(await renderer.write(bytes(`\x1b[2A\ra: ${percent}%\x1b[K\r\nb: ${percent}%\x1b[K\r\n`))));
  lines.push(...(await renderer.write(bytes('\x1b[2A\ra: complete\x1b[K\r\nb: complete\x1b[K\r\nend\r\n'))));
  lines.push(...(await renderer.end()));
  assert.deepEqual(lines.slice(0, 3), ['start', 'a: waiting', 'b: waiting']);
  assert.deepEqual(lines.slice(-3), ['a: complete', 'b: complete', 'end']);
  assert.equal(lines.filter((line) => line === 'start').length, 1);
  assert.ok(lines.length <= 10, lines.join('\n'));
});

test('a program on the other screen comes and goes, and what stood below it is not repeated', async () => {
  const renderer = new LogRenderer();
  const lines = await renderer.write(bytes('$ edit notes\r\n'));
  lines.push(...(await renderer.write(bytes(`${ENTER}${frame(['my notes', 'second note'])}${LEAVE}`))));
  lines.push(...(await renderer.write(bytes('$ echo done\r\ndone\r\n'))));
  lines.push(...(await renderer.end()));
  assert.deepEqual(
    lines.filter((line) => line !== ''),
    ['$ edit notes', 'my notes', 'second note', '$ echo done', 'done'],
  );
});

test('a program that only prints for a while is read as plain output again', async () => {
  let opened = 0;
  const { openHeadlessTerminal } = await import('../../src/client/render/headlessTerminal.js');
  const renderer = new LogRenderer({
    openTerminal: (...args) => {
      opened++;
      return openHeadlessTerminal(...args);
    },
  });
  const lines = await renderer.write(bytes('\x1b[2J\x1b[Hcleared\r\n'));
  const printed = Array.from({ length: 1000 }, (_, n) => `line ${n}`);
  lines.push(...(await renderer.write(bytes(printed.map((line) => `${line}\r\n`).join('')))));
  // Plain again: the last line is given without waiting for the screen to settle.
  assert.deepEqual(
    lines.filter((line) => line !== ''),
    ['cleared', ...printed],
  );
  assert.deepEqual(await renderer.write(bytes('more\n')), ['more']);
  assert.equal(opened, 1);
  lines.push(...(await renderer.write(bytes('\x1b[2J\x1b[Hcleared again'))));
  assert.equal(opened, 2);
  assert.deepEqual(
    (await renderer.end()).filter((line) => line !== ''),
    ['cleared again'],
  );
});

test('a flood on a screen loses no line', async () => {
  const renderer = new LogRenderer();
  const printed = Array.from({ length: 5000 }, (_, n) => `line ${n}`);
  // Going to the place where the cursor is keeps the screen watched.
  const output = printed.map((line, n) => (n % 100 === 0 ? '\x1b[s\x1b[u' : '') + `${line}\r\n`).join('');
  const lines = await renderer.write(bytes(`\x1b[H${output}`));
  lines.push(...(await renderer.end()));
  assert.deepEqual(
    lines.filter((line) => line !== ''),
    printed,
  );
});

test('what a shell session shows is given once and in order, through a pager, a clear and a repainting program', async () => {
  const renderer = new LogRenderer();
  const session = [
    '$ seq 3\r\n1\r\n2\r\n3\r\n',
    `$ less notes\r\n\x1b[?1049hfirst note\r\n${'second '.repeat(20)}note\r\nthird note\r\n\x1b[7m(END)\x1b[27m\x1b[K\r\x1b[K\x1b[?1049l`,
    '$ top\r\n\x1b[H\x1b[Jload 1.00\x1b[K\r\n301 init\x1b[K\r\n\x1b[Hload 2.00\x1b[K\r\n301 init\x1b[K\r\n',
    '$ clear\r\n\x1b[H\x1b[2J\x1b[3J$ seq 2\r\n1\r\n2\r\n$ exit\r\n',
  ].join('');
  const lines = await renderer.write(bytes(session));
  lines.push(...(await renderer.end()));
  assert.deepEqual(
    lines.filter((line) => line !== ''),
    [
      ...['$ seq 3', '1', '2', '3'],
      ...['$ less notes', 'first note', `${'second '.repeat(20)}note`, 'third note'],
      ...['$ top', 'load 2.00', '301 init'],
      ...['$ clear', '$ seq 2', '1', '2', '$ exit'],
    ],
  );
});

test('a program that erases the screen and prints all of its conversation again repeats nothing', async () => {
  const renderer = new LogRenderer();
  const said = Array.from({ length: 100 }, (_, n) => `line ${n} of the conversation`);
  const print = (lines: readonly string[]): string => `\x1b[2J\x1b[3J\x1b[H${lines.join('\r\n')}\r\n`;
  const lines = await renderer.write(bytes(print(said)));
  lines.push(...(await renderer.settle()));
  lines.push(...(await renderer.write(bytes(print([...said, 'one more'])))));
  lines.push(...(await renderer.write(bytes(print([...said, 'one more'])))));
  lines.push(...(await renderer.end()));
  assert.deepEqual(
    lines.filter((line) => line !== ''),
    [...said, 'one more'],
  );
});

for (const [kind, sequence] of ESCAPES) {
  test(`${kind} leaves only the text on a screen`, async () => {
    const renderer = new LogRenderer();
    await renderer.write(bytes(`\x1b[2J\x1b[Hbefore ${sequence}after\r\n`));
    assert.deepEqual(await renderer.end(), ['before after']);
  });
}

test('a terminal that cannot be opened rejects that call, and the next one tries again', async () => {
  const { openHeadlessTerminal } = await import('../../src/client/render/headlessTerminal.js');
  let fail = true;
  const renderer = new LogRenderer({
    openTerminal: (...args) => (fail ? Promise.reject(new Error('no module')) : openHeadlessTerminal(...args)),
  });
  await assert.rejects(renderer.write(bytes('a\n\x1b[2J')), /no module/);
  fail = false;
  await renderer.write(bytes('\x1b[2J\x1b[Hb'));
  assert.deepEqual(await renderer.end(), ['', 'b']);
});

test('any stream gives the same lines however it was cut, without control characters and within the length limit', async () => {
  const render = async (chunks: readonly Uint8Array[]): Promise<string[]> => {
    const renderer = new LogRenderer({ columns: 20, rows: 5 });
    const lines: string[] = [];
    for (const chunk of chunks) lines.push(...(await renderer.write(chunk)));
    return [...lines, ...(await renderer.end())];
  };
  await fc.assert(
    fc.asyncProperty(terminalStream, fc.array(fc.integer({ min: 1, max: 9 })), async (text, sizes) => {
      const stream = bytes(text);
      const whole = await render([stream]);
      assert.deepEqual(await render(chunksOf(stream, sizes)), whole);
      for (const line of whole) {
        assert.doesNotMatch(line, /[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/);
        assert.ok(line.length <= 4096);
      }
    }),
    { numRuns: 150 },
  );
});
