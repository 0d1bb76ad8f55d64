import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import type { Pane, PaneSize } from '../../src/core/tmux/pane.js';
import { launchFile, LIST_PROCESSES } from '../../src/core/tmux/scripts.js';
import { TmuxServer } from '../../src/core/tmux/tmuxServer.js';
import {
  isSupported,
  parseTmuxVersion,
  tmuxFeatures,
  tmuxLimits,
  type TmuxVersion,
} from '../../src/core/tmux/version.js';
import { LocalMachine } from '../../src/machines/local/localMachine.js';
import { silentLogger } from '../helpers/silentLogger.js';
import { tempDir } from '../helpers/tempDir.js';
import { until } from '../helpers/until.js';

/** Paths of tmux programs of other versions to test with, separated by colons; default: the system's alone. */
const programs = (process.env['CM_TEST_TMUX'] ?? '').split(':').filter((path) => path !== '');

function version(text: string): TmuxVersion {
  const parsed = parseTmuxVersion(`tmux ${text}\n`);
  assert.ok(parsed);
  return parsed;
}

test('a version says what it can do and what is missing', () => {
  assert.equal(isSupported(version('2.6')), false);
  for (const text of ['2.7', '3.0a', '3.2a', '3.3a', 'next-3.7', 'master', 'openbsd-7.4'])
    assert.equal(isSupported(version(text)), true);
  assert.deepEqual(tmuxFeatures(version('2.7')), {
    quietClients: false,
    paneOptions: false,
    pipeDirection: false,
    extendedKeys: false,
    passthrough: false,
    newWindowSize: 'asked',
    windowSize: null,
  });
  assert.deepEqual(tmuxFeatures(version('3.0a')), {
    quietClients: false,
    paneOptions: true,
    pipeDirection: true,
    extendedKeys: false,
    passthrough: false,
    newWindowSize: 'creator',
    windowSize: 'smallest',
  });
  assert.deepEqual(tmuxFeatures(version('3.2')), {
    quietClients: true,
    paneOptions: true,
    pipeDirection: true,
    extendedKeys: true,
    passthrough: false,
    newWindowSize: 'creator',
    windowSize: 'latest',
  });
  assert.match(tmuxLimits(version('2.9')) ?? '', /asked for once a second/);
  assert.match(tmuxLimits(version('3.2a')) ?? '', /which signal/);
  assert.equal(tmuxLimits(version('3.3a')), undefined);
});

interface Fixture {
  readonly tmux: TmuxServer;
  readonly sessions: string;
  readonly machine: LocalMachine;
  open(): TmuxServer;
  launch(id: string, ...argv: string[]): Promise<void>;
  log(id: string): string;
}

async function fixture(t: TestContext, program: string | undefined): Promise<Fixture> {
  const root = tempDir(t);
  const sessions = join(root, 'sessions');
  mkdirSync(sessions);
  const run = join(root, 'run');
  mkdirSync(run, { mode: 0o700 });
  const machine = new LocalMachine({ home: root });
  const open = (): TmuxServer => {
    const tmux = new TmuxServer({
      machine,
      runtimeDirectory: run,
      sessionsDirectory: sessions,
      place: () => Promise.resolve({ program, searchLogin: false }),
      log: silentLogger,
    });
    t.after(() => tmux.dispose());
    return tmux;
  };
  const tmux = open();
  t.after(async () => {
    // Its folder and with it the socket may have been removed before.
    const { stdout } = await machine.run(['/bin/sh', '-c', LIST_PROCESSES]);
    for (const line of stdout.split('\n')) {
      if (line.includes(` -S ${tmux.socket} -f `)) process.kill(Number.parseInt(line, 10), 'SIGKILL');
    }
  });
  return {
    tmux,
    sessions,
    machine,
    open,
    launch: (id, ...argv) =>
      machine.writeFile(
        join(sessions, `${id}.launch`),
        launchFile({ argv, env: { PATH: '/usr/bin:/bin', CM_SESSION: id }, cwd: root, umask: 0o022 }),
      ),
    log(id) {
      try {
        return readFileSync(join(sessions, `${id}.log`), 'utf8');
      } catch {
        return '';
      }
    },
  };
}

for (const program of programs.length === 0 ? [undefined] : programs) {
  const name = program ?? 'the tmux of this system';

  test(`a session lives and ends in ${name}`, async (t) => {
    const { tmux, launch, log, open, sessions, machine } = await fixture(t, program);
    const panes: Pane[] = [];
    const sizes: PaneSize[] = [];
    let closed = 0;
    tmux.connection.onPaneChanged((pane) => panes.push(pane));
    tmux.connection.onResized((size) => sizes.push(size));
    tmux.connection.onWindowClosed(() => closed++);
    assert.equal(await tmux.connection.attached(), undefined);
    const script = `printf '\\033]2;my title\\007ready\\n'; read line; echo "got $line"; stty size; read line; exit 7`;
    await launch('s1', 'sh', '-c', script);
    const pane = await tmux.create('s1', { folder: "/a\nb/#{x}'$HOME" });
    assert.deepEqual([pane.session, pane.columns, pane.rows, pane.dead, pane.piped], ['s1', 120, 40, false, true]);
    await until('it is ready', () => log('s1').includes('ready'));
    assert.match(await tmux.screen(pane.pane), /ready/);
    await until('the title is told', () => panes.some(({ title }) => title === 'my title'));
    await tmux.paste(pane.pane, "it's $HOME", 'pasted');
    assert.equal(await tmux.mark(pane.pane), 'pasted');
    await tmux.keys(pane.pane, ['Enter'], 'sent');
    assert.equal(await tmux.mark(pane.pane), 'sent');
    await until('it has got the text', () => log('s1').includes("got it's $HOME"));
    await until('it has its size', () => log('s1').includes('40 120'));
    assert.equal(await tmux.folder(pane.pane), "/a\nb/#{x}'$HOME");

    await launch('s2', 'sleep', '1000');
    const other = await tmux.create('s2');
    await assert.rejects(tmux.create('s2'), { code: 'conflict' });
    // A window that has gone is told without the ids and words of tmux.
    await assert.rejects(tmux.screen('%999'), {
      code: 'conflict',
      message: 'tmux did not do what it was asked: its window has gone',
      said: /^can't find .*%999/,
    });
    assert.deepEqual((await tmux.panes()).map(({ session }) => session).sort(), ['s1', 's2']);

    // Another server finds what runs.
    const again = open();
    assert.notEqual(await again.connection.attached(), undefined);
    assert.deepEqual((await again.panes()).map(({ session }) => session).sort(), ['s1', 's2']);
    // One of the two acts, and the other one hears of it when it is gone or asked to.
    let heard = 0;
    again.connection.onLeadChanged(() => heard++);
    assert.deepEqual([await tmux.connection.lead(false), await again.connection.lead(false)], [true, false]);
    assert.equal(await again.connection.lead(true), true);
    assert.equal(await tmux.connection.lead(false), false);
    await until('the change is told', () => heard > 0);
    again.dispose();
    await until('who is gone acts no more', () => tmux.connection.lead(false));

    // A person's terminal decides the size.
    const command = await tmux.attachCommand('s1', false);
    const terminal = await machine.openTerminal(command, {
      columns: 90,
      rows: 30,
      env: { PATH: '/usr/bin:/bin', TERM: 'xterm-256color', LANG: 'C.UTF-8' },
    });
    terminal.onData(() => undefined);
    await until('the pane has the size of the terminal', () =>
      sizes.some((size) => size.pane === pane.pane && size.columns === 90 && size.rows === 30),
    );
    assert.equal((await tmux.attached('s1')).length, 1);
    terminal.dispose();
    await until('the terminal has gone', async () => (await tmux.attached('s1')).length === 0);

    await tmux.keys(pane.pane, ['Enter']);
    await until('its end is told', () => panes.some(({ session, dead }) => session === 's1' && dead));
    // tmux itself may miss how a program ended; the launcher never does.
    assert.equal(readFileSync(join(sessions, 's1.exit'), 'utf8'), 'exit 7\n');
    await tmux.reopenLog(other, 0);
    const before = closed;
    await tmux.kill(pane);
    await until('the closed window is told', () => closed > before);
    assert.deepEqual(
      (await tmux.panes()).map(({ session }) => session),
      ['s2'],
    );
    await machine.killTree(other.pid, 's2');
    await tmux.kill(other);
    await until('no window is left', async () => (await tmux.panes()).length === 0);
    // An emptied tmux takes the next one.
    await launch('s3', 'true');
    await tmux.create('s3');
  });
}
