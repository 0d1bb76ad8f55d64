const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const UNITS: Readonly<Record<string, number>> = { w: 7 * DAY, d: DAY, h: 60 * MINUTE, m: MINUTE, s: 1000 };
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

/** No tool names a longer limit: such a time was not read right. */
const LONGEST = 400 * DAY;
/** A date so long ago is meant, one further back is that of the next year. */
const PAST = 60 * DAY;
const LETTERS = 200;

/**
 * Reads when a usage limit ends, as tools print it: `3pm (Europe/Berlin)`, `3:05 PM`, `Jan 4 at 9am`, `in 2 hours 5
 * minutes`, `1770843600`.
 *
 * @param now milliseconds since the epoch
 * @returns ISO 8601 UTC, which may be past; null when it is none of these, or further away than any limit
 */
export function limitEnd(text: string, now: number): string | null {
  const end = endOf(text.slice(0, LETTERS), now);
  return end !== undefined && Math.abs(end - now) <= LONGEST ? new Date(end).toISOString() : null;
}

function endOf(text: string, now: number): number | undefined {
  const epoch = /^\D{0,3}(\d{10})\b/u.exec(text);
  if (epoch) return Number(epoch[1]) * 1000;
  const clock = /\b(\d{1,2})(?::(\d{2}))? ?(am|pm)\b|\b(\d{1,2}):(\d{2})\b/iu.exec(text);
  const day = /\b([A-Z][a-z]{2})[a-z]{0,6}\.? (\d{1,2})\b/u.exec(text);
  const month = day ? MONTHS.indexOf((day[1] ?? '').toLowerCase()) : -1;
  if (!clock && month < 0) return afterNow(text, now);
  const half = clock?.[3]?.toLowerCase();
  const hour = half === undefined ? Number(clock?.[4] ?? 0) : (Number(clock?.[1]) % 12) + (half === 'pm' ? 12 : 0);
  const minute = Number(clock?.[2] ?? clock?.[5] ?? 0);
  if (hour > 23 || minute > 59) return undefined;
  const offset = zoneOffset(/\(([A-Za-z]+(?:\/[\w+-]+){0,3})\)/u.exec(text)?.[1], now);
  // The clock of that zone, read as if it were UTC.
  const there = new Date(now + offset);
  if (month < 0) {
    const today = Date.UTC(there.getUTCFullYear(), there.getUTCMonth(), there.getUTCDate(), hour, minute) - offset;
    return today > now ? today : today + DAY;
  }
  const named = Number(/\b(20\d{2})\b/u.exec(text)?.[1] ?? 0);
  const year = named === 0 ? there.getUTCFullYear() : named;
  const end = Date.UTC(year, month, Number(day?.[2]), hour, minute);
  if (new Date(end).getUTCMonth() !== month) return undefined;
  const isPast = named === 0 && end - offset < now - PAST;
  return (isPast ? Date.UTC(year + 1, month, Number(day?.[2]), hour, minute) : end) - offset;
}

/** `2 days 3 hours`, from now on. */
function afterNow(text: string, now: number): number | undefined {
  const spans = text.matchAll(/(?<![\d.])(\d{1,9}) ?(w|d|h|m|s)(?:(?:eek|ay|our|r|in(?:ute)?|ec(?:ond)?)s?)?\b/giu);
  const span = [...spans].reduce(
    (sum, [, count, unit = '']) => sum + Number(count) * (UNITS[unit.toLowerCase()] ?? 0),
    0,
  );
  return span > 0 ? now + span : undefined;
}

/** Milliseconds that the clock of a zone is before UTC; the own zone's without a name. */
function zoneOffset(zone: string | undefined, now: number): number {
  if (zone === undefined) return -new Date(now).getTimezoneOffset() * MINUTE;
  try {
    const parts = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    }).formatToParts(now);
    const part = (type: Intl.DateTimeFormatPartTypes): number =>
      Number(parts.find((candidate) => candidate.type === type)?.value);
    const there = Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'));
    return there - Math.floor(now / 1000) * 1000;
  } catch {
    return -new Date(now).getTimezoneOffset() * MINUTE;
  }
}
