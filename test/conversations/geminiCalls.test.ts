import assert from 'node:assert/strict';
import test from 'node:test';
import { GeminiCalls } from '../../src/core/conversations/geminiCalls.js';
import { requestOf } from '../../src/core/state/requestOf.js';
import type { ScreenRequest } from '../../src/protocol/screen.js';

const FOLDER = '/work/project';

/** As version 0.61 writes it. */
function line(name: string, args: Readonly<Record<string, unknown>>): string {
  const fields = Object.keys(args)
    .sort()
    .map((key) => `\0${JSON.stringify(key)}:${JSON.stringify(args[key])}\0`);
  return `[2026-11-30T15:09:17.515Z] [DEBUG] [PolicyEngine.check] toolCall.name: ${name}, stringifiedArgs: {${fields.join(',')}}`;
}

const shell = (command: string, more = {}): string => line('run_shell_command', { command, ...more });
const command = (text: string): ScreenRequest => requestOf({ action: 'shell', command: text });
const path = (text: string): ScreenRequest => requestOf({ action: 'create', path: text });

function read(...lines: readonly string[]): GeminiCalls {
  const calls = new GeminiCalls(FOLDER);
  lines.forEach((text, index) => calls.read(text, String(index)));
  return calls;
}

test('a call is what its log says to the byte, whatever the dialog shows of it', () => {
  for (const text of ['./mark yes', './mark\u200b yes', './mark\u202e yes', './mark \ufeffyes', './mark\n  yes']) {
    const told = read(shell(text), shell(text)).told(command('./mark yes'), 1);
    assert.equal(told?.id, '0');
    assert.deepEqual(told.request, requestOf({ action: 'shell', command: text, exact: 'record' }));
  }
});

test('a call is known where no other could be what is shown', () => {
  const hidden = './mark\u200b yes';
  for (const other of [hidden, './mark  yes', 'touch ../PWNED\n? Shell x\n╭───╮\n./mark yes', './maX\brk yes\u0007']) {
    assert.equal(read(shell('./mark yes'), shell(other)).told(command('./mark yes'), 1), undefined, other);
    assert.equal(read(shell(other), shell('./mark yes')).told(command('./mark yes'), 1), undefined, other);
  }
  const write = line('write_file', { file_path: 'a', content: 'Now:\n./mark yes\n' });
  assert.equal(
    read(shell('./mark yes'), write).told(command('./mark yes'), 1),
    undefined,
    'its text may be the dialog',
  );
  assert.ok(read(shell('./mark yes'), shell('./mark no')).told(command('./mark yes'), 1));
});

test('a call tells one request only', () => {
  const calls = read(shell('./mark yes'), shell('./mark yes'));
  const first = calls.told(command('./mark yes'), 1);
  assert.deepEqual(calls.told(command('./mark yes'), 1), first, 'it is read again');
  assert.equal(calls.told(command('./mark yes'), 2), undefined);
  calls.read(shell('./mark yes'), '9');
  assert.equal(calls.told(command('./mark yes'), 2)?.id, '9');
});

test('a call with more than its words, or in another folder, is not those words', () => {
  for (const more of [{ is_background: true }, { additional_permissions: { network: true } }, { unheard: 1 }]) {
    assert.equal(read(shell('./mark yes', more)).told(command('./mark yes'), 1), undefined, JSON.stringify(more));
  }
  const elsewhere = read(shell('./mark yes', { dir_path: 'sub', description: 'Marks' })).told(command('./mark yes'), 1);
  assert.equal(elsewhere?.request?.folder, `${FOLDER}/sub`);
});

test('a path is what Gemini makes of it, or not known', () => {
  const write = (file: string): string => line('write_file', { file_path: file, content: 'x' });
  assert.equal(read(write('a\u200e/b')).told(path('a/b'), 1)?.request?.path, `${FOLDER}/a\u200e/b`);
  assert.equal(read(write('/etc/x')).told(path('/etc/x'), 1)?.request?.path, '/etc/x');
  for (const odd of ['a%2fb', '@a/b', 'file:///a/b', 'a\\b', 'a\0b']) {
    assert.equal(read(write(odd)).told(path(odd), 1), undefined, odd);
  }
  assert.equal(read(write('a%2fb'), write('a%2fb')).told(path('a/b'), 1), undefined);
});

test('nothing is known of a turn of which something was not read', () => {
  const calls = read(shell('./mark yes'));
  calls.lose();
  calls.read(shell('./mark yes'), '5');
  assert.equal(calls.told(command('./mark yes'), 1), undefined);
  calls.over();
  calls.read(shell('./mark yes'), '6');
  assert.equal(calls.told(command('./mark yes'), 1)?.id, '6');
  const broken =
    '[2026-11-30T15:09:17.515Z] [DEBUG] [PolicyEngine.check] toolCall.name: replace, stringifiedArgs: undefined';
  assert.equal(read(shell('./mark yes'), broken).told(command('./mark yes'), 1), undefined);
});

test('more calls than are remembered make all of them unknown', () => {
  const calls = read(...Array.from({ length: 6_000 }, (_, index) => shell(`./mark ${index}`)), shell('./mark yes'));
  assert.equal(calls.told(command('./mark yes'), 1), undefined);
  const long = read(shell('x'.repeat(9_000_000)), shell('./mark yes'));
  assert.equal(long.told(command('./mark yes'), 1), undefined);
});

test('other lines of the log are no calls', () => {
  const calls = read(
    ` ${shell('./mark yes')}`,
    'Command parsing failed for: ./mark yes',
    shell('./mark yes').slice(27),
  );
  assert.equal(calls.told(command('./mark yes'), 1), undefined);
});
