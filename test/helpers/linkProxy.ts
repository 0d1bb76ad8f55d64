import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { Owner } from './tempDir.js';
import { until } from './until.js';

/** What a link does with bytes, in both directions. */
export type LinkState =
  | { readonly kind: 'open' }
  /** Every connection is broken, and new ones are refused. */
  | { readonly kind: 'cut' }
  /** Half open: connections stay and new ones are accepted, but no byte passes any more. */
  | { readonly kind: 'held' }
  /** Each piece comes so much later; with `stall` every so many pieces it takes that long more, as after a loss. */
  | {
      readonly kind: 'slow';
      readonly delayMs: number;
      readonly stall?: { readonly every: number; readonly ms: number };
    };

interface LinkPoint {
  readonly sent: number;
  readonly received: number;
}

/** One side of a connection. */
interface Side {
  readonly socket: Socket;
  /** Round trips of which the newest was begun or ended by what has got to this side. */
  trips: number;
}

interface Pair {
  readonly near: Side;
  readonly far: Side;
}

const OPEN: LinkState = { kind: 'open' };

/** A link between two programs over TCP that can be cut, held and slowed down, and that counts what passes. */
export class LinkProxy {
  readonly #server: Server;
  #target: { readonly host: string; readonly port: number };
  readonly #pairs = new Set<Pair>();
  #state: LinkState = OPEN;
  #cutAt: LinkPoint | undefined;
  /** Bytes that passed, there and back. */
  sent = 0;
  received = 0;
  /** Connections that were made since the beginning. */
  connections = 0;
  /** Tries to connect, also while it was cut. */
  tries = 0;
  /**
   * How often something was sent there after something had come back: the length of the longest chain of question and
   * answer on one connection. What is asked while answers are on the way is part of the same round trip, so this says
   * how often one waited where the way is slow.
   */
  trips = 0;

  private constructor(target: { readonly host: string; readonly port: number }) {
    this.#target = target;
    this.#server = createServer({ pauseOnConnect: true }, (near) => this.#accept(near));
  }

  /** Opened on a free port of loopback; closed when the test is over. */
  static async open(t: Owner, target: { readonly host?: string; readonly port: number }): Promise<LinkProxy> {
    const proxy = new LinkProxy({ host: target.host ?? '127.0.0.1', port: target.port });
    await new Promise<void>((resolve, reject) => {
      proxy.#server.once('error', reject).listen(0, '127.0.0.1', resolve);
    });
    t.after(() => proxy.close());
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Connections that are open. */
  get open(): number {
    return this.#pairs.size;
  }

  get bytes(): number {
    return this.sent + this.received;
  }

  /** Breaks every connection and refuses new ones until `mend`. */
  cut(): void {
    this.#state = { kind: 'cut' };
    this.#cutAt = undefined;
    this.#breakAll();
  }

  /** Breaks every connection, and takes new ones at once. */
  interrupt(): void {
    this.#breakAll();
  }

  /** Cuts once so many bytes more have gone there or come back; the last ones of them are lost. */
  cutAfter({ sent = Infinity, received = Infinity }: Partial<LinkPoint>): void {
    this.#cutAt = { sent: this.sent + sent, received: this.received + received };
  }

  get isCut(): boolean {
    return this.#state.kind === 'cut';
  }

  /** Leads to another port from now on; what is open stays. */
  retarget(port: number): void {
    this.#target = { ...this.#target, port };
  }

  /** Swallows everything without breaking anything. */
  hold(): void {
    this.#state = { kind: 'held' };
  }

  slow(delayMs: number, stall?: { readonly every: number; readonly ms: number }): void {
    this.#state = { kind: 'slow', delayMs, ...(stall === undefined ? {} : { stall }) };
  }

  /** As good as new; what was held is broken, since bytes of it are missing. */
  mend(): void {
    const wasHeld = this.#state.kind === 'held';
    this.#state = OPEN;
    this.#cutAt = undefined;
    if (wasHeld) this.#breakAll();
  }

  /** Waits until something has connected again. */
  async connected(): Promise<void> {
    await until('a connection passes', () => this.#pairs.size > 0);
  }

  async close(): Promise<void> {
    this.#breakAll();
    await new Promise<void>((resolve) => void this.#server.close(() => resolve()));
  }

  #breakAll(): void {
    for (const { near, far } of this.#pairs) {
      near.socket.resetAndDestroy();
      far.socket.resetAndDestroy();
    }
    this.#pairs.clear();
  }

  #accept(near: Socket): void {
    this.tries++;
    near.on('error', () => undefined);
    if (this.#state.kind === 'cut') {
      near.resetAndDestroy();
      return;
    }
    this.connections++;
    const far = connect(this.#target);
    const pair: Pair = { near: { socket: near, trips: this.trips }, far: { socket: far, trips: this.trips } };
    this.#pairs.add(pair);
    near.setNoDelay(true);
    far.setNoDelay(true);
    const close = (): void => {
      this.#pairs.delete(pair);
      near.destroy();
      far.destroy();
    };
    far.on('error', close);
    near.on('close', close);
    far.on('close', () => {
      // What came before the end still has to get there.
      near.end();
      this.#pairs.delete(pair);
    });
    this.#pipe(pair, pair.near, pair.far, (size) => (this.sent += size));
    this.#pipe(pair, pair.far, pair.near, (size) => (this.received += size));
    near.resume();
  }

  #pipe(pair: Pair, from: Side, to: Side, count: (size: number) => void): void {
    let pieces = 0;
    /** Pieces keep their order however long each takes. */
    let last: Promise<void> = Promise.resolve();
    let waiting = 0;
    from.socket.on('data', (data: Buffer) => {
      const state = this.#state;
      if (state.kind === 'held' || state.kind === 'cut') return;
      count(data.length);
      if (this.sent >= (this.#cutAt?.sent ?? Infinity) || this.received >= (this.#cutAt?.received ?? Infinity))
        this.cut();
      // Counting may have cut it.
      if (!this.#pairs.has(pair)) return;
      pieces++;
      const trips = from === pair.near ? from.trips + 1 : from.trips;
      const deliver = (): void => {
        to.trips = Math.max(to.trips, trips);
        if (to === pair.near) this.trips = Math.max(this.trips, trips);
        this.#write(from.socket, to.socket, data);
      };
      const stall = state.kind === 'slow' ? state.stall : undefined;
      const delayMs =
        state.kind === 'slow' ? state.delayMs + (stall !== undefined && pieces % stall.every === 0 ? stall.ms : 0) : 0;
      if (delayMs === 0 && waiting === 0) {
        deliver();
        return;
      }
      waiting++;
      const ready = new Promise((resolve) => setTimeout(resolve, delayMs));
      last = Promise.all([last, ready]).then(() => {
        waiting--;
        if (this.#pairs.has(pair) && !this.#isHeld()) deliver();
      });
    });
    from.socket.on('end', () => void last.then(() => to.socket.end()));
  }

  #isHeld(): boolean {
    return this.#state.kind === 'held';
  }

  #write(from: Socket, to: Socket, data: Buffer): void {
    if (to.destroyed || to.write(data)) return;
    from.pause();
    to.once('drain', () => from.resume());
  }
}
