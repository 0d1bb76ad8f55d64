import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { promisify } from 'node:util';
import type { Check } from '../../src/protocol/requests.js';
import { hostNamespace } from '../helpers/namespace.js';
import { RemoteHost, type RemoteHostOptions } from '../helpers/remoteHost.js';
import { tempDir } from '../helpers/tempDir.js';
import { TestServer } from '../helpers/testServer.js';
import { until } from '../helpers/until.js';

const BOX = 'box';

/** A host that was fine when its context was made. */
class Broken {
  readonly hub: TestServer;
  readonly host: RemoteHost;
  readonly folder: string;

  private constructor(hub: TestServer, host: RemoteHost) {
    this.hub = hub;
    this.host = host;
    this.folder = join(host.work, 'project');
  }

  static async setUp(t: TestContext, options: RemoteHostOptions = {}): Promise<Broken> {
    const hub = new TestServer(t, { env: { SHELL: '/bin/bash', SSH_AUTH_SOCK: undefined } });
    const host = await RemoteHost.start(t, options);
    host.introduce(hub.home.user, BOX);
    const broken = new Broken(hub, host);
    mkdirSync(broken.folder);
    await hub.home.ok('ctx', 'add', BOX, broken.folder, '--host', BOX);
    return broken;
  }

  get knownHosts(): string {
    return join(this.hub.home.user, '.ssh', 'known_hosts');
  }

  get sshConfig(): string {
    return join(this.hub.home.user, '.ssh', 'config');
  }

  /** As after something was changed on the host or on the way: nothing of before is still connected. */
  async cutOff(): Promise<void> {
    await this.hub.home.ok('machine', 'disconnect', BOX);
  }

  /** What `cm ctx test` says without anybody to ask. */
  async test(
    ...flags: readonly string[]
  ): Promise<{ code: number | null; checks: Check[]; failed: Check | undefined }> {
    const { code, stdout, stderr } = await this.hub.home.run(['ctx', 'test', BOX, '--json', ...flags]);
    assert.notEqual(stdout, '', stderr);
    const checks = JSON.parse(stdout) as Check[];
    const failed = checks.filter(({ status }) => status === 'failed');
    assert.ok(failed.length <= 1 && (failed.length === 0 || checks.at(-1) === failed[0]), stdout);
    return { code, checks, failed: failed[0] };
  }

  /** The test fails with this cause and this exit code. Gives what mends it. */
  async fails(code: number, cause: RegExp, step?: string): Promise<string> {
    const { code: exit, failed, checks } = await this.test();
    assert.ok(failed, `It passed: ${JSON.stringify(checks)}`);
    assert.match(`${failed.detail} ${failed.fix ?? ''}`, cause);
    assert.equal(exit, code, JSON.stringify(failed));
    if (step !== undefined) assert.equal(failed.name, step);
    return failed.fix ?? '';
  }

  async passes(): Promise<Check[]> {
    const { code, checks } = await this.test();
    assert.equal(code, 0, JSON.stringify(checks));
    return checks;
  }

  /** Runs a command that a message names, as the person would. */
  async mend(fix: string, pattern: RegExp, more: Readonly<Record<string, string>> = {}): Promise<void> {
    const command = pattern.exec(fix)?.[0] ?? assert.fail(`No command that mends it in: ${fix}`);
    const path = `${process.env['PATH'] ?? ''}:${await this.#binOfCm()}`;
    // The link to the host lives in this process, which must not wait.
    await promisify(execFile)('sh', ['-c', command], {
      env: { ...this.hub.home.env, PATH: path, ...more },
      timeout: 30_000,
    });
  }

  /** The same with somebody who says yes to a host key and has these passwords, one for each question. */
  async passesWithPerson(...passwords: readonly string[]): Promise<string[]> {
    const asked: string[] = [];
    const left = [...passwords];
    const client = this.hub.client({
      onQuestion: ({ kind, title, text }) => {
        asked.push(`${kind}: ${title} ${text}`);
        return Promise.resolve(kind === 'hostKey' ? 'yes' : (left.shift() ?? null));
      },
    });
    const checks = await client.request('context/test', { context: BOX }, { timeoutMs: 60_000 });
    client.dispose();
    assert.ok(
      checks.every(({ status }) => status !== 'failed'),
      JSON.stringify(checks),
    );
    return asked;
  }

  #binOfCm(): Promise<string> {
    return until('cm is there', () => {
      const bin = join(this.hub.home.root, 'bin');
      mkdirSync(bin, { recursive: true });
      const dist = this.hub.serverPath.replace(/server\.js$/, 'cm.js');
      writeFileSync(join(bin, 'cm'), `#!/bin/sh\nexec '${process.execPath}' '${dist}' "$@"\n`, { mode: 0o755 });
      return bin;
    });
  }
}

/** Where another program cannot hide it. */
function realTmux(dir: string): string {
  mkdirSync(join(dir, 'own'));
  // It tells its version by the name that it is called by.
  const path = join(dir, 'own', 'tmux');
  copyFileSync(execFileSync('sh', ['-c', 'command -v tmux'], { encoding: 'utf8' }).trim(), path);
  chmodSync(path, 0o755);
  return path;
}

/** A host whose tmux is what this file says: a script, or nothing. */
async function withTmux(t: TestContext): Promise<{ broken: Broken; file: string; good: string; own: string }> {
  const dir = tempDir(t);
  const own = realTmux(dir);
  const file = join(dir, 'tmux');
  const good = `#!/bin/sh\nexec '${own}' "$@"\n`;
  writeFileSync(file, good, { mode: 0o755 });
  const place = execFileSync('sh', ['-c', 'readlink -f "$(command -v tmux)"'], { encoding: 'utf8' }).trim();
  const { wrapper } = hostNamespace(dir, 'tmuxhost', [[place, file]]);
  return { broken: await Broken.setUp(t, { wrapper }), file, good, own };
}

test('no tmux: the command that installs it', async (t) => {
  const { broken, file, good } = await withTmux(t);
  chmodSync(file, 0o644);
  const fix = await broken.fails(7, /tmux.* was not found/, 'tmux');
  assert.match(fix, /(?:apt-get|dnf|apk|pacman|zypper|brew) .*tmux/);
  // What the command does, without changing this machine: here to a place that only the login shell knows.
  broken.host.program('tmux', good);
  await broken.passes();
});

test('a tmux that is too old: which version is needed, and the command that names another one', async (t) => {
  const { broken, file, own } = await withTmux(t);
  await broken.passes();
  writeFileSync(file, '#!/bin/sh\n[ "$1" = -V ] && { echo "tmux 1.8"; exit; }\nexit 1\n');
  await broken.fails(7, /1\.8.*too old/, 'tmux');
  assert.match((await broken.test()).failed?.detail ?? '', /cm ctx edit box --tmux PATH/);
  await broken.hub.home.ok('ctx', 'edit', BOX, '--tmux', own);
  assert.ok((await broken.passes()).some(({ detail }) => detail.includes(own)));
});

test('a tmux that lacks something: what it is, as a warning', async (t) => {
  const { broken, file, own } = await withTmux(t);
  const tmux = async (): Promise<Check | undefined> => (await broken.passes()).find(({ name }) => name === 'tmux');
  assert.equal((await tmux())?.status, 'ok');
  writeFileSync(file, `#!/bin/sh\n[ "$1" = -V ] && { echo "tmux 3.1"; exit; }\nexec '${own}' "$@"\n`);
  const check = await tmux();
  assert.ok(check?.status === 'warning', check?.detail);
  assert.match(check.detail, /tmux 3\.1 does not tell of changes/);
});

test('a test signs in only where nothing is open, and its connection is the one that is used afterwards', async (t) => {
  const broken = await Broken.setUp(t);
  const { link } = broken.host;
  await broken.cutOff();
  const before = link.connections;
  const fresh = await broken.passes();
  assert.deepEqual(
    fresh.map(({ name }) => name),
    ['resolve', 'connect', 'host key', 'sign in', 'shell', 'folder', 'tmux', 'disk', 'clock', 'agents', 'agent server'],
  );
  assert.equal(fresh.at(-1)?.detail, 'not installed');
  await broken.hub.home.ok('machine', 'connect', BOX);
  const open = await broken.passes();
  assert.deepEqual(open[0], { ...open[0], name: 'connect', detail: 'over the open connection' });
  assert.equal(link.connections, before + 1, 'one sign-in for all of it');
  // What could be used, and what runs there.
  const installed = join(broken.host.cm, 'server', '1.2.3-abc');
  mkdirSync(installed, { recursive: true });
  assert.equal((await broken.passes()).at(-1)?.detail, '1.2.3 is installed and does not run');
});

test('a key file that others can read: the command that locks it', async (t) => {
  const broken = await Broken.setUp(t);
  await broken.cutOff();
  chmodSync(broken.host.sshd.keyFile, 0o644);
  const fix = await broken.fails(5, /others can read|permissions/i, 'sign in');
  await broken.mend(fix, /chmod (?:600|go-rwx|0600) \S+/);
  await broken.passes();
});

test('a host key that has changed: file, line and the command that forgets it', async (t) => {
  const broken = await Broken.setUp(t);
  await broken.passes();
  broken.host.sshd.newHostKey();
  await broken.host.sshd.restart();
  const fix = await broken.fails(5, /known_hosts:1|line 1/, 'host key');
  const machines = await broken.hub.home.json<{ connection: string }[]>('machine', 'list');
  assert.ok(machines.some(({ connection }) => connection === 'hostKeyChanged'));
  const before = readFileSync(broken.knownHosts, 'utf8');
  await broken.mend(fix, /ssh-keygen -R \S+ -f \S+/);
  assert.notEqual(readFileSync(broken.knownHosts, 'utf8'), before);
  const asked = await broken.passesWithPerson();
  assert.equal(asked.length, 1);
  assert.match(asked[0] ?? '', /SHA256:/);
  await broken.passes();
});

test('a host key that nobody knows: its fingerprint, and a person may say yes', async (t) => {
  const broken = await Broken.setUp(t);
  await broken.cutOff();
  writeFileSync(broken.knownHosts, '');
  await broken.fails(5, /SHA256:[A-Za-z0-9+/]+/, 'host key');
  assert.equal(readFileSync(broken.knownHosts, 'utf8'), '', 'nothing is trusted without a person');
  const [question = ''] = await broken.passesWithPerson();
  const told = /SHA256:[A-Za-z0-9+/]+/.exec(question)?.[0];
  const real = execFileSync('ssh-keygen', ['-lf', join(broken.host.sshd.dir, 'host_key.pub')], { encoding: 'utf8' });
  assert.ok(told !== undefined && real.includes(told), question);
  await broken.cutOff();
  await broken.passes();
});

test('a key that the host does not let in: the command that brings it there', async (t) => {
  const broken = await Broken.setUp(t);
  await broken.cutOff();
  const file = join(broken.host.sshd.dir, 'authorized_keys');
  const keys = readFileSync(file, 'utf8');
  writeFileSync(file, '');
  const fix = await broken.fails(5, /refused|does not accept|denied/i, 'sign in');
  assert.match(fix, /ssh-copy-id/);
  const machines = await broken.hub.home.json<{ type: string; connection: string; nextTry: string | null }[]>(
    'machine',
    'list',
  );
  const row = machines.find(({ type }) => type === 'ssh');
  assert.deepEqual([row?.connection, row?.nextTry], ['signInNeeded', null]);
  // What the command does; it would ask for a password, which this host has none of.
  writeFileSync(file, keys);
  await broken.passes();
});

/** A host that lets in by a password, "right one", and by no key any more. `given` are the passwords that it got. */
async function withPassword(t: TestContext): Promise<{ broken: Broken; given: () => string }> {
  const dir = tempDir(t);
  const check = join(dir, 'check');
  const tries = join(dir, 'tries');
  writeFileSync(check, `#!/bin/sh\nread -r given\nprintf '%s\\n' "$given" >>'${tries}'\n[ "$given" = 'right one' ]\n`, {
    mode: 0o755,
  });
  const pam = join(dir, 'pam');
  const rest = ['account', 'password', 'session'].map((kind) => `${kind} required pam_permit.so`);
  writeFileSync(pam, [`auth required pam_exec.so expose_authtok quiet ${check}`, ...rest, ''].join('\n'));
  const { wrapper } = hostNamespace(dir, 'passwords', [['/etc/pam.d/sshd', pam]]);
  const config = ['UsePAM yes', 'PasswordAuthentication yes', 'KbdInteractiveAuthentication no'];
  const broken = await Broken.setUp(t, { wrapper, config });
  await broken.passes();
  writeFileSync(join(broken.host.sshd.dir, 'authorized_keys'), '');
  await broken.host.sshd.restart();
  return { broken, given: () => (existsSync(tries) ? readFileSync(tries, 'utf8') : '') };
}

test('a host that asks for a password: the command that lets the key in', { timeout: 120_000 }, async (t) => {
  const { broken, given } = await withPassword(t);
  const { sshd, user } = broken.host;
  mkdirSync(join(user, '.ssh'), { mode: 0o700, recursive: true });
  symlinkSync(join(sshd.dir, 'authorized_keys'), join(user, '.ssh', 'authorized_keys'));
  await broken.cutOff();
  const fix = await broken.fails(5, /asked: Password of /, 'sign in');
  assert.equal(given(), '', 'nothing is tried without a person');
  // ssh follows no HOME, and has no terminal to ask on.
  const bin = join(tempDir(t), 'bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'askpass'), "#!/bin/sh\necho 'right one'\n", { mode: 0o755 });
  const ssh = execFileSync('sh', ['-c', 'command -v ssh'], { encoding: 'utf8' }).trim();
  writeFileSync(join(bin, 'ssh'), `#!/bin/sh\nexec '${ssh}' -F '${broken.sshConfig}' "$@"\n`, { mode: 0o755 });
  await broken.mend(fix, /ssh-copy-id .*$/, {
    PATH: `${bin}:${process.env['PATH'] ?? ''}`,
    SSH_ASKPASS: join(bin, 'askpass'),
    SSH_ASKPASS_REQUIRE: 'force',
  });
  assert.equal(given(), 'right one\n');
  await broken.passes();
  assert.equal(given(), 'right one\n');
});

test('a wrong password once: nothing is tried again without a person', { timeout: 120_000 }, async (t) => {
  const { broken, given } = await withPassword(t);
  await assert.rejects(broken.passesWithPerson('wrong one'));
  assert.equal(given(), 'wrong one\n');
  const connections = broken.host.link.connections;
  await broken.fails(5, /password|answer/i, 'sign in');
  const { connection, nextTry } =
    (await broken.hub.client().request('machine/list', {})).find(({ type }) => type === 'ssh') ?? assert.fail();
  assert.deepEqual([connection, nextTry], ['signInNeeded', null]);
  await broken.hub.home.ok('status');
  assert.equal(given(), 'wrong one\n', 'a password was tried again');
  assert.ok(broken.host.link.connections <= connections + 1, 'only the test itself connected');
  const asked = await broken.passesWithPerson('right one');
  assert.equal(asked.length, 1);
  // What was right may be used again.
  assert.match(given(), /^wrong one\n(?:right one\n)+$/);
});

test('nobody listens on the port', async (t) => {
  const broken = await Broken.setUp(t);
  await broken.host.sshd.stop();
  broken.host.link.cut();
  await broken.host.link.close();
  await broken.fails(4, /refused|nothing listens/i, 'connect');
});

test('a port behind which nobody answers', async (t) => {
  const broken = await Broken.setUp(t);
  await broken.cutOff();
  broken.host.link.hold();
  const { code, failed } = await broken.test('--timeout', '3s');
  assert.ok(failed !== undefined);
  assert.deepEqual([failed.name, code], ['connect', 4], JSON.stringify(failed));
  assert.match(failed.detail, /Nothing answered within/);
  broken.host.link.mend();
  await broken.passes();
});

test('what answers is no sshd', async (t) => {
  const broken = await Broken.setUp(t);
  await broken.cutOff();
  const { createServer } = await import('node:http');
  const web = createServer((_request, response) => response.end('hello'));
  await new Promise<void>((resolve) => void web.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    web.close();
    web.closeAllConnections();
  });
  broken.host.link.retarget((web.address() as { port: number }).port);
  await broken.fails(4, /not ssh|no ssh|SSH/i, 'connect');
  broken.host.link.retarget(broken.host.sshd.port);
  await broken.passes();
});

test('a name that means nothing', async (t) => {
  const broken = await Broken.setUp(t);
  await broken.cutOff();
  const config = readFileSync(broken.sshConfig, 'utf8');
  writeFileSync(broken.sshConfig, config.replace('HostName 127.0.0.1', 'HostName no-such-host.invalid'));
  await broken.fails(4, /no-such-host\.invalid/);
  writeFileSync(broken.sshConfig, config);
  await broken.passes();
});

test('an ssh configuration that cannot be read', async (t) => {
  const broken = await Broken.setUp(t);
  await broken.cutOff();
  const config = readFileSync(broken.sshConfig, 'utf8');
  writeFileSync(broken.sshConfig, `${config}\nNoSuchOption yes\n`);
  await broken.fails(2, /nosuchoption/i, 'resolve');
  writeFileSync(broken.sshConfig, config);
  await broken.passes();
});

test('a folder that is not there: the command that makes it', async (t) => {
  const broken = await Broken.setUp(t);
  rmSync(broken.folder, { recursive: true });
  const fix = await broken.fails(3, /project does not exist/, 'folder');
  assert.match(fix, /cm ctx edit box --path PATH/);
  await broken.mend(fix, /mkdir -p \S+/);
  await broken.passes();
});

test('a login shell that prints a banner and noise is no trouble', async (t) => {
  const broken = await Broken.setUp(t, {
    banner: 'Authorised users only!\n\u001b[31m*** \u0007\n',
    profile: "echo 'Welcome to the machine'; printf 'no line end \\033[2J'; echo noise >&2",
  });
  const checks = await broken.passes();
  assert.ok(checks.every(({ detail }) => !/[\x00-\x1f\x7f]/.test(detail)));
});

test('a login shell that hangs is named', { timeout: 120_000 }, async (t) => {
  const broken = await Broken.setUp(t);
  await broken.cutOff();
  await broken.host.sshd.restart({ profile: 'sleep 1000' });
  const { code, failed } = await broken.test('--timeout', '5s');
  assert.ok(failed !== undefined);
  assert.deepEqual([failed.name, code], ['shell', 4], JSON.stringify(failed));
  assert.match(failed.detail, /login shell/);
  await broken.host.sshd.restart();
  await broken.passes();
});

test('a forced command is named', async (t) => {
  const broken = await Broken.setUp(t);
  await broken.host.sshd.restart({ forceCommand: "/bin/sh -c 'echo This account can only fetch mail.'" });
  await broken.fails(4, /only fetch mail|other command|shell/i, 'shell');
  await broken.host.sshd.restart();
  await broken.passes();
});

test('an account without a home is named', async (t) => {
  const broken = await Broken.setUp(t);
  await broken.host.sshd.restart({ env: { HOME: '/no/such/home' } });
  const { failed } = await broken.test();
  // Whoever may make it finds it made; anybody else is told.
  if (failed !== undefined) assert.match(failed.detail, /home|\/no\/such/);
  rmSync('/no', { recursive: true, force: true });
  await broken.host.sshd.restart();
  await broken.passes();
});

test('a full disk there is told before anything is started', async (t) => {
  const mount = mkdtempSync(join(tmpdir(), 'cm-full-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1024k,mode=0700', 'tmpfs', mount]);
  t.after(() => {
    execFileSync('umount', ['-l', mount]);
    rmdirSync(mount);
  });
  const broken = await Broken.setUp(t, { env: { CM_HOME: join(mount, 'cm') } });
  await broken.passes();
  try {
    writeFileSync(join(mount, 'filler'), Buffer.alloc(2 * 1024 * 1024));
  } catch {
    // It is full now.
  }
  await broken.cutOff();
  const { checks } = await broken.test();
  const disk = checks.find(({ name }) => /disk/.test(name));
  assert.ok(disk !== undefined && disk.status !== 'ok', JSON.stringify(checks));
  const started = await broken.hub.home.run(['start', 'shell', 'exit 0', '--ctx', BOX]);
  assert.notEqual(started.code, 0);
  assert.match(started.stderr, /disk/);
  rmSync(join(mount, 'filler'));
  await broken.passes();
});

for (const [name, options] of [
  ['one session on a connection', { maxSessions: 1 }],
  ['no SFTP', { sftp: false }],
  ['no forwarding', { forwarding: false }],
  ['fish for a login shell', { shell: '/usr/bin/fish' }],
] as const) {
  test(`a host with ${name} is good enough`, { timeout: 120_000 }, async (t) => {
    const broken = await Broken.setUp(t, options);
    await broken.passes();
    const id = await broken.hub.home.ok('start', 'shell', 'read -r line; echo "got $line"; exit 5', '--ctx', BOX);
    await broken.hub.home.ok('send', id, 'a line');
    const { code } = await broken.hub.home.run(['wait', id, '--exit-status']);
    assert.equal(code, 5);
    assert.match(await broken.hub.home.ok('logs', id), /got a line/);
  });
}

test('a clock that is an hour wrong is a warning, and times are still told', async (t) => {
  const broken = await Broken.setUp(t);
  const real = execFileSync('sh', ['-c', 'command -v date'], { encoding: 'utf8' }).trim();
  broken.host.program('date', `#!/bin/sh\nexec '${real}' -d '+1 hour' "$@"\n`);
  await broken.cutOff();
  const checks = await broken.passes();
  const clock = checks.find(({ name }) => /clock/.test(name));
  assert.ok(clock !== undefined && clock.status === 'warning', JSON.stringify(checks));
});
