import type { Duplex } from 'node:stream';
import type { Client, ClientChannel, SFTPWrapper } from 'ssh2';
import { inTheirWords, whyCut } from '../../common/whyFailed.js';
import { withTimeout } from '../../common/async.js';
import { OnceEmitter } from '../../common/onceEmitter.js';
import { pingClient } from './loadSsh2.js';
import { Ssh2Channel } from './ssh2Channel.js';
import type { Channel, ExecOptions } from '../shell/connection.js';
import type { SshConnection } from './sshConnection.js';
import { ConnectionFailure } from '../connectionFailure.js';
import type { Wire } from './wire.js';

/** How long the goodbye may take before the connection is cut. */
const GOODBYE_MS = 500;
/** A host whose SFTP never begins, because something else runs in its place. */
const SFTP_TIMEOUT_MS = 15_000;

/** A signed-in client of the library as a connection. */
export class Ssh2Connection implements SshConnection {
  readonly target: string;
  readonly #client: Client;
  readonly #wire: Wire;
  readonly #closed = new OnceEmitter<ConnectionFailure | undefined>();
  #failure: Error | undefined;

  /** @param onEnd called once when nothing more is sent */
  constructor(client: Client, wire: Wire, target: string, onEnd: () => void) {
    this.#client = client;
    this.#wire = wire;
    this.target = target;
    client.on('error', (error) => {
      this.#failure ??= error;
      // The other side may never hang up.
      this.#cutSoon();
    });
    client.once('close', () => {
      this.#closed.fire(this.#lost());
      onEnd();
    });
  }

  get isClosed(): boolean {
    return this.#closed.hasFired;
  }

  get bytesRead(): number {
    return this.#wire.bytesRead();
  }

  get bytesWritten(): number {
    return this.#wire.bytesWritten();
  }

  readonly onClose = this.#closed.event;

  async exec(command: string, { pty }: ExecOptions = {}): Promise<Channel> {
    const options = pty === undefined ? {} : { pty: { rows: pty.rows, cols: pty.columns, term: pty.term } };
    return await this.#open<Channel>('channels', (done) =>
      this.#client.exec(command, options, (error, channel) => {
        if (error) return done(error);
        // At once: the end of a short command may have come already.
        done(undefined, new Ssh2Channel(channel, () => this.#closed.value));
      }),
    );
  }

  forwardTcp(host: string, port: number): Promise<Duplex> {
    return this.#open<ClientChannel>(
      'forward',
      (done) => this.#client.forwardOut('127.0.0.1', 0, host, port, done),
      `${host} port ${port}`,
    );
  }

  async sftp(): Promise<SFTPWrapper> {
    return await withTimeout(
      this.#open<SFTPWrapper>('noSftp', (done) => this.#client.sftp(done)),
      SFTP_TIMEOUT_MS,
      () => new ConnectionFailure('noSftp', `${this.target} does not answer by SFTP`),
    );
  }

  async ping(): Promise<void> {
    if (this.isClosed) throw this.#lost();
    try {
      await pingClient(this.#client);
    } catch (error) {
      if (error instanceof Error && !(error instanceof ConnectionFailure)) throw this.#lost();
      throw error;
    }
  }

  dispose(): void {
    if (this.isClosed) return;
    this.#client.end();
    this.#cutSoon();
    this.#closed.fire(undefined);
  }

  #cutSoon(): void {
    const timer = setTimeout(() => this.#wire.stream.destroy(), GOODBYE_MS);
    timer.unref();
    this.#client.once('close', () => clearTimeout(timer));
  }

  #lost(): ConnectionFailure {
    const why = this.#failure === undefined ? '' : `: ${whyCut(this.#failure)}`;
    return new ConnectionFailure('closed', `The connection to ${this.target} has ended${why}`, {
      cause: this.#failure,
    });
  }

  #open<T>(
    reason: 'channels' | 'forward' | 'noSftp',
    request: (done: (error: Error | undefined, opened?: T) => void) => void,
    what = '',
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      const fail = (error: unknown): void => {
        if (this.isClosed || !this.#wire.stream.writable) reject(this.#closed.value ?? this.#lost());
        else reject(openFailure(reason, error, this.target, what));
      };
      try {
        request((error, opened) => (opened === undefined ? fail(error) : resolve(opened)));
      } catch (error) {
        fail(error);
      }
    });
  }
}

/** What the library says when a channel was not opened; a refused channel has a number as its reason. */
function openFailure(
  reason: 'channels' | 'forward' | 'noSftp',
  error: unknown,
  target: string,
  what: string,
): ConnectionFailure {
  const text = error instanceof Error ? error.message.replace(/^\(SSH\) Channel open failure: /, '') : String(error);
  const said = inTheirWords(text);
  const refused = typeof (error as { reason?: unknown }).reason === 'number';
  if (reason === 'forward') {
    const forbidden = (error as { reason?: unknown }).reason === 1;
    return new ConnectionFailure(
      'forward',
      forbidden ? `${target} does not forward connections` : `${target} cannot reach ${what}: ${said}`,
      { cause: error, ...(forbidden ? { hint: 'Its sshd needs AllowTcpForwarding yes.' } : {}) },
    );
  }
  if (refused) {
    return new ConnectionFailure('channels', `${target} opens no further session on this connection`, {
      hint: 'Its sshd limits them by MaxSessions.',
      cause: error,
    });
  }
  if (reason === 'noSftp') return new ConnectionFailure('noSftp', `${target} has no SFTP: ${said}`, { cause: error });
  return new ConnectionFailure('channels', `${target} does not run commands: ${said}`, { cause: error });
}
