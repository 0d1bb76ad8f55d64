import { Source } from '../../protocol/explanation.js';
import type { ScreenJudgement } from '../../protocol/judgement.js';
import type { Phase, ScreenOption, ScreenRequest, WaitingKind } from '../../protocol/screen.js';
import type { SessionState } from '../../protocol/session.js';
import type { StateReport } from './stateReports.js';
import { PLAIN, WORKING_TTL } from './evidenceParts.js';
import { turnErrorText } from './turnError.js';

/** Strongest first. */
export const SOURCES = Source.options;

/** What an agent waits for. */
export interface Asked {
  readonly kind: WaitingKind;
  /** One line, neutralised. */
  readonly text: string;
  readonly request: ScreenRequest | null;
  readonly options: readonly ScreenOption[];
  /** The tool's own name of this one appearance, where it tells one: the same name is the same dialog, another another. */
  readonly call?: string;
  /** Of the terminal, where a screen shows it: another width wraps it at other places. */
  readonly columns?: number;
}

/** A call that a tool has written down and not yet the end of. */
export interface OpenCall {
  readonly id: string;
  /** What it would ask for; null for calls of other kinds. */
  readonly request: ScreenRequest | null;
}

/** One observation of what a session does. Times are milliseconds since the epoch. */
export interface Evidence {
  readonly source: Source;
  readonly state: SessionState;
  readonly phase: Phase | null;
  readonly asked: Asked | null;
  /** The turn is over and there is something to look at; null where the source cannot know. */
  readonly turnEnded: boolean | null;
  /** How the turn went wrong, in few words; null: it did not; undefined where the source cannot know. */
  readonly error: string | null | undefined;
  readonly limitedUntil: string | null;
  /** Shells and agents that go on beside the conversation. */
  readonly background: number;
  readonly time: number;
  /** Holds for so many milliseconds after the last output; null: until the source says otherwise. */
  readonly ttl: number | null;
  /** What was seen, one line, neutralised. */
  readonly detail: string;
}

/** A tool's own report as evidence; undefined when it says nothing. */
export function reportEvidence({ state, kind, message }: StateReport, time: number): Evidence | undefined {
  const common = { ...PLAIN, source: 'report', time, detail: message === '' ? state : `${state}: ${message}` } as const;
  switch (state) {
    case 'working':
      return { ...common, state: 'working', ttl: WORKING_TTL };
    case 'idle':
      // Tools are idle too when they have started, and when a person interrupted them: nobody has to be told that.
      return { ...common, state: 'idle', turnEnded: false, ttl: null };
    case 'done':
      return { ...common, state: 'idle', turnEnded: true, error: null, ttl: null };
    case 'error':
      return { ...common, state: 'idle', turnEnded: true, error: turnErrorText(message), ttl: null };
    case 'blocked': {
      const trust = kind === null ? /\btrust\b/iu.test(message) : kind === 'permission' && /^trust\b/iu.test(message);
      // Tools begin the message with the kind itself: `approve Bash: touch b.txt`, `answer: Which colour?`.
      const text = message.replace(/^(?:approve|answer)[: ]\s*/iu, '');
      const asked: Asked = {
        kind: trust ? 'trust' : kind === 'auth' ? 'login' : (kind ?? 'permission'),
        text,
        request: null,
        options: [],
      };
      return { ...common, state: 'waiting', asked, ttl: null };
    }
    case 'clear':
      return undefined;
  }
}

/** Words at the bottom of a screen without its input box: enough to describe it, too little to act on. */
const WEAK: ReadonlySet<string | null> = new Set([null, 'words', 'hidden']);

function shownBy(asked: Asked, columns: number | undefined): Asked {
  return columns === undefined ? asked : { ...asked, columns };
}

/** What a screen says, as evidence; undefined when it says nothing that holds. */
export function screenEvidence(judgement: ScreenJudgement, time: number, columns?: number): Evidence | undefined {
  if (WEAK.has(judgement.rule) || judgement.state === 'unknown') return undefined;
  const { state, phase, kind, request, options, limitedUntil, background, interrupted, error, rule } = judgement;
  return {
    source: 'screen',
    state,
    phase,
    asked: kind === null ? null : shownBy({ kind, text: request?.text ?? '', request, options }, columns),
    turnEnded: interrupted ? false : null,
    // What a screen does not show may have been scrolled away.
    error: error === null || interrupted ? undefined : turnErrorText(error),
    limitedUntil,
    background,
    time,
    ttl: state === 'working' ? WORKING_TTL : null,
    detail: error === null ? (rule ?? '') : `${rule ?? ''}: ${error}`,
  };
}
