import { promises as fs } from 'node:fs';
import { basename, join } from 'node:path';
import { KeyedMutex, Limiter } from '../../common/async.js';
import { SESSION_ID_PATTERN } from '../../common/ids.js';
import { CodeManagerError } from '../../protocol/errors.js';
import { SessionRecord } from '../../protocol/files.js';
import { faultText } from '../../protocol/refusal.js';
import { moveAcrossDisks, removeLeftovers, setAside, syncFolder, writeFileAtomic } from './atomicFile.js';
import { reasonOf } from '../../common/systemError.js';
import { errorCode, isMissing, toDiskError, toReadError } from './diskErrors.js';
import { homePaths, type HomePaths } from './home.js';
import { formatJson, readJsonObject } from './jsonFile.js';
import { NewerFields } from './newerFields.js';
import type { RecordStore } from './recordStore.js';

/** The files of a session, by their ending. Nothing else is ever moved or deleted. */
const SESSION_FILES = ['json', 'log', 'sizes', 'exit', 'closed'] as const;
export type SessionFile = (typeof SESSION_FILES)[number];

const RECORD_NAME = /^([A-Za-z0-9][A-Za-z0-9_-]{0,63})\.json$/;
const RECORD_VERSION = 1;
const READERS = 16;

/** The records of all sessions, in memory and in `sessions/{active,archive}`. */
export class SessionStore implements RecordStore {
  readonly #paths: HomePaths;
  readonly #active = new Map<string, SessionRecord>();
  readonly #archived = new Map<string, SessionRecord>();
  readonly #mutex = new KeyedMutex();
  /** Writes that wait for their turn; they take the record as it is then. */
  readonly #queued = new Map<string, Promise<void>>();
  /** Records whose last write failed. */
  readonly #unsaved = new Set<string>();
  readonly #newer = new NewerFields();
  readonly #problems: string[] = [];
  #archiveLoaded: Promise<void> | undefined;

  /** @param home the folder of all data; `openHome` has made it. */
  constructor(home: string) {
    this.#paths = homePaths(home);
  }

  /** What was wrong with the files, one sentence each, naming the file. */
  get problems(): readonly string[] {
    return this.#problems;
  }

  /** Reads all records that are not archived. Bad ones are set aside and named in `problems`; never rejects for them. */
  async load(): Promise<void> {
    await removeLeftovers(this.#paths.active);
    await removeLeftovers(this.#paths.archive);
    await this.#finishMoves();
    for (const record of await this.#readFolder(this.#paths.active)) {
      this.#active.set(record.id, record.archived ? { ...record, archived: false } : record);
    }
  }

  /** Reads the archive once; afterwards it is kept in memory like the others. */
  async loadArchived(): Promise<SessionRecord[]> {
    this.#archiveLoaded ??= this.#readFolder(this.#paths.archive).then((records) => {
      for (const record of records) {
        // What changed while the folder was read is newer than what was read.
        if (this.#active.has(record.id) || this.#archived.has(record.id)) continue;
        this.#archived.set(record.id, record.archived ? record : { ...record, archived: true });
      }
    });
    await this.#archiveLoaded;
    return [...this.#archived.values()];
  }

  /** Active, or archived when the archive was loaded or the session archived since. */
  get(id: string): SessionRecord | undefined {
    return this.#active.get(id) ?? this.#archived.get(id);
  }

  /** All that are not archived. */
  all(): SessionRecord[] {
    return [...this.#active.values()];
  }

  /**
   * Takes a record at once and resolves when it, or a later one of the same session, is on disk.
   * @throws CodeManagerError `unavailable` when it cannot be written; it stays in memory and `flush` tries again.
   */
  save(record: SessionRecord): Promise<void> {
    checkId(record.id);
    const archived = !this.#active.has(record.id) && (this.#archived.has(record.id) || record.archived);
    (archived ? this.#archived : this.#active).set(record.id, { ...record, archived });
    const waiting = this.#queued.get(record.id);
    if (waiting !== undefined) return waiting;
    const written = this.#mutex.run(record.id, async () => {
      this.#queued.delete(record.id);
      await this.#write(record.id);
    });
    this.#queued.set(record.id, written);
    return written;
  }

  /** Resolves when everything that was saved is on disk; tries again what failed before. */
  async flush(): Promise<void> {
    await Promise.allSettled([...this.#queued.values()]);
    const results = await Promise.allSettled(
      // An empty turn behind what is being written.
      [...new Set([...this.#active.keys(), ...this.#archived.keys()])].map((id) =>
        this.#mutex.run(id, async () => {
          if (this.#unsaved.has(id)) await this.#write(id);
        }),
      ),
    );
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }

  /** Moves a record and its files to the archive. */
  async archive(id: string): Promise<SessionRecord> {
    return this.#mutex.run(id, async () => {
      const record = this.#active.get(id);
      if (record === undefined) {
        const archived = await this.#findArchived(id);
        if (archived !== undefined) return archived;
        throw unknown(id);
      }
      return this.#move({ ...record, archived: true }, 'archive');
    });
  }

  /** Moves a record and its files back from the archive. */
  async unarchive(id: string): Promise<SessionRecord> {
    return this.#mutex.run(id, async () => {
      const active = this.#active.get(id);
      if (active !== undefined) return active;
      const record = await this.#findArchived(id);
      if (record === undefined) throw unknown(id);
      return this.#move({ ...record, archived: false }, 'active');
    });
  }

  /** Deletes the record and the files of a session, archived or not. */
  async purge(id: string): Promise<void> {
    checkId(id);
    await this.#mutex.run(id, async () => {
      // The record goes last, so that a crash in between leaves a session that can be purged again.
      for (const folder of [this.#paths.archive, this.#paths.active]) {
        for (const file of [...SESSION_FILES].reverse()) {
          const path = join(folder, `${id}.${file}`);
          try {
            await fs.rm(path, { force: true });
          } catch (error) {
            throw toDiskError(error, path);
          }
        }
      }
      this.#active.delete(id);
      this.#archived.delete(id);
      this.#unsaved.delete(id);
      this.#newer.forget(id);
    });
  }

  /** Where a file of a session is, or would be. */
  path(id: string, file: SessionFile): string {
    checkId(id);
    const archived = !this.#active.has(id) && this.#archived.has(id);
    return join(archived ? this.#paths.archive : this.#paths.active, `${id}.${file}`);
  }

  async #write(id: string): Promise<void> {
    const active = this.#active.get(id);
    const record = active ?? this.#archived.get(id);
    // Purged while the write waited for its turn.
    if (record === undefined) return;
    try {
      await this.#writeRecord(record, active === undefined ? this.#paths.archive : this.#paths.active);
      this.#unsaved.delete(id);
    } catch (error) {
      this.#unsaved.add(id);
      throw error;
    }
  }

  async #writeRecord(record: SessionRecord, folder: string): Promise<void> {
    await writeFileAtomic(join(folder, `${record.id}.json`), formatJson(this.#newer.restore(record)));
  }

  /** The record in the new place comes first and the one in the old place goes last: a crash leaves both or one. */
  async #move(record: SessionRecord, to: 'active' | 'archive'): Promise<SessionRecord> {
    const from = to === 'active' ? 'archive' : 'active';
    await this.#writeRecord(record, this.#paths[to]);
    await this.#moveFiles(record.id, this.#paths[from], this.#paths[to]);
    await fs.rm(join(this.#paths[from], `${record.id}.json`), { force: true });
    await syncFolder(this.#paths[from]);
    const [source, target] = to === 'active' ? [this.#archived, this.#active] : [this.#active, this.#archived];
    // What was saved meanwhile is newer, and its write waits for its turn behind this one.
    const moved = { ...(source.get(record.id) ?? record), archived: record.archived };
    source.delete(record.id);
    target.set(record.id, moved);
    this.#unsaved.delete(record.id);
    return moved;
  }

  async #moveFiles(id: string, from: string, to: string): Promise<void> {
    for (const file of SESSION_FILES) {
      if (file === 'json') continue;
      const source = join(from, `${id}.${file}`);
      const target = join(to, `${id}.${file}`);
      try {
        await fs.rename(source, target);
      } catch (error) {
        if (isMissing(error)) continue;
        if (errorCode(error) !== 'EXDEV') throw toDiskError(error, target);
        // The archive may be a link to another disk.
        await moveAcrossDisks(source, target);
      }
    }
  }

  /** A session with a record in both places was being moved when the process died: it belongs to the active ones. */
  async #finishMoves(): Promise<void> {
    const active = new Set(await listFolder(this.#paths.active));
    for (const name of await listFolder(this.#paths.archive)) {
      const id = RECORD_NAME.exec(name)?.[1];
      if (id === undefined || !active.has(name)) continue;
      // A broken record in the active folder must not cost the good one in the archive.
      if ((await readJsonObject(join(this.#paths.active, name))).kind !== 'object') continue;
      try {
        await this.#moveFiles(id, this.#paths.archive, this.#paths.active);
        await fs.rm(join(this.#paths.archive, name), { force: true });
      } catch (error) {
        this.#problems.push(`sessions/archive/${name} could not be moved back: ${reasonOf(error, 'written')}`);
      }
    }
  }

  async #findArchived(id: string): Promise<SessionRecord | undefined> {
    const known = this.#archived.get(id);
    if (known !== undefined) return known;
    checkId(id);
    const record = await this.#readRecord(this.#paths.archive, `${id}.json`, id);
    return record === undefined ? undefined : { ...record, archived: true };
  }

  async #readFolder(folder: string): Promise<SessionRecord[]> {
    const limiter = new Limiter(READERS);
    const read = await Promise.all(
      (await listFolder(folder)).flatMap((name) => {
        const id = RECORD_NAME.exec(name)?.[1];
        if (id === undefined) {
          const isStray = name.endsWith('.json') && !name.startsWith('.');
          if (isStray)
            this.#problems.push(`sessions/${basename(folder)}/${name} is skipped: it is no record of a session`);
          return [];
        }
        return [limiter.run(() => this.#readRecord(folder, name, id))];
      }),
    );
    return read.filter((record) => record !== undefined).sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  async #readRecord(folder: string, name: string, id: string): Promise<SessionRecord | undefined> {
    const path = join(folder, name);
    const label = `sessions/${basename(folder)}/${name}`;
    const read = await readJsonObject(path);
    if (read.kind === 'missing') return undefined;
    if (read.kind === 'unreadable') {
      this.#problems.push(`${label} is skipped: ${read.reason}`);
      return undefined;
    }
    let reason: string;
    if (read.kind === 'object') {
      const version = read.value['version'];
      if (typeof version === 'number' && version > RECORD_VERSION) {
        // Left where it is, for the newer Code Manager that wrote it.
        this.#problems.push(`${label} was written by a newer Code Manager (format ${version}) and is skipped`);
        return undefined;
      }
      const parsed = SessionRecord.safeParse(read.value);
      if (parsed.success && parsed.data.id === id) {
        this.#newer.remember(parsed.data, read.value);
        return parsed.data;
      }
      reason = parsed.success ? `it holds the id of another session` : faultText(parsed.error);
    } else {
      reason = read.reason;
    }
    if (!SESSION_ID_PATTERN.test(id)) {
      // Somebody's own file: it is left where it is.
      this.#problems.push(`${label} is skipped: it is no record of a session`);
      return undefined;
    }
    const aside = await setAside(path).catch(() => undefined);
    const kept = aside === undefined ? '' : ` and kept as ${basename(aside)}`;
    this.#problems.push(`${label} is skipped${kept}: ${reason}`);
    return undefined;
  }
}

function checkId(id: string): void {
  if (RECORD_NAME.test(`${id}.json`)) return;
  throw new CodeManagerError('invalid', 'The id of a session has letters, digits, dashes and underscores');
}

function unknown(id: string): CodeManagerError {
  return new CodeManagerError('notFound', `There is no session ${id}`);
}

async function listFolder(folder: string): Promise<string[]> {
  return fs.readdir(folder).catch((error: unknown) => {
    if (isMissing(error)) return [];
    throw toReadError(error, folder);
  });
}
