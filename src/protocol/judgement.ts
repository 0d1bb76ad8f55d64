import * as z from 'zod';
import { Phase, ScreenOption, ScreenRequest, WaitingKind } from './screen.js';
import { SessionState } from './session.js';

/** What a screen says about the agent that shows it. Texts are neutralised. */
export const ScreenJudgement = z.object({
  state: SessionState,
  phase: Phase.nullable(),
  /** What a person has to do, for `waiting`. */
  kind: WaitingKind.nullable(),
  request: ScreenRequest.nullable(),
  options: z.array(ScreenOption),
  /** The option that says that the one answer just given is meant, where nothing else is asked. */
  confirms: z.string().nullable(),
  /** The startup dialog that it shows. */
  startup: z.string().nullable(),
  /**
   * tmux key names that would allow it once, were somebody or a policy to allow it; null for everything that is no
   * plain request for permission.
   */
  wouldSend: z.array(z.string()).nullable(),
  /** What has been typed into the input box. */
  draft: z.string().nullable(),
  /** How the last turn went wrong. */
  error: z.string().nullable(),
  /** The last turn was broken off by a person. */
  interrupted: z.boolean(),
  /** ISO 8601 UTC, for `limited`. */
  limitedUntil: z.string().nullable(),
  /** Shells and agents that run beside the conversation. */
  background: z.number().int().min(0),
  /** A key has suspended it, and nothing is known of what it does. */
  suspended: z.boolean().default(false),
  /** One more press of a key suspends it, or has done so. */
  nearSuspension: z.boolean().default(false),
  /** The rule that decided: `dialog shell`, `working`, `idle` …; null when none did. */
  rule: z.string().nullable(),
  /** The last lines that were looked at. */
  lines: z.array(z.string()),
});
export type ScreenJudgement = z.infer<typeof ScreenJudgement>;
