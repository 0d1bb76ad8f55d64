/** Age in the product's short form: `now`, `12s`, `3m`, `2h`, `4d`. */
export function formatAge(ms: number, { seconds = false } = {}): string {
  const s = Math.max(0, Math.floor(ms / 1000));
  if (s < 60) return seconds && s > 0 ? `${s}s` : 'now';
  if (s < 3600) return `${Math.floor(s / 60)}m`;
  if (s < 86_400) return `${Math.floor(s / 3600)}h`;
  return `${Math.floor(s / 86_400)}d`;
}

/** Length of time in at most two units: `4s`, `12m 4s`, `2h 5m`, `3d 1h`. */
export function formatDuration(ms: number): string {
  const s = Math.max(0, Math.round(ms / 1000));
  const units: readonly (readonly [number, string])[] = [
    [86_400, 'd'],
    [3600, 'h'],
    [60, 'm'],
    [1, 's'],
  ];
  const first = units.findIndex(([size]) => s >= size);
  if (first < 0) return '0s';
  let rest = s;
  const parts: string[] = [];
  for (const [size, unit] of units.slice(first, first + 2)) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) parts.push(`${count}${unit}`);
  }
  return parts.join(' ');
}

/** `14:02`, with the date when it is not today: local time. */
export function localDateTime(iso: string, now = new Date()): string {
  const date = new Date(iso);
  const two = (value: number): string => String(value).padStart(2, '0');
  const time = `${two(date.getHours())}:${two(date.getMinutes())}`;
  const isToday = date.toDateString() === now.toDateString();
  return isToday ? time : `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${time}`;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `14:02`, with the day when it is not today, `9 Jan 14:02`, and the year when that is another one: local time. */
export function localDayTime(iso: string, now = new Date()): string {
  const date = new Date(iso);
  const time = localDateTime(iso, date);
  if (date.toDateString() === now.toDateString()) return time;
  const year = date.getFullYear() === now.getFullYear() ? '' : ` ${date.getFullYear()}`;
  return `${date.getDate()} ${MONTHS[date.getMonth()] ?? ''}${year} ${time}`;
}

/** Reads `10s`, `5m`, `1h30m`, `250ms`, or a plain number of seconds. Milliseconds; undefined when it is none of these. */
export function parseDuration(text: string): number | undefined {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000;
  const unit = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
  let total = 0;
  let rest = text;
  while (rest !== '') {
    const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)/.exec(rest);
    if (!match) return undefined;
    total += Number(match[1]) * unit[match[2] as keyof typeof unit];
    rest = rest.slice(match[0].length);
  }
  return text === '' ? undefined : total;
}

/**
 * Reads a length of time before or after a moment (`10m`, `2h`), or an ISO time. Milliseconds since the epoch; undefined when
 * it is neither, or lies further away than any date.
 */
export function parseMoment(text: string, now: number, direction: 'before' | 'after'): number | undefined {
  const ms = parseDuration(text);
  const time = ms === undefined ? Date.parse(text) : direction === 'before' ? now - ms : now + ms;
  return Number.isNaN(new Date(time).getTime()) ? undefined : time;
}

/** Size for people: `512 B`, `18 KB`, `3.4 MB`. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${value >= 10 || unit === 0 ? Math.round(value) : value.toFixed(1)} ${units[unit] ?? 'B'}`;
}

/** Sentences, with or without their ends, as one text. */
export function joinSentences(sentences: readonly string[]): string {
  return sentences.map((sentence) => (/[.!?…]$/u.test(sentence) ? sentence : `${sentence}.`)).join(' ');
}

/** A sentence as a part of another one: what is no name begins small. */
export function asClause(sentence: string): string {
  return /^(?:A|An|It|No|Nobody|Nothing|Somebody|That|The|There|These|This) /u.test(sentence)
    ? sentence.charAt(0).toLowerCase() + sentence.slice(1)
    : sentence;
}

/** What a cut may have left behind of an emoji. */
const CUT_EMOJI = /(?:\u200d|\ufe0e|\ufe0f){1,2}$/;

/** Cuts `text` to at most `length` characters, never inside a surrogate pair, with `…` at the end when something went. */
export function truncate(text: string, length: number): string {
  const letters = text.length > length * 2 ? [...text.slice(0, length * 2)] : [...text];
  return letters.length <= length && text.length <= length * 2
    ? text
    : letters
        .slice(0, Math.max(0, length - 1))
        .join('')
        .replace(CUT_EMOJI, '') + '…';
}
