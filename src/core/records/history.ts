import type { SessionRecord } from '../../protocol/files.js';
import { isSameSpan, spanMs, type Doing, type HistorySpan, type SessionHistory } from '../../protocol/history.js';
import { hasEnded } from '../../protocol/session.js';

/** So many spans are told; the sums are of everything. */
const MOST_SPANS = 100;

type Place = Pick<SessionRecord, 'status' | 'state' | 'waiting' | 'suspended' | 'changed'>;

/** What its record says of a session; of one that nothing has happened to yet, what it is doing. */
function historyOf(record: Place & Pick<SessionRecord, 'history'>): SessionHistory {
  return record.history.spans.length > 0 ? record.history : { ...record.history, spans: [spanOf(record)] };
}

/** A changed record with what it is doing now; what it was doing before is in its sums. */
export function withHistory(before: SessionRecord, after: SessionRecord): SessionRecord {
  const known = historyOf(before);
  const { spans, earlier } = known;
  const last = spans.at(-1);
  const next = spanOf(after);
  if (last === undefined || (last.doing === next.doing && last.kind === next.kind)) return { ...after, history: known };
  // A clock may have been set back.
  const present = { ...next, from: later(last.from, endOf(last, after)) };
  const sums = summed(earlier, [...spans, present], spans.length, 1);
  return { ...after, history: { ...known, spans: [present], earlier: sums } };
}

/** What a session was doing before a change and does no more: it belongs into its file `history`. */
export function endedSpans(before: SessionRecord, after: SessionRecord): readonly HistorySpan[] {
  if (before.history === after.history) return [];
  return historyOf(before).spans.filter((span) => !after.history.spans.some((one) => isSameSpan(one, span)));
}

/** What is known of a session altogether. @param filed the last spans of its file `history` */
export function wholeHistory(record: SessionRecord, filed: readonly HistorySpan[]): SessionHistory {
  const { spans, earlier } = historyOf(record);
  const [first] = spans;
  // A kill may have come between the file and the record.
  const former = filed.filter(
    (span) => span.from <= (first?.from ?? '') && !spans.some((one) => isSameSpan(one, span)),
  );
  const told = [...former, ...spans].slice(-MOST_SPANS);
  return { spans: told, earlier: summed(earlier, told, told.length - spans.length, -1) };
}

/** Sums to which the first spans of a list are added, or from which they are taken. */
function summed(
  sums: SessionHistory['earlier'],
  spans: readonly HistorySpan[],
  count: number,
  sign: 1 | -1,
): SessionHistory['earlier'] {
  const result = { ...sums };
  for (const [i, { doing }] of spans.slice(0, Math.max(0, count)).entries())
    result[doing] = Math.max(0, (result[doing] ?? 0) + sign * spanMs(spans, i, 0));
  return result;
}

/** A host that was switched off for a night did not work all night: its last output is the last thing known. */
function endOf({ doing }: HistorySpan, { status, changed, lastOutput }: SessionRecord): string {
  const worked = doing === 'working' || doing === 'unknown';
  return status === 'lost' && worked && lastOutput !== null && lastOutput < changed ? lastOutput : changed;
}

function spanOf(record: Place): HistorySpan {
  const kind = record.suspended === null ? (record.waiting?.kind ?? null) : null;
  return { doing: doingOf(record), kind, from: record.changed };
}

function doingOf(record: Place): Doing {
  if (hasEnded(record)) return 'ended';
  if (record.suspended !== null) return 'idle';
  return record.state ?? (record.status === 'starting' ? 'starting' : 'unknown');
}

function later(a: string, b: string): string {
  return Date.parse(a) > Date.parse(b) ? a : b;
}
