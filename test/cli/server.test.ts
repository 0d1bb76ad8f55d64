import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { CodeManagerError } from '../../src/protocol/errors.js';
import type { Check } from '../../src/protocol/requests.js';
import type { Session } from '../../src/protocol/session.js';
import { sessionRecord } from '../helpers/records.js';
import { ScriptedServer } from '../helpers/scriptedServer.js';
import { TestHome } from '../helpers/testHome.js';
import { until } from '../helpers/until.js';

test('without a server its status is an error and stopping it is none', async (t) => {
  const home = new TestHome(t);
  const status = await home.run(['server', 'status']);
  assert.deepEqual(status, { code: 4, stdout: '', stderr: 'The agent server is not running.\n' });
  const stop = await home.run(['server', 'stop']);
  assert.deepEqual(stop, { code: 0, stdout: '', stderr: 'The agent server is not running.\n' });
  assert.deepEqual(await home.json('server', 'stop'), { stopped: false });
});

test('the status of the server has what scripts need', async (t) => {
  const home = new TestHome(t);
  await home.ok('start', 'shell', 'sleep 1000');
  const status = await home.json('server', 'status');
  assert.equal(status['pid'], home.serverFile.pid);
  assert.equal(status['version'], await home.ok('version'));
  assert.equal(status['sessions'], 1);
  assert.equal(status['clients'], 1);
  assert.ok(Number(status['uptime']) < 600);
  assert.ok(Number(status['memory']) > 1e6);
  assert.match(await home.ok('server', 'status'), /^memory +\d/m);
});

test('the server is stopped only by force while sessions run, and they go on', async (t) => {
  const home = new TestHome(t);
  const id = await home.ok('start', 'shell', 'read x; echo "got $x"');
  const before = await home.json<Session>('status', id);
  const refused = await home.run(['server', 'stop']);
  assert.equal(refused.code, 6, refused.stderr);
  await home.ok('server', 'stop', '--force');
  assert.equal((await home.run(['server', 'status'])).code, 4);
  const after = await home.json<Session>('status', id);
  assert.equal(after.status, 'running');
  assert.equal(after.pid, before.pid);
  await home.ok('send', id, 'it');
  assert.equal(await home.ok('wait', id), 'Completed');
  assert.match(await home.ok('logs', id), /^got it$/m);
});

test('a restart gives another process with the same sessions', async (t) => {
  const home = new TestHome(t);
  const id = await home.ok('start', 'shell', 'sleep 1000');
  const { pid } = home.serverFile;
  const status = await home.json('server', 'restart');
  assert.notEqual(status['pid'], pid);
  assert.equal((await home.json<Session>('status', id)).status, 'running');
});

test('a server in the foreground serves until Ctrl-C', async (t) => {
  const home = new TestHome(t);
  const running = home.spawn(['server', 'run']);
  await until('it answers', async () => (await home.run(['server', 'status'])).code === 0);
  const { pid } = home.serverFile;
  assert.equal(await home.ok('start', 'shell', 'exit 0').then((id) => home.ok('wait', id)), 'Completed');
  assert.equal(home.serverFile.pid, pid);
  assert.notEqual((await running.interrupt()).code, null);
  assert.equal((await home.run(['server', 'status'])).code, 4);
});

test('ten starts at the same instant without a server make one server and ten sessions', async (t) => {
  const home = new TestHome(t);
  await Promise.all(Array.from({ length: 10 }, (_, i) => home.ok('start', 'shell', 'sleep 1000', '--name', `s${i}`)));
  const sessions = await home.json<Session[]>('status');
  assert.deepEqual(
    sessions.map(({ name }) => name).sort(),
    Array.from({ length: 10 }, (_, i) => `s${i}`),
  );
  assert.equal(new Set(sessions.map(({ pid }) => pid)).size, 10);
  const { pid, uptime } = await home.json('server', 'status');
  assert.equal(home.serverFile.pid, pid);
  assert.ok(Number(uptime) < 600);
});

test('whoever follows does not notice that the server was killed, again and again', async (t) => {
  const home = new TestHome(t);
  const count = 120;
  const id = await home.ok(
    'start',
    'shell',
    `for i in $(seq ${count}); do echo "line $i"; sleep 0.05; done; read x; exit 3`,
  );
  const text = home.spawn(['logs', id, '-f', '-n', 'all']);
  const raw = home.spawn(['logs', id, '-f', '-n', 'all', '--raw']);
  const watching = home.spawn(['status', '-w']);
  const waiting = home.spawn(['wait', id]);
  for (const i of [10, 40, 80]) {
    await text.line(new RegExp(`^line ${i}$`));
    process.kill(home.serverFile.pid, 'SIGKILL');
  }
  await text.line(new RegExp(`^line ${count}$`));
  await home.ok('send', id, 'go');
  assert.equal((await waiting.result()).stdout, 'Failed\n');
  const lines = Array.from({ length: count }, (_, i) => `line ${i + 1}`);
  const result = await text.result();
  assert.equal(result.code, 0);
  assert.deepEqual(
    result.stdout.split('\n').filter((line) => line.startsWith('line')),
    lines,
  );
  const bytes = (await raw.result()).stdout;
  assert.equal(bytes, (await home.run(['logs', id, '-n', 'all', '--raw'])).stdout);
  await watching.line(/Failed +now +exit 3/);
  await watching.interrupt();
});

test('a server whose sockets were deleted is reached again, with its sessions', async (t) => {
  const home = new TestHome(t);
  const ids = await Promise.all([1, 2, 3].map(() => home.ok('start', 'shell', 'read x; echo "got $x"')));
  rmSync(dirname(home.serverFile.socket), { recursive: true });
  assert.equal((await home.ok('status', '-q')).split('\n').length, 3);
  for (const id of ids) await home.ok('send', id, 'it');
  for (const id of ids) {
    assert.equal(await home.ok('wait', id), 'Completed');
    assert.match(await home.ok('logs', id), /^got it$/m);
  }
});

test('an older server is replaced', async (t) => {
  const home = new TestHome(t);
  mkdirSync(home.cm);
  const old = await ScriptedServer.start(t, home.cm, { version: '0.0.1' });
  old.on('server/stop', () => {
    setImmediate(() => void old.stop());
    return {};
  });
  assert.equal(await home.ok('status', '-q'), '');
  assert.deepEqual(old.requestsOf('server/stop'), [{ replace: true }]);
  assert.equal(home.serverFile.version, await home.ok('version'));
});

test('an older server that is in the middle of something is used as it is', async (t) => {
  const home = new TestHome(t);
  mkdirSync(home.cm);
  const old = await ScriptedServer.start(t, home.cm, { version: '0.0.1' });
  old.on('server/stop', () => {
    throw new CodeManagerError('conflict', 'Just now an agent is being started');
  });
  old.on('session/list', () => [sessionRecord({ name: 'of-the-old-one' })]);
  old.on('machine/list', () => []);
  assert.match(await home.ok('status'), /of-the-old-one/);
});

test('a newer server is used, and one that is too new says so', async (t) => {
  const home = new TestHome(t);
  mkdirSync(home.cm);
  const newer = await ScriptedServer.start(t, home.cm, { version: '99.0.0' });
  newer.on('session/list', () => []);
  newer.on('machine/list', () => []);
  assert.equal((await home.run(['status'])).code, 0);
  newer.on('initialize', () => {
    throw new CodeManagerError('tooOld', 'This cm is too old for the agent server 99.0.0');
  });
  const { code, stderr } = await home.run(['status']);
  assert.equal(code, 1);
  assert.match(stderr, /too old .*Update/);
});

test('a server that cannot start is the error of every command, and the finding of the doctor', async (t) => {
  const home = new TestHome(t);
  writeFileSync(home.cm, 'a file where the home should be');
  const { code, stdout, stderr } = await home.run(['status']);
  assert.notEqual(code, 0);
  assert.equal(stdout, '');
  assert.match(stderr, /\S/);
  assert.doesNotMatch(stderr, /\n.*\n/, 'one line');
  const doctor = await home.run(['doctor', '--json']);
  const [check] = JSON.parse(doctor.stdout) as Check[];
  assert.equal(check?.status, 'failed');
  assert.notEqual(doctor.code, 0);
});

test('the doctor tells what is there and how to mend what is not', async (t) => {
  const home = new TestHome(t);
  const checks = await home.json<Check[]>('doctor');
  const tmux = checks.find(({ name }) => name === 'tmux');
  assert.equal(tmux?.status, 'ok');
  assert.match(await home.ok('doctor'), /^ok +tmux/m);
  const broken = new TestHome(t);
  mkdirSync(broken.cm);
  writeFileSync(join(broken.cm, 'config.json'), JSON.stringify({ tmux: '/nowhere/tmux' }));
  const { code, stdout } = await broken.run(['doctor']);
  assert.equal(code, 7);
  assert.match(stdout, /^failed +tmux/m);
  assert.match(stdout, /^tmux: \S/m);
});

test('what the server must not inherit is not in its environment', async (t) => {
  const home = new TestHome(t);
  const env = {
    VSCODE_IPC_HOOK: '/x',
    ELECTRON_RUN_AS_NODE: '1',
    CLAUDECODE: '1',
    TMUX: '/x,1,0',
    TMUX_PANE: '%1',
    KEPT: 'yes',
  };
  // What somebody exported in one shell is no business of an agent that is started from another.
  const { stdout } = await home.run(['start', 'shell', 'env'], { env });
  const id = stdout.trim();
  await home.ok('wait', id);
  assert.doesNotMatch(await home.ok('logs', id, '-n', 'all'), /^(VSCODE_|ELECTRON_|CLAUDE|TMUX|KEPT)/m);
});
