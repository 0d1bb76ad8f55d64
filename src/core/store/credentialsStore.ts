import { promises as fs } from 'node:fs';
import { basename, join } from 'node:path';
import { KeyedMutex } from '../../common/async.js';
import { CodeManagerError } from '../../protocol/errors.js';
import { setAside, writeFileAtomic } from './atomicFile.js';
import { withFileLock } from './fileLock.js';
import { formatJson, isObject, readJsonObject, type JsonObject } from './jsonFile.js';

/** `credentials.json`: secrets by the id of what they open. It is read anew for every use and never kept in memory. */
export class CredentialsStore {
  readonly #path: string;
  readonly #mutex = new KeyedMutex();
  readonly #problems: string[] = [];

  constructor(home: string) {
    this.#path = join(home, 'credentials.json');
  }

  /** What was wrong with the file, one sentence each. Never holds a secret. */
  get problems(): readonly string[] {
    return this.#problems;
  }

  async get(id: string): Promise<string | undefined> {
    const token = (await this.#mutex.run('', () => this.#read())).tokens[id];
    return typeof token === 'string' ? token : undefined;
  }

  /** @throws CodeManagerError `unavailable` when the file cannot be read or written. */
  async set(id: string, token: string): Promise<void> {
    await this.#change((tokens) => tokens.set(id, token));
  }

  async delete(id: string): Promise<void> {
    await this.#change((tokens) => tokens.delete(id));
  }

  async #change(change: (tokens: Map<string, unknown>) => unknown): Promise<void> {
    await this.#mutex.run('', () =>
      withFileLock(this.#path, async () => {
        const { file, tokens } = await this.#read();
        const changed = new Map(Object.entries(tokens));
        change(changed);
        if (JSON.stringify([...changed]) === JSON.stringify(Object.entries(tokens))) return;
        await writeFileAtomic(this.#path, formatJson({ ...file, version: 1, tokens: Object.fromEntries(changed) }));
      }),
    );
  }

  async #read(): Promise<{ file: JsonObject; tokens: JsonObject }> {
    const read = await readJsonObject(this.#path);
    switch (read.kind) {
      case 'missing':
        return { file: {}, tokens: {} };
      case 'object': {
        await this.#tighten();
        const tokens = read.value['tokens'];
        if (tokens === undefined || isObject(tokens)) return { file: read.value, tokens: tokens ?? {} };
        return this.#startAnew('its tokens are not an object');
      }
      case 'bad':
        return this.#startAnew(read.reason);
      case 'unreadable':
        throw new CodeManagerError('unavailable', `${this.#path} cannot be read: ${read.reason}`);
    }
  }

  /** Somebody may have made or copied the file by hand. */
  async #tighten(): Promise<void> {
    const stat = await fs.stat(this.#path).catch(() => undefined);
    if (stat !== undefined && (stat.mode & 0o077) !== 0) await fs.chmod(this.#path, 0o600).catch(() => undefined);
  }

  async #startAnew(reason: string): Promise<{ file: JsonObject; tokens: JsonObject }> {
    const aside = await setAside(this.#path);
    const kept = aside === undefined ? '' : ` and kept as ${basename(aside)}`;
    this.#problems.push(`credentials.json is skipped${kept}: ${reason}`);
    return { file: {}, tokens: {} };
  }
}
