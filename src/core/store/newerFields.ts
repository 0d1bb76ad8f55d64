import type { SessionRecord } from '../../protocol/files.js';
import { isObject, type JsonObject } from './jsonFile.js';

/**
 * What a newer version wrote inside the fields of records, which the schema drops there: a record is written with it as
 * long as the field is what was read.
 */
export class NewerFields {
  /** By session and field. */
  readonly #fields = new Map<string, Map<string, { readonly known: string; readonly whole: unknown }>>();

  /** Keeps what stands in the file of a record besides what the record has of it. */
  remember(record: SessionRecord, raw: JsonObject): void {
    const fields = new Map<string, { known: string; whole: unknown }>();
    for (const [key, value] of Object.entries(record)) {
      if (!isObject(value)) continue;
      const known = JSON.stringify(value);
      if (known !== JSON.stringify(raw[key])) fields.set(key, { known, whole: raw[key] });
    }
    if (fields.size > 0) this.#fields.set(record.id, fields);
    else this.#fields.delete(record.id);
  }

  /** What to write for a record. */
  restore(record: SessionRecord): JsonObject {
    const fields = this.#fields.get(record.id);
    if (fields === undefined) return { ...record };
    const entries = Object.entries(record).map(([key, value]) => {
      const read = fields.get(key);
      return [key, read !== undefined && read.known === JSON.stringify(value) ? read.whole : value];
    });
    return Object.fromEntries(entries) as JsonObject;
  }

  forget(id: string): void {
    this.#fields.delete(id);
  }
}
