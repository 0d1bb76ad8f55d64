import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import fc from 'fast-check';
import { alertSequence, Interjections } from '../../src/cli/alerts.js';
import { LocalTerminal } from '../../src/machines/local/localTerminal.js';
import type { Session } from '../../src/protocol/session.js';
import { pendingRecord } from '../helpers/records.js';
import type { Peer } from '../helpers/scriptedServer.js';
import { distDir } from '../helpers/testHome.js';
import { until } from '../helpers/until.js';
import { scriptedHome, type ScriptedHome } from './scriptedHome.js';

const TOLD = '\x1b]9;Code Manager: there needs permission: npm publish\x07\x07';

/** Runs `cm` in a terminal whose every byte is seen. */
function run(t: TestContext, { home }: ScriptedHome, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const { TMUX: _tmux, ...own } = home.env;
  const all = Object.entries({ ...own, ...env }).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value]],
  );
  const command = [process.execPath, join(distDir, 'cm.js'), ...args];
  const terminal = new LocalTerminal(command, {
    columns: 90,
    rows: 24,
    cwd: home.work,
    env: Object.fromEntries(all) as Record<string, string>,
  });
  t.after(() => terminal.dispose());
  let seen = '';
  terminal.onData((bytes) => (seen += Buffer.from(bytes).toString('utf8')));
  return { terminal, seen: () => seen };
}

/** Lets a session need input, and tells every client. */
function asks({ server }: ScriptedHome, fields: Partial<Session> = {}): void {
  const [, there] = server.snapshot.sessions;
  assert.ok(there);
  const session: Session = {
    ...there,
    state: 'waiting',
    waiting: { kind: 'permission', text: 'npm publish' },
    request: pendingRecord({ id: 'r1' }),
    changed: new Date().toISOString(),
    ...fields,
  };
  server.snapshot = { ...server.snapshot, sessions: [...server.snapshot.sessions.slice(0, 1), session] };
  server.emit({ type: 'session/changed', session });
}

test('status -w --notify has the terminal tell when a session needs input, once', async (t) => {
  const scripted = await scriptedHome(t);
  const { seen } = run(t, scripted, ['status', '-w', '--notify', '--state', 'working']);
  await until('the list', () => seen().includes('there'));
  assert.ok(!seen().includes('\x07'), 'nothing has happened yet');
  asks(scripted);
  await until('that it is told', () => seen().includes(TOLD));
  asks(scripted);
  scripted.server.emit({ type: 'session/removed', id: '000000000001', name: 'here' });
  await until('the next picture', () => (seen().split(TOLD)[1] ?? '').includes('\x1b['));
  assert.equal(seen().split(TOLD).length, 2, 'once for one request');

  const nobody = await scripted.home.run(['status', '-w', '--notify']);
  assert.equal(nobody.code, 2);
  assert.match(nobody.stderr, /^The flag --notify needs a terminal\./);
  const over = await scripted.home.run(['status', '--notify']);
  assert.equal(over.code, 2);
  assert.match(over.stderr, /^The flag --notify needs -w/);
});

test('attach --notify tells it between the sequences of the session, and inside a tmux to the terminal around that', async (t) => {
  const scripted = await scriptedHome(t);
  const { server } = scripted;
  let peer: Peer | undefined;
  server.on('session/attach', () => ({ command: ['/bin/false'], env: {} }));
  server.on('terminal/open', (_: unknown, opened: Peer) => {
    peer = opened;
    setImmediate(() => opened.sendLog(5, 0, Buffer.from('ready\x1b[3')));
    return { terminal: 5 };
  });
  server.on('terminal/resize', () => ({}));
  server.on('terminal/close', () => ({}));
  const { seen } = run(t, scripted, ['attach', 'here', '--notify'], { TMUX: '/tmp/outer,1,0' });
  await until('the session', () => seen().includes('ready'));
  await until('both connections', () => server.peers.size === 2);
  // Whoever listens has the picture first.
  await until('the picture', () => server.requestsOf('initialize').length === 2);
  asks(scripted, { name: 'there\x1b]0;evil\x07' });
  await new Promise((resolve) => setTimeout(resolve, 500));
  assert.ok(seen().endsWith('ready\x1b[3'), 'not inside of a sequence');
  peer?.sendLog(5, 8, Buffer.from('1mred'));
  await until('that it is told', () => seen().endsWith('\x07'));
  const told = seen().slice(seen().indexOf('\x1b[31mred') + '\x1b[31mred'.length);
  assert.match(
    told,
    /^\x1bPtmux;\x1b\x1b\]9;Code Manager: there[^\x1b\x07]* needs permission: npm publish\x07\x1b\\\x07$/,
  );
});

test('whatever a text holds, it is one notification; wherever a stream is cut, it stays whole', async () => {
  const hostile = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('\x07', '\x1b\\', '\x9c', '4;1;50', '\x1b]52;c;eA==\x07'),
  );
  fc.assert(
    fc.property(fc.array(hostile), (parts) => {
      assert.match(alertSequence(parts.join(''), {}), /^\x1b\]9;Code Manager: [^\x00-\x1f\x7f-\x9f]*\x07\x07$/);
    }),
  );
  const whole = 'a\x1b[31mü€😀\x1b]0;title ü\x07\x1bPq#0\x1b\\\r\nend';
  const bytes = Buffer.from(whole);
  for (let at = 0; at <= bytes.length; at++) {
    const out: Uint8Array[] = [];
    const shown = new Interjections(async (piece) => void out.push(piece));
    await shown.pass(bytes.subarray(0, at));
    await shown.say('<told>');
    await shown.pass(bytes.subarray(at));
    const [before = '', after = '', ...more] = Buffer.concat(out).toString().split('<told>');
    assert.equal(before + after, whole);
    assert.deepEqual(more, []);
    // It stands between two elements of the stream.
    const elements = [
      'a',
      '\x1b[31m',
      'ü',
      '€',
      '😀',
      '\x1b]0;title ü\x07',
      '\x1bPq#0\x1b\\',
      '\r',
      '\n',
      'e',
      'n',
      'd',
    ];
    const ends = elements.map((_, i) => elements.slice(0, i + 1).join(''));
    assert.ok(['', ...ends].includes(before), JSON.stringify(before));
  }
});
