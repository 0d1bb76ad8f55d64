import { startTimer } from '../../common/async.js';
import { DisposableStore, type Disposable } from '../../common/disposable.js';
import { Emitter } from '../../common/emitter.js';
import type { SessionRecord } from '../../protocol/files.js';
import type { RecordStore } from '../store/recordStore.js';
import { endedSpans } from './history.js';
import { reduceLifecycle, type LifecycleEvent } from './lifecycle.js';

/** The records of all sessions that are not archived: the one place where they change. */
export class SessionTable implements Disposable {
  readonly #records = new Map<string, SessionRecord>();
  readonly #store: Pick<RecordStore, 'all' | 'save'>;
  readonly #onSaveError: (record: SessionRecord, error: unknown) => void;
  readonly #changed = new Emitter<SessionRecord>();
  readonly #removed = new Emitter<SessionRecord>();

  readonly onDidChange = this.#changed.event;
  readonly onDidRemove = this.#removed.event;

  constructor(store: Pick<RecordStore, 'all' | 'save'>, onSaveError: (record: SessionRecord, error: unknown) => void) {
    this.#store = store;
    this.#onSaveError = onSaveError;
    for (const record of store.all()) this.#records.set(record.id, record);
  }

  get(id: string): SessionRecord | undefined {
    return this.#records.get(id);
  }

  /** Newest first. */
  all(): SessionRecord[] {
    return [...this.#records.values()].sort((a, b) => (a.id < b.id ? 1 : -1));
  }

  /** Resolves with true as soon as it holds of a record (undefined: gone), with false after `timeoutMs`. */
  until(id: string, holds: (record: SessionRecord | undefined) => boolean, timeoutMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const settle = (result: boolean): void => {
        timer.cancel();
        subscriptions.dispose();
        resolve(result);
      };
      const look = (): void => {
        if (holds(this.#records.get(id))) settle(true);
      };
      const timer = startTimer(timeoutMs, () => settle(false));
      const subscriptions = new DisposableStore();
      subscriptions.add(this.onDidChange(look));
      subscriptions.add(this.onDidRemove(look));
      look();
    });
  }

  /** A new record: known to others only when it is on disk. */
  async add(record: SessionRecord): Promise<void> {
    this.#records.set(record.id, record);
    try {
      await this.#store.save(record);
    } catch (error) {
      this.#records.delete(record.id);
      throw error;
    }
    this.#changed.fire(this.#records.get(record.id) ?? record);
  }

  /** Something happened to it. Resolves when it is on disk; a write that fails is reported, and memory goes on. */
  async apply(id: string, event: LifecycleEvent): Promise<void> {
    const record = this.#records.get(id);
    if (record) await this.#replace(record, reduceLifecycle(record, event));
  }

  /** As {@link apply}; false when it could not be written yet. */
  async patch(id: string, changes: Partial<SessionRecord>): Promise<boolean> {
    const record = this.#records.get(id);
    return record === undefined || this.#replace(record, { ...record, ...changes });
  }

  /** Like patch for what is not worth a write of its own; it goes to disk with the next one. */
  touch(id: string, changes: Pick<Partial<SessionRecord>, 'lastOutput' | 'title'>): void {
    const record = this.#records.get(id);
    if (!record) return;
    const next = { ...record, ...changes };
    this.#records.set(id, next);
    this.#changed.fire(next);
  }

  /** Takes what the store has now, which somebody else may have written. */
  sync(): void {
    const records = new Map(this.#store.all().map((record) => [record.id, record]));
    for (const id of [...this.#records.keys()]) if (!records.has(id)) this.remove(id);
    for (const record of records.values()) this.take(record);
  }

  /** A record as somebody else has written it. */
  take(record: SessionRecord): void {
    const known = this.#records.get(record.id);
    // What was not worth a write is newer here.
    const lastOutput = later(known?.lastOutput ?? null, record.lastOutput);
    const next = lastOutput === record.lastOutput ? record : { ...record, lastOutput };
    this.#records.set(record.id, next);
    if (JSON.stringify(known) !== JSON.stringify(next)) this.#changed.fire(next);
  }

  async #replace(before: SessionRecord, after: SessionRecord): Promise<boolean> {
    if (after === before) return true;
    this.#records.set(after.id, after);
    this.#changed.fire(after);
    try {
      await this.#store.save(after, endedSpans(before, after));
      return true;
    } catch (error) {
      this.#onSaveError(after, error);
      return false;
    }
  }

  remove(id: string): void {
    const record = this.#records.get(id);
    if (!record) return;
    this.#records.delete(id);
    this.#removed.fire(record);
  }

  dispose(): void {
    this.#changed.dispose();
    this.#removed.dispose();
  }
}

function later(a: string | null, b: string | null): string | null {
  return (a ?? '') > (b ?? '') ? a : b;
}
