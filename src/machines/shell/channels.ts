import { delay, KeyedMutex } from '../../common/async.js';
import type { Disposable } from '../../common/disposable.js';
import { ConnectionFailure } from '../connectionFailure.js';
import type { Channel, Connection, ExecOptions } from './connection.js';

/** Connections of one person that a host is asked for at most; each costs it a process or two. */
const MAX_CONNECTIONS = 6;

/** How often, and after how long each, a host is asked again that has not counted the end of a session yet. */
const COUNTING_ATTEMPTS = 20;
const COUNTING_MS = 100;

/**
 * The channels of a host. One that opens no further session on a connection (MaxSessions) is connected to once more,
 * where that needs no new answer of a person.
 */
export class Channels implements Disposable {
  readonly #connections: Connection[];
  readonly #connectAgain: (() => Promise<Connection>) | undefined;
  readonly #mutex = new KeyedMutex();
  /** Connections that refused a channel, until one of theirs has closed. */
  readonly #full = new Set<Connection>();
  /** Channels that are open or asked for. */
  readonly #open = new Map<Connection, number>();
  #refusal: ConnectionFailure | undefined;
  #disposed = false;

  constructor(connection: Connection, connectAgain?: () => Promise<Connection>) {
    this.#connections = [connection];
    this.#connectAgain = connectAgain;
  }

  /** How many TCP connections there are. */
  get connections(): number {
    return this.#connections.length;
  }

  /** @throws ConnectionFailure `channels` when the host opens no more of them */
  async open(command: string, options?: ExecOptions): Promise<Channel> {
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
      return (await this.#openOnAnother(command, options)) ?? (await this.#openWhenCounted(command, options));
    });
  }

  /** On a connection made for it. Others see the connection only then, or one of them would take its only place. */
  async #openOnAnother(command: string, options: ExecOptions | undefined): Promise<Channel | undefined> {
    const connection = await this.#connectOnceMore();
    if (connection === undefined) return undefined;
    const opening = this.#tryOpen(connection, command, options);
    this.#connections.push(connection);
    connection.onClose(() => {
      const index = this.#connections.indexOf(connection);
      if (index > 0) this.#connections.splice(index, 1);
      this.#full.delete(connection);
      this.#open.delete(connection);
    });
    return opening;
  }

  /** A slow host counts a session for a while after it has ended: one with nothing of ours on it has room soon. */
  async #openWhenCounted(command: string, options: ExecOptions | undefined): Promise<Channel> {
    for (let attempt = 0; attempt < COUNTING_ATTEMPTS && !this.#isDisposed(); attempt++) {
      const unused = this.#connections.filter((connection) => this.#open.get(connection) === 0);
      if (unused.length === 0 || this.#connections.length === 1) break;
      await delay(COUNTING_MS);
      for (const connection of unused) {
        const channel = await this.#tryOpen(connection, command, options);
        if (channel !== undefined) return channel;
      }
    }
    throw this.#refused();
  }

  async #tryOpen(
    connection: Connection,
    command: string,
    options: ExecOptions | undefined,
  ): Promise<Channel | undefined> {
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
      if (!(error instanceof ConnectionFailure) || error.reason !== 'channels') throw error;
      this.#refusal = error;
      // Without another one that is still open, nothing would ever tell that there is room again.
      if (left > 0) this.#full.add(connection);
      return undefined;
    }
  }

  #count(connection: Connection, change: number): number {
    const count = (this.#open.get(connection) ?? 0) + change;
    this.#open.set(connection, count);
    return count;
  }

  /** Undefined where no further one may be made. @throws ConnectionFailure `channels` when it could not be made */
  async #connectOnceMore(): Promise<Connection | undefined> {
    if (this.#connectAgain === undefined || this.#connections.length >= MAX_CONNECTIONS || this.#disposed)
      return undefined;
    const connection = await this.#connectAgain().catch(() => {
      throw this.#refused();
    });
    if (!this.#isDisposed()) return connection;
    connection.dispose();
    throw this.#refused();
  }

  #refused(): ConnectionFailure {
    return this.#refusal ?? new ConnectionFailure('channels', 'The host opens no further session');
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
