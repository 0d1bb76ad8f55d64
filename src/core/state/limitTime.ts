const MINUTE = 60_000;
const UNITS: Readonly<Record<string, number>> = { d: 24 * 60 * MINUTE, h: 60 * MINUTE, m: MINUTE, s: 1000 };
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

/**
 * Reads when a usage limit ends, as tools print it: `3pm (Europe/Berlin)`, `3:05 PM`, `Jan 4 at 9am`, `in 2 hours 5
 * minutes`, `1770843600`.
 *
 * @param now milliseconds since the epoch
 * @returns ISO 8601 UTC; null when it is none of these
 */
export function limitEnd(text: string, now: number): string | null {
  const epoch = /^\D{0,3}(\d{10})\b/u.exec(text);
  if (epoch) return new Date(Number(epoch[1]) * 1000).toISOString();
  const spans = [...text.matchAll(/(\d+)\s*(d|h|m|s)(?:ays?|ours?|rs?|in(?:ute)?s?|ec(?:ond)?s?)?\b/giu)];
  const clock = /(\d{1,2})(?::(\d{2}))?\s*(am|pm)|(\d{1,2}):(\d{2})/iu.exec(text);
  if (!clock) {
    const span = spans.reduce((sum, [, count, unit = '']) => sum + Number(count) * (UNITS[unit.toLowerCase()] ?? 0), 0);
    return span > 0 ? new Date(now + span).toISOString() : null;
  }
  const half = clock[3]?.toLowerCase();
  const hour = half === undefined ? Number(clock[4]) : (Number(clock[1]) % 12) + (half === 'pm' ? 12 : 0);
  const minute = Number(clock[2] ?? clock[5] ?? 0);
  if (hour > 23 || minute > 59) return null;
  const offset = zoneOffset(/\(([A-Za-z]+(?:\/[\w+-]+)*)\)/u.exec(text)?.[1], now);
  // The clock of that zone, read as if it were UTC.
  const there = new Date(now + offset);
  const date = /\b([A-Z][a-z]{2})[a-z]*\.? (\d{1,2})\b/u.exec(text);
  const month = date ? MONTHS.indexOf((date[1] ?? '').toLowerCase()) : -1;
  const year = there.getUTCFullYear();
  let end =
    month >= 0
      ? Date.UTC(year, month, Number(date?.[2]), hour, minute)
      : Date.UTC(year, there.getUTCMonth(), there.getUTCDate(), hour, minute);
  if (end <= there.getTime())
    end = month >= 0 ? Date.UTC(year + 1, month, Number(date?.[2]), hour, minute) : end + 24 * 60 * MINUTE;
  return new Date(end - offset).toISOString();
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
