import { posix } from 'node:path';
import { KeyedMutex, Limiter } from '../../common/async.js';
import { SESSION_ID_PATTERN } from '../../common/ids.js';
import { errorCode, isMissing, systemReason } from '../../common/systemError.js';
import { CodeManagerError } from '../../protocol/errors.js';
import { SessionRecord } from '../../protocol/files.js';
import { hasEnded } from '../../protocol/session.js';
import type { Machine } from '../machine/machine.js';
import type { HomePaths } from './home.js';
import { formatJson, parseJsonObject } from './jsonFile.js';
import { NewerFields } from './newerFields.js';
import type { RecordStore } from './recordStore.js';

type Folder = 'active' | 'archive';

/** The files of a session besides its record, by their ending. */
const OTHER_FILES = ['log', 'sizes', 'exit', 'closed'] as const;
const RECORD_VERSION = 1;
const READERS = 16;
/** A host is not believed to have sensible files. */
const MAX_RECORD_BYTES = 8 * 1024 * 1024;
const MAX_RECORDS = 5_000;
/** More stray files are as good as these. */
const MAX_PROBLEMS = 50;

export interface HostSessionStoreOptions {
  readonly machine: Machine;
  /** What was known last. */
  readonly records: readonly SessionRecord[];
  /** What is known has changed. */
  readonly onChange: () => void;
}

/**
 * The records of a host's sessions, on its own disk as an agent server there would have them, and in memory. Others may
 * write them too: what the host has is the truth, but for what could not be written yet.
 */
export class HostSessionStore implements RecordStore {
  readonly #options: HostSessionStoreOptions;
  readonly #active = new Map<string, SessionRecord>();
  readonly #archived = new Map<string, SessionRecord>();
  readonly #mutex = new KeyedMutex();
  /** Writes that wait for their turn; they take the record as it is then. */
  readonly #queued = new Map<string, Promise<void>>();
  /** Records that the host has otherwise, because writing failed. */
  readonly #unsaved = new Set<string>();
  /** What was read from the host or written there last, by session. */
  readonly #texts = new Map<string, string>();
  readonly #newer = new NewerFields();
  /** Records that came by {@link heard} since the last load. */
  readonly #heard = new Set<string>();
  #paths: HomePaths | undefined;
  #problems: string[] = [];

  constructor(options: HostSessionStoreOptions) {
    this.#options = options;
    for (const record of options.records) this.#active.set(record.id, record);
  }

  get problems(): readonly string[] {
    return this.#problems;
  }

  async load(paths: HomePaths): Promise<void> {
    this.#paths = paths;
    this.#problems = [];
    this.#heard.clear();
    const read = await this.#readFolder('active');
    const found = new Set(read.map(({ id }) => id));
    for (const id of [...this.#active.keys()]) {
      if (found.has(id)) continue;
      // Archived or deleted there by somebody else.
      this.#active.delete(id);
      this.#unsaved.delete(id);
    }
    for (const record of read) this.#take(record);
    this.#options.onChange();
  }

  /** Takes what the host has, unless it has not yet what we know. */
  #take(record: SessionRecord): void {
    const known = this.#active.get(record.id);
    const ours = known !== undefined && this.#unsaved.has(record.id) && (hasEnded(known) || !hasEnded(record));
    if (ours) return;
    // A disk that several hosts share may be behind.
    if (known !== undefined && this.#heard.has(record.id) && record.changed < known.changed) return;
    this.#unsaved.delete(record.id);
    this.#active.set(record.id, { ...record, archived: false });
  }

  async loadArchived(): Promise<SessionRecord[]> {
    const read = await this.#readFolder('archive');
    this.#archived.clear();
    for (const record of read) {
      if (!this.#active.has(record.id)) this.#archived.set(record.id, { ...record, archived: true });
    }
    return [...this.#archived.values()];
  }

  get(id: string): SessionRecord | undefined {
    return this.#active.get(id) ?? this.#archived.get(id);
  }

  all(): readonly SessionRecord[] {
    return [...this.#active.values()];
  }

  async reread(id: string): Promise<SessionRecord | undefined> {
    if (!SESSION_ID_PATTERN.test(id) || this.#paths === undefined) return undefined;
    return this.#mutex.run(id, async () => {
      const before = this.#texts.get(id);
      const record = await this.#readRecord('active', id);
      if (record === undefined || this.#texts.get(id) === before || this.#queued.has(id)) return undefined;
      this.#take(record);
      this.#options.onChange();
      return this.#active.get(id);
    });
  }

  heard(record: SessionRecord): void {
    this.#heard.add(record.id);
    this.#active.set(record.id, { ...record, archived: false });
    this.#options.onChange();
  }

  save(record: SessionRecord): Promise<void> {
    const { id } = record;
    const isNew = !this.#active.has(id) && !this.#archived.has(id);
    const archived = !this.#active.has(id) && (this.#archived.has(id) || record.archived);
    (archived ? this.#archived : this.#active).set(id, { ...record, archived });
    this.#options.onChange();
    const waiting = this.#queued.get(id);
    if (waiting !== undefined) return waiting;
    const written = this.#mutex.run(id, async () => {
      this.#queued.delete(id);
      try {
        await this.#write(id);
      } catch (error) {
        // Whether the host has it is told when it is reached again.
        if (isNew) this.forget(id);
        throw error;
      }
    });
    this.#queued.set(id, written);
    return written;
  }

  async flush(): Promise<void> {
    await Promise.allSettled([...this.#queued.values()]);
    const results = await Promise.allSettled(
      [...this.#unsaved].map((id) =>
        this.#mutex.run(id, async () => {
          if (this.#unsaved.has(id)) await this.#write(id);
        }),
      ),
    );
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }

  async archive(id: string): Promise<SessionRecord> {
    return this.#move(id, 'archive');
  }

  async unarchive(id: string): Promise<SessionRecord> {
    return this.#move(id, 'active');
  }

  async purge(id: string): Promise<void> {
    await this.#mutex.run(id, async () => {
      const { machine } = this.#options;
      for (const folder of ['archive', 'active'] as const) {
        // The record goes last, so that a cut in between leaves a session that can be purged again.
        await Promise.all(OTHER_FILES.map((file) => machine.remove(this.#path(folder, id, file))));
        await machine.remove(this.#path(folder, id, 'json'));
      }
      this.forget(id);
    });
  }

  forget(id: string): void {
    this.#heard.delete(id);
    this.#active.delete(id);
    this.#archived.delete(id);
    this.#unsaved.delete(id);
    this.#texts.delete(id);
    this.#newer.forget(id);
    this.#options.onChange();
  }

  async #write(id: string): Promise<void> {
    const active = this.#active.get(id);
    const record = active ?? this.#archived.get(id);
    if (record === undefined) return;
    try {
      await this.#writeRecord(record, active === undefined ? 'archive' : 'active');
      this.#unsaved.delete(id);
    } catch (error) {
      this.#unsaved.add(id);
      throw error;
    }
  }

  async #writeRecord(record: SessionRecord, folder: Folder): Promise<void> {
    const text = formatJson(this.#newer.restore(record));
    if (folder === 'active') this.#texts.set(record.id, text);
    await this.#options.machine.writeFile(this.#path(folder, record.id, 'json'), text);
  }

  /** The record in the new place comes first and the one in the old place goes last: a cut leaves both or one. */
  async #move(id: string, to: Folder): Promise<SessionRecord> {
    return this.#mutex.run(id, async () => {
      const { machine, onChange } = this.#options;
      const from = to === 'active' ? 'archive' : 'active';
      const [source, target] = to === 'active' ? [this.#archived, this.#active] : [this.#active, this.#archived];
      const known = source.get(id) ?? (await this.#readRecord(from, id));
      if (known === undefined) {
        const there = target.get(id);
        if (there) return there;
        throw new CodeManagerError('notFound', `There is no session ${id}`);
      }
      const record = { ...known, archived: to === 'archive' };
      await this.#writeRecord(record, to);
      await Promise.all(
        OTHER_FILES.map((file) => machine.rename(this.#path(from, id, file), this.#path(to, id, file))),
      );
      await machine.remove(this.#path(from, id, 'json'));
      // What was saved meanwhile is newer, and its write waits for its turn behind this one.
      const moved = { ...(source.get(id) ?? record), archived: record.archived };
      source.delete(id);
      target.set(id, moved);
      onChange();
      return moved;
    });
  }

  async #readFolder(folder: Folder): Promise<SessionRecord[]> {
    const names = await this.#options.machine.list(this.#folder(folder));
    const ids: string[] = [];
    for (const name of names) {
      if (!name.endsWith('.json')) continue;
      const id = name.slice(0, -'.json'.length);
      if (SESSION_ID_PATTERN.test(id)) ids.push(id);
      else if (!name.startsWith('.'))
        this.#skip(posix.join(this.#folder(folder), name), 'it is no record of a session');
    }
    if (ids.length > MAX_RECORDS) this.#skip(this.#folder(folder), `of ${ids.length} records ${MAX_RECORDS} are read`);
    const limiter = new Limiter(READERS);
    const read = await Promise.all(
      ids.slice(0, MAX_RECORDS).map((id) => limiter.run(() => this.#readRecord(folder, id))),
    );
    return read.filter((record) => record !== undefined);
  }

  /** Undefined for what is no record of ours: it is left as it is. */
  async #readRecord(folder: Folder, id: string): Promise<SessionRecord | undefined> {
    const { machine } = this.#options;
    const path = this.#path(folder, id, 'json');
    let bytes: Uint8Array;
    try {
      bytes = await machine.readFile(path, 0, MAX_RECORD_BYTES);
    } catch (error) {
      const reason = systemReason(errorCode(error), 'read')?.reason;
      // The way there, not the file.
      if (error instanceof CodeManagerError || reason === undefined) throw error;
      // Moved or deleted since it was listed, but for a link that leads nowhere.
      const isGone = isMissing(error) && !(await machine.list(this.#folder(folder))).includes(`${id}.json`);
      if (!isGone) this.#skip(path, reason);
      return undefined;
    }
    if (bytes.length >= MAX_RECORD_BYTES) {
      this.#skip(path, 'it is too large');
      return undefined;
    }
    const text = Buffer.from(bytes).toString('utf8');
    const read = parseJsonObject(text);
    if (read.kind === 'object') {
      const { version } = read.value;
      const parsed = SessionRecord.safeParse(read.value);
      const isNewer = typeof version === 'number' && version > RECORD_VERSION;
      if (parsed.success && parsed.data.id === id && !isNewer) {
        if (folder === 'active') this.#texts.set(id, text);
        this.#newer.remember(parsed.data, read.value);
        return parsed.data;
      }
    }
    this.#skip(path, read.kind === 'bad' ? read.reason : 'it is no record of this session, or of a newer Code Manager');
    return undefined;
  }

  /** Named once, and left as it is. */
  #skip(path: string, reason: string): void {
    const problem = `${path} is skipped: ${reason}`;
    if (this.#problems.length < MAX_PROBLEMS && !this.#problems.includes(problem)) this.#problems.push(problem);
  }

  #folder(folder: Folder): string {
    if (this.#paths === undefined) throw new CodeManagerError('unavailable', 'The machine was not reached yet');
    return this.#paths[folder];
  }

  #path(folder: Folder, id: string, file: string): string {
    if (!SESSION_ID_PATTERN.test(id)) throw new CodeManagerError('invalid', 'That is no id of a session');
    return posix.join(this.#folder(folder), `${id}.${file}`);
  }
}
