import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { privateTmux } from '../helpers/privateTmux.js';
import { Terminal } from '../helpers/terminal.js';
import { distDir, TestHome } from '../helpers/testHome.js';
import { until } from '../helpers/until.js';
import { runningWith } from '../machine/processes.js';

/** `cm attach` in a terminal, with a word about its end below it. */
function attach(t: TestContext, home: TestHome, id: string, before = ':'): Promise<Terminal> {
  const script = `${before}; "$0" "$1" attach ${id}; echo "ended with $?"; sleep 100`;
  return Terminal.open(t, {
    dir: home.root,
    command: ['sh', '-c', script, process.execPath, join(distDir, 'cm.js')],
    env: home.env,
    cwd: home.work,
  });
}

/** Which of these commands run. */
function running(commands: readonly string[]): number[] {
  return runningWith((args) => commands.includes(args.filter((word) => word !== '').join(' ')));
}

/** No words and ids of tmux: of a session, a window, a pane, and how it tells of its own ends. */
const OF_TMUX = /\[(?:detached|exited|lost|server|terminated)|Pane is dead|from session|open terminal|[$@%]\d+\b/;

const TERMS = [
  'xterm-ghostty',
  'xterm-kitty',
  'wezterm',
  'foot',
  'alacritty-direct',
  'nobody-knows-this',
  'dumb',
  'none',
  '',
];

test('attach works in a terminal of any name', async (t) => {
  const home = new TestHome(t);
  const id = await home.ok('start', 'shell', 'echo "who is there?"; while read x; do echo "hello $x"; done');
  for (const term of TERMS) {
    const terminal = await attach(t, home, id, term === '' ? 'unset TERM' : `export TERM=${term}`);
    await terminal.shows(/who is there\?/);
    await terminal.type(`from ${term}`);
    await terminal.keys('Enter');
    await terminal.shows(new RegExp(`hello from ${term}`));
    await terminal.close();
  }
});

test('leaving, the end of a session and its sudden death are told in words of ours', async (t) => {
  const home = new TestHome(t);
  const id = await home.ok('start', 'shell', 'echo "who is there?"; read x; exit 3', '--name', 'visitor');
  const left = await attach(t, home, id);
  await left.shows(/who is there\?/);
  await left.keys('C-b', 'd');
  const leaving = await left.shows(/ended with 0/);
  assert.match(leaving, /^Left visitor; it goes on\. Attach again: cm attach /m);
  assert.doesNotMatch(leaving, OF_TMUX);

  const stays = await attach(t, home, id);
  await stays.shows(/who is there\?/);
  await stays.keys('Enter');
  const ended = await stays.shows(/ended with 0/);
  assert.match(ended, /^visitor has ended\.$/m);
  assert.doesNotMatch(ended, OF_TMUX);

  const other = await home.ok('start', 'shell', 'echo "who is there?"; read x', '--name', 'other');
  const cut = await attach(t, home, other);
  await cut.shows(/who is there\?/);
  await privateTmux(home.cm, ['kill-server']);
  const after = await cut.shows(/ended with 1/);
  assert.match(after, /^The terminal of other was closed\. Attach again: cm attach /m);
  assert.doesNotMatch(after, OF_TMUX);
});

test('the window of a program that has ended shows no words of tmux', async (t) => {
  const home = new TestHome(t);
  const id = await home.ok('start', 'shell', 'echo "who is there?"; read x');
  // The agent server is not there to close it.
  await home.ok('server', 'stop', '--force');
  await privateTmux(home.cm, ['send-keys', '-t', `=${id}:`, 'Enter']);
  const dead = '#{pane_dead}';
  await until(
    'it is dead',
    async () => (await privateTmux(home.cm, ['display-message', '-p', '-t', `=${id}:`, dead])) === '1',
  );
  const screen = await privateTmux(home.cm, ['capture-pane', '-p', '-t', `=${id}:`]);
  assert.match(screen, /who is there\?/);
  assert.doesNotMatch(screen, OF_TMUX);
});

test('there are few keys, and none that hides, splits or closes the window of the agent', async (t) => {
  const home = new TestHome(t);
  const id = await home.ok('start', 'shell', 'echo "who is there?"; read x; echo "hello $x"; read y');
  const keys = (await privateTmux(home.cm, ['list-keys', '-T', 'prefix']))
    .split('\n')
    .map((line) => line.split(/\s+/)[3]);
  assert.deepEqual(keys.sort(), ['?', 'C-b', 'PPage', '[', ']', 'd']);
  const root = await privateTmux(home.cm, ['list-keys', '-T', 'root']);
  assert.doesNotMatch(root, /menu|split|kill|respawn|window|prompt|swap/);

  // The terminal of this test is a tmux with the same prefix.
  const terminal = await attach(t, home, id);
  await terminal.shows(/Leave with C-b C-b d/);
  const pressed = async (isPrefix: string): Promise<unknown> =>
    until(
      'the key to be taken',
      async () => (await privateTmux(home.cm, ['list-clients', '-t', `=${id}`, '-F', '#{client_prefix}'])) === isPrefix,
    );
  // One after the other: keys that come all at once are taken for something pasted.
  const press = async (key: string): Promise<void> => {
    await terminal.keys('C-b');
    await pressed('1');
    await terminal.keys(key);
    await pressed('0');
  };
  for (const key of ['c', '&', '%', '"', ':', 'x', '!', 'w', ',', '$', 'n']) await press(key);
  await press('?');
  const help = await terminal.shows(/C-b d: leave, it goes on/);
  assert.doesNotMatch(help, /Leave with/, 'it goes with the first key');
  await terminal.type('me');
  await terminal.keys('Enter');
  await terminal.shows(/hello me/);
  const windows = await privateTmux(home.cm, [
    'list-panes',
    '-s',
    '-t',
    `=${id}`,
    '-F',
    '#{window_panes} #{pane_in_mode}',
  ]);
  assert.equal(windows, '1 0');
  // A second C-b is for the program.
  await press('C-b');
  await terminal.shows(/\^B/);
});

test('a tmux that an earlier version has started gets these keys, too', async (t) => {
  const home = new TestHome(t);
  const id = await home.ok('start', 'shell', 'sleep 1000');
  await home.ok('server', 'stop', '--force');
  await privateTmux(home.cm, ['bind-key', 'c', 'new-window']);
  await privateTmux(home.cm, ['set-option', '-su', '@cm_config']);
  await home.json('attach', id);
  const keys = await privateTmux(home.cm, ['list-keys', '-T', 'prefix']);
  assert.doesNotMatch(keys, /new-window/);
  assert.match(keys, /detach-client/);
});

test('what somebody opened beside an agent is told, never hides it, and ends with its session', async (t) => {
  const home = new TestHome(t);
  const id = await home.ok('start', 'shell', 'echo "who is there?"; read x', '--name', 'agent');
  await until('it asks', async () => (await home.ok('logs', id)).includes('who is there?'));
  await privateTmux(home.cm, ['new-window', '-t', `=${id}:`, 'trap "" HUP TERM; echo "a shell"; sleep 871']);
  await privateTmux(home.cm, ['split-window', '-t', `=${id}:0`, 'trap "" HUP TERM; echo "another shell"; sleep 872']);
  const doctor = (await home.run(['doctor'])).stdout;
  assert.match(doctor, /2 windows beside those of agents/);

  const terminal = await attach(t, home, id);
  const screen = await terminal.shows(/who is there\?/);
  assert.doesNotMatch(screen, /a shell|another shell/);
  await home.ok('kill', id);
  assert.match(await terminal.shows(/ended with 0/), /agent has ended/);
  assert.equal(await privateTmux(home.cm, ['list-sessions', '-F', '#{session_name}']), '_cm');
  assert.deepEqual(running(['sleep 871', 'sleep 872']), []);

  // Also where the program ends by itself, and where somebody has closed its window.
  const next = await home.ok('start', 'shell', 'echo "who is there?"; read x');
  await privateTmux(home.cm, ['new-window', '-t', `=${next}:`, 'trap "" HUP TERM; sleep 873']);
  await home.ok('send', next, 'nobody');
  await home.ok('wait', next);
  const lost = await home.ok('start', 'shell', 'read x');
  await privateTmux(home.cm, ['new-window', '-t', `=${lost}:`, 'trap "" HUP TERM; sleep 874']);
  await privateTmux(home.cm, ['kill-window', '-t', `=${lost}:0`]);
  await home.run(['wait', lost]);
  await until('nothing is left', () => running(['sleep 873', 'sleep 874']).length === 0);
  assert.equal(await privateTmux(home.cm, ['list-sessions', '-F', '#{session_name}']), '_cm');
});
