import { join } from 'node:path';
import { KeyedMutex, systemClock, type Clock } from '../../common/async.js';
import type { Disposable } from '../../common/disposable.js';
import { Emitter } from '../../common/emitter.js';
import { MAX_FILE_BYTES, openToAppend, readText } from '../../common/files.js';
import { AuditEntry } from '../../protocol/audit.js';
import type { CodeManagerError } from '../../protocol/errors.js';
import { isMissing, toDiskError, toReadError } from '../store/diskErrors.js';

export interface AuditFilter {
  /** Id. */
  readonly session?: string | undefined;
  readonly contextName?: string | undefined;
  readonly limit: number;
  /** ISO 8601 UTC. */
  readonly since?: string | undefined;
}

/** How often entries that could not be written are tried again. */
const AGAIN_MS = 5_000;
/** So many wait at most; beyond that the oldest are lost. A person makes no more while a disk is full. */
const MAX_WAITING = 10_000;

/**
 * `audit.jsonl`: what was answered, one line each, only ever added to. What cannot be written waits in memory and is
 * added as soon as it can be.
 */
export class AuditLog implements Disposable {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #writing = new KeyedMutex();
  readonly #waiting: AuditEntry[] = [];
  readonly #changes = new Emitter<CodeManagerError | undefined>();
  #problem: CodeManagerError | undefined;
  #again: { cancel(): void } | undefined;

  /** With why nothing can be recorded; undefined when it can be again. */
  readonly onDidChange = this.#changes.event;

  /** @param root folder of all data */
  constructor(root: string, clock: Clock = systemClock) {
    this.#path = join(root, 'audit.jsonl');
    this.#clock = clock;
  }

  /** Why nothing can be recorded; undefined as far as is known. */
  get problem(): CodeManagerError | undefined {
    return this.#problem;
  }

  /** Resolves with nothing when it is on disk, else with why it is not: then it waits and is added later. */
  async append(entry: AuditEntry): Promise<CodeManagerError | undefined> {
    this.#waiting.push(entry);
    if (this.#waiting.length > MAX_WAITING) this.#waiting.shift();
    await this.flush();
    return this.#waiting.includes(entry) ? this.#problem : undefined;
  }

  /** Resolves when an entry could be added now. @throws CodeManagerError `unavailable` when it could not */
  async ready(): Promise<void> {
    await this.flush();
    if (this.#problem !== undefined) throw this.#problem;
  }

  /** Tries to add what waits. Never rejects. */
  async flush(): Promise<void> {
    await this.#writing.run(this.#path, async () => {
      try {
        await this.#write([...this.#waiting]);
        this.#tell(undefined);
      } catch (error) {
        this.#tell(toDiskError(error, this.#path));
      }
    });
  }

  /** Whole lines or none are taken off what waits; what stands there twice after a broken write counts once. */
  async #write(entries: readonly AuditEntry[]): Promise<void> {
    const file = await openToAppend(this.#path);
    try {
      if (entries.length > 0) {
        const { size } = await file.stat();
        const { buffer } = size > 0 ? await file.read(Buffer.alloc(1), 0, 1, size - 1) : { buffer: Buffer.from('\n') };
        // A line that was cut off must not take this one with it.
        const start = buffer.toString() === '\n' ? '' : '\n';
        await file.writeFile(start + entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
        await file.sync();
      }
    } finally {
      await file.close();
    }
    for (const entry of entries) {
      const index = this.#waiting.indexOf(entry);
      if (index >= 0) this.#waiting.splice(index, 1);
    }
  }

  #tell(problem: CodeManagerError | undefined): void {
    const hasChanged = this.#problem?.message !== problem?.message;
    this.#problem = problem;
    if (problem === undefined) this.#again?.cancel();
    this.#again =
      problem === undefined
        ? undefined
        : (this.#again ??
          this.#clock.after(AGAIN_MS, () => {
            this.#again = undefined;
            void this.flush();
          }));
    if (hasChanged) this.#changes.fire(problem);
  }

  /** Newest first; lines that cannot be read are left out. */
  async list({ session, contextName, limit, since }: AuditFilter): Promise<AuditEntry[]> {
    const found = new Map<string, AuditEntry>();
    const take = (entry: AuditEntry | undefined): void => {
      if (!entry || found.size >= limit || found.has(entry.id)) return;
      if (since !== undefined && Date.parse(entry.time) < Date.parse(since)) return;
      if (session !== undefined && entry.session !== session) return;
      if (contextName !== undefined && entry.contextName !== contextName) return;
      found.set(entry.id, entry);
    };
    for (const entry of this.#waiting.toReversed()) take(entry);
    for (const line of (await this.#read()).split('\n').reverse()) {
      if (found.size >= limit) break;
      take(parse(line));
    }
    return [...found.values()];
  }

  async #read(): Promise<string> {
    try {
      return await readText(this.#path, MAX_AUDIT_BYTES);
    } catch (error) {
      if (isMissing(error)) return '';
      throw toReadError(error, this.#path);
    }
  }

  dispose(): void {
    this.#again?.cancel();
    this.#changes.dispose();
  }
}

/** Years of answers. */
const MAX_AUDIT_BYTES = 8 * MAX_FILE_BYTES;

function parse(line: string): AuditEntry | undefined {
  if (line === '') return undefined;
  try {
    return AuditEntry.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}
