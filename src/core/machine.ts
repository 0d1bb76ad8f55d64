import type { Disposable } from '../common/disposable.js';
import type { MachineIdentity } from '../protocol/session.js';

export interface RunOptions {
  readonly cwd?: string;
  /** The whole environment of the process; default: the machine's clean base environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string | Uint8Array;
  /** Killed with all its children after so many milliseconds; default 15 s. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface RunResult {
  /** Null when it was ended by a signal. */
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A process with its standard streams open. */
export interface ProcessStream extends Disposable {
  readonly pid: number | undefined;
  write(data: string): void;
  readonly onData: (listener: (data: Uint8Array) => void) => Disposable;
  /** Called once, when it has ended and all its output was delivered. */
  readonly onExit: (
    listener: (exit: { code: number | null; signal: string | null; stderr: string }) => void,
  ) => Disposable;
}

/** What the login shell would give a program that a person starts. */
export interface LoginEnvironment {
  readonly env: Readonly<Record<string, string>>;
  /** Aliases of the login shell as it prints them, resolved to words: `{claude: ['/home/a/.claude/local/claude']}`. */
  readonly aliases: Readonly<Record<string, readonly string[]>>;
  /** What went wrong while it was read, one sentence each, naming the file to look at. */
  readonly warnings: readonly string[];
}

/** A process and the files that it holds open, as absolute paths; none where the system does not tell. */
export interface ProcessFiles {
  readonly pid: number;
  readonly files: readonly string[];
}

/** Where commands run and files are read. The engine reaches every machine through this and nothing else. */
export interface Machine {
  /** `local` for the machine of the agent server. */
  readonly id: string;
  readonly type: 'local' | 'ssh';
  identity(): Promise<MachineIdentity>;
  /** Read once and kept; `refresh` reads it again. Never rejects: falls back to a plain environment with a warning. */
  loginEnvironment(options?: { refresh?: boolean }): Promise<LoginEnvironment>;
  /** Program and arguments, no shell. Resolves whatever the exit code; rejects when it cannot be started or timed out. */
  run(command: readonly string[], options?: RunOptions): Promise<RunResult>;
  open(command: readonly string[], options?: Pick<RunOptions, 'cwd' | 'env'>): ProcessStream;
  /** Absolute path of a program in a PATH, undefined when it is not there. */
  findProgram(name: string, path: string): Promise<string | undefined>;
  /** Absolute, `~` expanded, symbolic links kept. */
  resolvePath(path: string): string;
  stat(
    path: string,
  ): Promise<{ readonly size: number; readonly isDirectory: boolean; readonly mtimeMs: number } | undefined>;
  /** Bytes from an offset, fewer at the end of the file. */
  readFile(path: string, from?: number, length?: number): Promise<Uint8Array>;
  /** 0600, whole or not at all. */
  writeFile(path: string, data: string | Uint8Array): Promise<void>;
  makeDirectory(path: string): Promise<void>;
  /** Names in a folder; none when it is not there. */
  list(directory: string): Promise<readonly string[]>;
  remove(path: string): Promise<void>;
  /** Names of files in a folder that were made, changed or removed, as it happens. */
  watch(directory: string, listener: (name: string) => void, onLost: (error: Error) => void): Disposable;
  /** Frees the disk under the bytes before `offset` without moving those behind it; false where the system cannot. */
  releaseHead(path: string, offset: number): Promise<boolean>;
  /** A signal to every process of a group but its leader, the launcher of a session. False when there is none. */
  signalGroup(leader: number, signal: NodeJS.Signals): Promise<boolean>;
  /**
   * Ends at once every process that descends from `pid` or carries `CM_SESSION=<marker>` in its environment, also
   * those that left the tree. Returns how many there were; repeats until none is left.
   */
  killTree(pid: number | null, marker: string): Promise<number>;
  /**
   * The processes that descend from `root` or carry `CM_SESSION=<marker>` in their environment, or with null all of
   * this user, with the files that they hold open.
   */
  openFiles(of: { readonly root: number | null; readonly marker: string } | null): Promise<readonly ProcessFiles[]>;
}
