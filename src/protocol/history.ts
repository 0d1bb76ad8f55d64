import * as z from 'zod';
import { formatDuration, localDateTime } from '../common/text.js';
import { Timestamp } from './context.js';
import { WaitingKind } from './screen.js';

/** What a session was doing: its state, or what stands in for it before it has one and when it has ended. */
export const Doing = z.enum(['starting', 'working', 'waiting', 'limited', 'idle', 'unknown', 'ended']);
export type Doing = z.infer<typeof Doing>;

/** A span lasted until the next one, the last one until now. */
export const HistorySpan = z.object({
  doing: Doing,
  /** What it waited for. */
  kind: WaitingKind.nullable(),
  from: Timestamp,
});
export type HistorySpan = z.infer<typeof HistorySpan>;

/** Whether they are one and the same. */
export function isSameSpan(a: HistorySpan, b: HistorySpan): boolean {
  return a.from === b.from && a.doing === b.doing && a.kind === b.kind;
}

/** A line of `<id>.history`, which has what a session was doing, oldest first. */
export function spanLine({ doing, kind, from }: HistorySpan): string {
  return `${JSON.stringify({ doing, kind, from })}\n`;
}

/** What stands in lines of a file `history`: what is no whole line of ours is left out, and what was written again. */
export function parseSpans(text: string): HistorySpan[] {
  const spans: HistorySpan[] = [];
  for (const line of text.split('\n')) {
    const span = parseSpan(line);
    const last = spans.at(-1);
    if (span === undefined || (last !== undefined && (span.from < last.from || isSameSpan(span, last)))) continue;
    spans.push(span);
  }
  return spans;
}

function parseSpan(line: string): HistorySpan | undefined {
  try {
    return HistorySpan.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}

/**
 * What a session was doing and when, over all of its runs. A record has what it does now and the sums of everything
 * before, which stands in its file `history`; records of older versions have more spans.
 */
export const SessionHistory = z.object({
  /** Oldest first; only the last ones are told. */
  spans: z.array(HistorySpan).default([]),
  /** Milliseconds that were spent in those before. */
  earlier: z.partialRecord(Doing, z.number().min(0)).default({}),
});
export type SessionHistory = z.infer<typeof SessionHistory>;

/** A session of which nothing has been recorded. */
export const NO_HISTORY: SessionHistory = { spans: [], earlier: {} };

/** Milliseconds that each state took so far; one that never was is missing. @param now milliseconds since the epoch */
export function historyTotals({ spans, earlier }: SessionHistory, now: number): Partial<Record<Doing, number>> {
  const totals: Partial<Record<Doing, number>> = { ...earlier };
  for (const [i, { doing }] of spans.entries()) totals[doing] = (totals[doing] ?? 0) + spanMs(spans, i, now);
  return totals;
}

/** How long one of the spans lasted. */
export function spanMs(spans: readonly HistorySpan[], index: number, now: number): number {
  const span = spans[index];
  const next = spans[index + 1];
  if (span === undefined) return 0;
  return Math.max(0, (next === undefined ? now : Date.parse(next.from)) - Date.parse(span.from));
}

const SAID: readonly (readonly [Doing, string])[] = [
  ['working', 'worked'],
  ['unknown', 'ran'],
  ['waiting', 'waited for you'],
  ['limited', 'was limited for'],
  ['idle', 'was idle for'],
];

/** `worked 12m 4s, waited for you 3m`; empty when nothing took a second. */
export function historyText(history: SessionHistory, now: number): string {
  const totals = historyTotals(history, now);
  return SAID.flatMap(([doing, said]) => {
    const ms = totals[doing] ?? 0;
    return ms < 1000 ? [] : [`${said} ${formatDuration(ms)}`];
  }).join(', ');
}

/** The last spans, one line each, oldest first: `14:02 waiting (permission) for 3m`. */
export function historyLines({ spans }: SessionHistory, now: number, most: number): string[] {
  const first = Math.max(0, spans.length - most);
  return spans.slice(first).map(({ doing, kind, from }, i) => {
    const length = doing === 'ended' ? '' : ` for ${formatDuration(spanMs(spans, first + i, now))}`;
    return `${localDateTime(from, new Date(now))} ${doing}${kind === null ? '' : ` (${kind})`}${length}`;
  });
}
