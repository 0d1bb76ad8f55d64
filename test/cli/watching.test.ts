import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ServerEvent } from '../../src/protocol/events.js';
import type { Session } from '../../src/protocol/session.js';
import { Terminal } from '../helpers/terminal.js';
import { distDir, TestHome } from '../helpers/testHome.js';
import { until } from '../helpers/until.js';

/** Waits until so many clients are connected. */
async function clientsOf(home: TestHome, count: number): Promise<void> {
  await until(`${count} clients`, async () => {
    const { code, stdout } = await home.run(['server', 'status', '--json']);
    // The one that asks counts too.
    return code === 0 && (JSON.parse(stdout) as { clients: number }).clients === count + 1;
  });
}

test('status -w and events show every change of a session in the same order and the same word', async (t) => {
  const home = new TestHome(t);
  await home.ok('ctx', 'add', 'demo', '.');
  const watching = home.spawn(['status', '-w']);
  const printing = home.spawn(['events']);
  const recording = home.spawn(['events', '--json']);
  await clientsOf(home, 3);
  const id = await home.ok('start', 'shell', 'read x; exit 3', '--name', 'watched', '--ctx', 'demo');
  await watching.line(/Running/);
  await home.ok('rename', id, 'renamed');
  await watching.line(/renamed/);
  await home.ok('send', id, 'x');
  await watching.line(/Failed +now +exit 3/);
  await home.ok('rm', id, '--purge');
  await watching.line(new RegExp(`^${id}  renamed  removed$`));
  await Promise.all([watching, printing, recording].map((running) => running.line(/removed/)));

  const events = recording.lines.map((line) => JSON.parse(line) as ServerEvent);
  for (const [i, { seq }] of events.entries()) assert.equal(seq, (events[0]?.seq ?? 0) + i, 'no number is missing');
  const statuses = events.flatMap(({ change }) => (change.type === 'session/changed' ? [change.session.status] : []));
  assert.deepEqual(
    statuses.filter((status, i) => status !== statuses[i - 1]),
    ['starting', 'running', 'failed'],
  );

  const words = (lines: readonly string[]): string[] =>
    lines.filter((line) => line.includes(id)).map((line) => /Starting|Running|Failed|removed/.exec(line)?.[0] ?? line);
  assert.deepEqual(words(watching.lines), words(printing.lines));
  assert.match(printing.stdout, /^\d\d:\d\d:\d\d {2}session [0-9a-z]{12} {2}renamed {2}Failed {2}exit 3$/m);
  for (const running of [watching, printing, recording]) assert.equal((await running.interrupt()).code, 130);
});

test('status -w begins with what is there, filters, and streams JSON', async (t) => {
  const home = new TestHome(t);
  const first = await home.ok('start', 'shell', 'sleep 1000', '--name', 'first');
  const watching = home.spawn(['status', '-w', '--json', '--state', 'running']);
  await watching.line(new RegExp(first));
  const second = await home.ok('start', 'shell', 'exit 0', '--name', 'second');
  await home.ok('wait', second);
  await home.ok('kill', first);
  await watching.line(/"status":"stopped"/);
  const records = watching.lines.map((line) => JSON.parse(line) as Session);
  assert.deepEqual(records.filter(({ id }) => id === first).at(-1)?.status, 'stopped', 'leaving the filter is told');
  await watching.interrupt();
});

test('events since a number begin after it', async (t) => {
  const home = new TestHome(t);
  const recording = home.spawn(['events', '--json']);
  await clientsOf(home, 1);
  await home.ok('wait', await home.ok('start', 'shell', 'exit 0'));
  await recording.line(/"completed":"2/);
  const all = recording.lines;
  const from = (JSON.parse(all[1] ?? '') as ServerEvent).seq;
  const later = home.spawn(['events', '--json', '--since', String(from)]);
  await until('the rest of them', () => later.lines.length >= all.length - 2);
  assert.deepEqual(later.lines.slice(0, all.length - 2), all.slice(2));
  await Promise.all([recording.interrupt(), later.interrupt()]);
});

test('in a terminal the list is drawn in place and fits its width', async (t) => {
  const home = new TestHome(t);
  await home.ok('start', 'shell', 'read x; exit 3', '--name', 'a-name-that-is-rather-long-for-a-narrow-terminal');
  const terminal = await Terminal.open(t, {
    dir: home.root,
    command: [process.execPath, join(distDir, 'cm.js'), 'status', '-w'],
    env: home.env,
    cwd: home.work,
    columns: 70,
  });
  const before = await terminal.shows(/Running/);
  assert.equal(before.split('\n').length, 2);
  assert.match(before, /^ID +NAME/);
  await home.ok('send', 'a-name-that-is-rather-long-for-a-narrow-terminal', 'x');
  const after = await terminal.shows(/Failed/);
  assert.equal(after.split('\n').length, 2, after);
  assert.doesNotMatch(after, /Running/);
  await home.ok('rm', 'a-name-that-is-rather-long-for-a-narrow-terminal');
  await terminal.shows(/^No sessions\.$/);
  await terminal.keys('C-c');
  assert.equal(await terminal.exitCode(), 130);
});

test('attach hands the terminal over, also inside another tmux, and detaching leaves the session alone', async (t) => {
  const home = new TestHome(t);
  const id = await home.ok('start', 'shell', 'echo "who is there?"; read x; echo "hello $x"; read y');
  const open = (...args: string[]): Promise<Terminal> =>
    Terminal.open(t, {
      dir: home.root,
      command: [process.execPath, join(distDir, 'cm.js'), 'attach', id, ...args],
      env: home.env,
      cwd: home.work,
    });
  const terminal = await open();
  await terminal.shows(/who is there\?/);
  await terminal.type('me');
  await terminal.keys('Enter');
  await terminal.shows(/hello me/);
  const watcher = await open('-r');
  await watcher.shows(/hello me/);
  await watcher.type('nothing');
  await watcher.keys('Enter');
  await terminal.keys('C-b', 'd');
  assert.equal(await terminal.exitCode(), 0);
  assert.equal((await home.json('status', id))['status'], 'running', 'a read-only terminal types nothing');
  await home.ok('kill', id);
});

test('attach without a terminal says so, and tells the command as JSON', async (t) => {
  const home = new TestHome(t);
  const id = await home.ok('start', 'shell', 'sleep 1000');
  const { code, stderr } = await home.run(['attach', id]);
  assert.equal(code, 2);
  assert.match(stderr, /needs a terminal/);
  const { command } = await home.json<{ command: string[] }>('attach', id);
  assert.match(command.join(' '), /tmux/);
  assert.equal((await home.run(['attach', 'none'])).code, 3);
});

test('colours are for terminals only, and NO_COLOR turns them off', async (t) => {
  const home = new TestHome(t);
  await home.ok('wait', await home.ok('start', 'shell', 'exit 1'));
  assert.doesNotMatch(await home.ok('status'), /\x1b/);
  for (const noColor of ['', '1']) {
    const terminal = await Terminal.open(t, {
      dir: home.root,
      command: ['sh', '-c', `"$0" "$1" status | cat -v; "$0" "$1" status`, process.execPath, join(distDir, 'cm.js')],
      env: { ...home.env, NO_COLOR: noColor },
      cwd: home.work,
    });
    await terminal.exitCode();
    assert.equal(/\x1b\[31m *Failed/.test(await terminal.colours()), noColor === '');
  }
});

test('what an agent or a person wrote cannot steer the terminal', async (t) => {
  const home = new TestHome(t);
  const id = await home.ok(
    'start',
    'shell',
    'printf "\\033]0;evil \\033[31m title\\007\\033[2J\\033[31mred\\n"; exit 1',
  );
  await home.ok('wait', id);
  for (const text of [await home.ok('status'), await home.ok('status', id), await home.ok('logs', id)]) {
    assert.doesNotMatch(text, /[\x00-\x08\x0b-\x1f\x7f]/);
  }
  assert.match((await home.run(['logs', id, '--raw'])).stdout, /\x1b\[31mred/);
});
