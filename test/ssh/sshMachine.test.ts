import assert from 'node:assert/strict';
import {
  appendFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  chmodSync,
} from 'node:fs';
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import * as fc from 'fast-check';
import type { ProcessId } from '../../src/core/machine/machine.js';
import { machineIdentity } from '../../src/machines/identity.js';
import { chooseRuntimeDirectory } from '../../src/machines/runtimeDirectory.js';
import { parseLs } from '../../src/machines/shell/hostFiles.js';
import { until } from '../helpers/until.js';
import { connectedHost } from './sshHost.js';

const anyBytes = fc.uint8Array({ maxLength: 2000 });
const anyName = fc
  .string({
    unit: fc.oneof(
      fc.constantFrom('\n', "'", '"', '$', '`', '\\', ' ', '!', '*', '-', '%', ';'),
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }),
    ),
    minLength: 1,
    maxLength: 20,
  })
  .map((name) => `f${name.replaceAll('/', '').replaceAll('\0', '')}`)
  .map((name) => Buffer.from(name).toString());

test('a host is known by what it says of itself', async (t) => {
  const { machine, host } = await connectedHost(t);
  assert.deepEqual(await machine.identity(), await machineIdentity());
  assert.equal(machine.link.state.connection, 'connected');
  assert.equal(machine.link.state.node, hostname().split('.')[0]);
  assert.equal(machine.resolvePath('~/x/../y'), join(host.home, 'y'));
  assert.equal(machine.resolvePath('sub'), join(host.home, 'sub'));
  assert.ok(Math.abs((await machine.now()) - Date.now()) < 60_000);
  assert.ok((await machine.freeSpace(host.home)).bytes > 0);
});

test('its folders are where an agent server there has them, for one user alone', async (t) => {
  const { machine, host } = await connectedHost(t);
  const place = await machine.place();
  assert.equal(place.home, host.cmHome);
  assert.equal(place.runtimeDirectory, await chooseRuntimeDirectory(host.cmHome));
  for (const folder of ['', 'run', 'sessions/active', 'sessions/archive', 'tools', 'servers', 'worktrees']) {
    assert.equal(lstatSync(join(host.cmHome, folder)).mode & 0o777, 0o700, folder);
  }
});

test('a home that belongs to another, is a link to nothing or is a file is refused with what to do', async (t) => {
  const { machine, host } = await connectedHost(t);
  writeFileSync(host.cmHome, '');
  await assert.rejects(machine.place(), { code: 'conflict', message: `${host.cmHome} is not a folder` });
  rmSync(host.cmHome);
  symlinkSync('/nowhere/at/all', host.cmHome);
  await assert.rejects(machine.place(), /is a link to a folder that does not exist/);
  rmSync(host.cmHome);
  mkdirSync(host.cmHome);
  symlinkSync('/tmp', join(host.cmHome, 'run'));
  await assert.rejects(machine.place(), /cannot hold the sockets of Code Manager: it is a link/);
  rmSync(join(host.cmHome, 'run'));
  assert.equal((await machine.place()).home, host.cmHome);
});

test('files of any name hold any bytes, and are written whole for their owner alone', async (t) => {
  const { machine, host } = await connectedHost(t);
  const folder = join(host.home, 'files');
  await machine.makeDirectory(folder);
  await fc.assert(
    fc.asyncProperty(anyName, anyBytes, async (name, bytes) => {
      const path = join(folder, name);
      await machine.writeFile(path, bytes);
      assert.deepEqual(new Uint8Array(readFileSync(path)), bytes);
      assert.equal(lstatSync(path).mode & 0o777, 0o600);
      assert.deepEqual(new Uint8Array(await machine.readFile(path)), bytes);
      assert.equal((await machine.stat(path))?.size, bytes.length);
      await machine.remove(path);
      assert.equal(existsSync(path), false);
    }),
    { numRuns: 40 },
  );
  assert.deepEqual(readdirSync(folder), []);
});

test('large files and tasks of four megabytes travel unchanged', async (t) => {
  const { machine, host } = await connectedHost(t);
  const bytes = randomBytes(4 * 1024 * 1024 + 17);
  const path = join(host.home, 'large');
  await machine.writeFile(path, bytes);
  assert.ok(readFileSync(path).equals(bytes));
  assert.ok(Buffer.from(await machine.readFile(path)).equals(bytes));
  const digest = createHash('sha256').update(bytes).digest('hex');
  const { stdout, code } = await machine.run(['sha256sum'], { stdin: bytes });
  assert.equal(code, 0);
  assert.equal(stdout.split(' ')[0], digest);
  for (const [from, length] of [
    [0, 1],
    [1, 10],
    [511, 2],
    [4_000_000, 300_000],
    [bytes.length - 3, 100],
    [bytes.length, 5],
    [bytes.length + 10_000_000, 5],
  ] as const) {
    assert.ok(
      Buffer.from(await machine.readFile(path, from, length)).equals(bytes.subarray(from, from + length)),
      `${from}`,
    );
  }
});

test('a link stays one when its target is written, and writing where nothing can be written says why', async (t) => {
  const { machine, host } = await connectedHost(t);
  const target = join(host.home, 'target');
  writeFileSync(target, 'old');
  symlinkSync('target', join(host.home, 'link'));
  await machine.writeFile(join(host.home, 'link'), 'new');
  assert.equal(readFileSync(target, 'utf8'), 'new');
  assert.ok(lstatSync(join(host.home, 'link')).isSymbolicLink());
  await assert.rejects(machine.writeFile('/dev/full/x', 'x'), {
    code: 'unavailable',
    message: /a file is in the place of its folder/,
  });
  const disk = join(host.home, 'disk');
  mkdirSync(disk);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16k,nr_inodes=8', 'tmpfs', disk]);
  try {
    const full = { code: 'unavailable', message: /the disk is full/, hint: /df -i/ };
    await assert.rejects(machine.append(join(disk, 'a'), 'x'.repeat(40_000)), full);
    await assert.rejects(machine.writeFile(join(disk, 'b'), 'x'.repeat(20_000)), full);
    const { files } = await machine.freeSpace(disk);
    assert.ok(files !== null && files < 8);
  } finally {
    execFileSync('umount', [disk]);
  }
  // Nothing is waited for that is no file.
  execFileSync('mkfifo', [join(host.home, 'fifo')]);
  symlinkSync('fifo', join(host.home, 'toFifo'));
  for (const path of ['/dev/full', '/dev/zero', join(host.home, 'fifo')]) {
    await assert.rejects(machine.append(path, 'x'), { code: 'unavailable', message: /no regular file/ }, path);
  }
  for (const path of ['/dev/zero', join(host.home, 'fifo'), join(host.home, 'toFifo')]) {
    await assert.rejects(machine.readFile(path), { code: 'ENOTFILE' }, path);
    await assert.rejects(machine.readFile(path, 5, 10), { code: 'ENOTFILE' }, path);
  }
  await assert.rejects(machine.append(join(host.home, 'link'), 'x'), { code: 'unavailable' });
  await assert.rejects(machine.writeFile('/proc/nothing', 'x'), { code: 'unavailable' });
  await assert.rejects(machine.readFile(join(host.home, 'none')), { code: 'ENOENT' });
  await assert.rejects(machine.readFile(host.home), { code: 'EISDIR' });
  await assert.rejects(machine.stat('relative'), { code: 'invalid' });
});

test('files are listed, appended to, renamed and removed', async (t) => {
  const { machine, host } = await connectedHost(t);
  const folder = join(host.home, 'a', 'b');
  await machine.makeDirectory(folder);
  const path = join(folder, 'x');
  await machine.append(path, 'one\n');
  await machine.append(path, "-n $HOME 'two'\n");
  assert.equal(readFileSync(path, 'utf8'), "one\n-n $HOME 'two'\n");
  assert.equal(lstatSync(path).mode & 0o777, 0o600);
  assert.equal(await machine.rename(path, join(folder, 'y')), true);
  assert.equal(await machine.rename(path, join(folder, 'z')), false);
  assert.deepEqual(await machine.list(folder), ['y']);
  assert.deepEqual(await machine.list(join(folder, 'none')), []);
  assert.equal((await machine.stat(folder))?.isDirectory, true);
  assert.equal(await machine.stat(join(folder, 'none')), undefined);
  assert.equal(await machine.stat(join(folder, 'y', 'z')), undefined);
  const mtime = (await machine.stat(join(folder, 'y')))?.mtimeMs ?? 0;
  assert.ok(Math.abs(mtime - lstatSync(join(folder, 'y')).mtimeMs) < 1001);
  await assert.rejects(machine.remove(folder), /not empty/i);
  await machine.remove(join(folder, 'y'));
  await machine.remove(join(folder, 'y'));
  await machine.remove(folder);
  assert.equal(existsSync(folder), false);
});

test('what ls tells of a file is enough where there is no stat', () => {
  const now = '2026 03\n';
  assert.deepEqual(parseLs(`-rw------- 1 0 0 12 Mar  2 16:05 /a b\n${now}`), {
    size: 12,
    isDirectory: false,
    mtimeMs: Date.UTC(2026, 2, 2, 16, 5),
  });
  assert.deepEqual(parseLs(`drwx------+ 3 501 20 96 Nov 22 06:00 /x\n${now}`), {
    size: 96,
    isDirectory: true,
    mtimeMs: Date.UTC(2025, 10, 22, 6, 0),
  });
  assert.deepEqual(parseLs(`-rw-r--r--    1 0        0                5 Jan  9  2021 /x\n${now}`), {
    size: 5,
    isDirectory: false,
    mtimeMs: Date.UTC(2021, 0, 9),
  });
  assert.equal(parseLs(`crw-rw-rw- 1 0 0 1, 3 Nov 22 13:00 /dev/null\n${now}`)?.size, 3);
  assert.equal(parseLs(`ls: /x: No such file or directory\n${now}`), undefined);
});

test('a program runs with its arguments, environment, folder and input, and nothing of them is for others to see', async (t) => {
  const { machine, host } = await connectedHost(t, {
    shell: '/usr/bin/fish',
    profile: 'echo Welcome; echo careful >&2',
  });
  const words = ['', '-n', 'a b', "it's", '$HOME', 'line\nbreak', '😀!', '\\'];
  const echo = await machine.run(['/usr/bin/printf', '%s\\0', ...words]);
  assert.deepEqual(echo.stdout.split('\0').slice(0, -1), words);
  assert.equal(echo.stderr, '');
  const env = { PATH: '/usr/bin:/bin', SECRET: 'a\n\'b" $x', EMPTY: '' };
  const ran = await machine.run(['sh', '-c', 'pwd; env; cat; echo oops >&2; exit 7'], {
    env,
    cwd: host.home,
    stdin: 'input',
  });
  assert.equal(ran.code, 7);
  assert.equal(ran.stderr, 'oops\n');
  assert.ok(ran.stdout.startsWith(`${host.home}\n`) && ran.stdout.endsWith('input'));
  assert.match(ran.stdout, /^SECRET=a\n'b" \$x$/m);
  assert.doesNotMatch(ran.stdout, /SSH_CONNECTION|CM_TEST_HOST/);
  const seen = await machine.run(['sh', '-c', 'cat /proc/[0-9]*/cmdline | tr "\\0" " "'], {
    env: { ...env, SECRET: `s3cret-value` },
  });
  assert.doesNotMatch(seen.stdout, /s3cret-value/);
  assert.equal((await machine.run(['sh', '-c', 'kill -TERM $$'])).signal, 'SIGTERM');
});

test('what cannot be run says why, and what takes too long or is not wanted any more is ended', async (t) => {
  const { machine, host } = await connectedHost(t);
  await assert.rejects(machine.run(['no-such-program']), {
    code: 'dependencyMissing',
    message: 'no-such-program was not found',
  });
  await assert.rejects(machine.run(['/no/such/program']), { code: 'dependencyMissing' });
  await assert.rejects(machine.run(['true'], { cwd: '/no/such/folder' }), { code: 'notFound' });
  writeFileSync(join(host.home, 'plain'), '');
  await assert.rejects(machine.run([join(host.home, 'plain')]), { code: 'unavailable', message: /may not be run/ });
  await assert.rejects(machine.run(['sh', '-c', 'sleep 97 & sleep 98'], { timeoutMs: 500 }), { code: 'timeout' });
  const abort = new AbortController();
  const running = machine.run(['sleep', '99'], { signal: abort.signal });
  await until('it runs', async () =>
    (await machine.run(['sh', '-c', 'cat /proc/[0-9]*/cmdline | tr "\\0" " "'])).stdout.includes('sleep 99'),
  );
  abort.abort();
  await assert.rejects(running, { code: 'cancelled' });
  await until('all are gone', () => host.processes().every((pid) => !/sleep\0(97|98|99)/.test(cmdline(pid))));
  const left = await machine.run(['sh', '-c', 'sleep 5 & echo done']);
  assert.equal(left.stdout, 'done\n');
});

function cmdline(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

test('a stream carries what is written and said until one side ends it', async (t) => {
  const { machine } = await connectedHost(t);
  const stream = machine.open(['cat']);
  let said = '';
  stream.onData((data) => (said += Buffer.from(data).toString()));
  const exit = new Promise<{ code: number | null; stderr: string }>((resolve) => stream.onExit(resolve));
  stream.write('hello\n');
  await until('it came back', () => said === 'hello\n');
  stream.dispose();
  await exit;
  const missing = machine.open(['/no/such/program']);
  const end = await new Promise<{ code: number | null; stderr: string }>((resolve) => missing.onExit(resolve));
  assert.equal(end.code, 127);
  assert.match(end.stderr, /was not found/);
});

test('a terminal on the host has its size, takes keys and says how its program ended', async (t) => {
  const { machine } = await connectedHost(t, { profile: 'echo Welcome' });
  const terminal = await machine.openTerminal(['sh', '-c', 'stty size; read x; stty size; echo "got $x"; exit 4'], {
    columns: 91,
    rows: 33,
    env: { PATH: '/usr/bin:/bin', TERM: 'xterm' },
  });
  t.after(() => terminal.dispose());
  let seen = '';
  const exit = new Promise((resolve) => terminal.onExit(resolve));
  terminal.onData((data) => (seen += Buffer.from(data).toString()));
  await until('it says its size', () => seen.includes('33 91'));
  assert.doesNotMatch(seen, /Welcome/);
  terminal.resize({ columns: 70, rows: 20 });
  terminal.write(Buffer.from('word\r'));
  assert.equal(await exit, 4);
  assert.match(seen, /20 70\r\n.*got word\r\n$/s);
});

test('the names of files that change in a folder are told, and no others', async (t) => {
  const { machine, host } = await connectedHost(t);
  const folder = join(host.home, 'active');
  mkdirSync(folder);
  writeFileSync(join(folder, 'a.log'), 'x');
  let names: string[] = [];
  const lost: Error[] = [];
  const watch = machine.watch(
    folder,
    (name) => names.push(name),
    (error) => lost.push(error),
  );
  await until(
    'it watches',
    () => existsSync(join(folder, 'changes')) && readFileSync(join(folder, 'changes')).length >= 2,
  );
  assert.deepEqual(names, ['.'], 'it has begun');
  appendFileSync(join(folder, 'a.log'), 'more');
  await until('growth is told', () => names.includes('a.log'));
  writeFileSync(join(folder, 'b.log'), '');
  appendFileSync(join(folder, 'changes'), '.');
  await until('a new file is told', () => names.includes('b.log'));
  names = [];
  appendFileSync(join(folder, 'b.log'), 'x');
  await until('growth of a new file is told', () => names.includes('b.log'));
  await machine.writeFile(join(folder, 'c.json'), '{}');
  await until('a record is told', () => names.includes('c.json'));
  rmSync(join(folder, 'a.log'));
  await machine.writeFile(join(folder, 'c.json'), '[]');
  await until(
    'a removed file and a record of the same size are told',
    () => names.includes('a.log') && names.filter((name) => name === 'c.json').length > 1,
  );
  assert.deepEqual(
    names.filter((name) => !/^([ab]\.log|c\.json)$/.test(name)),
    [],
  );
  watch.dispose();
  await until('nothing of it is left', () => host.processes().every((pid) => !cmdline(pid).includes('tail')));
  assert.deepEqual(lost, []);
});

test('files are followed from any byte, more of them than there are channels for', async (t) => {
  const { machine, host } = await connectedHost(t);
  const paths = Array.from({ length: 7 }, (_, i) => join(host.home, `${i}.log`));
  for (const path of paths.slice(1)) writeFileSync(path, '0123456789');
  const texts = paths.map(() => '');
  const follows = paths.map((path, i) => {
    let next = i === 0 ? 0 : 5;
    return machine.followFile(path, next, {
      data(offset, bytes) {
        assert.equal(offset, next);
        next += bytes.length;
        texts[i] = `${texts[i] ?? ''}${Buffer.from(bytes).toString()}`;
        return undefined;
      },
      fail: (error) => assert.fail(String(error)),
    });
  });
  await until('what is there', () => texts.slice(1).every((text) => text === '56789'));
  writeFileSync(join(host.home, 'part'), '01234');
  renameSync(join(host.home, 'part'), paths[0] ?? '');
  await until('a file that was not there', () => texts[0] === '01234');
  for (const path of paths) appendFileSync(path, 'more');
  await until('what comes', () => texts.every((text) => text.endsWith('more')));
  for (const follow of follows) follow.dispose();
  await until('nothing of it is left', () => host.processes().every((pid) => !cmdline(pid).includes('tail')));
});

test('calls that are made together cost one round trip', async (t) => {
  const { machine, host } = await connectedHost(t);
  const path = join(host.home, 'x');
  await machine.stat('/');
  const before = machine.roundTrips;
  const [, , stat, text] = await Promise.all([
    machine.makeDirectory(join(host.home, 'folder')),
    machine.writeFile(path, 'text'),
    machine.stat(path),
    machine.readFile(path),
    machine.findProgram('sh', '/nowhere:/bin'),
    machine.list('/'),
  ]);
  assert.equal(machine.roundTrips - before, 1);
  assert.equal(stat?.size, 4);
  assert.equal(Buffer.from(text).toString(), 'text');
  const asked = machine.roundTrips;
  assert.equal(await machine.findProgram('sh', '/nowhere:/bin'), '/bin/sh');
  assert.equal(machine.roundTrips, asked);
});

test('programs are found in a path, and by their own path', async (t) => {
  const { machine, host } = await connectedHost(t);
  const bin = join(host.home, "b in'");
  mkdirSync(bin);
  writeFileSync(join(bin, 'tool'), '#!/bin/sh\n');
  assert.equal(await machine.findProgram('tool', `.:${bin}:/bin`), undefined);
  chmodSync(join(bin, 'tool'), 0o755);
  assert.equal(await machine.findProgram('tool', `.:${bin}:/bin`), join(bin, 'tool'));
  assert.equal(await machine.findProgram('tool', "~/b in'"), join(bin, 'tool'));
  assert.equal(await machine.findProgram(join(bin, 'tool'), ''), join(bin, 'tool'));
  assert.equal(await machine.findProgram('none', bin), undefined);
  mkdirSync(join(bin, 'folder'));
  assert.equal(await machine.findProgram('folder', bin), undefined);
});

test('all processes of a session are ended, also those that left its tree, and nothing else', async (t) => {
  const { machine, host } = await connectedHost(t);
  const marker = `m${randomBytes(6).toString('hex')}`;
  const base = { PATH: '/usr/bin:/bin', HOME: host.home };
  const other = machine.open(['sleep', '301'], { env: { ...base, CM_SESSION: `${marker}x` } });
  other.onExit(() => undefined);
  // One in a session of its own, one whose marker is gone but whose parent is ours, one that forks on and on.
  const script = `setsid sleep 302 & env -u CM_SESSION sleep 303 & (while :; do sleep 0.05; done) & echo $$; wait`;
  const stream = machine.open(['sh', '-c', script], { env: { ...base, CM_SESSION: marker } });
  let pid = 0;
  stream.onData((data) => (pid ||= Number.parseInt(Buffer.from(data).toString(), 10)));
  await until(
    'all run',
    () => pid > 0 && [301, 302, 303].every((n) => host.processes().some((one) => cmdline(one) === `sleep\0${n}\0`)),
  );
  const files = await machine.openFiles({ root: pid, marker });
  assert.ok(files.some((one) => one.pid === pid));
  assert.equal(await machine.signalGroup(pid, 'SIGCONT'), true);
  assert.ok((await machine.killTree(pid, marker)) >= 4);
  await until('they are gone', () => host.processes().every((one) => !/^sleep\0(302|303)\0/.test(cmdline(one))));
  assert.ok(host.processes().some((one) => cmdline(one) === 'sleep\x00301\0'));
  assert.equal(await machine.killTree(null, marker), 0);
  assert.equal(await machine.signalGroup(pid, 'SIGTERM'), false);
  assert.ok((await machine.killTree(null, `${marker}x`)) >= 1);
});

test('many sessions end by few looks, and each is told what it had', async (t) => {
  const { machine, host } = await connectedHost(t);
  const markers = Array.from({ length: 12 }, () => `m${randomBytes(6).toString('hex')}`);
  const env = (marker: string): Record<string, string> => ({
    PATH: '/usr/bin:/bin',
    HOME: host.home,
    CM_SESSION: marker,
  });
  const script = markers
    .map((marker) => `CM_SESSION=${marker} setsid sh -c 'sleep 304 & wait' &\nCM_SESSION=${marker} setsid sleep 304 &`)
    .join('\n');
  await machine.run(['sh', '-c', `${script}\nsleep 0`], { env: env('none') });
  const running = (): number => host.processes().filter((one) => cmdline(one) === 'sleep\x00304\0').length;
  await until('all run', () => running() === 2 * markers.length);
  const found = await machine.processesOf(markers.map((marker) => ({ root: null, marker })));
  assert.deepEqual(
    found.map((processes) => processes.length),
    markers.map(() => 3),
  );
  const before = machine.roundTrips;
  const ends = await Promise.all(markers.map((marker) => machine.killTree(null, marker)));
  assert.deepEqual(
    ends,
    markers.map(() => 3),
  );
  assert.equal(running(), 0);
  assert.ok(machine.roundTrips - before < markers.length, String(machine.roundTrips - before));

  // One that its marker does not tell, and one that got its number since.
  const [{ pid }] = [
    await machine.run(['sh', '-c', 'setsid sleep 304 >/dev/null 2>&1 & echo $!'], { env: env('') }),
  ].map(({ stdout }) => ({ pid: Number(stdout) })) as [{ pid: number }];
  const [[known]] = (await machine.processesOf([{ root: pid, marker: '' }])) as [[ProcessId]];
  assert.equal(known.pid, pid);
  assert.equal(await machine.killTree(null, 'x', [{ pid, start: `${known.start}0` }]), 0);
  assert.equal(await machine.killTree(null, 'x', [known]), 1);
});

test('the files that programs hold open are told', async (t) => {
  const { machine, host } = await connectedHost(t);
  const path = join(host.home, 'held open -> x');
  writeFileSync(path, 'x');
  const stream = machine.open(['tail', '-f', path], {
    env: { PATH: '/usr/bin:/bin', HOME: host.home, CM_SESSION: 'holder-1' },
  });
  stream.onData(() => undefined);
  const found = await until('it is open', async () =>
    (await machine.openFiles({ root: null, marker: 'holder-1' })).find(({ files }) => files.includes(path)),
  );
  assert.ok((await machine.openFiles(null)).some(({ pid }) => pid === found.pid));
  stream.dispose();
});

test('the environment and aliases of the login shell are read after the setup of the person', async (t) => {
  const { machine, host } = await connectedHost(
    t,
    {},
    { setup: 'export LOADED="by setup $FROM_RC"; alias extra=/opt/extra' },
  );
  writeFileSync(join(host.home, '.bashrc'), 'export FROM_RC=yes\nalias ll="ls -l"\necho noise\n');
  writeFileSync(join(host.home, '.bash_profile'), '. ~/.bashrc\nexport PATH="$HOME/mine:$PATH"\n');
  const { env, aliases, warnings } = await machine.loginEnvironment();
  assert.equal(env['LOADED'], 'by setup yes');
  assert.equal(env['HOME'], host.home);
  assert.ok(env['PATH']?.startsWith(`${host.home}/mine:`));
  assert.deepEqual(aliases['ll'], ['ls', '-l']);
  assert.deepEqual(aliases['extra'], ['/opt/extra']);
  assert.deepEqual(warnings, []);
  assert.equal(env['CM_SESSION'], undefined);
  writeFileSync(join(host.home, '.bash_profile'), 'exec sleep 60\n');
  const broken = await machine.loginEnvironment({ refresh: 'always' });
  assert.equal(broken.env['HOME'], host.home);
  assert.match(broken.warnings.join(' '), /\.bash_profile/);
});
