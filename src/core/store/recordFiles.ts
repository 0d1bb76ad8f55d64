import { posix } from 'node:path';
import { Limiter } from '../../common/async.js';
import { SESSION_ID_PATTERN } from '../../common/ids.js';
import { errorCode, isMissing, reasonOf } from '../../common/systemError.js';
import { CodeManagerError } from '../../protocol/errors.js';
import { SessionRecord } from '../../protocol/files.js';
import { parseSpans, spanLine, type HistorySpan } from '../../protocol/history.js';
import { faultText } from '../../protocol/refusal.js';
import {
  BESIDE_RECORD,
  isSessionId,
  parseSessionFileName,
  sessionFileName,
  type SessionFile,
} from '../../protocol/sessionFiles.js';
import type { Machine } from '../machine/machine.js';
import type { HomePaths } from './home.js';
import { formatJson, parseJsonObject, type JsonRead } from './jsonFile.js';
import { withNewer, withNewerRestored } from './newerFields.js';
import { asideText } from './setAsideFiles.js';

export type RecordFolder = 'active' | 'archive';

const RECORD_VERSION = 1;
const READERS = 16;
const MAX_RECORD_BYTES = 16 * 1024 * 1024;
/** Another host is not believed to have sensible files. */
const MAX_FOREIGN_RECORDS = 5_000;
/** More stray files are as good as these. */
const MAX_PROBLEMS = 50;
/** More than a hundred spans. */
const HISTORY_BYTES = 16 * 1024;
const NEWLINE = 10;
/** A session that another server of a shared home moves is not moved back meanwhile. */
const MOVING_MS = 60_000;

/** The records in `sessions/{active,archive}` of one machine, and the files of their sessions. Nothing of them is in memory. */
export class RecordFiles {
  readonly #machine: Machine;
  /** What was read from another host or written there last, by session. */
  readonly #texts = new Map<string, string>();
  /** Sessions whose history ends with a whole line of this process. */
  readonly #whole = new Set<string>();
  #paths: Pick<HomePaths, RecordFolder> | undefined;
  #problems: string[] = [];

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  /** What was wrong with the files, one sentence each, naming the file. */
  get problems(): readonly string[] {
    return this.#problems;
  }

  /** Where they are from here on, found out when the machine was reached. */
  open(paths: Pick<HomePaths, RecordFolder>): void {
    this.#paths = paths;
    this.#problems = [];
  }

  /** All active records. What was cut off in the middle of a move is mended first. */
  async readActive(): Promise<SessionRecord[]> {
    const [active, archive] = await Promise.all([this.#names('active'), this.#names('archive')]);
    const isMoved = await this.#finishMoves(active, archive);
    return this.#readFolder('active', isMoved ? await this.#names('active') : active);
  }

  async readArchived(): Promise<SessionRecord[]> {
    return this.#readFolder('archive', await this.#names('archive'));
  }

  /** Undefined when there is none that can be used. */
  async read(folder: RecordFolder, id: string): Promise<SessionRecord | undefined> {
    const label = `sessions/${folder}/${id}.json`;
    const read = await this.#readJson(folder, id);
    if (read.kind === 'missing') return undefined;
    if (read.kind === 'unreadable') return this.#name(`${label} is skipped: ${read.reason}`);
    let reason: string;
    if (read.kind === 'object') {
      const version = read.value['version'];
      // Left where it is, for the newer Code Manager that wrote it.
      if (typeof version === 'number' && version > RECORD_VERSION)
        return this.#name(`${label} was written by a newer Code Manager (format ${version}) and is skipped`);
      const parsed = SessionRecord.safeParse(read.value);
      if (parsed.success && parsed.data.id === id) {
        this.#knowText(folder, id, read.text);
        return withNewer(parsed.data, read.value);
      }
      reason = parsed.success ? 'it holds the id of another session' : faultText(parsed.error);
    } else {
      reason = read.reason;
    }
    // Somebody's own file is left where it is.
    if (!SESSION_ID_PATTERN.test(id)) return this.#name(`${label} is skipped: it is no record of a session`);
    const aside = await this.#setAside(folder, `${id}.json`).catch(() => undefined);
    const kept = aside === undefined ? '' : ` and kept as ${aside}`;
    return this.#name(`${label} is skipped${kept}: ${reason}`);
  }

  /** The text of a record as it was read from another host or written there last; undefined for this host. */
  textOf(id: string): string | undefined {
    return this.#texts.get(id);
  }

  /** Writes a record, and before it what is to be added to the history: a kill in between has it twice, never lost. */
  async write(record: SessionRecord, folder: RecordFolder, ended: readonly HistorySpan[] = []): Promise<void> {
    const text = formatJson(withNewerRestored(record));
    // Another host does things in the order in which they were sent; here each has to be waited for.
    const isOrdered = this.#machine.capabilities.isFar && this.#whole.has(record.id);
    const added = ended.length === 0 ? undefined : this.#addHistory(record.id, folder, ended);
    if (!isOrdered) await added;
    this.#knowText(folder, record.id, text);
    await Promise.all([added, this.#machine.writeFile(this.#path(folder, record.id, 'json'), text)]);
  }

  async #addHistory(id: string, folder: RecordFolder, ended: readonly HistorySpan[]): Promise<void> {
    const path = this.#path(folder, id, 'history');
    const isWhole = this.#whole.delete(id) || (await this.#endsWhole(path));
    await this.#machine.append(path, `${isWhole ? '' : '\n'}${ended.map(spanLine).join('')}`);
    this.#whole.add(id);
  }

  /** Whether no line of a file is torn at its end; otherwise the next one would be lost with it. */
  async #endsWhole(path: string): Promise<boolean> {
    const size = (await this.#machine.stat(path))?.size ?? 0;
    return size === 0 || (await this.#machine.readFile(path, size - 1, 1))[0] === NEWLINE;
  }

  /** The last spans of a session's history, oldest first; none when there is no file. */
  async readHistory(id: string, folder: RecordFolder): Promise<readonly HistorySpan[]> {
    const path = this.#path(folder, id, 'history');
    const size = (await this.#machine.stat(path))?.size ?? 0;
    if (size === 0) return [];
    const from = Math.max(0, size - HISTORY_BYTES);
    return parseSpans(Buffer.from(await this.#machine.readFile(path, from, HISTORY_BYTES)).toString('utf8'));
  }

  /** All but the record itself, which has been written in its new place, and then the record in the old one. */
  async move(id: string, from: RecordFolder, to: RecordFolder): Promise<void> {
    const path = (folder: RecordFolder, kind: SessionFile): string => this.#path(folder, id, kind);
    await Promise.all(BESIDE_RECORD.map((kind) => this.#machine.rename(path(from, kind), path(to, kind))));
    await this.#machine.remove(path(from, 'json'));
  }

  async remove(id: string): Promise<void> {
    for (const folder of ['archive', 'active'] as const) {
      // The record goes last, so that a cut in between leaves a session that can be removed again.
      await Promise.all(BESIDE_RECORD.map((kind) => this.#machine.remove(this.#path(folder, id, kind))));
      await this.#machine.remove(this.#path(folder, id, 'json'));
    }
  }

  /** There is nothing of a session yet. */
  begin(id: string): void {
    this.#whole.add(id);
  }

  /** Nothing of a session is known any more. */
  forget(id: string): void {
    this.#texts.delete(id);
    this.#whole.delete(id);
  }

  /** A session with a record in both places was being moved when its mover died: it belongs to the active ones. */
  async #finishMoves(active: readonly string[], archive: readonly string[]): Promise<boolean> {
    const both = new Set(active);
    let isMoved = false;
    for (const name of archive.filter((each) => both.has(each))) {
      const file = parseSessionFileName(name);
      if (file?.kind !== 'json') continue;
      const { id } = file;
      // A broken record in the active folder must not cost the good one in the archive.
      if ((await this.#readJson('active', id)).kind !== 'object' || (await this.#isMoving(id))) continue;
      try {
        await this.move(id, 'archive', 'active');
        isMoved = true;
      } catch (error) {
        this.#name(`sessions/archive/${name} could not be moved back: ${reasonOf(error, 'written')}`);
      }
    }
    return isMoved;
  }

  /** Whether another server may be at it just now. */
  async #isMoving(id: string): Promise<boolean> {
    if (this.#machine.capabilities.isOwnHost) return false;
    const [file, now] = await Promise.all([this.#machine.stat(this.#path('archive', id, 'json')), this.#machine.now()]);
    return file !== undefined && Math.abs(now - file.mtimeMs) < MOVING_MS;
  }

  async #names(folder: RecordFolder): Promise<readonly string[]> {
    return this.#machine.list(this.#folder(folder));
  }

  async #readFolder(folder: RecordFolder, names: readonly string[]): Promise<SessionRecord[]> {
    const ids: string[] = [];
    for (const name of names) {
      const file = parseSessionFileName(name);
      if (file?.kind === 'json') ids.push(file.id);
      else if (name.endsWith('.json') && !name.startsWith('.'))
        this.#name(`sessions/${folder}/${name} is skipped: it is no record of a session`);
      // Those of this host are named whenever somebody asks.
      const aside = this.#machine.capabilities.isOwnHost ? undefined : asideText(`sessions/${folder}`, name);
      if (aside !== undefined) this.#name(aside);
    }
    const most = this.#machine.capabilities.isOwnHost ? ids.length : MAX_FOREIGN_RECORDS;
    if (ids.length > most)
      this.#name(`sessions/${folder} is skipped in part: of ${ids.length} records ${most} are read`);
    const limiter = new Limiter(READERS);
    const read = await Promise.all(
      ids
        .sort()
        .slice(0, most)
        .map((id) => limiter.run(() => this.read(folder, id))),
    );
    return read.filter((record) => record !== undefined);
  }

  async #readJson(folder: RecordFolder, id: string): Promise<JsonRead> {
    let bytes: Uint8Array;
    try {
      bytes = await this.#machine.readFile(this.#path(folder, id, 'json'), 0, MAX_RECORD_BYTES + 1);
    } catch (error) {
      // The way there, not the file.
      if (error instanceof CodeManagerError || errorCode(error) === undefined) throw error;
      // Moved or deleted since it was listed, but for a link that leads nowhere.
      const isGone = isMissing(error) && !(await this.#names(folder)).includes(`${id}.json`);
      return isGone ? { kind: 'missing' } : { kind: 'unreadable', reason: reasonOf(error) };
    }
    if (bytes.length > MAX_RECORD_BYTES) return { kind: 'unreadable', reason: 'it is too large' };
    return parseJsonObject(Buffer.from(bytes).toString('utf8'));
  }

  /** Moves a file that cannot be read out of the way, so that nothing in it is lost; returns its name there. */
  async #setAside(folder: RecordFolder, name: string): Promise<string | undefined> {
    const taken = new Set(await this.#names(folder));
    let n = 1;
    while (taken.has(`${name}.bad-${n}`)) n++;
    const aside = `${name}.bad-${n}`;
    const path = this.#folder(folder);
    return (await this.#machine.rename(posix.join(path, name), posix.join(path, aside))) ? aside : undefined;
  }

  /** Known by its text, a change by somebody else is told from one of ours. */
  #knowText(folder: RecordFolder, id: string, text: string): void {
    if (folder === 'active' && !this.#machine.capabilities.isOwnHost) this.#texts.set(id, text);
  }

  /** Each once. */
  #name(problem: string): undefined {
    if (this.#problems.length < MAX_PROBLEMS && !this.#problems.includes(problem)) this.#problems.push(problem);
  }

  #folder(folder: RecordFolder): string {
    if (this.#paths === undefined) throw new CodeManagerError('unavailable', 'The machine was not reached yet');
    return this.#paths[folder];
  }

  #path(folder: RecordFolder, id: string, kind: SessionFile): string {
    checkId(id);
    return posix.join(this.#folder(folder), sessionFileName(id, kind));
  }
}

/** Throws for an id that would lead out of the folder. */
export function checkId(id: string): void {
  if (isSessionId(id)) return;
  throw new CodeManagerError('invalid', 'The id of a session has letters, digits, dashes and underscores');
}
