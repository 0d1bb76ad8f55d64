import * as z from 'zod';
import { Timestamp } from './context.js';
import { NO_HISTORY, SessionHistory } from './history.js';
import { Phase } from './screen.js';
import { SessionState, Waiting } from './session.js';

/**
 * Where an observation comes from, strongest first: the tool's own report, an event of its hooks, its title and what else
 * it tells a terminal, its screen.
 */
export const Source = z.enum(['report', 'event', 'title', 'screen']);
export type Source = z.infer<typeof Source>;

/** Why the state of a session is what it is. Texts are neutralised. */
export const Explanation = z.object({
  session: z.string(),
  state: SessionState.nullable(),
  phase: Phase.nullable(),
  waiting: Waiting.nullable(),
  since: Timestamp,
  /** Whose word counts; null when nobody's does. */
  source: Source.nullable(),
  /** Why there is no evidence, one sentence. */
  why: z.string().nullable(),
  /** Shells and agents that go on beside the conversation. */
  background: z.number().int(),
  evidence: z.array(
    z.object({
      source: Source,
      state: SessionState,
      phase: Phase.nullable(),
      detail: z.string(),
      /** Since when it says so, and when it said so last. */
      since: Timestamp,
      seen: Timestamp,
      /** The report has not become too old. */
      holds: z.boolean(),
      wins: z.boolean(),
    }),
  ),
  /** Why a rule has not answered what it asks, one sentence or two; null when nothing keeps one from it. */
  held: z.string().nullable().default(null),
  /** What it was doing and when; empty when its server does not tell. */
  history: SessionHistory.default(NO_HISTORY),
  /** The last lines of its screen that were looked at. */
  lines: z.array(z.string()),
});
export type Explanation = z.infer<typeof Explanation>;
