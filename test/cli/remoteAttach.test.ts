import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { CodeManagerError } from '../../src/protocol/errors.js';
import type { Peer } from '../helpers/scriptedServer.js';
import { until } from '../helpers/until.js';
import { scriptedHome, type ScriptedHome } from './scriptedHome.js';

/** Says how the program ended, and whether typing is shown again. */
const ECHO = '"$@"; echo "ended with $?"; stty -a | grep -o -e "-\\?\\becho\\b"; sleep 100';
const bytes = (text: string): Uint8Array => Buffer.from(text);

interface Attached extends ScriptedHome {
  readonly peer: () => Peer;
  /** All that was typed. */
  readonly typed: () => string;
}

/** A server with a terminal that greets on the other screen, as tmux does. */
async function attachable(t: TestContext): Promise<Attached> {
  const scripted = await scriptedHome(t);
  const { server } = scripted;
  let attached: Peer | undefined;
  server.on('session/attach', () => null);
  server.on('terminal/open', (_: unknown, peer: Peer) => {
    attached = peer;
    setImmediate(() => peer.sendLog(5, 0, bytes('\x1b[?1049h\x1b[H\x1b[?1000h\x1b[?25lwho is there?\r\n')));
    return { terminal: 5 };
  });
  server.on('terminal/resize', () => ({}));
  server.on('terminal/close', () => ({}));
  const peer = (): Peer => {
    assert.ok(attached);
    return attached;
  };
  return {
    ...scripted,
    peer,
    typed: () => Buffer.concat(peer().frames.map((frame) => frame.bytes)).toString(),
  };
}

test('attach to a session elsewhere hands the terminal over with its size, keys and end', async (t) => {
  const { server, shell, peer, typed } = await attachable(t);
  const terminal = await shell(ECHO, 'attach', 'there', '-r');
  await terminal.shows(/who is there\?/);
  assert.deepEqual(server.requestsOf('terminal/open'), [
    { session: '000000000002', columns: 100, rows: 30, readOnly: true, nesting: 'yes' },
  ]);
  await terminal.type('me');
  await terminal.keys('C-c', 'C-b', 'd', 'Up', 'C-z');
  await until('all keys', () => typed() === 'me\x03\x02d\x1b[A\x1a');
  await terminal.resize(70, 20);
  await until('the new size', () => server.requestsOf('terminal/resize').length > 1);
  assert.deepEqual(server.requestsOf('terminal/resize').at(-1), { terminal: 5, columns: 70, rows: 20 });
  peer().sendLog(5, 50, bytes('\x1b[?1049l\x1b[?25h[detached]\r\n'));
  peer().notify('terminal/exit', { terminal: 5, code: 0 });
  const screen = await terminal.shows(/^-?echo$/m);
  assert.match(screen, /\[detached\]\nended with 0/);
  assert.match(screen, /^echo$/m);
});

test('the exit code of the terminal there is that of cm', async (t) => {
  const { shell, peer } = await attachable(t);
  const terminal = await shell(ECHO, 'attach', 'there');
  await terminal.shows(/who is there\?/);
  peer().notify('terminal/exit', { terminal: 5, code: 3 });
  await terminal.shows(/ended with 3/);
});

test('a cut link gives the terminal back, says how to attach again and exits with 4', async (t) => {
  const { server, shell, peer } = await attachable(t);
  for (const [cut, what] of [
    [() => peer().notify('terminal/exit', { terminal: 5, code: null }), 'build-box'],
    [() => server.cut(), 'the agent server'],
  ] as const) {
    const terminal = await shell(ECHO, 'attach', 'there');
    await terminal.shows(/who is there\?/);
    cut();
    const screen = await terminal.shows(/^-?echo$/m);
    assert.match(screen.replaceAll('\n', ' '), new RegExp(`The connection to ${what} was lost; there goes on`));
    assert.match(screen.replaceAll('\n', ' '), /Attach again: cm attach 000000000002 +ended with 4 +echo/);
    assert.doesNotMatch(screen, /who is there/, 'it is the own screen again');
    assert.equal(await terminal.state(), 'cursor mouse off');
  }
});

test('a cm attach that is ended gives the terminal back and closes the one there', async (t) => {
  const { server, shell } = await attachable(t);
  const terminal = await shell(ECHO, 'attach', 'there');
  await terminal.shows(/who is there\?/);
  const [{ client }] = server.requestsOf('initialize') as [{ client: { pid: number } }];
  process.kill(client.pid, 'SIGTERM');
  assert.match(await terminal.shows(/^-?echo$/m), /^\s*ended with 143\necho/);
  assert.equal(await terminal.state(), 'cursor mouse off');
  await until('it is closed', () => server.requestsOf('terminal/close').length === 1);
});

test('attaching elsewhere needs a terminal, and what stands in its way is told', async (t) => {
  const { home, server, shell } = await attachable(t);
  const { code, stderr } = await home.run(['attach', 'there']);
  assert.equal(code, 2);
  assert.match(stderr, /needs a terminal/);
  server.on('terminal/open', () => {
    throw new CodeManagerError('unavailable', 'build-box cannot be reached', { hint: 'It is tried again in 8 s.' });
  });
  const terminal = await shell(ECHO, 'attach', 'there');
  assert.match(await terminal.shows(/^-?echo$/m), /build-box cannot be reached\. It is tried.*\nended with 4\necho/);
});
