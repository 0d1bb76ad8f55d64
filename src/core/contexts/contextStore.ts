import { promises as fs } from 'node:fs';
import { homedir, tmpdir, userInfo } from 'node:os';
import { basename, isAbsolute, join, resolve, sep } from 'node:path';
import { delay, KeyedMutex } from '../../common/async.js';
import { IdGenerator } from '../../common/ids.js';
import { reasonOf } from '../../common/systemError.js';
import { Context, Name } from '../../protocol/context.js';
import type { MachineSpec } from '../../protocol/machineKinds.js';
import { CodeManagerError } from '../../protocol/errors.js';
import { refusalText } from '../../protocol/refusal.js';
import { removeLeftovers, setAside, writeFileAtomic } from '../store/atomicFile.js';
import { readContexts } from './contextFile.js';
import type { CredentialsStore } from '../store/credentialsStore.js';
import { withFileLock } from '../store/fileLock.js';
import { formatJson, isObject, readJsonObject, type JsonObject } from '../store/jsonFile.js';
import { plain, resolveRef } from '../store/names.js';

const FILE_VERSION = 1;
/** How often a write begins anew because somebody else changed the file meanwhile. */
const MAX_TRIES = 20;
const HALF_WRITTEN_TRIES = 5;
const HALF_WRITTEN_MS = 50;

export interface NewContext {
  readonly name: string;
  /** Absolute; that it is a folder is for the caller to check. */
  readonly path: string;
  readonly machine?: MachineSpec;
  readonly tags?: readonly string[];
}

export interface ContextChange {
  readonly name?: string | undefined;
  readonly path?: string | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly machine?: MachineSpec | undefined;
}

export interface ContextStoreOptions {
  /** Secrets that are found in the file move there. */
  readonly credentials: CredentialsStore;
  readonly ids?: IdGenerator;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

/**
 * The contexts, in memory and in `contexts.json`. People may change the file by hand at any time: it is read again
 * before each write when it is not as this store left it.
 */
export class ContextStore {
  readonly #path: string;
  readonly #home: string;
  readonly #credentials: CredentialsStore;
  readonly #ids: IdGenerator;
  readonly #now: () => number;
  readonly #mutex = new KeyedMutex();
  #problems: readonly string[] = [];
  #contexts = new Map<string, Context>();
  /** The file as it is on disk, with what is not understood. */
  #file: JsonObject = {};
  #seen = '';
  /** A newer Code Manager wrote the file: it can be shown, not changed. */
  #readOnly: string | undefined;

  /** @param home the folder of all data; `openHome` has made it. */
  constructor(home: string, options: ContextStoreOptions) {
    this.#home = home;
    this.#path = join(home, 'contexts.json');
    this.#credentials = options.credentials;
    this.#ids = options.ids ?? new IdGenerator();
    this.#now = options.now ?? Date.now;
  }

  /** What was wrong with the file when it was read last, one sentence each. */
  get problems(): readonly string[] {
    return this.#problems;
  }

  /** Reads the file. Never rejects for what is in it. */
  async load(): Promise<void> {
    await this.#mutex.run('', async () => {
      await removeLeftovers(this.#home);
      await this.#read();
    });
  }

  /** Reads the file again when it was changed by somebody else; true when it was. */
  async refresh(): Promise<boolean> {
    return this.#mutex.run('', async () => {
      if ((await this.#signature()) === this.#seen) return false;
      await this.#read();
      return true;
    });
  }

  /** In the order of the file. */
  all(): Context[] {
    return [...this.#contexts.values()];
  }

  /**
   * By id, exact name or unique prefix of an id.
   * @throws CodeManagerError `notFound`, or `conflict` when several fit.
   */
  get(ref: string): Context {
    return resolveRef(this.#contexts.values(), ref, 'context');
  }

  /**
   * The context on this machine whose folder is or holds `path`, the deepest one; symbolic links are seen through. A folder
   * in which everything is (a home, what holds one, one for temporary things) holds nothing but itself.
   */
  async forPath(path: string): Promise<Context | undefined> {
    const wanted = await realPath(path);
    const common = await commonFolders();
    let best: { context: Context; depth: number } | undefined;
    for (const context of this.#contexts.values()) {
      if (context.machine !== 'local') continue;
      const folder = await realPath(context.path);
      if (wanted !== folder && (common.some((one) => isIn(one, folder)) || !isIn(wanted, folder))) continue;
      const deeper = best === undefined || folder.length > best.depth;
      const sameButNewer = best?.depth === folder.length && (context.lastUsed ?? '') > (best.context.lastUsed ?? '');
      if (deeper || sameButNewer) best = { context, depth: folder.length };
    }
    return best?.context;
  }

  /** @throws CodeManagerError `conflict` when the name is taken, `invalid` when it is no name. */
  async add(context: NewContext): Promise<Context> {
    return this.#change(() => {
      const added: Context = Context.parse({
        id: this.#ids.next(),
        name: this.#freeName(context.name),
        path: context.path,
        machine: context.machine ?? 'local',
        tags: [...(context.tags ?? [])],
        created: new Date(this.#now()).toISOString(),
        lastUsed: null,
      });
      this.#contexts.set(added.id, added);
      return added;
    });
  }

  /** @throws CodeManagerError `notFound`, `conflict`, `invalid`. */
  async edit(ref: string, change: ContextChange): Promise<Context> {
    return this.#change(() => {
      const context = this.get(ref);
      const edited: Context = {
        ...context,
        ...(change.name === undefined ? {} : { name: this.#freeName(change.name, context.id) }),
        ...(change.path === undefined ? {} : { path: change.path }),
        ...(change.tags === undefined ? {} : { tags: [...change.tags] }),
        ...(change.machine === undefined ? {} : { machine: change.machine }),
      };
      this.#contexts.set(edited.id, edited);
      return edited;
    });
  }

  /** Removes the entry and its secret; never anything in its folder. */
  async remove(ref: string): Promise<Context> {
    const removed = await this.#change(() => {
      const context = this.get(ref);
      this.#contexts.delete(context.id);
      return context;
    });
    await this.#credentials.delete(removed.id);
    return removed;
  }

  /** Notes that a context was used just now; nothing when it is gone. */
  async touch(id: string): Promise<void> {
    await this.#change(() => {
      const context = this.#contexts.get(id);
      if (context !== undefined) {
        this.#contexts.set(id, { ...context, lastUsed: new Date(this.#now()).toISOString() });
      }
    });
  }

  #freeName(wanted: string, ownId?: string): string {
    const parsed = Name.safeParse(wanted);
    if (!parsed.success) {
      throw new CodeManagerError('invalid', refusalText(parsed.error));
    }
    const name = parsed.data;
    for (const context of this.#contexts.values()) {
      if (context.name !== name || context.id === ownId) continue;
      throw new CodeManagerError('conflict', `There is a context "${plain(name)}" already, ${plain(context.path)}`, {
        hint: 'Choose another name.',
      });
    }
    return name;
  }

  /** Applies a change to what is on disk by then, and writes it; in memory it is undone when it cannot be written. */
  async #change<T>(change: () => T): Promise<T> {
    // The agent servers of several hosts may share one home.
    return this.#mutex.run('', () => withFileLock(this.#path, () => this.#changeLocked(change)));
  }

  async #changeLocked<T>(change: () => T): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      if ((await this.#signature()) !== this.#seen) await this.#read();
      this.#checkWritable();
      const before = new Map(this.#contexts);
      const file = this.#file;
      try {
        const result = change();
        if (attempt > MAX_TRIES) {
          throw new CodeManagerError('unavailable', 'contexts.json is changed by another program all the time', {
            hint: 'Close that program and try again.',
          });
        }
        if (await this.#write(before)) return result;
        this.#contexts = before;
        this.#file = file;
      } catch (error) {
        this.#contexts = before;
        this.#file = file;
        throw error;
      }
    }
  }

  #checkWritable(): void {
    if (this.#readOnly === undefined) return;
    throw new CodeManagerError('unavailable', this.#readOnly, { hint: 'Update Code Manager, or repair the file.' });
  }

  /** Writes what differs from `before` into the file and leaves everything else in it alone. */
  async #write(before: ReadonlyMap<string, Context>): Promise<boolean> {
    const entries = new Map(Object.entries(isObject(this.#file['contexts']) ? this.#file['contexts'] : {}));
    for (const id of before.keys()) if (!this.#contexts.has(id)) entries.delete(id);
    for (const [id, context] of this.#contexts) {
      if (before.get(id) !== context) {
        const raw = entries.get(id);
        entries.set(id, { ...(isObject(raw) ? raw : {}), ...context });
      }
    }
    return this.#writeFile({ version: FILE_VERSION, ...this.#file, contexts: Object.fromEntries(entries) });
  }

  /** False when somebody else changed the file since it was read. */
  async #writeFile(file: JsonObject): Promise<boolean> {
    const text = formatJson(file);
    const expected = this.#seen;
    if (!(await writeFileAtomic(this.#path, text, { onlyIf: async () => (await this.#signature()) === expected }))) {
      return false;
    }
    this.#file = file;
    this.#seen = await this.#signature();
    return true;
  }

  async #read(): Promise<void> {
    for (let attempt = 1; attempt <= MAX_TRIES; attempt++) {
      // The signature comes first: a change in between is then seen by the next one.
      this.#seen = await this.#signature();
      this.#readOnly = undefined;
      let read = await readJsonObject(this.#path);
      for (let wait = 0; read.kind === 'bad' && wait < HALF_WRITTEN_TRIES; wait++) {
        // An editor may be in the middle of writing it.
        await delay(HALF_WRITTEN_MS);
        this.#seen = await this.#signature();
        read = await readJsonObject(this.#path);
      }
      if (read.kind === 'object') {
        if (await this.#take(read.value)) return;
        continue;
      }
      if (read.kind === 'missing') {
        this.#forget();
        return;
      }
      if (read.kind === 'bad') {
        await this.#replaceBroken(read.reason);
        return;
      }
      this.#readOnly = `contexts.json cannot be read: ${read.reason}`;
      this.#problems = [this.#readOnly];
      return;
    }
  }

  #forget(): void {
    this.#contexts = new Map();
    this.#file = {};
    this.#problems = [];
  }

  /** Keeps a broken file aside; what was read from it while it was whole takes its place. */
  async #replaceBroken(reason: string): Promise<void> {
    try {
      const aside = await setAside(this.#path);
      const kept = aside === undefined ? '' : ` and kept as ${basename(aside)}`;
      this.#problems = [`contexts.json is skipped${kept}: ${reason}`];
      this.#seen = await this.#signature();
      if (Object.keys(this.#file).length > 0) await this.#writeFile(this.#file);
    } catch (error) {
      this.#readOnly = `contexts.json is broken (${reason}) and could not be replaced: ${reasonOf(error)}`;
      this.#problems = [this.#readOnly];
    }
  }

  /** False when the file was changed while what is old in it was put right. */
  async #take(file: JsonObject): Promise<boolean> {
    const version = file['version'];
    const entries = file['contexts'];
    // An object without contexts is somebody's beginning, not a broken file.
    if (entries === undefined) {
      this.#forget();
      this.#file = file;
      return true;
    }
    if (!isObject(entries)) {
      await this.#replaceBroken('its contexts are not an object');
      return true;
    }
    const { contexts, changed, secrets, problems } = readContexts(entries);
    this.#contexts = new Map(contexts.map((context) => [context.id, context]));
    this.#file = file;
    this.#problems = problems;
    if (version !== undefined && version !== FILE_VERSION) {
      this.#readOnly = `contexts.json was written by another version of Code Manager (format ${JSON.stringify(version)})`;
      this.#problems = [...problems, `${this.#readOnly} and is not changed`];
      return true;
    }
    if (changed.size === 0) return true;
    try {
      // The secret is safe in its new place before it leaves the old one.
      for (const [id, secret] of secrets) await this.#credentials.set(id, secret);
      const repaired = new Map([...Object.entries(entries), ...changed]);
      return await this.#writeFile({ version: FILE_VERSION, ...file, contexts: Object.fromEntries(repaired) });
    } catch (error) {
      this.#problems = [...problems, `contexts.json could not be brought up to date: ${reasonOf(error)}`];
      return true;
    }
  }

  async #signature(): Promise<string> {
    try {
      const { ino, size, mtimeNs, ctimeNs } = await fs.stat(this.#path, { bigint: true });
      return `${ino} ${size} ${mtimeNs} ${ctimeNs}`;
    } catch {
      return 'missing';
    }
  }
}

/** Folders that hold what has nothing to do with each other, as their parents do. */
async function commonFolders(): Promise<readonly string[]> {
  const homes = [homedir(), accountHome()];
  return Promise.all([...homes.filter((home) => isAbsolute(home)), '/tmp', '/var/tmp', tmpdir()].map(realPath));
}

/** Not every user has an account. */
function accountHome(): string {
  try {
    return userInfo().homedir;
  } catch {
    return '';
  }
}

/** Whether a path is a folder, or in it. */
/** Whether a path is a folder, or in it. */
export function isIn(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

async function realPath(path: string): Promise<string> {
  const absolute = resolve(path);
  return fs.realpath(absolute).catch(() => absolute);
}
