import type { Duplex } from 'node:stream';
import type { SFTPWrapper } from 'ssh2';
import type { Disposable } from '../../common/disposable.js';
import type { Logger } from '../../common/logger.js';
import type { Asker } from '../../core/machineService.js';
import type { Door } from './knock.js';
import type { SignInMemory } from './signInMemory.js';
import type { SshFailure } from './sshFailure.js';

/** How to reach a host; what is left out comes from the person's own ssh configuration. */
export interface SshReach {
  /** Host name, address or alias of `~/.ssh/config`. */
  readonly host: string;
  readonly user?: string | null | undefined;
  readonly port?: number | null | undefined;
  /** Path of a private key on this machine. */
  readonly keyFile?: string | null | undefined;
}

export type SshStep = 'resolve' | 'connect' | 'host key' | 'sign in';

export interface SshConnectOptions {
  /** Without one nobody is asked. */
  readonly asker?: Asker | undefined;
  /** Answers that were accepted before, and are kept for further connections; without one nothing is kept. */
  readonly memory?: SignInMemory | undefined;
  /** The name of the machine in questions; default: the host of the reach. */
  readonly machine?: string | undefined;
  readonly signal: AbortSignal;
  readonly log: Logger;
  /** Called when a step is done, with what there is to say about it. */
  readonly onStep?: ((step: SshStep, detail: string) => void) | undefined;
  /** Called with what is connected to first, where that is known. */
  readonly onDoor?: ((door: Door) => void) | undefined;
  /** For each answer of the host or the network; the time that a person takes is not counted. */
  readonly timeoutMs?: number | undefined;
  /** A connection to go through in place of what the configuration says. */
  readonly jump?: SshConnection | undefined;
  /** Private keys to try after those that the configuration names, as absolute paths. */
  readonly identityFiles?: readonly string[] | undefined;
  /** Used in place of the person's own ssh configuration, as by `ssh -F`. */
  readonly configFile?: string | undefined;
  /** Has HOME, PATH and SSH_AUTH_SOCK; default: that of this process. */
  readonly env?: NodeJS.ProcessEnv | undefined;
}

export interface SshExit {
  /** Null when it was ended by a signal, or when nobody can know. */
  readonly code: number | null;
  readonly signal: string | null;
  /** Set when the connection ended before the command did. */
  readonly error: SshFailure | undefined;
}

/** A command on the host. Disposing closes the channel, which ends most commands. */
export interface SshChannel extends Disposable {
  /** A promise when the other side is slow: wait for it before writing on. */
  write(data: string | Uint8Array): Promise<void> | undefined;
  /** End of its standard input. */
  end(): void;
  readonly onData: (listener: (data: Uint8Array) => void) => Disposable;
  readonly onStderr: (listener: (data: Uint8Array) => void) => Disposable;
  /** Called once, when all output was delivered; also when that has been already. */
  readonly onExit: (listener: (exit: SshExit) => void) => Disposable;
  /** Asks for a signal by its name without SIG; many hosts do not do it. */
  signal(name: string): void;
  resize(columns: number, rows: number): void;
  /** Lets the host wait with further output. */
  pause(): void;
  resume(): void;
}

export interface SshExecOptions {
  readonly pty?: { readonly columns: number; readonly rows: number; readonly term: string } | undefined;
}

/** A connection that is signed in. */
export interface SshConnection extends Disposable {
  /** `user@host:port` as resolved. */
  readonly target: string;
  /** Runs a command line in the person's shell there. Rejects with reason `channels` when the host refuses. */
  exec(command: string, options?: SshExecOptions): Promise<SshChannel>;
  /** A stream to a port as the host sees it. Rejects with reason `forward`. */
  forwardTcp(host: string, port: number): Promise<Duplex>;
  /** Rejects with reason `noSftp` or `channels`. The caller ends it. */
  sftp(): Promise<SFTPWrapper>;
  /** Called once, without an error when this side closed it; also when that has been already. */
  readonly onClose: (listener: (error: SshFailure | undefined) => void) => Disposable;
  readonly isClosed: boolean;
  /** One round trip; rejects when it was lost. */
  ping(): Promise<void>;
  /** Bytes on the wire, as of now. */
  readonly bytesRead: number;
  readonly bytesWritten: number;
}
