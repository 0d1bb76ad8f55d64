/** What differs from one run to the next though nothing is different. */
export interface Differences {
  /** Texts and what is put in their place, the first that fits. */
  readonly texts: readonly (readonly [string, string])[];
}

const TIME = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g;
/** Fields that name a process, a machine or a moment; only whether they are known is compared. */
const OPAQUE = new Set(['pid', 'machineId', 'contextId', 'bootId', 'ms', 'toolVersion']);

/** A result without ids, times, processes, host names and the places of folders. */
export function normalise(value: unknown, { texts }: Differences): unknown {
  const ordered = [...texts].filter(([text]) => text !== '').sort(([a], [b]) => b.length - a.length);
  const text = (given: string): string => {
    let result = given.replace(TIME, '<time>');
    for (const [known, name] of ordered) result = result.split(known).join(name);
    return result;
  };
  const visit = (item: unknown): unknown => {
    if (typeof item === 'string') return text(item);
    if (Array.isArray(item)) return item.map(visit);
    if (item === null || typeof item !== 'object') return item;
    return Object.fromEntries(
      Object.entries(item)
        .filter(([, field]) => field !== undefined)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, field]) => [
          text(name),
          OPAQUE.has(name) && field !== null ? `<${name}>` : name === 'request' ? request(field) : visit(field),
        ]),
    );
  };
  // What an agent asks has an id that is new each time.
  const request = (field: unknown): unknown => {
    if (typeof field === 'string') return '<request>';
    if (typeof field !== 'object' || field === null || !('id' in field)) return visit(field);
    return visit({ ...field, id: '<request>' });
  };
  return visit(value);
}
