import { KeyedMutex } from '../../common/async.js';
import { CodeManagerError } from '../../protocol/errors.js';
import type { SessionRecord } from '../../protocol/files.js';
import type { HistorySpan } from '../../protocol/history.js';
import { hasEnded } from '../../protocol/session.js';
import { isSessionId } from '../../protocol/sessionFiles.js';
import type { Machine } from '../machine/machine.js';
import type { HomePaths } from './home.js';
import { checkId, RecordFiles, type RecordFolder } from './recordFiles.js';

export interface RecordStoreOptions {
  readonly machine: Machine;
  /** What was known last of a machine that cannot always be reached. */
  readonly records?: readonly SessionRecord[];
  /** What is known has changed. */
  readonly onChange?: () => void;
}

/**
 * The records of one machine's sessions, in memory and on its own disk. Others may write
 * those of another host too: what the host has is the truth then, but for what could not be written yet.
 */
export class RecordStore {
  readonly #files: RecordFiles;
  /** Nobody else writes them. */
  readonly #isAlone: boolean;
  readonly #onChange: () => void;
  readonly #active = new Map<string, SessionRecord>();
  readonly #archived = new Map<string, SessionRecord>();
  readonly #mutex = new KeyedMutex();
  /** Writes that wait for their turn; they take the record as it is then. */
  readonly #queued = new Map<string, Promise<void>>();
  /** What sessions were doing and their files do not say yet. */
  readonly #ended = new Map<string, HistorySpan[]>();
  /** Records that the disk does not have as memory has them. */
  readonly #unsaved = new Set<string>();
  /** Records that came by {@link heard} since the last load. */
  readonly #heard = new Set<string>();
  #isOpen = false;
  #archiveRead: Promise<void> | undefined;

  constructor({ machine, records = [], onChange = () => undefined }: RecordStoreOptions) {
    this.#files = new RecordFiles(machine);
    this.#isAlone = machine.capabilities.isOwnHost;
    this.#onChange = onChange;
    for (const record of records) this.#active.set(record.id, record);
  }

  /** What was wrong with the files, one sentence each, naming the file. */
  get problems(): readonly string[] {
    return this.#files.problems;
  }

  /**
   * Reads all records that are not archived, also again after the machine could not be reached. Bad ones are set aside
   * and named in `problems`; never rejects for them.
   */
  async load(paths: Pick<HomePaths, RecordFolder>): Promise<void> {
    this.#files.open(paths);
    this.#isOpen = true;
    this.#heard.clear();
    const read = await this.#files.readActive();
    const found = new Set(read.map(({ id }) => id));
    for (const id of [...this.#active.keys()]) {
      if (found.has(id)) continue;
      // Archived or deleted there by somebody else.
      this.#active.delete(id);
      this.#unsaved.delete(id);
    }
    for (const record of read) this.#take(record);
    this.#onChange();
  }

  /** Takes what the disk has, unless it has not yet what we know. */
  #take(record: SessionRecord): void {
    const known = this.#active.get(record.id);
    const ours = known !== undefined && this.#unsaved.has(record.id) && (hasEnded(known) || !hasEnded(record));
    if (ours) return;
    // A disk that several hosts share may be behind.
    if (known !== undefined && this.#heard.has(record.id) && record.changed < known.changed) return;
    this.#unsaved.delete(record.id);
    this.#active.set(record.id, { ...record, archived: false });
  }

  /** Reads the archive; that of this host once, since nobody else writes it. */
  async loadArchived(): Promise<SessionRecord[]> {
    if (this.#isAlone) await (this.#archiveRead ??= this.#readArchive());
    else await this.#readArchive();
    return [...this.#archived.values()];
  }

  async #readArchive(): Promise<void> {
    const before = new Map(this.#archived);
    const read = await this.#files.readArchived();
    // What changed while the folder was read is newer than what was read.
    const isOurs = (id: string): boolean => this.#unsaved.has(id) || this.#archived.get(id) !== before.get(id);
    const found = new Set(read.map(({ id }) => id));
    for (const id of before.keys()) if (!found.has(id) && !isOurs(id)) this.#archived.delete(id);
    for (const record of read) {
      if (!this.#active.has(record.id) && !isOurs(record.id))
        this.#archived.set(record.id, { ...record, archived: true });
    }
  }

  /** Active, or archived when the archive was loaded or the session archived since. */
  get(id: string): SessionRecord | undefined {
    return this.#active.get(id) ?? this.#archived.get(id);
  }

  /** All that are not archived. */
  all(): readonly SessionRecord[] {
    return [...this.#active.values()];
  }

  /** Reads the record of a session that somebody else may have written; undefined when there is no news. */
  async reread(id: string): Promise<SessionRecord | undefined> {
    if (this.#isAlone || !isSessionId(id) || !this.#isOpen) return undefined;
    return this.#mutex.run(id, async () => {
      const before = this.#files.textOf(id);
      const record = await this.#files.read('active', id);
      if (record === undefined || this.#files.textOf(id) === before || this.#queued.has(id)) return undefined;
      this.#take(record);
      this.#onChange();
      return this.#active.get(id);
    });
  }

  /** Takes a record as one who cares for its session has written it: the disk may still show an older one. */
  heard(record: SessionRecord): void {
    this.#heard.add(record.id);
    this.#active.set(record.id, { ...record, archived: false });
    this.#onChange();
  }

  /**
   * Takes a record at once and resolves when it, or a later one of the same session, is on disk.
   * @throws CodeManagerError `unavailable` when it cannot be written; it stays in memory, unless it is a new one, and
   * `flush` tries again.
   * @param ended what it was doing and does no more, which is added to its file `history`
   */
  save(record: SessionRecord, ended: readonly HistorySpan[] = []): Promise<void> {
    const { id } = record;
    checkId(id);
    const isNew = this.get(id) === undefined;
    if (isNew) this.#files.begin(id);
    const archived = !this.#active.has(id) && (this.#archived.has(id) || record.archived);
    (archived ? this.#archived : this.#active).set(id, { ...record, archived });
    this.#unsaved.add(id);
    if (ended.length > 0) this.#ended.set(id, [...(this.#ended.get(id) ?? []), ...ended]);
    this.#onChange();
    const waiting = this.#queued.get(id);
    if (waiting !== undefined) return waiting;
    const written = this.#mutex.run(id, async () => {
      this.#queued.delete(id);
      try {
        await this.#write(id);
      } catch (error) {
        // Whether a host that was cut off has it is told when it is reached again.
        if (isNew) this.forget(id);
        throw error;
      }
    });
    this.#queued.set(id, written);
    return written;
  }

  /** Resolves when everything that was saved is on disk; tries again what failed before. */
  async flush(): Promise<void> {
    const results = await Promise.allSettled(
      [...this.#unsaved].map((id) => this.#mutex.run(id, async () => this.#write(id))),
    );
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }

  /** The last of what stands in the file `history` of a session, oldest first. */
  history(id: string): Promise<readonly HistorySpan[]> {
    return this.#files.readHistory(id, this.#active.has(id) ? 'active' : 'archive');
  }

  /** Moves a record and its files to the archive. */
  archive(id: string): Promise<SessionRecord> {
    return this.#move(id, 'archive');
  }

  /** Moves a record and its files back from the archive. */
  unarchive(id: string): Promise<SessionRecord> {
    return this.#move(id, 'active');
  }

  /** Deletes the record and the files of a session, archived or not. */
  async purge(id: string): Promise<void> {
    checkId(id);
    await this.#mutex.run(id, async () => {
      await this.#files.remove(id);
      this.forget(id);
    });
  }

  /** The files of a session were taken away by somebody else. */
  forget(id: string): void {
    for (const known of [this.#heard, this.#active, this.#archived, this.#unsaved, this.#ended]) known.delete(id);
    this.#files.forget(id);
    this.#onChange();
  }

  /** Writes what memory has, unless the disk has it or the session was purged meanwhile. */
  async #write(id: string): Promise<void> {
    const active = this.#active.get(id);
    const record = active ?? this.#archived.get(id);
    if (record === undefined || !this.#unsaved.has(id)) return;
    const ended = this.#ended.get(id) ?? [];
    await this.#files.write(record, active === undefined ? 'archive' : 'active', ended);
    const later = this.#ended.get(id)?.slice(ended.length) ?? [];
    if (later.length > 0) this.#ended.set(id, later);
    else this.#ended.delete(id);
    if (this.get(id) === record) this.#unsaved.delete(id);
  }

  /** The record in the new place comes first and the one in the old place goes last: a cut leaves both or one. */
  #move(id: string, to: RecordFolder): Promise<SessionRecord> {
    return this.#mutex.run(id, async () => {
      const from = to === 'active' ? 'archive' : 'active';
      await this.#write(id);
      const [source, target] = to === 'active' ? [this.#archived, this.#active] : [this.#active, this.#archived];
      const known = source.get(id) ?? (target.has(id) ? undefined : await this.#files.read(from, id));
      if (known === undefined) {
        const there = target.get(id) ?? (await this.#files.read(to, id));
        if (there !== undefined) return { ...there, archived: to === 'archive' };
        throw new CodeManagerError('notFound', `There is no session ${id}`);
      }
      const record = { ...known, archived: to === 'archive' };
      await this.#files.write(record, to);
      await this.#files.move(id, from, to);
      // What was saved meanwhile is newer, and its write waits for its turn behind this one.
      const moved = { ...(source.get(id) ?? record), archived: record.archived };
      source.delete(id);
      target.set(id, moved);
      this.#onChange();
      return moved;
    });
  }
}
