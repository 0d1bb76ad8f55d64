import { posix } from 'node:path';
import { systemClock, Together, type Clock } from '../../common/async.js';
import { toDisposable, type Disposable } from '../../common/disposable.js';
import type { Logger } from '../../common/logger.js';
import { asClause } from '../../common/text.js';
import type {
  FileSink,
  FreeSpace,
  LoginEnvironment,
  LoginOptions,
  Machine,
  MachinePlace,
  ProcessFiles,
  ProcessId,
  ProcessStream,
  ProcessTree,
  RunOptions,
  RunResult,
  Terminal,
  TerminalSize,
} from '../../core/machine/machine.js';
import type { Asker } from '../../core/machine/machineService.js';
import type { Operation } from '../../core/machine/operation.js';
import { shellKind } from '../../core/shell/shellKind.js';
import { CodeManagerError, errorText } from '../../protocol/errors.js';
import type { MachineIdentity } from '../../protocol/session.js';
import { FileFollower } from '../fileFollower.js';
import { LoginCache } from '../loginCache.js';
import { setupVariables } from '../shellEnvironment.js';
import { parseProcessStates, processStatesScript, stoppedAmong } from '../stopped.js';
import { FileStream, followScript } from './fileFollow.js';
import { FileWatch, watchScript } from './fileWatch.js';
import { readHostLogin } from './hostLogin.js';
import { makePlace } from './hostPlace.js';
import { HostProcess } from './hostProcess.js';
import {
  killHostTrees,
  openFilesScript,
  parseOpenFiles,
  parseProcesses,
  processesScript,
  signalGroupsScript,
  type GroupSignal,
  type TreeEnd,
} from './hostProcesses.js';
import { HostSession } from './hostSession.js';
import { HostTerminal } from './hostTerminal.js';
import { RoundTrips } from './roundTrips.js';
import { runProgram } from './runProgram.js';
import type { Connection } from './connection.js';
import { LinkDriver } from '../link/linkDriver.js';
import type { OnConnectStep } from '../link/linkSteps.js';

/** How a connection is to be made. */
export interface Connecting {
  /** Without one nobody is asked. */
  readonly asker?: Asker | undefined;
  readonly signal: AbortSignal;
  readonly onStep?: OnConnectStep | undefined;
}

export interface ShellMachineOptions {
  /** As `machineId` gives it. */
  readonly id: string;
  /** The machine's kind, as `Machine.type` tells it. */
  readonly type: string;
  /** What people call the host. */
  readonly name: string;
  /** What the host must call itself; default: anything. */
  readonly node?: string | undefined;
  /** The person's own command that their shell runs there before tmux and agents are looked for: `module load tmux`. */
  readonly setup?: string | undefined;
  readonly connect: (how: Connecting) => Promise<Connection>;
  /** Whether something answers where the way to the host begins, without signing in; never rejects. */
  readonly knock?: (() => Promise<boolean>) | undefined;
  readonly log: Logger;
  readonly clock?: Clock | undefined;
}

/** Channels that followed files may have of their own; sshd opens ten on a connection unless it is told otherwise. */
const MAX_STREAMS = 4;
const MAX_KILLS = 2;
/** Paths of programs are looked up again after so long. */
const KEEP_PROGRAMS_MS = 10 * 60_000;

/** What belongs to one connection and goes with it. */
interface Connected {
  readonly session: HostSession;
  readonly logins: LoginCache;
  place: Promise<MachinePlace> | undefined;
  readonly programs: Map<string, { readonly path: string; readonly time: number }>;
}

/** A person's keys, screen and bus are on their own host. */
function ofHost({ seat: _seat, ...options }: LoginOptions): LoginOptions {
  return options;
}

/** A host that is reached through nothing but channels with a shell at their end, and has nothing of ours on it. */
export class ShellMachine implements Machine, Disposable {
  readonly id: string;
  readonly type: string;
  readonly capabilities = { isOwnHost: false, isFar: true };
  readonly link: LinkDriver;
  readonly #options: ShellMachineOptions;
  readonly #clock: Clock;
  readonly #trips = new RoundTrips();
  #connected: Connected | undefined;
  #home = '/';
  #streams = 0;
  /** Not all at once, since each has a channel of its own; and one that does not end holds nobody up. */
  readonly #kills = new Together<ProcessTree, TreeEnd>((trees) => {
    const session = this.#session;
    return killHostTrees((script) => session.feed(script), trees);
  }, MAX_KILLS);
  readonly #signals = new Together<GroupSignal, boolean>(async (groups) => {
    const { output } = await this.#session.run(signalGroupsScript(groups));
    const reached = new Set(output.toString().split('\n'));
    return groups.map((_, index) => reached.has(String(index)));
  });
  /** For those that can have no channel of their own. */
  readonly #follower = new FileFollower(this);

  constructor(options: ShellMachineOptions) {
    this.id = options.id;
    this.type = options.type;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.link = new LinkDriver({
      connect: (operation, signal, onStep) => this.#connect(operation, signal, onStep),
      onHost: (host) => {
        this.#connected =
          host instanceof HostSession
            ? { session: host, logins: this.#logins(host), place: undefined, programs: new Map() }
            : undefined;
        if (host instanceof HostSession) this.#home = host.facts.homeDirectory;
      },
      ...(options.knock === undefined ? {} : { knock: options.knock }),
      clock: this.#clock,
      log: options.log,
    });
  }

  /** How often something was asked of the host and waited for, since it was made. */
  get roundTrips(): number {
    return this.#trips.count;
  }

  /** Bytes on the wire of the present connection, and how many connections there are. */
  get traffic(): { readonly read: number; readonly written: number; readonly connections: number } {
    const session = this.#connected?.session;
    return {
      read: session?.bytesRead ?? 0,
      written: session?.bytesWritten ?? 0,
      connections: session?.connections ?? 0,
    };
  }

  /** Asks the host whether it is there: what the link does when it hears nothing. */
  async ping(): Promise<void> {
    await this.#session.ping();
  }

  async #connect(
    operation: Operation | undefined,
    signal: AbortSignal,
    onStep: OnConnectStep | undefined,
  ): Promise<HostSession> {
    const { connect, node } = this.#options;
    const connection = await connect({ asker: operation?.asker, signal, onStep });
    try {
      const session = await HostSession.open(connection, {
        connectAgain: () => connect({ signal: new AbortController().signal }),
        roundTrips: this.#trips,
      });
      if (node === undefined || session.node === node) return session;
      session.dispose();
      throw new CodeManagerError('unavailable', `${node} leads to ${session.node}`);
    } catch (error) {
      connection.dispose();
      throw error;
    }
  }

  #now(): Connected {
    const connected = this.#connected;
    if (connected !== undefined) return connected;
    const { connection, problem } = this.link.state;
    const why = problem === null ? '' : `: ${asClause(problem.message)}`;
    throw new CodeManagerError(
      connection === 'signInNeeded' || connection === 'hostKeyChanged' ? 'unauthorized' : 'unavailable',
      `${this.#options.name} cannot be reached${why}`,
    );
  }

  // Called before anything is awaited: what is asked together is sent together, in its order.
  get #session(): HostSession {
    return this.#now().session;
  }

  async identity(): Promise<MachineIdentity> {
    const { facts } = this.#session;
    return await Promise.resolve({ host: facts.host, bootId: facts.bootId });
  }

  async bootTime(): Promise<number | undefined> {
    return await Promise.resolve(this.#session.facts.bootTime);
  }

  async place(): Promise<MachinePlace> {
    const connected = this.#now();
    const { session } = connected;
    connected.place ??= makePlace((script) => session.run(script), session.facts);
    const making = connected.place;
    making.catch(() => {
      if (connected.place === making) connected.place = undefined;
    });
    return making;
  }

  async now(): Promise<number> {
    const { output } = await this.#session.run('date +%s');
    const seconds = Number.parseInt(output.toString(), 10);
    if (!Number.isFinite(seconds)) throw new CodeManagerError('unavailable', 'The host does not tell its time');
    return seconds * 1000;
  }

  async loginEnvironment(options: LoginOptions = {}): Promise<LoginEnvironment> {
    const connected = this.#now();
    if (options.refresh === 'always') connected.programs.clear();
    try {
      return await connected.logins.get(ofHost(options));
    } catch (error) {
      this.#now();
      const { base, shell: path } = connected.session.facts;
      const shell = { path, kind: shellKind(path) };
      const nothing = { aliases: {}, functions: new Set<string>(), umask: null, isWhole: false };
      return { env: base, base, shell, ...nothing, warnings: [errorText(error)] };
    }
  }

  knownLogin(options: LoginOptions): LoginEnvironment | undefined {
    return this.#connected?.logins.known(ofHost(options));
  }

  #logins(session: HostSession): LoginCache {
    const { setup } = this.#options;
    return new LoginCache({
      home: session.facts.homeDirectory,
      read: ({ folder, words }) => readHostLogin({ host: session, facts: session.facts, folder, words, setup }),
      run: async (script) => (await session.run(script)).output.toString(),
      isFar: true,
    });
  }

  /** The environment of a program: as given or the plain one, with what the person's setup adds. */
  async #environment(
    session: HostSession,
    env: Readonly<Record<string, string>> | undefined,
  ): Promise<Readonly<Record<string, string>>> {
    const plain = env ?? session.facts.base;
    if (this.#options.setup === undefined) return plain;
    return { ...setupVariables((await this.loginEnvironment()).env), ...plain };
  }

  async run(command: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    const session = this.#session;
    return runProgram(session, command, { ...options, env: await this.#environment(session, options.env) });
  }

  open(command: readonly string[], options: Pick<RunOptions, 'cwd' | 'env'> = {}): ProcessStream {
    return new HostProcess(this.#start(command, options));
  }

  async #start(command: readonly string[], options: Pick<RunOptions, 'cwd' | 'env'>): ReturnType<HostSession['start']> {
    const session = this.#session;
    return session.start(command, { ...options, env: await this.#environment(session, options.env) });
  }

  async openTerminal(
    command: readonly string[],
    options: TerminalSize & Pick<RunOptions, 'cwd' | 'env'>,
  ): Promise<Terminal> {
    const session = this.#session;
    return HostTerminal.open(session, command, { ...options, env: await this.#environment(session, options.env) });
  }

  async findProgram(name: string, path: string): Promise<string | undefined> {
    if (name === '' || name.includes('\0')) return undefined;
    const connected = this.#now();
    const key = `${name}\0${path}`;
    const known = connected.programs.get(key);
    if (known !== undefined && this.#clock.now() - known.time < KEEP_PROGRAMS_MS) return known.path;
    const slash = name.lastIndexOf('/');
    const folders = slash < 0 ? path.split(':') : [this.#expand(name.slice(0, slash) || '/')];
    const found = await connected.session.files.findProgram(
      name.slice(slash + 1),
      // What "." in a PATH means depends on where one stands, and we stand nowhere.
      [...new Set(folders.map((folder) => this.#expand(folder)).filter((folder) => folder.startsWith('/')))],
    );
    if (found !== undefined) connected.programs.set(key, { path: found, time: this.#clock.now() });
    return found;
  }

  resolvePath(path: string): string {
    return posix.resolve(this.#home, this.#expand(path));
  }

  #expand(path: string): string {
    return path === '~' || path.startsWith('~/') ? posix.join(this.#home, path.slice(1)) : path;
  }

  async stat(path: string): ReturnType<Machine['stat']> {
    return this.#session.files.stat(path);
  }

  async readFile(path: string, from?: number, length?: number): Promise<Uint8Array> {
    return this.#session.files.readFile(path, from, length);
  }

  async writeFile(path: string, data: string | Uint8Array): Promise<void> {
    await this.#session.files.writeFile(path, data);
  }

  async append(path: string, data: string): Promise<void> {
    await this.#session.files.append(path, data);
  }

  async rename(from: string, to: string): Promise<boolean> {
    return this.#session.files.rename(from, to);
  }

  async makeDirectory(path: string): Promise<void> {
    await this.#session.files.makeDirectory(path);
  }

  async list(directory: string): Promise<readonly string[]> {
    return this.#session.files.list(directory);
  }

  async remove(path: string): Promise<void> {
    await this.#session.files.remove(path);
  }

  async freeSpace(folder: string): Promise<FreeSpace> {
    return this.#session.files.freeSpace(folder);
  }

  async releaseHead(path: string, offset: number): Promise<boolean> {
    return this.#session.files.releaseHead(path, offset);
  }

  watch(directory: string, listener: (name: string) => void, onLost: (error: Error) => void): Disposable {
    return new FileWatch(this.#startScript(watchScript(directory)), listener, onLost);
  }

  followFile(path: string, from: number, sink: FileSink): Disposable {
    if (this.#streams >= MAX_STREAMS) return this.#follower.follow(path, from, sink);
    this.#streams++;
    const release = toDisposable(() => this.#streams--);
    const stream = new FileStream(this.#startScript(followScript(path, from)), from, {
      data: (offset, bytes) => sink.data(offset, bytes),
      fail: (error) => {
        release.dispose();
        sink.fail(error);
      },
    });
    return toDisposable(() => {
      stream.dispose();
      release.dispose();
    });
  }

  async #startScript(script: string): ReturnType<HostSession['start']> {
    const session = this.#session;
    const env = { PATH: session.facts.base['PATH'] ?? '/usr/bin:/bin', LC_ALL: 'C' };
    return session.start(['/bin/sh', '-c', script], { env });
  }

  async signalGroup(leader: number, signal: NodeJS.Signals): Promise<boolean> {
    if (!Number.isInteger(leader) || leader <= 1) return false;
    return this.#signals.ask({ leader, signal });
  }

  async stopped(launchers: readonly number[]): Promise<ReadonlySet<number>> {
    const known = launchers.filter((pid) => Number.isInteger(pid) && pid > 1);
    if (known.length === 0) return new Set();
    const { output } = await this.#session.run(processStatesScript(known));
    return stoppedAmong(known, parseProcessStates(output.toString()));
  }

  async killTree(root: number | null, marker: string, known: readonly ProcessId[] = []): Promise<number> {
    const end = await this.#kills.ask({ root, marker, known });
    if (typeof end !== 'number') throw end;
    return end;
  }

  async processesOf(trees: readonly ProcessTree[]): ReturnType<Machine['processesOf']> {
    const { output } = await this.#session.run(processesScript(trees));
    return parseProcesses(output.toString(), trees.length);
  }

  async openFiles(
    of: { readonly root: number | null; readonly marker: string } | null,
  ): Promise<readonly ProcessFiles[]> {
    const { output } = await this.#session.run(openFilesScript(of));
    return parseOpenFiles(output.toString());
  }

  dispose(): void {
    this.link.dispose();
  }
}
