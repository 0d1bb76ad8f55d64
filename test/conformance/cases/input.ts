import assert from 'node:assert/strict';
import { until } from '../../helpers/until.js';
import type { Case, Desk } from '../desk.js';

/** An input box in raw mode: writes every byte that it gets into a file. */
const RECORDER = `
const { appendFileSync } = require('node:fs');
process.stdin.setRawMode(true);
if (process.env.BRACKETED) process.stdout.write('\\x1b[?2004h');
let shows;
process.stdin.on('data', (data) => {
  appendFileSync('received', data);
  if (data.includes('\\x1b[201~')) setTimeout(() => process.stdout.write('[pasted]'), 50);
});
process.stdout.write('ready');
`;

async function recorder(desk: Desk, env: Record<string, string> = {}): Promise<string> {
  desk.write('recorder.cjs', RECORDER);
  const { id } = await desk.shell('exec "$1" recorder.cjs', { args: [process.execPath], env });
  await desk.shows(id, 'ready');
  return id;
}

const BRACKETED = { BRACKETED: '1' };
const paste = (text: string): string => `\x1b[200~${text.replaceAll('\n', '\r')}\x1b[201~`;

async function received(desk: Desk, expected: string): Promise<string> {
  const wanted = Buffer.byteLength(expected);
  await until(`${wanted} bytes arrive`, () => Buffer.byteLength(desk.read('received')) >= wanted).catch(
    () => undefined,
  );
  const text = desk.read('received');
  if (text !== expected) assert.equal(JSON.stringify(text.slice(0, 3000)), JSON.stringify(expected.slice(0, 3000)));
  assert.equal(text.length, expected.length);
  return text;
}

const KEYS: readonly (readonly [string, string])[] = [
  ['Enter', '\r'],
  ['Escape', '\x1b'],
  ['Tab', '\t'],
  ['BTab', '\x1b[Z'],
  ['Space', ' '],
  ['BSpace', '\x7f'],
  ['Up', '\x1b[A'],
  ['PageUp', '\x1b[5~'],
  ['F5', '\x1b[15~'],
  ['C-c', '\x03'],
  ['M-x', '\x1bx'],
  ['y', 'y'],
  [';', ';'],
  ["'", "'"],
  ['"', '"'],
  ['\\', '\\'],
  ['$', '$'],
  ['#', '#'],
  ['~', '~'],
  ['{', '{'],
  ['é', 'é'],
  ['🦊', '🦊'],
];

/** Typing into sessions. */
export const inputCases: readonly Case[] = [
  {
    name: 'what a signal has stopped is suspended, and goes on by a resume or by a text',
    run: async (desk) => {
      const { client } = desk;
      const stop = 'kill -STOP $$';
      const { id } = await desk.shell(`stty -echo; ${stop}; read -r line; ${stop}; exec cat >received`);
      const first = await desk.is(id, 'is suspended', ({ suspended }) => suspended !== null);
      await client.request('session/resume', { session: id, requestId: `resume-${desk.key}` });
      await client.request('session/key', { session: id, keys: ['Enter'] });
      const second = await desk.is(id, 'is suspended again', ({ suspended }) => suspended !== null);
      await client.request('session/send', { session: id, text: 'go on' });
      const text = await received(desk, 'go on\n');
      const { status } = await desk.is(id, 'goes on', ({ suspended }) => suspended === null);
      return [first.suspended, second.suspended, text, status];
    },
  },
  {
    name: 'text with every kind of character arrives as it is',
    run: async (desk) => {
      const id = await recorder(desk, BRACKETED);
      const ascii = Array.from({ length: 95 }, (_, n) => String.fromCharCode(32 + n)).join('');
      const text = `${ascii}\ttab ümläut ß 漢字 العربية 🦊👩‍💻 #{pane_id} %% #(touch run) \\n \\\\`;
      await desk.client.request('session/send', { session: id, text });
      return received(desk, `${paste(text)}\r`);
    },
  },
  {
    name: 'several lines arrive as one paste, and then Enter',
    run: async (desk) => {
      const id = await recorder(desk, BRACKETED);
      await desk.client.request('session/send', { session: id, text: 'one\ntwo\r\nthree\rfour\n\n  five  ' });
      return received(desk, `${paste('one\ntwo\nthree\nfour\n\n  five  ')}\r`);
    },
  },
  {
    name: 'a program that knows no paste gets the lines',
    run: async (desk) => {
      const id = await recorder(desk);
      await desk.client.request('session/send', { session: id, text: 'one\ntwo' });
      return received(desk, 'one\rtwo\r');
    },
  },
  {
    name: 'text is typed without Enter, and Enter without text',
    run: async (desk) => {
      const id = await recorder(desk, BRACKETED);
      await desk.client.request('session/send', { session: id, text: 'half', enter: false });
      await received(desk, paste('half'));
      await desk.client.request('session/send', { session: id, text: '' });
      return received(desk, `${paste('half')}\r`);
    },
  },
  {
    name: 'text cannot leave the paste or press a key',
    run: async (desk) => {
      const id = await recorder(desk, BRACKETED);
      const hostile = 'a\x1b[201~\rrm -rf /\r\x03\x04\x1a\x7f\x9b201~\u0085\x1bOA z';
      await desk.client.request('session/send', { session: id, text: hostile, enter: false });
      const text = await received(desk, '\x1b[200~a[201~\rrm -rf /\r201~OA z\x1b[201~');
      return [text, await desk.fails(desk.client.request('session/send', { session: id, text: 'a\0b' }))];
    },
  },
  {
    name: 'a text of 1 MB arrives whole',
    run: async (desk) => {
      const id = await recorder(desk, BRACKETED);
      const text = Array.from({ length: 10_000 }, (_, n) => `line ${n} ${'ö'.repeat(45)}`).join('\n');
      assert.ok(Buffer.byteLength(text) > 1_000_000);
      await desk.client.request('session/send', { session: id, text }, { timeoutMs: 60_000 });
      return (await received(desk, `${paste(text)}\r`)).length;
    },
  },
  {
    name: 'what many send at once does not mix',
    run: async (desk) => {
      const id = await recorder(desk, BRACKETED);
      const texts = Array.from({ length: 8 }, (_, n) => `text ${n} ${'x'.repeat(2000)}`);
      const clients = [desk.client, desk.otherClient()];
      await Promise.all(
        texts.map((text, n) => (clients[n % 2] ?? desk.client).request('session/send', { session: id, text })),
      );
      const wanted = texts.map((text) => `${paste(text)}\r`).sort();
      await until('all have arrived', () => desk.read('received').length === wanted.join('').length);
      const parts = desk
        .read('received')
        .split(/(?<=\r)/)
        .sort();
      assert.deepEqual(parts, wanted);
      return parts.length;
    },
  },
  {
    name: 'keys are pressed by their names, and what is no key is refused before any is pressed',
    run: async (desk) => {
      const id = await recorder(desk);
      let expected = '';
      for (const [key, bytes] of KEYS) {
        await desk.client.request('session/key', { session: id, keys: [key] });
        expected += bytes;
        await received(desk, expected);
      }
      const errors = [];
      for (const key of ['Return', 'enter', 'C-S-a', 'ab', '$1', '-X', 'C-', '\n', 'Up; kill-server']) {
        errors.push(await desk.fails(desk.client.request('session/key', { session: id, keys: ['x', key] })));
      }
      await desk.client.request('session/key', { session: id, keys: ['1', 'Down', 'Enter'] });
      return [await received(desk, `${expected}1\x1b[B\r`), errors];
    },
  },
  {
    name: 'interrupt presses what interrupts the program',
    run: async (desk) => {
      const { id } = await desk.shell("trap 'echo caught; exit 9' INT; echo up; while :; do sleep 0.05; done");
      await desk.shows(id, 'up');
      await desk.client.request('session/interrupt', { session: id });
      const { status, exitCode } = await desk.ended(id);
      assert.deepEqual([status, exitCode], ['stopped', 9]);
      return (await desk.log(id).whole()).text.includes('caught');
    },
  },
  {
    name: 'nothing is typed into a session that has ended',
    run: async (desk) => {
      const { id } = await desk.ran('exit 0', { name: `ended-${desk.key}` });
      return [
        await desk.fails(desk.client.request('session/send', { session: id, text: 'x' })),
        await desk.fails(desk.client.request('session/key', { session: id, keys: ['x'] })),
        await desk.fails(desk.client.request('session/interrupt', { session: id })),
      ];
    },
  },
];
