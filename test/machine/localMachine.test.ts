import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { baseEnvironment } from '../../src/machines/baseEnvironment.js';
import { LocalMachine } from '../../src/machines/local/localMachine.js';
import { CodeManagerError, type ErrorCode } from '../../src/protocol/errors.js';
import { tempDir } from '../helpers/tempDir.js';
import { until } from '../helpers/until.js';
import { killAfter, sleepers } from './processes.js';

const machine = new LocalMachine();

function coded(code: ErrorCode, text = /./) {
  return (error: unknown): boolean => {
    assert.ok(error instanceof CodeManagerError, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, text);
    return true;
  };
}

test('a program runs with exactly its words, input and environment', async (t) => {
  const cwd = tempDir(t);
  const words = ['', ' ', '$(reboot)', "it's", '"', '\n', '*', '🦀'];
  const result = await machine.run(
    ['/bin/sh', '-c', 'printf "%s|" "$@"; cat; pwd; echo "$X" >&2; exit 3', 'sh', ...words],
    {
      cwd,
      env: { PATH: '/usr/bin:/bin', X: 'y z' },
      stdin: 'from stdin\n',
    },
  );
  assert.deepEqual(result, {
    code: 3,
    signal: null,
    stdout: `${words.map((word) => `${word}|`).join('')}from stdin\n${cwd}\n`,
    stderr: 'y z\n',
  });
  assert.deepEqual((await machine.run(['/bin/sh', '-c', 'kill -9 $$'])).signal, 'SIGKILL');
  // Nobody reads this input, and no error comes of it.
  assert.equal((await machine.run(['true'], { stdin: 'x'.repeat(1_000_000) })).code, 0);
});

test('a program that cannot be started says why', async (t) => {
  const folder = tempDir(t);
  writeFileSync(join(folder, 'plain'), '');
  await assert.rejects(machine.run(['no-such-program']), coded('dependencyMissing', /no-such-program/));
  await assert.rejects(machine.run(['true'], { cwd: join(folder, 'gone') }), coded('notFound', /gone/));
  await assert.rejects(machine.run([join(folder, 'plain')]), coded('unavailable'));
  await assert.rejects(machine.run([]), coded('invalid'));
  await assert.rejects(machine.run(['echo', 'a\0b']), coded('invalid'));
  await assert.rejects(machine.run(['true', 'x'.repeat(4_000_000)]), coded('invalid', /too long/));
});

test('a program that takes too long or is not wanted any more ends with its children', async (t) => {
  killAfter(t, '71000001');
  const command = ['/bin/sh', '-c', 'sleep 71000001 & sleep 71000001'];
  await assert.rejects(machine.run(command, { timeoutMs: 200 }), coded('timeout'));
  await until('the children to end', () => sleepers('71000001').length === 0);
  const controller = new AbortController();
  const run = machine.run(command, { signal: controller.signal });
  await until('them to run', () => sleepers('71000001').length === 2);
  controller.abort();
  await assert.rejects(run, coded('cancelled'));
  await until('the children to end', () => sleepers('71000001').length === 0);
  await assert.rejects(machine.run(command, { signal: controller.signal }), coded('cancelled'));
});

test('a daemon that keeps the output open does not hold up the answer', async (t) => {
  killAfter(t, '71000002');
  const result = await machine.run(['/bin/sh', '-c', 'setsid sleep 71000002 & echo done'], { timeoutMs: 60_000 });
  assert.equal(result.stdout, 'done\n');
  assert.equal(sleepers('71000002').length, 1);
});

test('all of a large output arrives', async () => {
  const { stdout } = await machine.run(['/bin/sh', '-c', 'head -c 20000000 /dev/zero | tr "\\0" x']);
  assert.equal(stdout.length, 20_000_000);
});

test('a stream gives what is printed, takes what is written, and tells its end once with the last output', async () => {
  const stream = machine.open([
    '/bin/sh',
    '-c',
    'while read line; do echo "got $line"; [ "$line" = end ] && echo err >&2 && exit 4; done',
  ]);
  const chunks: Uint8Array[] = [];
  const exits: unknown[] = [];
  stream.onExit((exit) => exits.push(exit, Buffer.concat(chunks).toString()));
  stream.onData((data) => chunks.push(data));
  assert.ok(stream.pid);
  stream.write('one\n');
  await until('the answer', () => Buffer.concat(chunks).toString() === 'got one\n');
  stream.write('end\nnever read\n');
  await until('the end', () => exits.length > 0);
  assert.deepEqual(exits, [{ code: 4, signal: null, stderr: 'err\n' }, 'got one\ngot end\n']);
  stream.write('after the end');
  stream.dispose();
  const late = await new Promise((resolve) => stream.onExit(resolve));
  assert.deepEqual(late, { code: 4, signal: null, stderr: 'err\n' });
});

test('what a program printed before it ended is there for one who listens later', async () => {
  const stream = machine.open(['/bin/sh', '-c', 'echo early']);
  const { pid } = stream;
  assert.ok(pid);
  await until('it to end', () => !existsSync(`/proc/${pid}/exe`));
  await new Promise((resolve) => setTimeout(resolve, 400));
  const chunks: Uint8Array[] = [];
  stream.onData((data) => chunks.push(data));
  await new Promise((resolve) => stream.onExit(resolve));
  assert.equal(Buffer.concat(chunks).toString(), 'early\n');
});

test('a stream that nobody reads ends, one that cannot start says why, a disposed one takes its children along', async (t) => {
  killAfter(t, '71000003');
  const end = (command: string[]): Promise<{ code: number | null; stderr: string }> =>
    new Promise((resolve) => machine.open(command).onExit(resolve));
  assert.equal((await end(['head', '-c', '1000000', '/dev/zero'])).code, 0);
  const missing = await end(['no-such-program']);
  assert.equal(missing.code, 127);
  assert.match(missing.stderr, /no-such-program was not found/);
  assert.equal((await end([])).code, 127);
  const stream = machine.open(['/bin/sh', '-c', "trap '' TERM; sleep 71000003 & wait; wait; sleep 71000003"]);
  await until('it to run', () => sleepers('71000003').length === 1);
  stream.dispose();
  stream.dispose();
  await until('the children to end', () => sleepers('71000003').length === 0);
});

test('a program is found as a shell finds it', async (t) => {
  const folder = tempDir(t);
  for (const name of ['a', 'b', 'c']) mkdirSync(join(folder, name));
  const program = (path: string, mode: number): void => {
    writeFileSync(join(folder, path), '#!/bin/sh\n');
    chmodSync(join(folder, path), mode);
  };
  program('a/tool', 0o644);
  mkdirSync(join(folder, 'b', 'tool'));
  program('c/tool', 0o755);
  symlinkSync(join(folder, 'c', 'tool'), join(folder, 'a', 'linked'));
  const path = ['', '.', 'relative', join(folder, 'none'), ...['a', 'b', 'c'].map((name) => join(folder, name))].join(
    ':',
  );
  assert.equal(await machine.findProgram('tool', path), join(folder, 'c', 'tool'));
  assert.equal(await machine.findProgram('linked', path), join(folder, 'a', 'linked'));
  assert.equal(await machine.findProgram('none', path), undefined);
  assert.equal(await machine.findProgram(join(folder, 'c', 'tool'), ''), join(folder, 'c', 'tool'));
  assert.equal(await machine.findProgram(join(folder, 'a', 'tool'), path), undefined);
  assert.equal(await machine.findProgram('./tool', path), undefined);
  assert.equal(await machine.findProgram('', path), undefined);
  const atHome = new LocalMachine({ home: folder });
  assert.equal(await atHome.findProgram('tool', '~/c'), join(folder, 'c', 'tool'));
  assert.equal(await atHome.findProgram('~/c/tool', ''), join(folder, 'c', 'tool'));
});

test('files are read from an offset, written whole, measured and removed', async (t) => {
  const folder = tempDir(t);
  const path = join(folder, 'new', 'deep', 'file');
  await machine.makeDirectory(join(folder, 'new', 'deep'));
  assert.equal(statSync(join(folder, 'new')).mode & 0o777, 0o700);
  await machine.writeFile(path, '0123456789');
  assert.equal(Buffer.from(await machine.readFile(path)).toString(), '0123456789');
  assert.equal(Buffer.from(await machine.readFile(path, 7)).toString(), '789');
  assert.equal(Buffer.from(await machine.readFile(path, 2, 3)).toString(), '234');
  assert.equal((await machine.readFile(path, 10, 3)).length, 0);
  assert.equal((await machine.readFile(path, 99)).length, 0);
  assert.equal((await machine.stat(path))?.size, 10);
  assert.equal((await machine.stat(folder))?.isDirectory, true);
  assert.equal(await machine.stat(join(path, 'below')), undefined);
  assert.equal(await machine.stat(join(folder, 'gone')), undefined);
  await assert.rejects(machine.remove(join(folder, 'new')));
  await machine.remove(path);
  await machine.remove(path);
  await machine.remove(join(folder, 'new', 'deep'));
  assert.ok(!existsSync(join(folder, 'new', 'deep')));
});

test('a path is absolute, the home expanded, links kept', (t) => {
  const folder = tempDir(t);
  const atHome = new LocalMachine({ home: folder });
  symlinkSync('/', join(folder, 'link'));
  assert.equal(atHome.resolvePath('~'), folder);
  assert.equal(atHome.resolvePath('~/link/../x'), join(folder, 'x'));
  assert.equal(atHome.resolvePath(`${folder}/link/`), join(folder, 'link'));
  assert.equal(atHome.resolvePath('/a/~'), '/a/~');
  assert.equal(new LocalMachine().resolvePath('~'), homedir());
});

test('changes in a folder are told by name, also after the folder was replaced, until it is gone', async (t) => {
  const folder = join(tempDir(t), 'watched');
  mkdirSync(folder);
  const names = new Set<string>();
  const lost: Error[] = [];
  const watch = machine.watch(
    folder,
    (name) => names.add(name),
    (error) => lost.push(error),
  );
  t.after(() => watch.dispose());
  writeFileSync(join(folder, 'made'), '');
  await until('a new file', () => names.has('made'));
  names.clear();
  writeFileSync(join(folder, 'made'), 'x', { flag: 'a' });
  await until('an append', () => names.has('made'));
  writeFileSync(join(folder, 'temporary'), '');
  renameSync(join(folder, 'temporary'), join(folder, 'renamed'));
  await until('a rename', () => names.has('renamed'));
  names.clear();
  rmSync(join(folder, 'made'));
  await until('a removal', () => names.has('made'));

  // The whole folder is replaced by another one, before anybody looks.
  rmSync(folder, { recursive: true });
  mkdirSync(folder);
  writeFileSync(join(folder, 'already there'), '');
  await until('what the new folder holds', () => names.has('already there'));
  writeFileSync(join(folder, 'later'), '');
  await until('what comes into the new folder', () => names.has('later'));
  assert.deepEqual(lost, []);

  rmSync(folder, { recursive: true });
  await until('the loss', () => lost.length > 0);
  assert.equal(lost.length, 1);
});

test('watching what is not there is lost at once, and nothing comes after dispose', async (t) => {
  const folder = tempDir(t);
  const lost: Error[] = [];
  machine.watch(
    join(folder, 'none'),
    () => undefined,
    (error) => lost.push(error),
  );
  await until('the loss', () => lost.length === 1);
  const names: string[] = [];
  const watch = machine.watch(
    folder,
    (name) => names.push(name),
    (error) => lost.push(error),
  );
  watch.dispose();
  watch.dispose();
  writeFileSync(join(folder, 'x'), '');
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.deepEqual(names, []);
  assert.equal(lost.length, 1);
});

test(
  'the head of a file gives its disk space back and no byte moves',
  { skip: process.platform !== 'linux' },
  async (t) => {
    const path = join(tempDir(t), 'log');
    const body = Buffer.alloc(1_000_000, 'x');
    writeFileSync(path, body);
    const before = statSync(path).blocks;
    assert.equal(await machine.releaseHead(path, 500_000), true);
    const after = statSync(path);
    assert.equal(after.size, 1_000_000);
    assert.ok(after.blocks <= before - Math.floor(400_000 / 512), `${before} ${after.blocks}`);
    const text = readFileSync(path);
    assert.ok(text.subarray(500_000).equals(body.subarray(500_000)));
    assert.ok(text.subarray(0, 499_712).every((byte) => byte === 0));
    assert.equal(text[499_712], 'x'.charCodeAt(0));
    assert.equal(await machine.releaseHead(path, 100), true);
    assert.equal(await machine.releaseHead(join(path, 'none'), 500_000), false);
  },
);

test('the machine has a name and a boot', async () => {
  const identity = await machine.identity();
  assert.match(identity.host, /^[A-Za-z0-9_-]+$/);
  if (process.platform === 'linux') {
    assert.equal(identity.bootId, readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim());
  }
  assert.deepEqual(await new LocalMachine().identity(), identity);
});

test('of our own environment only what belongs to the person is handed on', () => {
  const person = {
    HOME: '/home/a',
    USER: 'a',
    LOGNAME: 'a',
    SHELL: '/bin/zsh',
    LANG: 'de_DE.UTF-8',
    LC_TIME: 'C',
    TZ: 'UTC',
    TMPDIR: '/t',
    SSH_AUTH_SOCK: '/s',
    DISPLAY: ':0',
    XDG_RUNTIME_DIR: '/run/user/1',
    DBUS_SESSION_BUS_ADDRESS: 'unix:x',
    WSL_DISTRO_NAME: 'Debian',
    https_proxy: 'http://p',
  };
  const foreign = {
    ELECTRON_RUN_AS_NODE: '1',
    VSCODE_PID: '1',
    VSCODE_GIT_ASKPASS_NODE: 'x',
    GIT_ASKPASS: 'x',
    CLAUDECODE: '1',
    CLAUDE_CODE_ENTRYPOINT: 'cli',
    CODEX_SANDBOX: '1',
    CURSOR_TRACE_ID: '1',
    GEMINI_CLI: '1',
    TMUX: '/x,1,2',
    TMUX_PANE: '%1',
    CM_HOME: '/x',
    CM_SESSION: 'x',
    NODE_OPTIONS: '--inspect',
    npm_config_x: '1',
    npm_lifecycle_event: 'x',
    TERM_PROGRAM: 'vscode',
    TERM_PROGRAM_VERSION: '1',
    TERM: 'xterm',
    SHLVL: '3',
    PWD: '/',
    OLDPWD: '/',
    _: '/x',
    ANTHROPIC_API_KEY: 'set for another agent',
    INIT_CWD: '/x',
    CHROME_DESKTOP: 'code.desktop',
    OPENCODE: '1',
    AI_AGENT: 'x',
  };
  const path =
    '/home/a/project/node_modules/.bin:/home/a/bin:/usr/lib/code/bin/remote-cli:/usr/bin:/home/a/.vscode-server/bin/1/bin/x:.:/usr/bin:relative';
  assert.deepEqual(baseEnvironment({ ...person, ...foreign, PATH: path }), { ...person, PATH: '/home/a/bin:/usr/bin' });
  const bare = baseEnvironment({});
  assert.ok(bare['HOME']);
  assert.match(bare['PATH'] ?? '', /\/usr\/bin/);
});

test('a program gets the clean environment unless it is given one', async () => {
  const dirty = new LocalMachine({
    env: { ...process.env, CLAUDECODE: '1', ELECTRON_RUN_AS_NODE: '1', CM_SESSION: 'x' },
  });
  const { stdout } = await dirty.run(['env']);
  assert.doesNotMatch(stdout, /CLAUDECODE|ELECTRON|CM_SESSION/);
  assert.match(stdout, /^PATH=/m);
});
