import type { LoginEnvironment, LoginOptions } from '../core/machine/machine.js';
import { startStamp } from './startStamp.js';

/** What {@link LoginCache} reads. */
export interface LoginPlace {
  readonly folder: string;
  readonly words: readonly string[];
  readonly seat: Readonly<Record<string, string>> | undefined;
  readonly setup: string | undefined;
}

export interface LoginCacheOptions {
  /** Home of the user. */
  readonly home: string;
  readonly read: (place: LoginPlace) => Promise<LoginEnvironment>;
  /** Runs a POSIX script on the machine and gives what it prints. */
  readonly run: (script: string) => Promise<string>;
  /** Asking takes long in any case. */
  readonly isFar?: boolean;
  /** Something was read anew. */
  readonly onRead?: (login: LoginEnvironment, setup: string | undefined) => void;
}

/** A shell that takes longer is not asked at each start: a person would feel it. */
const SLOW_MS = 200;
/** Folders that are remembered. */
const MAX_KNOWN = 50;

interface Known {
  readonly login: LoginEnvironment;
  readonly tookMs: number;
  readonly words: ReadonlySet<string>;
  /** Of the files that the shell may have read, before it did; undefined when nobody needs it. */
  readonly stamp: Promise<string | undefined>;
}

/**
 * What login shells of a machine have told. A start asks anew what is quick to tell; what took long is asked again when a
 * file that it may have come from has changed.
 */
export class LoginCache {
  readonly #options: LoginCacheOptions;
  readonly #known = new Map<string, Known>();
  readonly #reading = new Map<string, Promise<LoginEnvironment>>();

  constructor(options: LoginCacheOptions) {
    this.#options = options;
  }

  /** What is known without asking anybody, whether it holds or not. */
  known(options: LoginOptions & { readonly setup?: string | undefined }): LoginEnvironment | undefined {
    return this.#known.get(this.#key(options))?.login;
  }

  async get(options: LoginOptions & { readonly setup?: string | undefined }): Promise<LoginEnvironment> {
    const { refresh } = options;
    const key = this.#key(options);
    const known = this.#known.get(key);
    if (known !== undefined && refresh !== 'always' && (options.words ?? []).every((word) => known.words.has(word))) {
      if (refresh === undefined || (await this.#holds(known, options))) return known.login;
    }
    const reading = refresh === 'always' ? undefined : this.#reading.get(key);
    return reading ?? this.#read(key, options);
  }

  /** Forgets everything: it was of a machine that is another one by now. */
  clear(): void {
    this.#known.clear();
    this.#reading.clear();
  }

  async #holds(known: Known, options: LoginOptions): Promise<boolean> {
    if (known.tookMs <= SLOW_MS) return false;
    const [before, now] = await Promise.all([known.stamp, this.#stamp(options)]);
    return before !== undefined && before === now;
  }

  async #read(key: string, options: LoginOptions & { readonly setup?: string | undefined }): Promise<LoginEnvironment> {
    const { home, read, onRead, isFar = false } = this.#options;
    const { folder = home, words = [], seat, setup, refresh } = options;
    const isSlow = isFar || (this.#known.get(key)?.tookMs ?? 0) > SLOW_MS;
    // Before it is read: what changes meanwhile may not have been.
    const stamp = refresh === 'start' && isSlow ? this.#stamp(options) : Promise.resolve(undefined);
    const started = performance.now();
    const reading = read({ folder, words, seat, setup });
    this.#reading.set(key, reading);
    try {
      const login = await reading;
      this.#known.delete(key);
      this.#known.set(key, { login, tookMs: performance.now() - started, words: new Set(words), stamp });
      for (const oldest of this.#known.keys()) {
        if (this.#known.size <= MAX_KNOWN) break;
        this.#known.delete(oldest);
      }
      onRead?.(login, setup);
      return login;
    } finally {
      if (this.#reading.get(key) === reading) this.#reading.delete(key);
    }
  }

  /** Undefined when it cannot be told: then nothing is taken for unchanged. */
  async #stamp({ folder = this.#options.home }: LoginOptions): Promise<string | undefined> {
    const text = await this.#options.run(startStamp(folder)).catch(() => '');
    return text.trim() === '' ? undefined : text;
  }

  #key({ folder = this.#options.home, seat, setup }: LoginOptions & { readonly setup?: string | undefined }): string {
    return JSON.stringify([folder, seat === undefined ? null : Object.entries(seat).sort(), setup ?? null]);
  }
}
