import * as z from 'zod';
import { Timestamp } from './context.js';
import { AnswerVia, Decision, PendingRequest } from './pendingRequest.js';
import { RuleAction } from './policy.js';

/** Where something came from as the agent server itself knows it, whatever a client says of itself. */
export const Whence = z.discriminatedUnion('type', [
  /** By the socket of this host, where only this user comes in. */
  z.object({ type: z.literal('user') }),
  /** Over TCP with the token of this name. */
  z.object({ type: z.literal('token'), name: z.string() }),
  /** From inside the session of this name then. */
  z.object({ type: z.literal('session'), name: z.string() }),
]);
export type Whence = z.infer<typeof Whence>;

/** Who answered. */
export const AnsweredBy = z.discriminatedUnion('type', [
  /** Through a client that calls itself so: `VS Code`, `cm`. */
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

/** Who decided. `boundary`: nobody was asked, since no rule allows the session what it wanted of the agent server. */
export const DecidedBy = z.discriminatedUnion('type', [
  ...AnsweredBy.options,
  z.object({ type: z.literal('boundary') }),
]);
export type DecidedBy = z.infer<typeof DecidedBy>;

/** `server`: the agent server did it, or did not. */
export const AuditVia = z.enum([...AnswerVia.options, 'server']);
export type AuditVia = z.infer<typeof AuditVia>;

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
  request: PendingRequest.pick({ id: true, kind: true, action: true, command: true, path: true, text: true }).extend({
    action: RuleAction.nullable(),
  }),
  /** When it was asked. */
  asked: Timestamp,
  decision: Decision,
  /** What was answered, in the agent's own words. */
  answer: z.string(),
  by: DecidedBy,
  /** Not of rules, and not on record of old answers. */
  from: Whence.optional(),
  via: AuditVia,
  /** tmux key names, in order; `(text)` for text that was typed. */
  keys: z.array(z.string()).nullable(),
  outcome: AnswerOutcome,
});
export type AuditEntry = z.infer<typeof AuditEntry>;
