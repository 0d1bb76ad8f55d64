import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { Client } from '../../src/client/api.js';
import type { Disposable } from '../../src/common/disposable.js';
import { until } from '../helpers/until.js';

export interface LogReaderOptions {
  readonly from?: number | { readonly tail: number };
  /** Called with the bytes so far before the next ones are taken. */
  readonly onChunk?: (size: number) => Promise<void> | undefined;
}

/** Follows a log as clients do, and holds every byte of it; a byte that is missing or comes twice fails the test. */
export class LogReader implements Disposable {
  readonly #id: string;
  readonly #chunks: Buffer[] = [];
  readonly #feed: Disposable;
  #length = 0;
  /** Offset of the first byte. */
  start: number | undefined;
  /** `80x24` and the like, as they were told. */
  readonly sizes: string[] = [];
  end: number | undefined;
  #error: Error | undefined;

  constructor(client: Client, id: string, { from = 0, onChunk }: LogReaderOptions = {}) {
    this.#id = id;
    this.#feed = client.followLog(id, {
      from,
      onStart: ({ offset }) => (this.start ??= offset),
      onChunk: ({ offset, bytes }) => {
        if (offset !== (this.start ?? NaN) + this.#length) {
          this.#error = new Error(`After ${this.#length} bytes from ${String(this.start)} on came offset ${offset}`);
        }
        this.#chunks.push(Buffer.from(bytes));
        this.#length += bytes.length;
        return onChunk?.(this.#length);
      },
      onResize: ({ columns, rows }) => this.sizes.push(`${columns}x${rows}`),
      onEnd: (offset) => (this.end = offset),
      onError: (error) => (this.#error = error),
    });
  }

  get length(): number {
    return this.#length;
  }

  get bytes(): Buffer {
    if (this.#error !== undefined) throw this.#error;
    return Buffer.concat(this.#chunks);
  }

  get text(): string {
    return this.bytes.toString('utf8');
  }

  get digest(): string {
    if (this.#error !== undefined) throw this.#error;
    const hash = createHash('sha256');
    for (const chunk of this.#chunks) hash.update(chunk);
    return hash.digest('hex');
  }

  /** Waits until it holds a text. */
  async shows(wanted: string | RegExp): Promise<void> {
    const fits = (text: string): boolean => (typeof wanted === 'string' ? text.includes(wanted) : wanted.test(text));
    await this.#until(`its log shows ${String(wanted)}`, () => fits(this.text));
  }

  async holds(size: number): Promise<void> {
    await this.#until(`its log holds ${size} bytes`, () => this.#length >= size);
  }

  /** Waits for the last byte. */
  async whole(deadlineMs?: number): Promise<this> {
    await this.#until('its log is complete', () => this.end !== undefined, deadlineMs);
    assert.equal(this.end, (this.start ?? 0) + this.#length);
    return this;
  }

  async #until(what: string, condition: () => boolean, deadlineMs?: number): Promise<void> {
    const check = (): boolean => {
      if (this.#error !== undefined) throw this.#error;
      return condition();
    };
    await until(`${this.#id}: ${what}`, check, deadlineMs).catch((error: unknown) => {
      throw new Error(`${String(error)}; it has ${JSON.stringify(this.text.slice(-2000))}`, { cause: error });
    });
  }

  dispose(): void {
    this.#feed.dispose();
  }
}
