import type { Disposable } from '../../common/disposable.js';
import type { ConnectionFailure } from '../connectionFailure.js';

export interface ChannelExit {
  /** Null when it was ended by a signal, or when nobody can know. */
  readonly code: number | null;
  readonly signal: string | null;
  /** Set when the connection ended before the command did. */
  readonly error: ConnectionFailure | undefined;
}

/** A command on the host. Disposing closes the channel, which ends most commands. */
export interface Channel extends Disposable {
  /** A promise when the other side is slow: wait for it before writing on. */
  write(data: string | Uint8Array): Promise<void> | undefined;
  /** End of its standard input. */
  end(): void;
  readonly onData: (listener: (data: Uint8Array) => void) => Disposable;
  readonly onStderr: (listener: (data: Uint8Array) => void) => Disposable;
  /** Called once, when all output was delivered; also when that has been already. */
  readonly onExit: (listener: (exit: ChannelExit) => void) => Disposable;
  /** Asks for a signal by its name without SIG; many hosts do not do it. */
  signal(name: string): void;
  resize(columns: number, rows: number): void;
  /** Lets the host wait with further output. */
  pause(): void;
  resume(): void;
}

export interface ExecOptions {
  readonly pty?: { readonly columns: number; readonly rows: number; readonly term: string } | undefined;
}

/** Gives channels to a host: all that a {@link ShellMachine} needs of the way to it. */
export interface Connection extends Disposable {
  /** How the way is told: `user@host:port` as resolved. */
  readonly target: string;
  /** Runs a command line in the person's shell there. Rejects with reason `channels` when the host refuses. */
  exec(command: string, options?: ExecOptions): Promise<Channel>;
  /** Called once, without an error when this side closed it; also when that has been already. */
  readonly onClose: (listener: (error: ConnectionFailure | undefined) => void) => Disposable;
  readonly isClosed: boolean;
  /** One round trip; rejects when it was lost. */
  ping(): Promise<void>;
  /** Bytes on the wire, as of now. */
  readonly bytesRead: number;
  readonly bytesWritten: number;
}
