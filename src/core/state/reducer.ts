import type { Phase } from '../../protocol/screen.js';
import type { SessionState } from '../../protocol/session.js';
import type { Source } from '../../protocol/explanation.js';
import { isTold, labelKey } from './sameRequest.js';
import { SOURCES, type Asked, type Evidence, type OpenCall } from './evidence.js';
import { asksTheSame, exactly, isBare, isDoubtful, means, mergeAsked, withCall } from './mergeAsked.js';

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
  /** How the last turn went wrong, in few words; null while it did not. */
  readonly error: string | null;
  /** Whose word it is; null when nobody knows. */
  readonly source: Source | null;
  /** Since when that source has said so. */
  readonly saidSince: number;
  /** Since when the dialog has been on the screen that the request is about; null while none was seen. */
  readonly dialogSince: number | null;
  /** What exactly is asked may be told better in a moment: nothing of it can be answered until then. */
  readonly isForming: boolean;
  readonly since: number;
}

/** An observation, with the time since when its source has said so. */
export interface Held extends Evidence {
  readonly since: number;
  /** A screen that was read after it showed the same. */
  readonly isSeen: boolean;
  /** The screen has shown since that something happened which its source has not told. */
  readonly isPast: boolean;
}

/** Everything known of the state of one session. */
export interface StateModel {
  readonly held: { readonly [S in Source]?: Held };
  /** A source has told something, or that it has nothing to tell. */
  readonly isSeen: boolean;
  readonly lastOutput: number;
  /** When a person last broke something off; null: never. */
  readonly brokenOff: number | null;
  /** How a turn before the last work went wrong, and when that work began: the words may still stand there. */
  readonly before: { readonly error: string; readonly time: number } | null;
  /** The last request that was answered, and when: its dialog may be drawn once more. */
  readonly answered: { readonly asked: Asked; readonly time: number } | null;
  /** What the tool's record has open, and when the last reading of it began. */
  readonly calls: { readonly open: readonly OpenCall[]; readonly time: number };
  /** The call that told a request exactly, and which: its end may be written down after the next dialog is drawn. */
  readonly used: { readonly call: string; readonly request: number } | null;
  /** The agent was given a task, and nothing was seen of its having begun with it. */
  readonly isTaskDue: boolean;
  /** Why it has not begun with its task, which it did not take when it was typed; null: nothing is known of that. */
  readonly untaken: string | null;
  /** The tool writes down what it calls. */
  readonly keepsRecord: boolean;
  /** The agent may have been given something to do: until then no turn can have ended, whatever its start looks like. */
  readonly isGiven: boolean;
  readonly verdict: Verdict;
}

export type StateEvent =
  | { readonly type: 'evidence'; readonly evidence: Evidence }
  /** A source has nothing to say any more. */
  | { readonly type: 'silence'; readonly source: Source; readonly time: number }
  /** The pending request was answered and has gone: what is asked from now on is another one. */
  | { readonly type: 'answered'; readonly time: number }
  /** What the tool's own record has open; `began`: when its reading began. */
  | { readonly type: 'calls'; readonly open: readonly OpenCall[]; readonly began: number; readonly time: number }
  /** A person has interrupted it. */
  | { readonly type: 'interrupted'; readonly time: number }
  /** The agent was given something to do, or a person may type into it from now on. */
  | { readonly type: 'given'; readonly time: number }
  /** The agent has not taken the task that was typed. */
  | { readonly type: 'untaken'; readonly error: string; readonly time: number }
  | { readonly type: 'output'; readonly time: number }
  /** Time has passed. */
  | { readonly type: 'time'; readonly time: number };

/** An input box flashes between two steps: an idle screen counts once it has held so long. */
export const IDLE_HOLDS_MS = 700;
/** A person broke a turn off: that stands on the screen, which no flash shows. */
const BROKEN_OFF_HOLDS_MS = 200;
/** A stronger source that a weaker one contradicts so much later has missed something. */
const MISSED_REQUEST_MS = 400;
export const MISSED_MS = 3000;
/** A turn that ends so soon after a person interrupted it was broken off. */
const BREAK_OFF_MS = 10_000;
/** A turn of which hooks tell the end is over when its screen has been idle for so long, unless it says why. */
const QUIET_MS = 2000;
const DETAILS_MS = 150;
/** A dialog that is drawn anew is missing for a moment: a screen without it counts once it has held so long. */
const REDRAW_MS = 250;
/** A dialog is drawn in pieces: one of which it is not certain what it asks counts once it has held so long. */
const PIECES_MS = 800;
/** What a dialog asks is drawn whole, and found in the record of a tool that keeps one, within this time. */
const LOOKED_UP_MS = 800;
/** A dialog that was answered may stand there again for so long before it has gone for good. */
const ANSWERED_MS = 300;
/** Longer where each dialog has an event of its own: the same on the screen without one is still the one before. */
const TOLD_ANSWERED_MS = 3000;
/** A title that asks for a person does not say why: that stands on the screen, which is waited for so long. */
const WHY_MS = 500;

/** A task that leaves no trace of work was taken when its agent has been idle for so long. */
export const TASK_TAKEN_MS = 15_000;

/**
 * Nothing is known yet.
 *
 * @param time milliseconds since the epoch
 * @param isTaskDue it was given a task and has not begun with it
 * @param keepsRecord the tool writes down what it calls
 * @param isGiven it may have been given something to do
 */
export function initialState(time: number, isTaskDue = false, keepsRecord = false, isGiven = true): StateModel {
  return {
    held: {},
    isSeen: false,
    lastOutput: time,
    brokenOff: null,
    before: null,
    answered: null,
    calls: { open: [], time: 0 },
    used: null,
    isTaskDue,
    untaken: null,
    keepsRecord,
    isGiven,
    verdict: {
      state: 'unknown',
      phase: null,
      asked: null,
      request: 0,
      limitedUntil: null,
      background: 0,
      turnEnded: false,
      error: null,
      source: null,
      saidSince: time,
      dialogSince: null,
      isForming: false,
      since: time,
    },
  };
}

/** The next model. Pure; the same events give the same verdicts. */
export function reduceState(model: StateModel, event: StateEvent): StateModel {
  switch (event.type) {
    case 'calls':
      return decide({ ...model, calls: { open: event.open, time: event.began } }, event.time);
    case 'evidence': {
      const evidence = withBreakOff(model, withoutOldError(model, event.evidence));
      const { source, time } = evidence;
      const before = model.held[source];
      const same = before !== undefined && !before.isPast && isSame(before, evidence);
      const held: Held = {
        ...evidence,
        // Of a turn that was broken off the first look may be the only one that tells.
        turnEnded: evidence.turnEnded ?? (same && isLast(model.verdict, before) ? before.turnEnded : null),
        since: same ? before.since : time,
        isSeen: same && before.isSeen,
        isPast: false,
      };
      return decide(
        { ...model, isSeen: true, held: compare({ ...model.held, [source]: held }, model.lastOutput) },
        time,
      );
    }
    case 'silence': {
      // Who never said anything takes nothing back of what is known from before.
      if (event.source !== 'screen' && model.held[event.source] === undefined) return model;
      const { [event.source]: _gone, ...held } = model.held;
      return decide({ ...model, isSeen: true, held }, event.time);
    }
    case 'answered':
      return answered(model, event.time);
    case 'interrupted':
      return { ...model, brokenOff: event.time };
    case 'given':
      return { ...model, isGiven: true };
    case 'untaken':
      return decide({ ...model, isTaskDue: false, untaken: event.error }, event.time);
    case 'output':
      return decide({ ...model, lastOutput: Math.max(model.lastOutput, event.time) }, event.time);
    case 'time':
      return decide(model, event.time);
  }
}

/** Few sources know whether a turn ended or a person broke it off; who pressed the keys for that does. */
function withBreakOff({ brokenOff, verdict }: StateModel, evidence: Evidence): Evidence {
  const isOpen = evidence.state === 'idle' && evidence.turnEnded === null && verdict.state !== 'idle';
  if (!isOpen || brokenOff === null || brokenOff < verdict.since) return evidence;
  return evidence.time - brokenOff < BREAK_OFF_MS ? { ...evidence, turnEnded: false } : evidence;
}

/** Nothing has become true since a source began to say so, but what it says. */
function isLast({ since, state, source }: Verdict, held: Held): boolean {
  return since <= held.since || (state === held.state && source === held.source);
}

/** A turn that was broken off may be taken off the screen, where the one before ended in an error. */
function withoutOldError({ before, brokenOff }: StateModel, evidence: Evidence): Evidence {
  const isOld = before !== null && brokenOff !== null && brokenOff >= before.time && evidence.error === before.error;
  return isOld ? { ...evidence, error: undefined } : evidence;
}

/** Whether the agent has done something that a start does not do. */
function hasTakenTask({ state, asked, turnEnded, source, isSeen }: Held): boolean {
  if (state === 'idle') return turnEnded === true;
  // Titles show that a program is busy, with its start too.
  if (state === 'working') return source !== 'title' || isSeen;
  return state === 'limited' || asked?.kind === 'permission' || asked?.kind === 'plan';
}

/** Whether the agent does what no agent does that was given nothing. Titles and screens show that a program is busy, with its start too. */
function showsTurn({ state, source, asked }: Held): boolean {
  if (state === 'working') return source === 'event' || source === 'report';
  return asked?.kind === 'permission' || asked?.kind === 'plan';
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
    isForming: false,
    saidSince: time,
    since: time,
  };
  const { asked } = model.verdict;
  return { ...model, held, answered: asked === null ? null : { asked, time }, verdict };
}

/** The dialog of the request that was answered just now, drawn once more before it goes. */
function isAfterglow({ answered }: StateModel, { source, state, asked }: Held, now: number): boolean {
  if (answered === null || source !== 'screen' || state !== 'waiting' || now >= afterglowEnd(answered)) return false;
  return asksTheSame(answered.asked, asked);
}

function afterglowEnd({ asked, time }: NonNullable<StateModel['answered']>): number {
  return time + (asked.request?.exact === 'event' ? TOLD_ANSWERED_MS : ANSWERED_MS);
}

/** What a screen says of the words of the others. */
function compare(held: StateModel['held'], lastOutput: number): StateModel['held'] {
  const { screen } = held;
  if (!screen) return held;
  const compared = { ...held };
  for (const source of SOURCES) {
    const one = held[source];
    if (!one || one === screen || one.isPast) continue;
    if (one.state === screen.state && one.time <= screen.time) compared[source] = { ...one, isSeen: true };
    // A flash of the input box is no end of anything.
    else if (
      hasMissed(one, screen, lastOutput) &&
      (screen.state !== 'idle' || screen.time >= screen.since + idleHoldsMs(screen))
    ) {
      compared[source] = { ...one, isPast: true };
    }
  }
  return compared;
}

/** When the verdict may change without anything happening; the screen should be read again then. */
export function nextLook(model: StateModel, now: number): number | undefined {
  const times: number[] = [];
  const { held, lastOutput, verdict, answered, isTaskDue } = model;
  const { screen } = held;
  if (verdict.isForming) times.push((verdict.dialogSince ?? verdict.since) + LOOKED_UP_MS);
  if (screen && isInPieces(verdict, screen)) times.push(screen.since + PIECES_MS);
  if (screen && answered && isAfterglow(model, screen, now)) times.push(afterglowEnd(answered));
  for (const source of SOURCES) {
    const one = held[source];
    if (!one || one.isPast) continue;
    if (one.state === 'idle' && verdict.state !== 'idle') {
      times.push(one.since + (isTaskDue ? TASK_TAKEN_MS : idleHoldsMs(one)));
    }
    if (one.ttl !== null) times.push(lastWord(one, lastOutput) + one.ttl);
    if (one === screen) continue;
    if (screen && one.state !== screen.state && one.time <= screen.time) times.push(missedAt(one, screen, lastOutput));
    // What exactly is asked stands on the screen only.
    if (one.state === 'waiting' && (screen?.time ?? 0) < one.time) times.push(one.time + DETAILS_MS);
    if (one.state === 'waiting' && verdict.state !== 'waiting') times.push(one.since + WHY_MS);
  }
  const ahead = times.filter((time) => time > now && Number.isFinite(time));
  return ahead.length === 0 ? undefined : Math.min(...ahead);
}

/** Whether an observation still holds. A tool that works prints; so output keeps its word alive. */
export function holds(held: Held, lastOutput: number, now: number): boolean {
  if (held.isPast) return false;
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
  if (asked.kind === 'question') {
    // Nor does it when another part of a long list is shown.
    return JSON.stringify([asked.kind, asked.text, asked.request?.more === true ? 'more' : asked.options.length]);
  }
  return JSON.stringify([
    asked.kind,
    asked.text,
    asked.request?.command,
    asked.options.map(({ label }) => labelKey(label)),
  ]);
}

function decide(before: StateModel, now: number): StateModel {
  const { verdict } = before;
  const winner = winning(before, now);
  const isTaken = winner !== undefined && hasTakenTask(winner);
  const isTaskDue = before.isTaskDue && !isTaken;
  const untaken = isTaken ? null : before.untaken;
  const isGiven = before.isGiven || (winner !== undefined && showsTurn(winner));
  const isKnown = isTaskDue === before.isTaskDue && untaken === before.untaken && isGiven === before.isGiven;
  const model = isKnown ? before : { ...before, isTaskDue, untaken, isGiven };
  // Its input box is there before it has read its task.
  if (isTaskDue && winner?.state === 'idle' && now < winner.since + TASK_TAKEN_MS) return model;
  // Before anything was seen at all what was known goes on holding.
  if (!winner && !model.isSeen) return model;
  // Its word may be gone in a moment, or be told better: what held before goes on holding.
  if (winner && isUnsure(model, winner, now)) return model;
  const next = judge(model, winner, now);
  const same =
    next.state === verdict.state &&
    next.request === verdict.request &&
    next.background === verdict.background &&
    next.turnEnded === verdict.turnEnded &&
    next.error === verdict.error &&
    next.limitedUntil === verdict.limitedUntil;
  if (
    same &&
    next.phase === verdict.phase &&
    next.source === verdict.source &&
    next.isForming === verdict.isForming &&
    next.dialogSince === verdict.dialogSince &&
    JSON.stringify(next.asked) === JSON.stringify(verdict.asked)
  )
    return model;
  const { asked, request } = next;
  const used =
    asked?.request?.exact === 'record' && asked.call !== undefined ? { call: asked.call, request } : model.used;
  const begins = verdict.state === 'idle' && next.state !== 'idle';
  const past = begins ? oldError(model, now) : model.before;
  const answered = isOverByEvent(verdict, next) ? { asked: verdict.asked, time: now } : model.answered;
  return { ...model, used, answered, before: past, verdict: { ...next, since: same ? verdict.since : now } };
}

/** The error that may still stand on the screen when work begins: of the last turn, or above those broken off since. */
function oldError({ before, brokenOff, verdict }: StateModel, now: number): StateModel['before'] {
  const isAbove = before !== null && brokenOff !== null && brokenOff >= before.time;
  const error = verdict.error ?? (isAbove ? before.error : null);
  return error === null ? null : { error, time: now };
}

/** What an event has told another one has taken back: it was answered, whoever did, before its dialog goes. */
function isOverByEvent(before: Verdict, next: Verdict): before is Verdict & { readonly asked: Asked } {
  const isTold = before.state === 'waiting' && before.asked?.request?.exact === 'event';
  return isTold && next.source === 'event' && (next.state !== 'waiting' || next.request !== before.request);
}

function idleHoldsMs({ source, turnEnded }: Held): number {
  return source === 'screen' && turnEnded === false ? BROKEN_OFF_HOLDS_MS : IDLE_HOLDS_MS;
}

function isUnsure({ verdict, held: { screen } }: StateModel, winner: Held, now: number): boolean {
  const isByScreen = winner.state === 'waiting' && winner.source !== 'event';
  if (isByScreen && screen && isInPieces(verdict, screen) && now < screen.since + PIECES_MS) return true;
  const agrees = winner.source !== 'screen' && screen?.state === winner.state && screen.time >= winner.time;
  if (agrees) return false;
  // What was seen of a dialog holds while it is drawn anew.
  const isKnown = verdict.state === 'waiting' && verdict.source === winner.source && verdict.saidSince === winner.since;
  if (isKnown && screen && isRedrawn(winner, screen)) return true;
  // An input box flashes; that a turn ended and that a person broke it off differ on the screen only.
  if (winner.state === 'idle' && verdict.state !== 'idle') {
    return (winner.source === 'screen' || winner.turnEnded === null) && now < winner.since + idleHoldsMs(winner);
  }
  return winner.source !== 'screen' && winner.asked?.text === '' && now < winner.since + WHY_MS;
}

/** Whether a dialog that was known is drawn in pieces at this moment. */
function isInPieces({ state, asked }: Verdict, screen: Held): boolean {
  if (state !== 'waiting' || asked === null || screen.asked === null) return false;
  return isDoubtful(screen.asked) && !isDoubtful(asked);
}

/** The evidence that counts: the strongest that holds, unless a weaker one has seen something that it missed. */
function winning(model: StateModel, now: number): Held | undefined {
  const { held, lastOutput } = model;
  let winner: Held | undefined;
  for (const source of SOURCES) {
    const one = held[source];
    if (one && isAfterglow(model, one, now)) continue;
    if (one && holds(one, lastOutput, now) && (!winner || hasMissed(winner, one, lastOutput))) winner = one;
  }
  return winner;
}

function hasMissed(strong: Held, weak: Held, lastOutput: number): boolean {
  return strong.state !== weak.state && weak.time >= missedAt(strong, weak, lastOutput);
}

/** When a weaker source that contradicts a stronger one is believed, should it still do so. */
function missedAt(strong: Held, weak: Held, lastOutput: number): number {
  const missed = missedAtEarliest(strong, weak, lastOutput);
  return isRedrawn(strong, weak) ? Math.max(missed, weak.since + REDRAW_MS) : missed;
}

/** Whether a screen without the dialog that is asked for may show it again in a moment. */
function isRedrawn(strong: Held, weak: Held): boolean {
  return strong.state === 'waiting' && weak.source === 'screen' && weak.state === 'working' && weak.time >= strong.time;
}

function missedAtEarliest(strong: Held, weak: Held, lastOutput: number): number {
  // To sign in is no dialog, and nothing else on the screen tells of it.
  if (strong.source === 'report' && strong.asked?.kind === 'login' && weak.state === 'idle') return Infinity;
  if (weak.source === 'screen') {
    // To have reached a limit is to be idle.
    if (strong.state === 'idle' && weak.state === 'limited') return strong.time;
    // Some show no sign of work while they print a long answer: a screen that looks as it did before the work says
    // nothing of its end while they print.
    if (strong.source === 'report' && strong.state === 'working' && weak.state === 'idle' && weak.since < strong.time) {
      return Math.max(strong.time, lastOutput) + MISSED_MS;
    }
    // Hooks and titles tell no denial and no interrupt. The screen agreed with them, and has changed since.
    if (strong.source !== 'report' && strong.isSeen) {
      const isQuiet = strong.source === 'event' && strong.state === 'working' && weak.state === 'idle';
      // How a turn went wrong stands there only once it has.
      const isTold = weak.turnEnded !== null || (weak.error ?? '') !== '';
      return isQuiet && !isTold ? weak.since + QUIET_MS : strong.time;
    }
  }
  return strong.time + (weak.state === 'waiting' ? MISSED_REQUEST_MS : MISSED_MS);
}

function judge(
  { held, verdict, calls, used, untaken, keepsRecord, isGiven }: StateModel,
  winner: Held | undefined,
  now: number,
): Verdict {
  if (!winner) {
    const nobody = { state: 'unknown', phase: null, asked: null, limitedUntil: null, source: null } as const;
    return {
      ...verdict,
      ...nobody,
      turnEnded: false,
      error: null,
      background: 0,
      dialogSince: null,
      isForming: false,
      since: now,
    };
  }
  const { screen } = held;
  // Who reports a state says little about it; a screen read after it shows the rest, when it means the same.
  const isLater = screen?.state === winner.state && screen.time >= winner.time;
  const seen = screen && (isLater || isShown(winner, screen)) ? screen : winner;
  // What a turn leaves behind stands there before it ends, and is part of it.
  const background = Math.max(winner.background, screen?.background ?? 0);
  const told = held.event?.isPast === false ? held.event.asked : null;
  const merged = winner.asked === null ? null : mergeAsked(exactly(winner.asked, told), seen.asked);
  const pending = requestOf(verdict, winner, seen, merged);
  const isNew = pending.request !== verdict.request;
  // What was read before it was asked says nothing of it, and a call is about one request only.
  const isRead = !isNew && calls.time >= verdict.since;
  const isFree = ({ id }: OpenCall): boolean => id !== used?.call || used.request === pending.request;
  const open = isRead ? calls.open.filter(isFree) : [];
  const asked = merged === null ? null : withCall(merged, open, isNew ? null : verdict.asked);
  const wrong = turnError(verdict, [winner, held.event, seen]);
  return {
    state: winner.state,
    phase: winner.phase ?? seen.phase,
    asked,
    ...pending,
    isForming: keepsRecord && isForming(verdict, pending, asked, now),
    limitedUntil: winner.limitedUntil ?? seen.limitedUntil,
    background,
    turnEnded: isGiven && background === 0 && turnEnded(verdict, winner, seen),
    error: winner.state === 'idle' && untaken !== null ? untaken : isGiven ? wrong : null,
    source: winner.source,
    saidSince: winner.since,
    since: now,
  };
}

/** What is asked, as far as it can be answered: an id is for what is answered, and stays with it. */
export function tellable({ asked, isForming }: Pick<Verdict, 'asked' | 'isForming'>): Asked | null {
  return asked !== null && isForming ? { ...asked, request: null, options: [] } : asked;
}

/** Whether what a dialog asks may still be drawn, or be found in the tool's record. */
function isForming(
  before: Verdict,
  { request, dialogSince }: Pick<Verdict, 'request' | 'dialogSince'>,
  asked: Asked | null,
  now: number,
): boolean {
  if (asked?.kind !== 'permission' || asked.request === null || dialogSince === null) return false;
  const isYoung = before.isForming || request !== before.request;
  return isYoung && !isTold(asked.request) && now < dialogSince + LOOKED_UP_MS;
}

/** Which request is pending. That another source tells the same is no news, another dialog on the screen is. */
function requestOf(
  verdict: Verdict,
  winner: Held,
  seen: Held,
  asked: Asked | null,
): Pick<Verdict, 'request' | 'dialogSince'> {
  const { request } = verdict;
  if (winner.state !== 'waiting') return { request, dialogSince: null };
  const dialogSince = seen.source === 'screen' ? seen.since : null;
  if (verdict.state !== 'waiting') return { request: request + 1, dialogSince };
  const [before, now] = [verdict.asked?.call, asked?.call];
  // The tool itself says which dialog it is; a screen that changes makes no other of it.
  if (before !== undefined && now !== undefined) {
    return { request: before === now ? request : request + 1, dialogSince: dialogSince ?? verdict.dialogSince };
  }
  const seemsOther =
    dialogSince !== null && verdict.dialogSince !== null
      ? dialogSince !== verdict.dialogSince
      : verdict.source === winner.source
        ? verdict.saidSince !== winner.since && dialogSince === null
        : verdict.asked?.kind !== winner.asked?.kind;
  // A screen is often read while its dialog is being drawn. An equal one comes only once this one was answered.
  const isDrawn = verdict.asked?.kind === 'permission' && isBare(verdict.asked) && asked?.kind === 'permission';
  const isOther = seemsOther && !isDrawn && !asksTheSame(verdict.asked, asked);
  return {
    request: isOther ? request + 1 : request,
    dialogSince: dialogSince ?? (isOther ? null : verdict.dialogSince),
  };
}

function turnEnded(verdict: Verdict, winner: Held, seen: Held): boolean {
  if (winner.state !== 'idle') return false;
  const word = winner.turnEnded ?? seen.turnEnded;
  if (word !== null) return word || (verdict.state === 'idle' && verdict.turnEnded);
  if (verdict.state === 'idle') return verdict.turnEnded || verdict.background > 0;
  // An idle screen from before the work says nothing about its end.
  if (winner.since < verdict.since) return false;
  return verdict.state === 'working' || verdict.state === 'waiting';
}

/** How the turn went wrong that has ended: by the first of those who can know, or as it was known before. */
function turnError({ state, error }: Verdict, sources: readonly (Held | undefined)[]): string | null {
  if (sources[0]?.state !== 'idle') return null;
  const words = sources.flatMap((one) => (one?.state === 'idle' && !one.isPast ? [one.error] : []));
  // Some tell that it went wrong, and others why.
  const [word = null] = words.filter((one) => one !== undefined);
  if (word === '') return words.find((one) => one) ?? '';
  return word ?? (words[0] === null || state !== 'idle' ? null : error);
}

/** Whether the dialog that is on the screen already is what a source asks for. */
function isShown({ asked }: Held, { asked: shown }: Held): boolean {
  if (asked?.request == null || shown?.request == null || asked.kind !== shown.kind) return false;
  const { command, path, question } = shown.request;
  return (command ?? path ?? question) !== null && means(asked.request, shown.request);
}
