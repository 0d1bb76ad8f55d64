import { KeyedMutex } from '../../common/async.js';
import type { Disposable } from '../../common/disposable.js';
import { SshFailure } from './sshFailure.js';
import type { SshChannel, SshConnection, SshExecOptions } from './sshConnection.js';

/** Connections of one person that a host is asked for at most; each costs it a process or two. */
const MAX_CONNECTIONS = 6;

/**
 * The channels of a host. One that opens no further session on a connection (MaxSessions) is connected to once more,
 * where that needs no new answer of a person.
 */
export class Channels implements Disposable {
  readonly #connections: SshConnection[];
  readonly #connectAgain: (() => Promise<SshConnection>) | undefined;
  readonly #mutex = new KeyedMutex();
  /** Connections that refused a channel, until one of theirs has closed. */
  readonly #full = new Set<SshConnection>();
  /** Channels that are open or asked for. */
  readonly #open = new Map<SshConnection, number>();
  #refusal: SshFailure | undefined;
  #disposed = false;

  constructor(connection: SshConnection, connectAgain?: () => Promise<SshConnection>) {
    this.#connections = [connection];
    this.#connectAgain = connectAgain;
  }

  /** How many TCP connections there are. */
  get connections(): number {
    return this.#connections.length;
  }

  /** @throws SshFailure `channels` when the host opens no more of them */
  async open(command: string, options?: SshExecOptions): Promise<SshChannel> {
    for (const connection of this.#connections) {
      const channel = await this.#tryOpen(connection, command, options);
      if (channel !== undefined) return channel;
    }
    // One after the other: the one made for the first may have room for all.
    return this.#mutex.run('connect', async () => {
      for (const connection of this.#connections) {
        const channel = await this.#tryOpen(connection, command, options);
        if (channel !== undefined) return channel;
      }
      const connection = await this.#connectOnceMore();
      const channel = await this.#tryOpen(connection, command, options);
      if (channel !== undefined) return channel;
      throw this.#refusal ?? new SshFailure('channels', 'The host opens no further session');
    });
  }

  async #tryOpen(
    connection: SshConnection,
    command: string,
    options: SshExecOptions | undefined,
  ): Promise<SshChannel | undefined> {
    if (connection.isClosed && connection !== this.#connections[0]) return undefined;
    if (this.#full.has(connection)) return undefined;
    this.#count(connection, 1);
    try {
      const channel = await connection.exec(command, options);
      channel.onExit(() => {
        this.#count(connection, -1);
        this.#full.delete(connection);
      });
      return channel;
    } catch (error) {
      const left = this.#count(connection, -1);
      if (!(error instanceof SshFailure) || error.reason !== 'channels') throw error;
      this.#refusal = error;
      // Without another one that is still open, nothing would ever tell that there is room again.
      if (left > 0) this.#full.add(connection);
      return undefined;
    }
  }

  #count(connection: SshConnection, change: number): number {
    const count = (this.#open.get(connection) ?? 0) + change;
    this.#open.set(connection, count);
    return count;
  }

  async #connectOnceMore(): Promise<SshConnection> {
    const refusal = this.#refusal ?? new SshFailure('channels', 'The host opens no further session');
    if (this.#connectAgain === undefined || this.#connections.length >= MAX_CONNECTIONS || this.#disposed)
      throw refusal;
    const connection = await this.#connectAgain().catch(() => {
      throw refusal;
    });
    if (this.#isDisposed()) {
      connection.dispose();
      throw refusal;
    }
    this.#connections.push(connection);
    connection.onClose(() => {
      const index = this.#connections.indexOf(connection);
      if (index > 0) this.#connections.splice(index, 1);
      this.#full.delete(connection);
      this.#open.delete(connection);
    });
    return connection;
  }

  // A method, since it may change while something is waited for.
  #isDisposed(): boolean {
    return this.#disposed;
  }

  dispose(): void {
    this.#disposed = true;
    for (const connection of [...this.#connections]) connection.dispose();
  }
}
