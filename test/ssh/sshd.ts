import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { tempDir, type Owner } from '../helpers/tempDir.js';
import { until } from '../helpers/until.js';

const SSHD = ['/usr/sbin/sshd', '/usr/local/sbin/sshd', '/opt/homebrew/sbin/sshd'];
const SFTP_SERVERS = ['/usr/lib/openssh/sftp-server', '/usr/libexec/sftp-server', '/usr/libexec/openssh/sftp-server'];

export interface SshdOptions {
  /** Sessions on one connection; sshd's own default is 10. */
  readonly maxSessions?: number;
  readonly maxAuthTries?: number;
  /** Text that the host shows before the sign-in. */
  readonly banner?: string;
  /** Default: yes. */
  readonly forwarding?: boolean;
  /** Default: yes. */
  readonly sftp?: boolean;
  /** The login shell, in place of that of the account: `/usr/bin/fish`. */
  readonly shell?: string;
  /** Lines of shell that run before every command, as from a profile: `echo hello`. */
  readonly profile?: string;
  /** Runs in place of every command. */
  readonly forceCommand?: string;
  /** More environment on the host; HOME, CM_HOME and others of this kind win over those of the helper. */
  readonly env?: Readonly<Record<string, string>>;
  /** Type of the host key; default ed25519. */
  readonly hostKey?: 'ed25519' | 'ecdsa' | 'rsa';
  /** More lines of sshd_config. They come first, so they win. */
  readonly config?: readonly string[];
  /** A port that was used before; default: a free one. */
  readonly port?: number;
  /** What sshd is started by, such as `unshare --uts`; it has to become sshd. */
  readonly wrapper?: readonly string[];
}

export interface SshClientOptions {
  /** HOME; default: a folder of this host. What is there is added to. */
  readonly home?: string;
  /** Default: `box`. */
  readonly alias?: string;
  /** Default: the key that the host lets in; `none` for none. */
  readonly identityFiles?: readonly string[];
  /** More lines for the host in `~/.ssh/config`. */
  readonly config?: readonly string[];
  /** Default: yes. */
  readonly knowsHostKey?: boolean;
}

/**
 * A real sshd on the loopback interface, as another host: it has a home of its own (`home`, so `~/.cm` there is
 * `cmHome`), a key of its own, and lets the key `keyFile` of the client in. Everything is ended with the test, also what
 * was started on the host and went into the background.
 *
 *     const host = await Sshd.start(t, { maxSessions: 2 });
 *     const client = host.client();         // HOME with ~/.ssh/{config,known_hosts,id_ed25519}: `ssh box` works
 *     await host.stop(); await host.start() // same port, same key; connections that were open are cut
 *
 * Commands start in the home of the account, not in `home`, because that is where sshd goes. tmux and agents of the host
 * live below `home` when HOME, CM_HOME, TMUX_TMPDIR and XDG_RUNTIME_DIR are followed.
 */
export class Sshd {
  /** Folder of all of its files. */
  readonly dir: string;
  readonly port: number;
  readonly user = userInfo().username;
  /** HOME on the host. */
  readonly home: string;
  /** `~/.cm` on the host. */
  readonly cmHome: string;
  /** Private key that the host lets in. */
  readonly keyFile: string;
  /** `ssh-ed25519 AAAA…`, of the host. */
  hostKey = '';
  readonly #options: SshdOptions;
  readonly #mark: string;
  #process: ChildProcess | undefined;
  /** What sshd said. */
  log = '';

  private constructor(dir: string, port: number, options: SshdOptions) {
    this.dir = dir;
    this.port = port;
    this.home = join(dir, 'home');
    this.cmHome = join(this.home, '.cm');
    this.keyFile = join(dir, 'client_key');
    this.#options = options;
    this.#mark = `CM_TEST_HOST=${dir}`;
  }

  static async start(t: Owner, options: SshdOptions = {}): Promise<Sshd> {
    const dir = tempDir(t, 'cm-host-');
    const host = new Sshd(dir, options.port ?? (await freePort()), options);
    mkdirSync(host.home, { mode: 0o700 });
    mkdirSync(join(dir, 'run'), { mode: 0o700 });
    // sshd as root wants its own folder, which the system makes only with the service.
    if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
    generateKey(host.keyFile, 'ed25519');
    host.newHostKey();
    host.authorize(readFileSync(`${host.keyFile}.pub`, 'utf8'));
    t.after(() => host.end());
    await host.start();
    return host;
  }

  /** Lets one more public key in. */
  authorize(publicKey: string, options = ''): void {
    const file = join(this.dir, 'authorized_keys');
    const before = existsSync(file) ? readFileSync(file, 'utf8') : '';
    writeFileSync(file, `${before}${options === '' ? '' : `${options} `}${publicKey.trim()}\n`, { mode: 0o600 });
  }

  /** Another key for the host, as after it was set up anew; counts from the next {@link start}. */
  newHostKey(type: 'ed25519' | 'ecdsa' | 'rsa' = this.#options.hostKey ?? 'ed25519'): void {
    const file = join(this.dir, 'host_key');
    execFileSync('rm', ['-f', file, `${file}.pub`]);
    generateKey(file, type);
    this.hostKey = readFileSync(`${file}.pub`, 'utf8').split(' ').slice(0, 2).join(' ').trim();
  }

  /** Listens again on the same port. Resolves when it answers. */
  async start(more: SshdOptions = {}): Promise<void> {
    const config = join(this.dir, 'sshd_config');
    writeFileSync(config, this.#config({ ...this.#options, ...more }));
    const program = SSHD.find((path) => existsSync(path));
    if (program === undefined) throw new Error('There is no sshd: apt-get install openssh-server');
    const command = [...(this.#options.wrapper ?? []), program, '-D', '-e', '-f', config];
    const child = spawn(command[0] ?? program, command.slice(1), { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#process = child;
    this.log = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.log += text));
    await until(`sshd listens on port ${this.port}`, () => {
      if (child.exitCode !== null) throw new Error(`sshd ended with ${child.exitCode}: ${this.log}`);
      return this.log.includes('Server listening on 127.0.0.1');
    });
  }

  /** Stops listening, and cuts the connections that are open unless they are to stay. */
  async stop({ keepConnections = false } = {}): Promise<void> {
    const child = this.#process;
    if (child?.pid === undefined) return;
    this.#process = undefined;
    const connections = keepConnections ? [] : childrenOf(child.pid);
    const ended = new Promise((resolve) => child.once('close', resolve));
    child.kill('SIGKILL');
    for (const pid of connections) kill(pid);
    if (child.exitCode === null && child.signalCode === null) await ended;
  }

  async restart(more: SshdOptions = {}): Promise<void> {
    await this.stop();
    await this.start(more);
  }

  /** Processes on the host, of any session, now. */
  processes(): number[] {
    // What is started in an environment of its own still has its home.
    return [...new Set([...processesWith(this.#mark), ...processesWith(`HOME=${this.home}`)])];
  }

  /** Kills everything on the host, as when it is switched off: tmux and agents too. */
  async kill(): Promise<void> {
    await this.stop();
    await until('everything on the host has ended', () => {
      const pids = this.processes();
      for (const pid of pids) kill(pid);
      return pids.length === 0;
    });
  }

  /**
   * The home of a person whose ssh knows this host by `alias`, and its key.
   * @returns a folder to be HOME
   */
  client(options: SshClientOptions = {}): string {
    const home = options.home ?? join(this.dir, 'client');
    const folder = join(home, '.ssh');
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const lines = [
      `Host ${options.alias ?? 'box'}`,
      '  HostName 127.0.0.1',
      `  Port ${this.port}`,
      `  User ${this.user}`,
      ...(options.identityFiles ?? [this.keyFile]).map((file) => `  IdentityFile ${file}`),
      `  UserKnownHostsFile ${join(folder, 'known_hosts')}`,
      ...(options.config ?? []).map((line) => `  ${line}`),
    ];
    appendLines(join(folder, 'config'), lines);
    if (options.knowsHostKey !== false) {
      appendLines(join(folder, 'known_hosts'), [`[127.0.0.1]:${this.port} ${this.hostKey}`]);
    }
    return home;
  }

  /** Ends it and everything on it. */
  async end(): Promise<void> {
    await this.kill();
  }

  #config(options: SshdOptions): string {
    const env: Record<string, string> = {
      HOME: this.home,
      XDG_RUNTIME_DIR: join(this.dir, 'run'),
      TMUX_TMPDIR: join(this.dir, 'run'),
      CM_TEST_HOST: this.dir,
      ...(options.shell === undefined ? {} : { SHELL: options.shell }),
      ...options.env,
    };
    const sftpServer = SFTP_SERVERS.find((path) => existsSync(path)) ?? 'internal-sftp';
    const lines = [
      ...(options.config ?? []),
      `Port ${this.port}`,
      'ListenAddress 127.0.0.1',
      `HostKey ${join(this.dir, 'host_key')}`,
      `PidFile none`,
      `AuthorizedKeysFile ${join(this.dir, 'authorized_keys')}`,
      // The temporary folder of the system may be writable by others.
      'StrictModes no',
      'PasswordAuthentication no',
      'KbdInteractiveAuthentication no',
      `UsePAM ${needsPam() ? 'yes' : 'no'}`,
      'PermitRootLogin yes',
      'PrintMotd no',
      'UseDNS no',
      'LogLevel VERBOSE',
      // Tests sign in often and at once.
      'MaxStartups 200:30:400',
      `MaxSessions ${options.maxSessions ?? 10}`,
      `MaxAuthTries ${options.maxAuthTries ?? 6}`,
      `AllowTcpForwarding ${options.forwarding === false ? 'no' : 'yes'}`,
      `SetEnv ${Object.entries(env)
        .map(([name, value]) => `"${name}=${value}"`)
        .join(' ')}`,
    ];
    if (options.sftp !== false) lines.push(`Subsystem sftp ${sftpServer}`);
    if (options.banner !== undefined) {
      writeFileSync(join(this.dir, 'banner'), options.banner);
      lines.push(`Banner ${join(this.dir, 'banner')}`);
    }
    if (options.forceCommand !== undefined) lines.push(`ForceCommand ${options.forceCommand}`);
    else if (options.shell !== undefined || options.profile !== undefined) {
      lines.push(`ForceCommand ${this.#loginShell(options)}`);
    }
    return `${lines.join('\n')}\n`;
  }

  /** sshd knows no other shell than that of the account, so one stands in between. */
  #loginShell({ shell = userInfo().shell ?? '/bin/sh', profile = '' }: SshdOptions): string {
    const file = join(this.dir, 'login-shell');
    writeFileSync(
      file,
      `#!/bin/sh
case "$SSH_ORIGINAL_COMMAND" in *sftp-server*) exec $SSH_ORIGINAL_COMMAND ;; esac
${profile}
[ -n "$SSH_ORIGINAL_COMMAND" ] || exec ${shell} -l
exec ${shell} -c "$SSH_ORIGINAL_COMMAND"
`,
    );
    chmodSync(file, 0o755);
    return file;
  }
}

/** An ssh-agent with some keys; ended with the test. Gives its socket. */
export async function startAgent(t: TestContext, keyFiles: readonly string[]): Promise<string> {
  const socket = join(tempDir(t, 'cm-agent-'), 'socket');
  const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' });
  t.after(() => agent.kill('SIGKILL'));
  await until('the agent listens', () => existsSync(socket));
  for (const file of keyFiles) {
    execFileSync('ssh-add', ['-q', file], { env: { ...process.env, SSH_AUTH_SOCK: socket }, stdio: 'pipe' });
  }
  return socket;
}

/** A new key pair in `file` and `file.pub`; gives the public one. */
export function generateKey(file: string, type: 'ed25519' | 'ecdsa' | 'rsa' = 'ed25519', passphrase = ''): string {
  const size = type === 'rsa' ? ['-b', '2048'] : [];
  // Few rounds: the passphrases of tests need no protection.
  execFileSync('ssh-keygen', ['-q', '-t', type, ...size, '-N', passphrase, '-a', '4', '-C', 'test', '-f', file]);
  return readFileSync(`${file}.pub`, 'utf8').trim();
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function appendLines(file: string, lines: readonly string[]): void {
  const before = existsSync(file) ? readFileSync(file, 'utf8') : '';
  writeFileSync(file, `${before}${lines.join('\n')}\n`, { mode: 0o600 });
}

/** An account that is locked for passwords gets in by key only through PAM. */
function needsPam(): boolean {
  try {
    const line = readFileSync('/etc/shadow', 'utf8')
      .split('\n')
      .find((entry) => entry.startsWith(`${userInfo().username}:`));
    return line?.split(':')[1]?.startsWith('!') === true;
  } catch {
    return false;
  }
}

/** Every process below one; sshd hides its environment, so its connections are found by their parents. */
function childrenOf(parent: number): number[] {
  const parents = new Map(pids().map((pid) => [pid, parentOf(pid)]));
  const isBelow = (pid: number): boolean => {
    const above = parents.get(pid);
    return above !== undefined && (above === parent || isBelow(above));
  };
  return [...parents.keys()].filter((pid) => isSshd(pid) && isBelow(pid));
}

function processesWith(variable: string): number[] {
  return pids().filter((pid) => pid !== process.pid && read(`/proc/${pid}/environ`).split('\0').includes(variable));
}

function pids(): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 1);
}

function parentOf(pid: number): number | undefined {
  const match = /^\d+ \(.*\) \S (\d+)/s.exec(read(`/proc/${pid}/stat`));
  return match?.[1] === undefined ? undefined : Number(match[1]);
}

function isSshd(pid: number): boolean {
  return /^\d+ \(sshd/.test(read(`/proc/${pid}/stat`));
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself.
  }
}
