import type { Disposable } from '../../common/disposable.js';
import type { Event } from '../../common/emitter.js';
import type { Machine as MachineInfo } from '../../protocol/context.js';
import type { Check } from '../../protocol/requests.js';
import type { MachineIdentity, ProcessId } from '../../protocol/session.js';
import type { Operation } from './operation.js';
import type { Shell } from '../shell/shellKind.js';

export type { ProcessId };

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

export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/** A program in a terminal of its own. */
export interface Terminal extends Disposable {
  write(data: Uint8Array): void;
  resize(size: TerminalSize): void;
  /** The bytes are only valid during the call. What comes before the first listener is held for it. */
  readonly onData: Event<Uint8Array>;
  /** Called once, also for one who asks later; null when the way to it is gone or a signal ended it. */
  readonly onExit: Event<number | null>;
  /** Takes no more bytes from the program until {@link resume}. */
  pause(): void;
  resume(): void;
}

/** What is known of a file without reading it. */
export interface FileStat {
  readonly size: number;
  readonly isDirectory: boolean;
  readonly mtimeMs: number;
  /** Tells it from another file that gets its name; undefined where the system does not tell. */
  readonly inode?: string | undefined;
}

/** Where bytes of a file go as it grows. `data` resolves when the receiver can take more. */
export interface FileSink {
  /** `bytes` are only valid during the call. */
  data(offset: number, bytes: Uint8Array): Promise<void> | undefined;
  /** The end of the following: the file cannot be read, or the machine cannot be reached any more. */
  fail(error: unknown): void;
}

/** Where Code Manager is at home on a machine. */
export interface MachinePlace {
  /** Folder of all data: CM_HOME there, else `~/.cm`. */
  readonly home: string;
  /** Folder for sockets. */
  readonly runtimeDirectory: string;
  /** The mask with which the person's programs make files. */
  readonly umask: number;
}

/** What a disk has room for. */
export interface FreeSpace {
  readonly bytes: number;
  /** How many files more; null where it has no limit of its own, or does not tell. */
  readonly files: number | null;
}

/** What is known of the way to a machine. */
export type LinkState = Pick<MachineInfo, 'connection' | 'since' | 'problem' | 'node' | 'lastSeen' | 'nextTry'>;

/** The way to a machine that is not always there. It heals by itself unless somebody disconnected it or a person is needed. */
export interface MachineLink {
  readonly state: LinkState;
  /** After every change of the state. `connected`: every call works again, and identity and place may be others. */
  readonly onDidChange: Event<LinkState>;
  /** Resolves when it is connected. Without an operation nobody is asked. */
  connect(operation?: Operation): Promise<void>;
  /** Until somebody connects it again. */
  disconnect(): Promise<void>;
  /**
   * The steps of the way in order: resolve, connect, host key, sign in, shell; only connect and shell over a connection
   * that is open. False when one failed, else it is connected.
   */
  test(operation: Operation, onCheck: (check: Check) => void): Promise<boolean>;
}

/** What a person has at the first prompt of an interactive login shell in some folder. */
export interface LoginEnvironment {
  readonly env: Readonly<Record<string, string>>;
  /**
   * Aliases as words, behind what they assign: `{claude: ['CLAUDE_CONFIG_DIR=/home/a/.work', 'claude']}`; null for one
   * that only the shell itself can run.
   */
  readonly aliases: Readonly<Record<string, readonly string[] | null>>;
  readonly functions: ReadonlySet<string>;
  /** The shell that told all this: the login shell, or the one that its files put in its place. */
  readonly shell: Shell;
  /** What that shell starts with. */
  readonly base: Readonly<Record<string, string>>;
  /** The mask with which it makes files; null when it is not known. */
  readonly umask: number | null;
  /** What went wrong while it was read, one sentence each, naming the file to look at. */
  readonly warnings: readonly string[];
  /** The environment has all that an interactive shell has; else agents may lack what the person's shell sets. */
  readonly isWhole: boolean;
}

export interface LoginOptions {
  /** Reads it again whatever is known: `always`, or for a `start`: unless that takes long and no file has changed. */
  readonly refresh?: 'always' | 'start';
  /** Default: home. */
  readonly folder?: string;
  /** Names of programs that may be functions of a shell that does not list its functions. */
  readonly words?: readonly string[];
  /** What leads to the person's present login session ({@link SEAT_VARIABLES}); undefined: as the machine knows it. */
  readonly seat?: Readonly<Record<string, string>> | undefined;
}

/** The variable that every process of a session carries: the id of the session. */
export const MARKER = 'CM_SESSION';

/** What belongs together: what descends from a process or carries a marker, and what follows any of these. */
export interface ProcessTree {
  /** Must be known to be the process that is meant; null when it is gone. */
  readonly root: number | null;
  /** The value of {@link MARKER}. */
  readonly marker: string;
  /** What was found to belong to it before. */
  readonly known?: readonly ProcessId[];
}

/** A process and the files that it holds open, as absolute paths; none where the system does not tell. */
export interface ProcessFiles {
  readonly pid: number;
  readonly files: readonly string[];
}

/**
 * Where commands run and files are read. The engine reaches every machine through this and nothing else. While a
 * machine cannot be reached every call rejects at once with `unavailable`.
 */
/** What is done otherwise on some machines than on others, whatever their kind. */
export interface MachineCapabilities {
  /** This process runs on it: disk, processes and environment are its own, and no other server acts there. */
  readonly isOwnHost: boolean;
  /** Each question is a round trip through a network, on which all arrives in the order in which it was sent. */
  readonly isFar: boolean;
}

export interface Machine {
  /** `local` for the machine of the agent server. */
  readonly id: string;
  /** The machine's kind, as people and records name it; nothing is decided by it. */
  readonly type: string;
  readonly capabilities: MachineCapabilities;
  /** Undefined for a machine that is always there. */
  readonly link?: MachineLink;
  /** Another one after the machine was restarted, or when the way to it leads to another node. */
  identity(): Promise<MachineIdentity>;
  /** When it was started, in milliseconds since the epoch; undefined where the system does not tell. */
  bootTime(): Promise<number | undefined>;
  /** Makes the folders for us alone, where they are not there. */
  place(): Promise<MachinePlace>;
  /** The machine's own clock, in milliseconds since the epoch. */
  now(): Promise<number>;
  /** A program in a new terminal; `TERM` is taken from `env`, default `xterm-256color`. */
  openTerminal(command: readonly string[], options: TerminalSize & Pick<RunOptions, 'cwd' | 'env'>): Promise<Terminal>;
  /** Kept until it is read again. Never rejects: falls back to a plain environment with a warning. */
  loginEnvironment(options?: LoginOptions): Promise<LoginEnvironment>;
  /** What is known of it without asking anybody, whether it holds or not. */
  knownLogin(options: LoginOptions): LoginEnvironment | undefined;
  /** Program and arguments, no shell. Resolves whatever the exit code; rejects when it cannot be started or timed out. */
  run(command: readonly string[], options?: RunOptions): Promise<RunResult>;
  open(command: readonly string[], options?: Pick<RunOptions, 'cwd' | 'env'>): ProcessStream;
  /** Absolute path of a program in a PATH, undefined when it is not there. */
  findProgram(name: string, path: string): Promise<string | undefined>;
  /** Absolute, symbolic links kept; `~` and relative ones begin at the home there. */
  resolvePath(path: string): string;
  stat(path: string): Promise<FileStat | undefined>;
  /** Bytes from an offset, fewer at the end of the file. */
  readFile(path: string, from?: number, length?: number): Promise<Uint8Array>;
  /** Bytes of a file from an offset on, and what it gets, until disposed; one that is not there yet is waited for. */
  followFile(path: string, from: number, sink: FileSink): Disposable;
  /** To the end of a file, which is made (0600) when it is not there. */
  append(path: string, data: string): Promise<void>;
  /** Over a file of that name. False when there is nothing to rename. */
  rename(from: string, to: string): Promise<boolean>;
  /** Room for more on the disk of a folder. */
  freeSpace(folder: string): Promise<FreeSpace>;
  /** 0600, whole or not at all. */
  writeFile(path: string, data: string | Uint8Array): Promise<void>;
  makeDirectory(path: string): Promise<void>;
  /** Names in a folder; none when it is not there. */
  list(directory: string): Promise<readonly string[]>;
  remove(path: string): Promise<void>;
  /**
   * Names of files in a folder that were made, changed (by size or time) or removed, as it happens. Where it takes time
   * to begin, `.` tells that it has: what happened until then is not told.
   */
  watch(directory: string, listener: (name: string) => void, onLost: (error: Error) => void): Disposable;
  /** Frees the disk under the bytes before `offset` without moving those behind it; false where the system cannot. */
  releaseHead(path: string, offset: number): Promise<boolean>;
  /** A signal to every process of a group but its leader, the launcher of a session, and of the groups that its children lead. */
  signalGroup(leader: number, signal: NodeJS.Signals): Promise<boolean>;
  /** Which launchers of sessions, by process, have a tool that a signal has stopped. */
  stopped(launchers: readonly number[]): Promise<ReadonlySet<number>>;
  /** Ends at once every process of a tree, also what is started meanwhile. Returns how many there were. */
  killTree(root: number | null, marker: string, known?: readonly ProcessId[]): Promise<number>;
  /** The processes of each tree that run, by one look. */
  processesOf(trees: readonly ProcessTree[]): Promise<readonly (readonly ProcessId[])[]>;
  /**
   * The processes that descend from `root` or carry `CM_SESSION=<marker>` in their environment, or with null all of
   * this user, with the files that they hold open.
   */
  openFiles(of: { readonly root: number | null; readonly marker: string } | null): Promise<readonly ProcessFiles[]>;
}
