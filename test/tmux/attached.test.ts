import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { HOSTILE_SEQUENCES } from '../helpers/hostileText.js';
import { Terminal } from '../helpers/terminal.js';
import { TestServer } from '../helpers/testServer.js';
import { until } from '../helpers/until.js';

const OSC_52 = '\x1b]52;c;cm0gLXJm\x07';

test('what a session prints sets neither the clipboard nor the title of who is attached; copying by tmux does', async (t) => {
  const server = new TestServer(t);
  const client = server.client();
  const hostile = join(server.work, 'hostile');
  const wrapped = `\x1bPtmux;${OSC_52.replaceAll('\x1b', '\x1b\x1b')}\x1b\\`;
  writeFileSync(hostile, [OSC_52, '\x1b]52;c;?\x07', wrapped, ...HOSTILE_SEQUENCES].join('\n'), 'utf8');
  const { id } = await server.shell(
    client,
    `read -r line; cat '${hostile}'; printf '\\033\\\\\\033c\\ntowel\\n'; sleep 1000`,
  );
  const attach = await client.request('session/attach', { session: id });
  assert.ok(attach);

  const drawn = join(server.work, 'drawn');
  const env = { ...server.home.env, ...attach.env, TERM: 'xterm-256color' };
  // A shell first, so that nothing is drawn before it is recorded.
  const command = ['sh', '-c', 'read -r go; TERM=xterm-256color exec "$@"', 'sh', ...attach.command];
  const terminal = await Terminal.open(t, { dir: server.home.root, command, env, cwd: server.work });
  await terminal.record(drawn);
  await terminal.keys('Enter');
  await until('tmux to draw', () => readFileSync(drawn, 'latin1').includes('\x1b[?1049h'));
  await terminal.keys('Enter');
  await terminal.shows(/towel/);
  const seen = readFileSync(drawn, 'latin1');
  assert.doesNotMatch(seen, /\]52;/);
  assert.doesNotMatch(seen, /\x1b\][012];/);
  assert.doesNotMatch(seen, /\x1bP|\x1b_|\x1b\^|\x1bX|\x9d|\x90/);
  assert.doesNotMatch(seen, /command:/);

  // Copy mode, the line above the cursor, copied.
  await terminal.keys('C-b', '[');
  await until('copy mode', async () => /\[\d+\/\d+\]/.test(await terminal.screen()));
  // No key that is sent as an escape and a letter: on a busy machine they come apart, and the escape leaves the mode.
  await terminal.keys('C-p', 'C-a');
  // Control and blank, which begins the selection.
  await terminal.keys('-H', '00');
  await terminal.keys('C-e', 'C-w');
  const copied = await until('the clipboard to be set', () =>
    /\]52;c?;([A-Za-z0-9+/=]+)/.exec(readFileSync(drawn, 'latin1')),
  );
  assert.equal(Buffer.from(copied[1] ?? '', 'base64').toString(), 'towel');
});

test('who is attached in a small terminal decides the size of that session alone, and only while attached', async (t) => {
  const server = new TestServer(t);
  const client = server.client();
  const size = async (id: string): Promise<string> =>
    server.tmux('display-message', '-p', '-t', `=${id}:`, '#{window_width}x#{window_height}');
  const attach = async (id: string): Promise<Terminal> => {
    const attached = await client.request('session/attach', { session: id });
    assert.ok(attached);
    const env = { ...server.home.env, ...attached.env, TERM: 'xterm-256color' };
    return Terminal.open(t, {
      dir: server.home.root,
      command: attached.command,
      env,
      cwd: server.work,
      columns: 82,
      rows: 12,
    });
  };
  const first = await server.shell(client, 'sleep 1000');
  const small = await attach(first.id);
  await until('the small terminal decides', async () => (await size(first.id)) === '82x12');

  const second = await server.shell(client, 'stty size; sleep 1000');
  assert.equal(await size(second.id), '120x40');
  const log = join(server.cm, 'sessions', 'active', `${second.id}.log`);
  await until('it has told its size', () => readFileSync(log, 'utf8').includes('\n'));
  assert.match(readFileSync(log, 'utf8'), /^40 120\r?\n/, 'and its program never saw another one');

  const other = await attach(first.id);
  await until('two are attached', async () =>
    (await server.tmux('list-clients', '-t', `=${first.id}:`)).includes('\n'),
  );
  await other.keys('C-b', 'd');
  await until('one is left', async () => !(await server.tmux('list-clients', '-t', `=${first.id}:`)).includes('\n'));
  assert.equal(await size(first.id), '82x12', 'the other one still decides');
  await small.keys('C-b', 'd');
  await until('nobody does', async () => (await size(first.id)) === '120x40');
  await attach(second.id);
  await until('another one decides again', async () => (await size(second.id)) === '82x12');
});
