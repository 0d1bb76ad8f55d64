import * as z from 'zod';
import { Pattern, WaitingKind } from './screen.js';

const SignalRule = z.object({
  /** Matches the text. */
  match: Pattern,
  /** Null: it says that nothing of what was said before holds any more. */
  state: z.enum(['working', 'waiting', 'idle']).nullable(),
  /** What is waited for, where that is sure; else the screen says it. */
  kind: WaitingKind.default('permission'),
});

/** What it means that a tool sets the title of its terminal, shows its progress, notifies or rings the bell. */
export const SignalRules = z.looseObject({
  /** The first that matches counts; a title that none matches takes back what an earlier one said. */
  titles: z.array(SignalRule).default([]),
  /** The first that matches counts; others say nothing. */
  notifications: z.array(SignalRule).default([]),
  /** The agent works while it shows progress, and is idle when it takes that away. */
  progress: z.boolean().default(false),
  /** What the bell means. */
  bell: z.enum(['waiting', 'idle']).optional(),
});
export type SignalRules = z.infer<typeof SignalRules>;
