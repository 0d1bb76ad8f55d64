import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { LocalTerminal } from '../../src/machines/local/localTerminal.js';
import { until } from '../helpers/until.js';

const env = { PATH: process.env['PATH'] ?? '/usr/bin:/bin', HOME: '/', LANG: 'C.UTF-8' };

interface Shown {
  readonly terminal: LocalTerminal;
  readonly text: () => string;
  readonly exit: () => { readonly code: number | null } | undefined;
}

function open(t: TestContext, script: string, size = { columns: 91, rows: 23 }): Shown {
  const terminal = new LocalTerminal(['/bin/sh', '-c', script], { ...size, env });
  t.after(() => terminal.dispose());
  let text = '';
  let exit: { readonly code: number | null } | undefined;
  terminal.onData((bytes) => (text += Buffer.from(bytes).toString('utf8')));
  terminal.onExit((code) => (exit = { code }));
  return { terminal, text: () => text, exit: () => exit };
}

test('a program in a terminal has its size, reads what is typed and tells its exit code', async (t) => {
  const { terminal, text, exit } = open(t, 'stty -echo; test -t 0 && stty size; read -r line; echo "<$line>"; exit 7');
  await until('it tells its size', () => text().includes('23 91'));
  assert.ok(!text().includes('/dev/'), 'the name of the terminal is not shown');
  terminal.write(Buffer.from('typed ünd\r'));
  await until('it has ended', () => exit());
  assert.match(text(), /<typed ünd>/);
  assert.deepEqual(exit(), { code: 7 });
  const late = await new Promise<number | null>((resolve) => terminal.onExit(resolve));
  assert.equal(late, 7, 'one who asks later is told, too');
});

test('a terminal is resized, also before it is ready', async (t) => {
  const { terminal, text } = open(t, 'while read -r line; do stty size; done');
  terminal.resize({ columns: 61, rows: 11 });
  await until('the first size is taken', () => {
    terminal.write(Buffer.from('\r'));
    return text().includes('11 61');
  });
  terminal.resize({ columns: 62, rows: 12 });
  terminal.resize({ columns: 63, rows: 13 });
  await until('the last size stays', () => {
    terminal.write(Buffer.from('\r'));
    return text().includes('13 63');
  });
});

test('a terminal that is let go ends its program, and words are passed as they are', async (t) => {
  const odd = `a'b"c$d\`e\\f !g*`;
  const words = new LocalTerminal(['/bin/echo', odd], { columns: 80, rows: 24, env });
  t.after(() => words.dispose());
  let text = '';
  words.onData((bytes) => (text += Buffer.from(bytes).toString('utf8')));
  await until('it is printed', () => text.includes('\n'));
  assert.equal(text.trim(), odd);
  const { terminal, text: shown, exit } = open(t, 'echo pid=$$; cat');
  const pid = Number(await until('it runs', () => /pid=(\d+)\r/.exec(shown())?.[1]));
  terminal.dispose();
  await until('it has ended', () => {
    try {
      process.kill(pid, 0);
      return false;
    } catch {
      return exit() !== undefined;
    }
  });
});

test('a program waits while nothing is taken, and no byte is lost', async (t) => {
  const { terminal, text, exit } = open(t, 'stty -opost; seq 1 200000');
  await until('it prints', () => text().length > 1000);
  terminal.pause();
  const held = text().length;
  terminal.resume();
  await until('it has ended', () => exit());
  assert.ok(held < text().length);
  assert.equal(text(), Array.from({ length: 200_000 }, (_, n) => `${n + 1}\n`).join(''));
});
