import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { WebSocketServer, type WebSocket } from 'ws';
import { serverFilePath } from '../../src/common/home.js';
import { toCodeManagerError } from '../../src/protocol/errors.js';
import type { Change } from '../../src/protocol/events.js';
import type { Snapshot } from '../../src/protocol/collections.js';
import { REQUESTS, type Method, type ServerInfo } from '../../src/protocol/requests.js';
import { decodeLogFrame, encodeLogFrame, type LogFrame } from '../../src/protocol/wire.js';
import { NO_POLICY } from '../../src/protocol/policy.js';

export type Handler = (params: never, peer: Peer) => unknown;

/** One client of a scripted server. */
export interface Peer {
  readonly socket: WebSocket;
  /** What it typed into terminals. */
  readonly frames: LogFrame[];
  notify(method: string, params: unknown): void;
  sendLog(subscription: number, offset: number, bytes: Uint8Array): void;
}

interface Options {
  readonly version?: string;
  readonly build?: string;
  readonly instance?: string;
  readonly seq?: number;
  readonly snapshot?: Snapshot;
}

/** Speaks the protocol on a real socket, with answers that a test writes. Unexpected requests fail loudly. */
export class ScriptedServer {
  readonly requests: { readonly method: string; readonly params: unknown }[] = [];
  readonly peers = new Set<Peer>();
  readonly info: ServerInfo;
  seq: number;
  snapshot: Snapshot;
  /** What `resume` is answered with; undefined: with a snapshot. */
  missed: ((seq: number) => unknown[]) | undefined;
  readonly #home: string;
  readonly #socketPath: string;
  readonly #handlers = new Map<string, Handler>();
  readonly #http: Server = createServer();
  readonly #sockets = new WebSocketServer({ server: this.#http });

  private constructor(home: string, options: Options) {
    this.#home = home;
    this.#socketPath = join(home, 's.sock');
    this.seq = options.seq ?? 0;
    this.snapshot = options.snapshot ?? { machines: [], contexts: [], sessions: [], policy: NO_POLICY };
    this.info = {
      version: options.version ?? '0.0.0',
      build: options.build ?? 'scripted',
      pid: process.pid,
      host: 'test-host',
      instance: options.instance ?? 'first',
      started: new Date().toISOString(),
    };
    this.#sockets.on('connection', (socket) => this.#accept(socket));
    this.on('ping', () => ({}));
  }

  static async start(t: TestContext, home: string, options: Options = {}): Promise<ScriptedServer> {
    const server = new ScriptedServer(home, options);
    rmSync(server.#socketPath, { force: true });
    await new Promise<void>((resolve) => server.#http.listen(server.#socketPath, resolve));
    server.publish();
    t.after(() => server.stop());
    return server;
  }

  /** Writes the file by which clients find it. */
  publish(): void {
    const { version, build, pid, started } = this.info;
    const file = serverFilePath(this.#home);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(
      file,
      JSON.stringify({ pid, processStart: '1', bootId: 'b', version, build, socket: this.#socketPath, started }),
    );
  }

  on(method: Method, handler: Handler): this {
    this.#handlers.set(method, handler);
    return this;
  }

  requestsOf(method: Method): unknown[] {
    return this.requests.filter((request) => request.method === method).map((request) => request.params);
  }

  /** Tells every client of a change; gives its number. */
  emit(change: Change): number {
    this.seq++;
    for (const peer of this.peers) {
      peer.notify('event', { seq: this.seq, time: new Date().toISOString(), change });
    }
    return this.seq;
  }

  /** Breaks all connections, as a crash would. */
  cut(): void {
    for (const { socket } of this.peers) socket.terminate();
    this.peers.clear();
  }

  async stop(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#http.close(resolve));
    rmSync(serverFilePath(this.#home), { force: true });
  }

  #accept(socket: WebSocket): void {
    const peer: Peer = {
      socket,
      frames: [],
      notify: (method, params) => socket.send(JSON.stringify({ jsonrpc: '2.0', method, params })),
      sendLog: (subscription, offset, bytes) => socket.send(encodeLogFrame(subscription, offset, bytes)),
    };
    this.peers.add(peer);
    socket.on('close', () => this.peers.delete(peer));
    socket.on('message', (data: Buffer, isBinary) => {
      const frame = isBinary ? decodeLogFrame(data) : undefined;
      if (frame === undefined) void this.#answer(peer, data);
      else peer.frames.push(frame);
    });
  }

  async #answer(peer: Peer, data: Buffer): Promise<void> {
    const { id, method, params } = JSON.parse(data.toString('utf8')) as { id: number; method: Method; params: unknown };
    this.requests.push({ method, params });
    try {
      const checked: unknown = REQUESTS[method].params.parse(params);
      const handler = this.#handlers.get(method) ?? (method === 'initialize' ? this.#initialize : undefined);
      if (handler === undefined) throw new Error(`Unexpected request ${method}`);
      const result = await handler.call(this, checked as never, peer);
      peer.socket.send(JSON.stringify({ jsonrpc: '2.0', id, result }));
    } catch (thrown) {
      const data = toCodeManagerError(thrown).toWire();
      peer.socket.send(JSON.stringify({ jsonrpc: '2.0', id, error: { code: -32000, message: data.message, data } }));
    }
  }

  readonly #initialize: Handler = (params: { subscribe: boolean; resume?: { instance: string; seq: number } }) => ({
    protocolVersion: 1,
    server: this.info,
    capabilities: [],
    seq: this.seq,
    ...(!params.subscribe
      ? {}
      : params.resume?.instance === this.info.instance && this.missed !== undefined
        ? { events: this.missed(params.resume.seq) }
        : { snapshot: this.snapshot }),
  });
}
