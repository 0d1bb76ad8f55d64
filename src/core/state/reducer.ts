import type { Phase } from '../../protocol/screen.js';
import type { SessionState } from '../../protocol/session.js';
import type { Source } from '../../protocol/explanation.js';
import { SOURCES, type Asked, type Evidence } from './evidence.js';

/** What is held to be true. Times are milliseconds since the epoch. */
export interface Verdict {
  readonly state: SessionState;
  readonly phase: Phase | null;
  readonly asked: Asked | null;
  /** Number of the request that is pending: an equal one that comes later is another one. */
  readonly request: number;
  readonly limitedUntil: string | null;
  readonly background: number;
  /** The last turn has ended with something to look at. */
  readonly turnEnded: boolean;
  /** Whose word it is; null when nobody knows. */
  readonly source: Source | null;
  /** Since when that source has said so. */
  readonly saidSince: number;
  readonly since: number;
}

/** An observation, with the time since when its source has said so. */
export interface Held extends Evidence {
  readonly since: number;
}

/** Everything known of the state of one session. */
export interface StateModel {
  readonly held: { readonly [S in Source]?: Held };
  /** A source has told something, or that it has nothing to tell. */
  readonly isSeen: boolean;
  readonly lastOutput: number;
  readonly verdict: Verdict;
}

export type StateEvent =
  | { readonly type: 'evidence'; readonly evidence: Evidence }
  /** A source has nothing to say any more. */
  | { readonly type: 'silence'; readonly source: Source; readonly time: number }
  /** The pending request was answered and has gone: what is asked from now on is another one. */
  | { readonly type: 'answered'; readonly time: number }
  | { readonly type: 'output'; readonly time: number }
  /** Time has passed. */
  | { readonly type: 'time'; readonly time: number };

/** An input box flashes between two steps: an idle screen counts once it has held so long. */
export const IDLE_HOLDS_MS = 700;
/** A stronger source that a screen read so much later contradicts has missed something. */
const MISSED_REQUEST_MS = 400;
export const MISSED_MS = 3000;
const DETAILS_MS = 150;

/** Nothing is known yet. @param time milliseconds since the epoch */
export function initialState(time: number): StateModel {
  return {
    held: {},
    isSeen: false,
    lastOutput: time,
    verdict: {
      state: 'unknown',
      phase: null,
      asked: null,
      request: 0,
      limitedUntil: null,
      background: 0,
      turnEnded: false,
      source: null,
      saidSince: time,
      since: time,
    },
  };
}

/** The next model. Pure; the same events give the same verdicts. */
export function reduceState(model: StateModel, event: StateEvent): StateModel {
  switch (event.type) {
    case 'evidence': {
      const { evidence } = event;
      const before = model.held[evidence.source];
      const same = before !== undefined && isSame(before, evidence);
      const held: Held = { ...evidence, since: same ? before.since : evidence.time };
      return decide({ ...model, isSeen: true, held: { ...model.held, [evidence.source]: held } }, evidence.time);
    }
    case 'silence': {
      const { [event.source]: _gone, ...held } = model.held;
      return decide({ ...model, isSeen: true, held }, event.time);
    }
    case 'answered':
      return answered(model, event.time);
    case 'output':
      return decide({ ...model, lastOutput: Math.max(model.lastOutput, event.time) }, event.time);
    case 'time':
      return decide(model, event.time);
  }
}

/** Who said that it waits is not believed any more; it goes on with its turn until something else is seen. */
function answered(model: StateModel, time: number): StateModel {
  if (model.verdict.state !== 'waiting') return model;
  const held = Object.fromEntries(Object.entries(model.held).filter(([, one]) => one.state !== 'waiting'));
  const verdict: Verdict = {
    ...model.verdict,
    state: 'working',
    phase: null,
    asked: null,
    saidSince: time,
    since: time,
  };
  return { ...model, held, verdict };
}

/** When the verdict may change without anything happening; the screen should be read again then. */
export function nextLook({ held, lastOutput, verdict }: StateModel, now: number): number | undefined {
  const times: number[] = [];
  const { report, screen } = held;
  if (screen?.state === 'idle' && verdict.state !== 'idle') times.push(screen.since + IDLE_HOLDS_MS);
  if (report && screen && report.state !== screen.state && report.time <= screen.time) {
    times.push(report.time + (screen.state === 'waiting' ? MISSED_REQUEST_MS : MISSED_MS));
  }
  // What exactly is asked stands on the screen only.
  if (report?.state === 'waiting' && (screen?.time ?? 0) < report.time) times.push(report.time + DETAILS_MS);
  for (const one of [report, screen]) {
    if (one?.ttl != null) times.push(lastWord(one, lastOutput) + one.ttl);
  }
  const ahead = times.filter((time) => time > now);
  return ahead.length === 0 ? undefined : Math.min(...ahead);
}

/** Whether an observation still holds. A tool that works prints; so output keeps its word alive. */
export function holds(held: Held, lastOutput: number, now: number): boolean {
  return held.ttl === null || now < lastWord(held, lastOutput) + held.ttl;
}

/** When it was said last. A screen on which nothing has changed says nothing anew, however often it is read. */
function lastWord({ source, time, since }: Held, lastOutput: number): number {
  return Math.max(source === 'screen' ? since : time, lastOutput);
}

function isSame(a: Evidence, b: Evidence): boolean {
  return a.state === b.state && identity(a.asked) === identity(b.asked);
}

function identity(asked: Asked | null): string {
  if (asked === null) return '';
  // What a person types into one of its options makes no other question of it.
  if (asked.kind === 'question') return JSON.stringify([asked.kind, asked.text, asked.options.length]);
  return JSON.stringify([asked.kind, asked.text, asked.request?.command, asked.options.map(({ label }) => label)]);
}

function decide(model: StateModel, now: number): StateModel {
  const { verdict } = model;
  const winner = winning(model, now);
  // Before anything was seen at all what was known goes on holding.
  if (!winner && !model.isSeen) return model;
  // An input box that has just appeared may be gone in a moment: what held before goes on holding.
  if (winner?.source === 'screen' && winner.state === 'idle' && isUnsure(verdict, winner, now)) return model;
  const next = judge(model, winner, now);
  const same =
    next.state === verdict.state &&
    next.request === verdict.request &&
    next.background === verdict.background &&
    next.turnEnded === verdict.turnEnded &&
    next.limitedUntil === verdict.limitedUntil;
  if (
    same &&
    next.phase === verdict.phase &&
    next.source === verdict.source &&
    JSON.stringify(next.asked) === JSON.stringify(verdict.asked)
  )
    return model;
  return { ...model, verdict: { ...next, since: same ? verdict.since : now } };
}

function isUnsure(verdict: Verdict, { since }: Held, now: number): boolean {
  return verdict.state !== 'idle' && now < since + IDLE_HOLDS_MS;
}

/** The evidence that counts: the strongest that holds, unless the screen has seen something that it missed. */
function winning({ held, lastOutput }: StateModel, now: number): Held | undefined {
  const { report, screen } = held;
  const alive = SOURCES.flatMap((source) => held[source] ?? []).filter((one) => holds(one, lastOutput, now));
  const [first] = alive;
  if (!first || first !== report || !screen || !alive.includes(screen) || screen.state === report.state) return first;
  const margin = screen.state === 'waiting' ? MISSED_REQUEST_MS : MISSED_MS;
  return screen.time - report.time >= margin ? screen : first;
}

function judge({ held, verdict }: StateModel, winner: Held | undefined, now: number): Verdict {
  if (!winner) {
    const nobody = { state: 'unknown', phase: null, asked: null, limitedUntil: null, source: null } as const;
    return { ...verdict, ...nobody, turnEnded: false, background: 0, since: now };
  }
  const { screen } = held;
  // Who reports a state says little about it; a screen read after it shows the rest, when it means the same.
  const seen = screen && screen.state === winner.state && screen.time >= winner.time ? screen : winner;
  const asked = winner.asked === null ? null : mergeAsked(winner.asked, seen.asked);
  return {
    state: winner.state,
    phase: winner.phase ?? seen.phase,
    asked,
    request: winner.state === 'waiting' && isNewRequest(verdict, winner) ? verdict.request + 1 : verdict.request,
    limitedUntil: winner.limitedUntil ?? seen.limitedUntil,
    background: Math.max(winner.background, seen.background),
    turnEnded: turnEnded(verdict, winner, seen),
    source: winner.source,
    saidSince: winner.since,
    since: now,
  };
}

function turnEnded(verdict: Verdict, winner: Held, seen: Held): boolean {
  if (winner.state !== 'idle') return false;
  // What goes on in the background is part of the turn.
  if (Math.max(winner.background, seen.background) > 0) return false;
  if (winner.turnEnded !== null) return winner.turnEnded || (verdict.state === 'idle' && verdict.turnEnded);
  if (verdict.state === 'idle') return verdict.turnEnded || verdict.background > 0;
  // An idle screen from before the work says nothing about its end.
  if (winner.since < verdict.since) return false;
  return verdict.state === 'working' || verdict.state === 'waiting';
}

function mergeAsked(asked: Asked, seen: Asked | null): Asked {
  if (seen === null || seen === asked || seen.kind !== asked.kind) return asked;
  return { ...asked, text: seen.text === '' ? asked.text : seen.text, request: seen.request, options: seen.options };
}

/** Whether another thing is asked than before. That another source tells the same is no news. */
function isNewRequest(verdict: Verdict, { source, since, asked }: Held): boolean {
  if (verdict.state !== 'waiting') return true;
  return verdict.source === source ? verdict.saidSince !== since : verdict.asked?.kind !== asked?.kind;
}
