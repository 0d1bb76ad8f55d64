import { isObject, type JsonObject } from './jsonFile.js';

/**
 * What a newer version wrote and the schema drops, beside the object in which it stood: whoever makes a changed object
 * of it (`{...object, …}`) takes it along, and one that is made anew has none of it. JSON does not show it.
 */
const NEWER = Symbol('newer');

/** By field: what the schema made of it, and what the file has. */
type Newer = ReadonlyMap<string, { readonly known: unknown; readonly whole: unknown }>;

/** Gives what a schema made of a JSON value everything along that the schema dropped, at every depth. */
export function withNewer<T>(parsed: T, raw: unknown): T {
  if (Array.isArray(parsed) && Array.isArray(raw)) {
    for (const [i, item] of parsed.entries()) withNewer(item, raw[i]);
  } else if (isObject(parsed) && isObject(raw)) {
    const newer = new Map<string, { known: unknown; whole: unknown }>();
    for (const [key, whole] of Object.entries(raw)) {
      const known = Object.hasOwn(parsed, key) ? parsed[key] : undefined;
      if (isAlike(known, whole)) withNewer(known, whole);
      else if (known !== whole) newer.set(key, { known, whole });
    }
    if (newer.size > 0) Object.assign(parsed, { [NEWER]: newer });
  }
  return parsed;
}

/** Whether what differs inside can be told item by item. */
function isAlike(known: unknown, whole: unknown): boolean {
  if (Array.isArray(known)) return Array.isArray(whole) && known.length === whole.length;
  return isObject(known) && isObject(whole);
}

/** What to write: a field that is still what the schema made of it is as it was read. */
export function withNewerRestored(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withNewerRestored);
  if (!isObject(value)) return value;
  const restored = new Map(Object.entries(value).map(([key, field]) => [key, withNewerRestored(field)]));
  const { [NEWER]: newer } = value as JsonObject & { readonly [NEWER]?: Newer };
  for (const [key, { known, whole }] of newer ?? []) {
    const now = Object.hasOwn(value, key) ? value[key] : undefined;
    if (JSON.stringify(now) === JSON.stringify(known)) restored.set(key, whole);
  }
  return Object.fromEntries(restored);
}
