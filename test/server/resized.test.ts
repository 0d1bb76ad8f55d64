import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { parseLogSizes } from '../../src/core/logs/logSizes.js';
import { Terminal } from '../helpers/terminal.js';
import { TestServer } from '../helpers/testServer.js';
import { until } from '../helpers/until.js';

type TestClient = ReturnType<TestServer['client']>;

const COMMAND = './mark yes --and a-word-or-two-more';

/** A program that draws its dialog right of the middle, anew some time after its terminal got another size. */
const PROGRAM = `
const draw = () => {
  if (isAnswered) return process.stdout.write('\\x1b[2J\\x1b[Hanswered');
  const margin = ' '.repeat(Math.floor(process.stdout.columns * 0.45));
  const rows = ['Run this?', '', '$ ${COMMAND}', '', '> 1. Yes', '  2. No'];
  process.stdout.write('\\x1b[2J\\x1b[H' + rows.map((row) => margin + row).join('\\r\\n'));
};
let isAnswered = false;
process.stdin.setRawMode(true).on('data', (key) => {
  isAnswered ||= String(key) === '1';
  draw();
});
process.stdout.on('resize', () => setTimeout(draw, 2000));
draw();
`;

const TOOL = {
  id: 'placed',
  name: 'Placed',
  versionArgs: null,
  startup: { ready: ['Run this'], stableMs: 0 },
  screen: {
    options: { cursor: '>' },
    dialogs: {
      shell: {
        kind: 'permission',
        action: 'shell',
        all: ['^ *Run this\\?$'],
        option: '^Yes',
        read: ['^ *\\$ (?<command>.*\\S)'],
      },
    },
  },
};

async function start(server: TestServer, client: TestClient): Promise<string> {
  const program = join(server.work, 'placed.cjs');
  writeFileSync(program, PROGRAM);
  const tools = join(server.home.cm, 'tools');
  mkdirSync(tools, { recursive: true, mode: 0o700 });
  const command = [process.execPath, program];
  writeFileSync(join(tools, 'placed.json'), JSON.stringify({ ...TOOL, command }));
  const asked = { requestId: 'placed-session', tool: 'placed', path: server.work };
  return (await client.request('session/create', asked)).id;
}

test('what is asked is answered while somebody attaches from another size and the program draws late', async (t) => {
  const server = new TestServer(t);
  const client = server.client();
  const id = await start(server, client);
  const first = await until('it asks', async () => (await client.request('session/get', { session: id })).request);
  assert.deepEqual([first.command, first.options.map(({ label }) => label)], [COMMAND, ['Yes', 'No']]);
  const { command, env } = (await client.request('session/attach', { session: id })) ?? assert.fail('it is here');
  const terminal = await Terminal.open(t, {
    dir: server.home.root,
    command: ['env', '-u', 'TMUX', ...command],
    env: { ...server.home.env, ...env },
    cwd: server.work,
    columns: 80,
    rows: 24,
  });
  const sizes = join(server.active, `${id}.sizes`);
  await until('it has another size', () => {
    return existsSync(sizes) && parseLogSizes(readFileSync(sizes, 'utf8')).at(-1)?.columns === 80;
  });
  // Its screen is looked at right before the key, and was drawn for the other size.
  await client.request('session/answer', { session: id, request: first.id, answer: { type: 'allow' } });
  await terminal.shows(/answered/);
  await terminal.close();
});
