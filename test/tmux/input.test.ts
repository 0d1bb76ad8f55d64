import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import type { Client } from '../../src/client/api.js';
import { CodeManagerError } from '../../src/protocol/errors.js';
import { delay } from '../../src/common/async.js';
import { openTerminal, type AttachedTerminal } from '../helpers/attachedTerminal.js';
import { TestServer } from '../helpers/testServer.js';
import { until } from '../helpers/until.js';

/**
 * An input box in raw mode: writes every byte that it gets into a file. It asks for bracketed paste when `BRACKETED`
 * is set, and shows a paste only after some time, as programs that redraw do.
 */
const RECORDER = `
const { appendFileSync } = require('node:fs');
process.stdin.setRawMode(true);
if (process.env.BRACKETED) process.stdout.write('\\x1b[?2004h');
let pasting = false;
process.stdin.on('data', (data) => {
  const text = data.toString('latin1');
  appendFileSync('received', data);
  appendFileSync('times', Date.now() + ' ' + (text.includes('\\r') && !pasting && text.length === 1 ? 'enter' : 'text') + '\\n');
  if (text.includes('\\x1b[200~')) pasting = true;
  if (text.includes('\\x1b[201~')) { pasting = false; setTimeout(() => { appendFileSync('times', Date.now() + ' shown\\n'); process.stdout.write('[pasted]'); }, 150); }
});
process.stdout.write('ready');
`;

interface Recorder {
  readonly server: TestServer;
  readonly client: Client;
  readonly id: string;
  readonly received: () => string;
}

async function record(t: TestContext, env: Record<string, string> = {}): Promise<Recorder> {
  const server = new TestServer(t);
  const client = server.client();
  writeFileSync(join(server.work, 'recorder.cjs'), RECORDER);
  const { id } = await server.shell(client, 'exec "$1" recorder.cjs', { args: [process.execPath], env });
  await until('it is ready', () => server.logText(id).includes('ready'));
  const file = join(server.work, 'received');
  return { server, client, id, received: () => (existsSync(file) ? readFileSync(file, 'utf8') : '') };
}

/** A person's terminal that is attached to a session whose program has printed `ready`. */
async function attach(t: TestContext, client: Client, id: string): Promise<AttachedTerminal> {
  const { command, env } = (await client.request('session/attach', { session: id })) ?? assert.fail('it is here');
  const terminal = openTerminal(t, command, env);
  await until('it is attached', () => terminal.screen.includes('ready'));
  return terminal;
}

test('text arrives as a paste where the program asked for that, and is submitted once it was taken', async (t) => {
  const { server, client, id, received } = await record(t, { BRACKETED: '1' });
  await client.request('session/send', { session: id, text: 'first line\nsecond 🦊 line\ttab' });
  await until('it has all', () => received().endsWith('\r') && received().length > 20);
  assert.equal(received(), '\x1b[200~first line\rsecond 🦊 line\ttab\x1b[201~\r');
  const steps = readFileSync(join(server.work, 'times'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split(' ')[1]);
  assert.deepEqual(steps.slice(-2), ['shown', 'enter'], 'Enter came after the paste was shown');
});

test('text cannot leave the paste or press a key', async (t) => {
  const { client, id, received } = await record(t, { BRACKETED: '1' });
  const hostile = 'a\x1b[201~\rrm -rf /\r\x03\x04\x1a\x7f\x9b201~\u0085\x1bOA z';
  await client.request('session/send', { session: id, text: hostile, enter: false });
  await until('the paste has ended', () => received().includes('\x1b[201~'));
  // What is left of sequences is harmless text.
  assert.equal(received(), '\x1b[200~a[201~\rrm -rf /\r201~OA z\x1b[201~');
  await assert.rejects(client.request('session/send', { session: id, text: 'a\0b' }), { code: 'invalid' });
});

test('a text of 1 MB arrives whole', async (t) => {
  const { client, id, received } = await record(t, { BRACKETED: '1' });
  const text = Array.from({ length: 10_000 }, (_, n) => `line ${n} ${'ö'.repeat(45)}`).join('\n');
  assert.ok(Buffer.byteLength(text) > 1_000_000);
  await client.request('session/send', { session: id, text });
  await until('it has all', () => received().endsWith('\x1b[201~\r'));
  assert.equal(received(), `\x1b[200~${text.replaceAll('\n', '\r')}\x1b[201~\r`);
});

test('sends of many clients at once do not mix', async (t) => {
  const { server, client, id, received } = await record(t, { BRACKETED: '1' });
  const texts = Array.from({ length: 12 }, (_, n) => `text ${n} ${'x'.repeat(2000)}`);
  const clients = [client, server.client(), server.client()];
  await Promise.all(texts.map((text, n) => (clients[n % 3] ?? client).request('session/send', { session: id, text })));
  const wanted = texts.map((text) => `\x1b[200~${text}\x1b[201~\r`).sort();
  await until('all have arrived', () => received().length === wanted.join('').length);
  assert.deepEqual(
    received()
      .split(/(?<=\r)/)
      .sort(),
    wanted,
  );
});

test('keys are pressed by their names, and what is no key is refused before any is pressed', async (t) => {
  const { client, id, received } = await record(t);
  const keys: readonly (readonly [string, string])[] = [
    ['Enter', '\r'],
    ['Escape', '\x1b'],
    ['Tab', '\t'],
    ['BTab', '\x1b[Z'],
    ['S-Tab', '\x1b[Z'],
    ['Space', ' '],
    ['BSpace', '\x7f'],
    ['Up', '\x1b[A'],
    ['Down', '\x1b[B'],
    ['PageUp', '\x1b[5~'],
    ['Delete', '\x1b[3~'],
    ['F5', '\x1b[15~'],
    ['C-c', '\x03'],
    ['C-d', '\x04'],
    ['M-x', '\x1bx'],
    ['M-;', '\x1b;'],
    ['y', 'y'],
    [';', ';'],
    ["'", "'"],
    ['"', '"'],
    ['\\', '\\'],
    ['$', '$'],
    ['#', '#'],
    ['-', '-'],
    ['~', '~'],
    ['{', '{'],
    ['é', 'é'],
    ['🦊', '🦊'],
  ];
  let expected = '';
  for (const [key, bytes] of keys) {
    await client.request('session/key', { session: id, keys: [key] });
    expected += bytes;
    await until(`${key} arrives`, () => received().length >= expected.length);
    assert.equal(received(), expected, key);
  }
  await client.request('session/key', { session: id, keys: ['1', 'Down', 'Enter'] });
  expected += '1\x1b[B\r';
  await until('three keys arrive', () => received() === expected);
  for (const key of [
    'Return',
    'Foo',
    'enter',
    'C-S-a',
    'S-a',
    'ab',
    '$1',
    '-X',
    'C-',
    ' ',
    '\n',
    '\x1b',
    'Up; kill-server',
  ]) {
    await assert.rejects(client.request('session/key', { session: id, keys: ['x', key] }), { code: 'invalid' }, key);
  }
  await client.request('session/key', { session: id, keys: ['e'] });
  await until('only the last key came', () => received() === `${expected}e`);
});

test('interrupt presses what interrupts the program', async (t) => {
  const { client, id, received } = await record(t);
  await client.request('session/interrupt', { session: id });
  await until('it arrives', () => received() === '\x03');
});

/** Works from its start on, and is idle once it has got so many bytes. */
const BUSY = `
const { writeFileSync } = require('node:fs');
const report = (state) => process.stdout.write('\\x1b]7501;state=' + state + '\\x1b\\\\');
let received = '';
process.stdin.setRawMode(true);
process.stdin.on('data', (data) => {
  received += data.toString('latin1');
  writeFileSync('received', received);
  if (received.length === Number(process.argv[2])) report('idle');
});
process.stdout.write('ready');
report('working');
`;

for (const { interruptKeys, heard, presses, outcome } of [
  { interruptKeys: ['Escape'], heard: 1, presses: '\x1b', outcome: 'heard' },
  { interruptKeys: ['Escape'], heard: 2, presses: '\x1b\x1b', outcome: 'heard' },
  { interruptKeys: ['Escape'], heard: 9, presses: '\x1b\x1b\x1b', outcome: 'timeout' },
  { interruptKeys: ['C-c'], heard: 2, presses: '\x03', outcome: 'timeout' },
] as const) {
  test(`an agent that hears the interrupt by ${interruptKeys[0]} number ${heard} gets ${presses.length}: ${outcome}`, async (t) => {
    const server = new TestServer(t);
    const client = server.client();
    writeFileSync(join(server.work, 'busy.cjs'), BUSY);
    server.tool('busy', {
      name: 'Busy',
      command: [process.execPath, join(server.work, 'busy.cjs'), String(heard)],
      versionArgs: null,
      reportsState: true,
      startup: { ready: ['^ready$'], stableMs: 0 },
      interruptKeys,
    });
    const { id } = await server.start(client, 'busy', '');
    await server.session(client, id, 'works', ({ state }) => state === 'working');
    const interrupted = await client.request('session/interrupt', { session: id }).then(
      () => 'heard',
      (error: unknown) => (error instanceof CodeManagerError ? error.code : String(error)),
    );
    const { state } = await server.session(client, id, 'is known', () => true);
    assert.deepEqual(
      [interrupted, readFileSync(join(server.work, 'received'), 'latin1'), state],
      [outcome, presses, outcome === 'heard' ? 'idle' : 'working'],
    );
  });
}

test('while a person types in an attached terminal nothing is sent, unless it is forced', async (t) => {
  const { client, id, received } = await record(t);
  const terminal = await attach(t, client, id);
  // tmux counts time in seconds, and attaching is no typing: until a later second a key cannot be told from it.
  await until('typing is noticed', async () => {
    terminal.write('t');
    return client.request('session/send', { session: id, text: 'x', enter: false }).then(
      () => false,
      (error: unknown) => String(error).includes('Somebody types in'),
    );
  });
  await client.request('session/send', { session: id, text: 'forced', enter: false, force: true });
  await until('it arrives', () => received().endsWith('forced'));
});

for (const mode of ['copy-mode', 'copy-mode -e', 'clock-mode', 'choose-tree', 'customize-mode']) {
  test(`text and keys reach the program also below the ${mode} of tmux`, async (t) => {
    const { server, client, id, received } = await record(t);
    const open = (): Promise<string> => server.tmux(...mode.split(' '), '-t', `=${id}:`);
    await open();
    await client.request('session/send', { session: id, text: 'a text' });
    await until('the text arrives', () => received() === 'a text\r');
    await open();
    await client.request('session/key', { session: id, keys: ['Up', 'x'] });
    await until('the keys arrive', () => /^a text\r\x1b[[O]Ax$/u.test(received()));
    await open();
    await client.request('session/interrupt', { session: id });
    await until('the interrupt arrives', () => received().endsWith('\x03'));
  });
}

test('while a person reads further up nothing is typed, unless it is forced', async (t) => {
  const { server, client, id, received } = await record(t);
  const terminal = await attach(t, client, id);
  const isReading = async (): Promise<boolean> =>
    (await server.tmux('display', '-p', '-t', `=${id}:`, '#{pane_in_mode}')).trim() !== '0';
  // tmux counts time in seconds, and attaching is no reading.
  await delay(1100);
  terminal.write('\x02[');
  await until('it reads', isReading);
  // Whoever typed a moment ago types.
  await delay(3500);
  for (const send of [
    () => client.request('session/send', { session: id, text: 'x' }),
    () => client.request('session/key', { session: id, keys: ['x'] }),
    () => client.request('session/interrupt', { session: id }),
  ]) {
    await assert.rejects(send(), /has scrolled up in .* and reads there/u);
  }
  assert.equal(received(), '');
  assert.ok(await isReading(), 'nobody was disturbed');
  await client.request('session/send', { session: id, text: 'forced', force: true });
  await until('it arrives', () => received() === 'forced\r');
});

for (const { name, task, how, status } of [
  { name: 'a program that does not listen', task: 'echo ready; sleep 1000', how: 'interrupt', status: 'stopped' },
  {
    name: 'one with a status of its own',
    task: 'trap "exit 2" INT; echo ready; sleep 1000',
    how: 'key',
    status: 'stopped',
  },
  {
    name: 'one that ends well',
    task: 'trap "exit 0" INT; echo ready; sleep 1000',
    how: 'interrupt',
    status: 'completed',
  },
  { name: 'a program that does not listen', task: 'echo ready; sleep 1000', how: 'terminal', status: 'stopped' },
  {
    name: 'one with a status of its own',
    task: 'trap "exit 2" INT; echo ready; sleep 1000',
    how: 'terminal',
    status: 'stopped',
  },
  {
    name: 'one that fails by itself beside a person',
    task: 'echo ready; read line; exit 3',
    how: 'line',
    status: 'failed',
  },
  {
    name: 'a program that something else breaks off',
    task: 'echo ready; sleep 1; kill -INT $$; sleep 1',
    how: 'nobody',
    status: 'failed',
  },
] as const) {
  test(`${name}, by Ctrl+C of ${how}, is ${status}`, async (t) => {
    const server = new TestServer(t);
    const client = server.client();
    const { id } = await server.shell(client, task);
    await until('it is ready', () => server.logText(id).includes('ready'));
    if (how === 'interrupt') await client.request('session/interrupt', { session: id });
    if (how === 'key') await client.request('session/key', { session: id, keys: ['C-c'] });
    if (how === 'terminal') (await attach(t, client, id)).write('\x03');
    if (how === 'line') (await attach(t, client, id)).write('line\r');
    assert.equal((await server.ended(client, id)).status, status);
  });
}

/** Asks for keys with modifiers or does not, and shows what it gets. */
const KEYS = 'stty raw -echo; printf "$ASKS"; echo ready; exec cat >received';

for (const { name, newlineByEscape, asks, bytes } of [
  {
    name: 'a program that asks for keys with modifiers',
    newlineByEscape: false,
    asks: '\\033[>4;2m',
    bytes: '\x1b[13;2u',
  },
  { name: 'an agent that takes Escape and Enter', newlineByEscape: true, asks: '', bytes: '\x1b\r' },
]) {
  test(`${name} hears Shift+Enter of an attached terminal`, async (t) => {
    const server = new TestServer(t);
    const client = server.client();
    server.tool('keys', { name: 'Keys', command: ['sh', '-c', KEYS], versionArgs: null, newlineByEscape });
    const { id } = await server.start(client, 'keys', '', { env: { ASKS: asks } });
    const terminal = await attach(t, client, id);
    // What terminals answer to the question what they are makes tmux ask for such keys.
    terminal.write('\x1b[>41;390;0c');
    await until('tmux asks the terminal for them', () => terminal.screen.includes('\x1b[>4;1m'));
    terminal.write('\x1b[27;2;13~');
    const file = join(server.work, 'received');
    await until('it arrives', () => existsSync(file) && readFileSync(file, 'latin1').length >= bytes.length);
    assert.equal(readFileSync(file, 'latin1'), bytes);
  });
}
