import * as z from 'zod';
import { Timestamp } from './context.js';
import { AnswerVia, Decision, PendingRequest } from './pendingRequest.js';

/** Who answered. */
export const AnsweredBy = z.discriminatedUnion('type', [
  /** Through this client: `VS Code`, `cm`. */
  z.object({ type: z.literal('person'), client: z.string() }),
  /** `text`: the rule as it was then. */
  z.object({ type: z.literal('policy'), rule: z.string(), text: z.string() }),
]);
export type AnsweredBy = z.infer<typeof AnsweredBy>;

/**
 * What came of it. `changed`: the request had gone before a key was pressed; `stayed`: the dialog was still there
 * afterwards; `failed`: nobody can know.
 */
export const AnswerOutcome = z.enum(['answered', 'changed', 'stayed', 'failed']);
export type AnswerOutcome = z.infer<typeof AnswerOutcome>;

/** One line of `audit.jsonl`: a request and how it was decided. Texts are neutralised. */
export const AuditEntry = z.object({
  id: z.string().min(1),
  time: Timestamp,
  session: z.string(),
  sessionName: z.string(),
  contextName: z.string(),
  /** Host name. */
  machine: z.string(),
  tool: z.string(),
  request: PendingRequest.pick({ id: true, kind: true, action: true, command: true, path: true, text: true }),
  /** When it was asked. */
  asked: Timestamp,
  decision: Decision,
  /** What was answered, in the agent's own words. */
  answer: z.string(),
  by: AnsweredBy,
  via: AnswerVia,
  /** tmux key names, in order; `(text)` for text that was typed. */
  keys: z.array(z.string()).nullable(),
  outcome: AnswerOutcome,
});
export type AuditEntry = z.infer<typeof AuditEntry>;
