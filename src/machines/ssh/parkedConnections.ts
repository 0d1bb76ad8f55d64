import { systemClock, type Clock } from '../../common/async.js';
import type { Disposable } from '../../common/disposable.js';
import type { SshConnection, SshReach } from './sshConnection.js';

const PARKED_MS = 60_000;

interface Parked extends Disposable {
  readonly connection: SshConnection;
}

/** Connections between two uses: whoever has just answered a host's questions is not asked them again. */
export class ParkedConnections implements Disposable {
  readonly #clock: Clock;
  readonly #parked = new Map<string, Parked>();

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
  }

  /** Keeps a connection for the next one who wants to reach the same host; it is closed when nobody does soon. */
  park(reach: SshReach, connection: SshConnection): void {
    const key = keyOf(reach);
    this.#parked.get(key)?.dispose();
    const timer = this.#clock.after(PARKED_MS, () => this.#parked.get(key)?.dispose());
    const parked: Parked = {
      connection,
      dispose: () => {
        timer.cancel();
        this.#forget(key, parked);
        connection.dispose();
      },
    };
    this.#parked.set(key, parked);
    connection.onClose(() => {
      timer.cancel();
      this.#forget(key, parked);
    });
  }

  /** The connection that waits for this, if there is one: it belongs to the caller. */
  take(reach: SshReach): SshConnection | undefined {
    const parked = this.#parked.get(keyOf(reach));
    if (parked === undefined) return undefined;
    this.#forget(keyOf(reach), parked);
    return parked.connection.isClosed ? undefined : parked.connection;
  }

  #forget(key: string, parked: Parked): void {
    if (this.#parked.get(key) === parked) this.#parked.delete(key);
  }

  dispose(): void {
    for (const parked of [...this.#parked.values()]) parked.dispose();
  }
}

function keyOf({ host, user, port, keyFile }: SshReach): string {
  return JSON.stringify([host, user ?? null, port ?? null, keyFile ?? null]);
}
