import type { SessionRecord } from '../../protocol/files.js';
import type { HomePaths } from './home.js';

/** Where the records of one machine's sessions are kept. What is on disk is the truth; memory has it too. */
export interface RecordStore {
  /** What was wrong with the files, one sentence each, naming the file. */
  readonly problems: readonly string[];
  /** Reads all records that are not archived, also again after the machine could not be reached. */
  load(paths: HomePaths): Promise<void>;
  /** Reads the archive once; afterwards it is kept in memory like the others. */
  loadArchived(): Promise<SessionRecord[]>;
  get(id: string): SessionRecord | undefined;
  /** All that are not archived. */
  all(): readonly SessionRecord[];
  /** Resolves when it, or a later one of the same session, is on disk. A failed write is tried again by {@link flush}. */
  save(record: SessionRecord): Promise<void>;
  /** Resolves when everything that was saved is on disk. */
  flush(): Promise<void>;
  /** Moves a record and its files to the archive. */
  archive(id: string): Promise<SessionRecord>;
  /** Moves a record and its files back from the archive. */
  unarchive(id: string): Promise<SessionRecord>;
  /** Deletes the record and the files of a session, archived or not. */
  purge(id: string): Promise<void>;
  /** Reads the record of a session that somebody else may have written; undefined when there is no news. */
  reread?(id: string): Promise<SessionRecord | undefined>;
  /** Takes a record as one who cares for its session has written it: the disk may still show an older one. */
  heard?(record: SessionRecord): void;
  /** The files of a session were taken away by somebody else. */
  forget?(id: string): void;
}
