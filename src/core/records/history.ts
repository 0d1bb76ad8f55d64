import type { SessionRecord } from '../../protocol/files.js';
import { spanMs, type Doing, type HistorySpan, type SessionHistory } from '../../protocol/history.js';
import { hasEnded } from '../../protocol/session.js';

/** A record is written anew with each change, so it must not grow; the sums are kept for ever. */
const MOST_SPANS = 100;

type Place = Pick<SessionRecord, 'status' | 'state' | 'waiting' | 'suspended' | 'changed'>;

/** What is recorded of a session; of one that nothing has happened to yet, what it is doing. */
export function historyOf(record: Place & Pick<SessionRecord, 'history'>): SessionHistory {
  return record.history.spans.length > 0 ? record.history : { ...record.history, spans: [spanOf(record)] };
}

/** A changed record with what it was doing before and is doing now. */
export function withHistory(before: SessionRecord, after: SessionRecord): SessionRecord {
  const known = historyOf(before);
  const { spans, earlier } = known;
  const last = spans.at(-1);
  const next = spanOf(after);
  if (last === undefined || (last.doing === next.doing && last.kind === next.kind)) return { ...after, history: known };
  // A clock may have been set back.
  const from = later(last.from, endOf(last, after));
  return { ...after, history: bounded([...spans, { ...next, from }], earlier) };
}

function bounded(spans: readonly HistorySpan[], earlier: SessionHistory['earlier']): SessionHistory {
  const gone = Math.max(0, spans.length - MOST_SPANS);
  const sums = { ...earlier };
  for (const [i, { doing }] of spans.slice(0, gone).entries()) sums[doing] = (sums[doing] ?? 0) + spanMs(spans, i, 0);
  return { spans: spans.slice(gone), earlier: sums };
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
