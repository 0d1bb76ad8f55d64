import type { Socket } from 'node:net';
import { systemClock, type Clock } from '../../common/async.js';

/** Time for TLS, the request and its headers, up to the token. */
export const PROVE_MS = 2_000;
/** So many wait for their token at a time: sign-in takes milliseconds. */
const MAX_UNPROVED = 64;

type Peer = Pick<Socket, 'remoteAddress' | 'remotePort'>;

/**
 * Connections that have not brought a right token yet. They live for a short time, and when there are too many the
 * oldest goes: whoever holds some open, from whatever address, keeps nobody else out.
 */
export class Unproved {
  readonly #clock: Clock;
  /** By their other end, which TLS does not change; oldest first. */
  readonly #waiting = new Map<
    string,
    { readonly socket: Pick<Socket, 'destroy'>; readonly timer: { cancel(): void } }
  >();

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#waiting.size;
  }

  add(socket: Peer & Pick<Socket, 'destroy' | 'once'>): void {
    const key = keyOf(socket);
    this.#waiting.set(key, { socket, timer: this.#clock.after(PROVE_MS, () => this.#drop(key)) });
    socket.once('close', () => {
      if (this.#waiting.get(key)?.socket === socket) this.#forget(key);
    });
    const [oldest] = this.#waiting.keys();
    if (this.#waiting.size > MAX_UNPROVED && oldest !== undefined) this.#drop(oldest);
  }

  /** The end has brought a right token: it is not counted any more. */
  proved(socket: Peer): void {
    this.#forget(keyOf(socket));
  }

  #forget(key: string): void {
    this.#waiting.get(key)?.timer.cancel();
    this.#waiting.delete(key);
  }

  #drop(key: string): void {
    const dropped = this.#waiting.get(key);
    this.#forget(key);
    dropped?.socket.destroy();
  }
}

function keyOf({ remoteAddress = '?', remotePort = 0 }: Peer): string {
  return `${remoteAddress} ${remotePort}`;
}
