import { basename } from 'node:path';
import type { SessionRecord } from '../../protocol/files.js';
import type { Machine } from '../machine/machine.js';
import type { OpenCall } from '../state/evidence.js';
import { CodexCalls } from './codexCalls.js';
import { ROLLOUT } from './codexStore.js';

/** A call further up is not found; what it asks for is not known exactly then. */
const TAIL_BYTES = 512 * 1024;
/** Files that a process of a session holds open besides that of its own conversation. */
const MOST_FILES = 8;
/** To look through the processes costs more than to read. */
const FIND_AGAIN_MS = 1_000;

export interface CallRecordOptions {
  readonly machine: Pick<Machine, 'stat' | 'readFile' | 'openFiles'>;
  readonly session: Pick<SessionRecord, 'id' | 'path'>;
  /** Of its process; null while it has none. */
  readonly pid: () => number | null;
}

/** Reads what the record of a session's conversation has open, when it is asked. Nothing is ever written there. */
export class CallRecord {
  readonly #options: CallRecordOptions;
  #files: readonly RecordFile[] | undefined;
  #found = 0;

  constructor(options: CallRecordOptions) {
    this.#options = options;
  }

  /** The calls without an end, of all conversations that its processes hold open. */
  async open(): Promise<readonly OpenCall[]> {
    if (this.#files !== undefined) {
      const calls = await this.#read(this.#files);
      if (calls.length > 0) return calls;
    }
    // A person has begun another conversation, or nothing was looked for yet.
    if (this.#files !== undefined && performance.now() < this.#found + FIND_AGAIN_MS) return [];
    this.#files = await this.#find();
    this.#found = performance.now();
    return this.#read(this.#files);
  }

  async #read(files: readonly RecordFile[]): Promise<readonly OpenCall[]> {
    return (await Promise.all(files.map((file) => file.open()))).flat();
  }

  async #find(): Promise<readonly RecordFile[]> {
    const { machine, session, pid } = this.#options;
    const processes = await machine.openFiles({ root: pid(), marker: session.id });
    const paths = new Set(processes.flatMap(({ files }) => files).filter(isRollout));
    if (paths.size > MOST_FILES) return [];
    const known = new Map(this.#files?.map((file) => [file.path, file]));
    return [...paths].map((path) => known.get(path) ?? new RecordFile(machine, path, session.path));
  }
}

function isRollout(path: string): boolean {
  return /\/sessions\/\d+\/\d+\/\d+\/[^/]+$/u.test(path) && ROLLOUT.test(basename(path));
}

/** A file of records that grows. */
class RecordFile {
  readonly path: string;
  readonly #machine: Pick<Machine, 'stat' | 'readFile'>;
  readonly #folder: string;
  #calls: CodexCalls;
  #offset = 0;
  #rest: Uint8Array = new Uint8Array();

  constructor(machine: Pick<Machine, 'stat' | 'readFile'>, path: string, folder: string) {
    this.#machine = machine;
    this.path = path;
    this.#folder = folder;
    this.#calls = new CodexCalls(folder);
  }

  async open(): Promise<readonly OpenCall[]> {
    const size = (await this.#machine.stat(this.path))?.size ?? 0;
    const tail = size - TAIL_BYTES;
    // Too much has come since, or it was written anew.
    if (this.#offset < tail || size < this.#offset) {
      this.#calls = new CodexCalls(this.#folder);
      this.#offset = Math.max(0, tail);
      this.#rest = new Uint8Array();
    }
    if (size > this.#offset) {
      const bytes = await this.#machine.readFile(this.path, this.#offset, size - this.#offset);
      this.#offset += bytes.length;
      const text = Buffer.concat([this.#rest, bytes]);
      const end = text.lastIndexOf(0x0a) + 1;
      this.#rest = text.subarray(end);
      // A line that was begun before the tail is no record.
      this.#calls.read(text.subarray(0, end).toString('utf8'));
    }
    return this.#calls.open;
  }
}
