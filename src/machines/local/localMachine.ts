import { constants, promises as fs } from 'node:fs';
import { homedir, uptime } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { appendText, openToRead, readBytes } from '../../common/files.js';
import type { Disposable } from '../../common/disposable.js';
import { homeDirectory } from '../../common/home.js';
import type {
  FileSink,
  FileStat,
  FreeSpace,
  LoginEnvironment,
  LoginOptions,
  Machine,
  MachinePlace,
  ProcessId,
  ProcessStream,
  ProcessTree,
  RunOptions,
  RunResult,
  Terminal,
  TerminalSize,
} from '../../core/machine/machine.js';
import { moveAcrossDisks, writeFileAtomic } from '../../core/store/atomicFile.js';
import { errorCode, isMissing, toDiskError } from '../../core/store/diskErrors.js';
import { openHome } from '../../core/store/home.js';
import { makeFolder } from '../../core/store/makeFolder.js';
import { SEAT_VARIABLES, type MachineIdentity } from '../../protocol/session.js';
import type { Shell } from '../../core/shell/shellKind.js';
import { FileFollower } from '../fileFollower.js';
import { LoginCache } from '../loginCache.js';
import type { LoginLimits } from '../loginShell.js';
import { setupVariables } from '../shellEnvironment.js';
import { baseEnvironment, currentUser } from '../baseEnvironment.js';
import { DirectoryWatch } from './directoryWatch.js';
import { machineIdentity } from '../identity.js';
import { LocalTerminal } from './localTerminal.js';
import { readLoginEnvironment } from './loginEnvironment.js';
import { openFiles } from './openFiles.js';
import { LocalProcessStream } from './processStream.js';
import { killTree, processesOf, signalGroup } from './processTree.js';
import { stopped } from './stopped.js';
import { runProcess } from './runProcess.js';
import { chooseRuntimeDirectory } from '../runtimeDirectory.js';
import { chooseShell } from './shells.js';

/** Disk blocks that a hole may take away. */
const BLOCK_BYTES = 4096;

export interface LocalMachineOptions {
  /** Our own environment, of which the person's part is taken; default `process.env`. */
  readonly env?: NodeJS.ProcessEnv;
  /** Home of the user; default HOME. */
  readonly home?: string;
  /** Login shell; default the user's in the system, then SHELL, then `/bin/sh`. */
  readonly shell?: string;
  readonly limits?: LoginLimits;
  /** The person's own command that their shell runs after its files, asked whenever the environment is. */
  readonly setup?: () => Promise<string | undefined>;
  /** The mask with which the person's programs make files; default 022. */
  readonly umask?: number;
}

/** The machine of the agent server. */
export class LocalMachine implements Machine {
  readonly id = 'local';
  readonly type = 'local';
  readonly capabilities = { isOwnHost: true, isFar: false };
  readonly #base: Readonly<Record<string, string>>;
  readonly #home: string;
  readonly #shell: Shell;
  readonly #setup: () => Promise<string | undefined>;
  readonly #umask: number;
  readonly #data: string;
  readonly #follower = new FileFollower(this);
  #identity: Promise<MachineIdentity> | undefined;
  readonly #logins: LoginCache;
  #knownSetup: string | undefined;
  /** What programs need that were found by the setup command. */
  #added: Readonly<Record<string, string>> = {};

  constructor(options: LocalMachineOptions = {}) {
    const env = options.env ?? process.env;
    this.#base = baseEnvironment(env, options.home);
    this.#home = this.#base['HOME'] ?? homedir();
    this.#shell = chooseShell([options.shell, currentUser().shell, env['SHELL']]);
    this.#setup = options.setup ?? (() => Promise.resolve(undefined));
    this.#umask = options.umask ?? 0o022;
    this.#data = homeDirectory({ ...env, HOME: this.#home });
    this.#logins = new LoginCache({
      home: this.#home,
      read: ({ folder, words, seat, setup }) =>
        readLoginEnvironment(
          {
            shell: this.#shell,
            base: seat === undefined ? this.#base : { ...withoutSeat(this.#base), ...seat },
            folder,
            words,
            setup,
            limits: options.limits,
          },
          this.#umask,
        ),
      run: async (script) => (await this.run(['/bin/sh', '-c', script])).stdout,
      onRead: (login, setup) => {
        this.#added = setup === undefined ? {} : setupVariables(login.env);
      },
    });
  }

  identity(): Promise<MachineIdentity> {
    this.#identity ??= machineIdentity();
    return this.#identity;
  }

  async bootTime(): Promise<number | undefined> {
    return Promise.resolve(Date.now() - uptime() * 1000);
  }

  async place(): Promise<MachinePlace> {
    const { root } = await openHome(this.#data);
    return { home: root, runtimeDirectory: await chooseRuntimeDirectory(root), umask: this.#umask };
  }

  async now(): Promise<number> {
    return Promise.resolve(Date.now());
  }

  async loginEnvironment(options: LoginOptions = {}): Promise<LoginEnvironment> {
    this.#knownSetup = await this.#setup();
    return this.#logins.get({ ...options, setup: this.#knownSetup });
  }

  knownLogin(options: LoginOptions): LoginEnvironment | undefined {
    return this.#logins.known({ ...options, setup: this.#knownSetup });
  }

  /** The environment of a program: as given or the plain one, with what the person's setup adds. */
  #environment(env: Readonly<Record<string, string>> | undefined): Readonly<Record<string, string>> {
    return { ...this.#added, ...(env ?? this.#base) };
  }

  async run(command: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    return runProcess(command, { ...options, env: this.#environment(options.env) });
  }

  open(command: readonly string[], options: Pick<RunOptions, 'cwd' | 'env'> = {}): ProcessStream {
    return new LocalProcessStream(command, { ...options, env: this.#environment(options.env) });
  }

  async openTerminal(
    command: readonly string[],
    options: TerminalSize & Pick<RunOptions, 'cwd' | 'env'>,
  ): Promise<Terminal> {
    return Promise.resolve(new LocalTerminal(command, { ...options, env: this.#environment(options.env) }));
  }

  async findProgram(name: string, path: string): Promise<string | undefined> {
    if (name === '' || name.includes('\0')) return undefined;
    if (name.includes('/')) {
      const expanded = this.#expand(name);
      return isAbsolute(expanded) && (await isProgram(expanded)) ? expanded : undefined;
    }
    for (const folder of path.split(':')) {
      // What "." in a PATH means depends on where one stands, and we stand nowhere.
      const expanded = this.#expand(folder);
      if (!isAbsolute(expanded)) continue;
      const candidate = join(expanded, name);
      if (await isProgram(candidate)) return candidate;
    }
    return undefined;
  }

  resolvePath(path: string): string {
    return resolve(this.#home, this.#expand(path));
  }

  async stat(path: string): Promise<FileStat | undefined> {
    try {
      const stat = await fs.stat(path);
      return { size: stat.size, isDirectory: stat.isDirectory(), mtimeMs: stat.mtimeMs, inode: String(stat.ino) };
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  async readFile(path: string, from = 0, length?: number): Promise<Uint8Array> {
    // Some files of the system have a size of 0 and yet something in them.
    if (from === 0 && length === undefined) return readBytes(path);
    const file = await openToRead(path);
    try {
      const { size } = await file.stat();
      const wanted = Math.max(0, Math.min(length ?? Infinity, size - from));
      const buffer = Buffer.allocUnsafe(wanted);
      let read = 0;
      while (read < wanted) {
        const { bytesRead } = await file.read(buffer, read, wanted - read, from + read);
        if (bytesRead === 0) break;
        read += bytesRead;
      }
      return buffer.subarray(0, read);
    } finally {
      await file.close();
    }
  }

  followFile(path: string, from: number, sink: FileSink): Disposable {
    return this.#follower.follow(path, from, sink);
  }

  async append(path: string, data: string): Promise<void> {
    try {
      await appendText(path, data);
    } catch (error) {
      throw toDiskError(error, path);
    }
  }

  async rename(from: string, to: string): Promise<boolean> {
    try {
      await fs.rename(from, to);
      return true;
    } catch (error) {
      if (isMissing(error)) return false;
      if (errorCode(error) !== 'EXDEV') throw toDiskError(error, to);
      // A folder of ours may be a link to another disk.
      await moveAcrossDisks(from, to);
      return true;
    }
  }

  async freeSpace(folder: string): Promise<FreeSpace> {
    const { bavail, bsize, files, ffree } = await fs.statfs(folder);
    return { bytes: bavail * bsize, files: files > 0 ? ffree : null };
  }

  async writeFile(path: string, data: string | Uint8Array): Promise<void> {
    await writeFileAtomic(path, data);
  }

  async makeDirectory(path: string): Promise<void> {
    try {
      await makeFolder(path);
    } catch (error) {
      throw toDiskError(error, path);
    }
  }

  async list(directory: string): Promise<readonly string[]> {
    try {
      return await fs.readdir(directory);
    } catch (error) {
      if (isMissing(error)) return [];
      throw error;
    }
  }

  async remove(path: string): Promise<void> {
    try {
      await fs.unlink(path);
    } catch (error) {
      if (isMissing(error)) return;
      // Only an empty folder goes: nothing of what is in one may be lost by a wrong path.
      if (errorCode(error) !== 'EISDIR' && errorCode(error) !== 'EPERM') throw error;
      await fs.rmdir(path);
    }
  }

  watch(directory: string, listener: (name: string) => void, onLost: (error: Error) => void): Disposable {
    return new DirectoryWatch(directory, listener, onLost);
  }

  async releaseHead(path: string, offset: number): Promise<boolean> {
    const length = Math.floor(offset / BLOCK_BYTES) * BLOCK_BYTES;
    if (length <= 0) return true;
    if (process.platform !== 'linux') return false;
    try {
      const { code } = await this.run(
        ['fallocate', '--punch-hole', '--offset', '0', '--length', String(length), '--', path],
        { timeoutMs: 60_000 },
      );
      return code === 0;
    } catch {
      return false;
    }
  }

  signalGroup(leader: number, signal: NodeJS.Signals): Promise<boolean> {
    return signalGroup(leader, signal);
  }

  stopped(launchers: readonly number[]): Promise<ReadonlySet<number>> {
    return stopped(launchers);
  }

  killTree(root: number | null, marker: string, known?: readonly ProcessId[]): Promise<number> {
    return killTree(root, marker, known);
  }

  processesOf(trees: readonly ProcessTree[]): ReturnType<Machine['processesOf']> {
    return processesOf(trees);
  }

  openFiles(of: { root: number | null; marker: string } | null): ReturnType<Machine['openFiles']> {
    return openFiles(of);
  }

  #expand(path: string): string {
    return path === '~' || path.startsWith('~/') ? join(this.#home, path.slice(1)) : path;
  }
}

function withoutSeat(env: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !SEAT_VARIABLES.includes(name)));
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await fs.access(path, constants.X_OK);
    return (await fs.stat(path)).isFile();
  } catch {
    return false;
  }
}
