import { connect } from 'node:net';
import type { TestContext } from 'node:test';
import { WebSocket } from 'ws';
import { until } from './until.js';

/** A client that says exactly what it is told, also what no client of ours would. */
export class RawWire {
  readonly #socket: WebSocket;
  readonly messages: Record<string, unknown>[] = [];
  /** Code with which the server closed it. */
  closed: number | undefined;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data, isBinary) => {
      if (!isBinary) this.messages.push(JSON.parse((data as Buffer).toString('utf8')) as Record<string, unknown>);
    });
    socket.on('close', (code) => (this.closed = code));
    socket.on('error', () => {});
  }

  static async open(t: TestContext, path: string): Promise<RawWire> {
    const socket = new WebSocket('ws://localhost/', { createConnection: () => connect(path) });
    t.after(() => socket.terminate());
    const wire = new RawWire(socket);
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    return wire;
  }

  send(data: string | Uint8Array): void {
    this.#socket.send(data);
  }

  /** Stops taking what the server sends. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** The answer to a request; the whole message. */
  async ask(id: number | string, method: string, params?: unknown): Promise<Record<string, unknown>> {
    this.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
    return this.answer(id);
  }

  answer(id: number | string | null): Promise<Record<string, unknown>> {
    return until(`answer ${String(id)}`, () =>
      this.messages.find((message) => 'id' in message && message['id'] === id),
    );
  }
}

export const HELLO = { protocolVersions: [1], client: { name: 'raw', version: '9.9.9' } };
