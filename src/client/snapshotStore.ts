import { COLLECTION_NAMES, recordChange, type CollectionName, type Snapshot } from '../protocol/collections.js';
import type { Change } from '../protocol/events.js';
import { NO_POLICY, type PolicyState } from '../protocol/policy.js';

type AnyRecord = { readonly id: string };
type Collected = Readonly<Record<CollectionName, Map<string, AnyRecord>>>;

/** The whole picture as of the last event. Readers get plain arrays, which are never changed afterwards. */
export class SnapshotStore {
  readonly #records = byName(() => new Map<string, AnyRecord>()) as Collected;
  #policy: PolicyState = NO_POLICY;
  #snapshot: Snapshot | undefined;

  get snapshot(): Snapshot {
    return (this.#snapshot ??= {
      ...(byName((name) => [...this.#records[name].values()]) as unknown as Omit<Snapshot, 'policy'>),
      policy: this.#policy,
    });
  }

  reset(snapshot: Snapshot): void {
    this.#policy = snapshot.policy;
    for (const name of COLLECTION_NAMES) {
      const records = this.#records[name];
      records.clear();
      for (const record of snapshot[name]) records.set(record.id, record);
    }
    this.#snapshot = undefined;
  }

  apply(change: Change): void {
    this.#snapshot = undefined;
    if (change.type === 'policy/changed') this.#policy = change.policy;
    const about = recordChange(change);
    if (about === undefined) return;
    const { collection, id, record } = about;
    if (record === undefined) this.#records[collection].delete(id);
    else this.#records[collection].set(id, record);
  }
}

function byName<T>(value: (name: CollectionName) => T): Record<string, T> {
  return Object.fromEntries(COLLECTION_NAMES.map((name) => [name, value(name)]));
}
