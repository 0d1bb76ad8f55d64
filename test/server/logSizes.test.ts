import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import type { Client } from '../../src/client/api.js';
import { followText } from '../../src/client/followText.js';
import { parseLogSizes } from '../../src/core/logs/logSizes.js';
import { Terminal } from '../helpers/terminal.js';
import { quote, TestServer } from '../helpers/testServer.js';
import { until } from '../helpers/until.js';

/**
 * Says one thing more at each key and paints everything anew when its terminal is resized; `q` ends it. It waits until
 * the size is noted: whether it or the server is told first is up to the scheduler of a busy machine.
 */
const PROGRAM = `
const { readFileSync } = require('node:fs');
const [how, sizes] = process.argv.slice(2);
const said = [];
const wrap = (text, columns) => {
  const rows = [''];
  for (const word of text.split(' ')) {
    const row = rows[rows.length - 1];
    if (row.length + 1 + word.length <= columns) rows[rows.length - 1] = row === '' ? word : row + ' ' + word;
    else rows.push('  ' + word);
  }
  return rows;
};
const paint = (isResized) => {
  const { columns, rows } = process.stdout;
  const live = ['─'.repeat(columns), '❯ ', '─'.repeat(columns), '  ? for shortcuts'];
  const all = [...said.flatMap((text) => [...wrap(text, columns - 4), '']), ...live];
  if (how === 'whole') {
    const shown = all.slice(-rows);
    const painted = Array.from({ length: rows }, (_, y) => '\\x1b[' + (y + 1) + ';1H' + (shown[y] ?? '') + '\\x1b[K');
    process.stdout.write('\\x1b[?2026h' + painted.join('') + '\\x1b[?2026l');
  } else if (isResized || said.length < 2) {
    process.stdout.write('\\x1b[2J\\x1b[3J\\x1b[H' + all.join('\\r\\n'));
  } else {
    process.stdout.write('\\r\\x1b[3A\\x1b[J' + [...wrap(said.at(-1), columns - 4), '', ...live].join('\\r\\n'));
  }
};
process.stdin.setRawMode(true);
process.stdin.on('data', (keys) => {
  for (const key of String(keys)) {
    if (key === 'q') {
      process.stdout.write(how === 'whole' ? '\\x1b[?1049l' : '\\r\\n');
      process.exit(0);
    }
    const n = said.length;
    said.push('● Answer ' + n + ': ' + Array.from({ length: 40 }, (_, w) => 'w' + n + 'x' + w).join(' '));
    paint(false);
  }
});
const isNoted = () => {
  try {
    return readFileSync(sizes, 'utf8').endsWith(' ' + process.stdout.columns + ' ' + process.stdout.rows + '\\n');
  } catch {
    return false;
  }
};
const onResize = () => (isNoted() ? paint(true) : setTimeout(onResize, 10));
process.stdout.on('resize', onResize);
if (how === 'whole') process.stdout.write('\\x1b[?1049h\\x1b[2J');
paint(false);
`;

const sentence = (n: number): string =>
  `● Answer ${n}: ${Array.from({ length: 40 }, (_, word) => `w${n}x${word}`).join(' ')}`;

async function say(server: TestServer, client: Client, id: string, ...numbers: readonly number[]): Promise<void> {
  for (const n of numbers) {
    await client.request('session/key', { session: id, keys: ['Space'] });
    await until(`answer ${n} is in the log`, () => server.logText(id).includes(`w${n}x39`));
  }
}

/** Waits until a size has been noted and the program has painted for it. */
async function resized(server: TestServer, id: string, columns: number, rows: number): Promise<void> {
  await until(`${columns}x${rows} is noted and painted`, () => {
    const file = join(server.active, `${id}.sizes`);
    if (!existsSync(file)) return false;
    const last = parseLogSizes(readFileSync(file, 'utf8')).at(-1);
    if (last?.columns !== columns || last.rows !== rows) return false;
    const painted = readFileSync(server.log(id)).subarray(last.offset).toString('utf8');
    return painted.includes('─'.repeat(columns)) && painted.includes('for shortcuts');
  });
}

async function attach(t: TestContext, server: TestServer, client: Client, id: string): Promise<Terminal> {
  const { command, env } = (await client.request('session/attach', { session: id })) ?? assert.fail('it is here');
  return Terminal.open(t, {
    dir: server.home.root,
    command: ['env', '-u', 'TMUX', ...command],
    env: { ...server.home.env, ...env },
    cwd: server.work,
    columns: 100,
    rows: 30,
  });
}

for (const how of ['whole', 'below']) {
  test(`a log stays readable when terminals of other sizes are attached, painted ${how}`, async (t) => {
    const server = new TestServer(t);
    const client = server.client();
    const program = join(server.work, 'program.cjs');
    writeFileSync(program, PROGRAM);
    const { id } = await server.shell(
      client,
      `exec ${quote(process.execPath)} ${quote(program)} ${how} ${quote(server.active)}/"$CM_SESSION.sizes"`,
    );
    await until('it has begun', () => server.logText(id).includes('for shortcuts'));

    const live: string[] = [];
    const ended = new Promise<void>((resolve, reject) => {
      followText(client, id, {
        onLines: (lines) => void live.push(...lines),
        onEnd: () => resolve(),
        onError: reject,
      });
    });
    await say(server, client, id, 0, 1, 2, 3);
    const terminal = await attach(t, server, client, id);
    await resized(server, id, 100, 30);
    await say(server, client, id, 4, 5, 6);
    await terminal.resize(70, 20);
    await resized(server, id, 70, 20);
    await say(server, client, id, 7, 8, 9);
    await terminal.resize(160, 50);
    await resized(server, id, 160, 50);
    await terminal.close();
    // The window keeps the size of whoever was there last, and a new server finds it so.
    await server.kill();
    // Keys are not pressed again when a connection breaks, and a new server has to find its sessions first.
    await until('the session is reached again', () =>
      client.request('session/key', { session: id, keys: ['x'] }).then(
        () => true,
        () => false,
      ),
    );
    await until('it heard', () => server.logText(id).includes('w10x39'));
    await say(server, client, id, 11);
    await client.request('session/key', { session: id, keys: ['q'] });
    await server.ended(client, id);
    await ended;

    const expected = Array.from({ length: 12 }, (_, n) => sentence(n));
    const isSaid = (line: string): boolean => line !== '';
    assert.deepEqual(live.filter(isSaid), expected);
    assert.deepEqual((await server.home.ok('logs', id, '-n', 'all')).split('\n').filter(isSaid), expected);

    // The end of it is laid out for the last size, wherever one begins to read.
    const tail: string[] = [];
    const from = server.logText(id).lastIndexOf('● Answer 11');
    await new Promise<void>((resolve, reject) => {
      client.followLog(id, {
        from: Buffer.byteLength(server.logText(id).slice(0, from)),
        onResize: ({ columns, rows }) => tail.push(`${columns}x${rows}`),
        onChunk: () => undefined,
        onEnd: () => resolve(),
        onError: reject,
      });
    });
    assert.deepEqual(tail, ['160x50']);
  });
}

test('the sizes go with the log to the archive and away', async (t) => {
  const server = new TestServer(t);
  const client = server.client();
  const { id } = await server.shell(client, 'echo begun; read -r line');
  await until('it has begun', () => server.logText(id).includes('begun'));
  await attach(t, server, client, id);
  const file = (folder: string): string => join(server.cm, 'sessions', folder, `${id}.sizes`);
  await until('the size is noted', () => existsSync(file('active')));
  await client.request('session/kill', { session: id });
  await client.request('session/archive', { session: id });
  assert.equal(existsSync(file('active')), false);
  assert.equal(existsSync(file('archive')), true);
  await client.request('session/purge', { session: id });
  assert.equal(existsSync(file('archive')), false);
});
