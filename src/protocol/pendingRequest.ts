import * as z from 'zod';
import { Timestamp } from './context.js';
import { OptionRole, ScreenRequest, WaitingKind } from './screen.js';

/** An option of a pending request, in the agent's own words. */
export const RequestOption = z.object({
  label: z.string(),
  role: OptionRole.nullable(),
  /** What the agent says about it below the label. */
  detail: z.string().nullable(),
  /** Whether it is chosen already, where several can be. */
  ticked: z.boolean().optional(),
  /** An answer of one's own is typed into it. */
  takesText: z.boolean().optional(),
});
export type RequestOption = z.infer<typeof RequestOption>;

/** One pending question of an agent. Every answer names its id. */
export const PendingRequest = z.object({
  ...ScreenRequest.shape,
  /** New for each appearance, kept over a restart of the agent server while it stands there. */
  id: z.string().min(1),
  kind: WaitingKind,
  options: z.array(RequestOption),
  /** A denial can carry a reason. */
  takesReason: z.boolean(),
  /** Free text is an answer. */
  takesText: z.boolean(),
  since: Timestamp,
});
export type PendingRequest = z.infer<typeof PendingRequest>;

/** A person has to be told that what will run is not known to the byte: what they see was read from a screen. */
export function isUncertain({ kind, exact }: Pick<PendingRequest, 'kind' | 'exact'>): boolean {
  return kind === 'permission' && exact === null;
}

/** What is said then. */
export const NOT_EXACT = 'not known exactly';

const AnswerText = z
  .string()
  .min(1)
  .max(64 * 1024)
  .refine((text) => !text.includes('\0'), 'A text cannot contain NUL characters');

/** What a person or a rule says to a request. */
export const Answer = z.discriminatedUnion('type', [
  /** `always`: and do not ask for the like again, where the agent has that. */
  z.object({ type: z.literal('allow'), always: z.boolean().default(false) }),
  z.object({ type: z.literal('deny'), reason: AnswerText.optional() }),
  z.object({ type: z.literal('option'), label: z.string().min(1) }),
  /** All that are chosen, where several can be; the others are not. */
  z.object({ type: z.literal('options'), labels: z.array(z.string().min(1)).max(100) }),
  z.object({ type: z.literal('text'), text: AnswerText }),
]);
export type Answer = z.infer<typeof Answer>;

export const Decision = z.enum(['allow', 'always', 'deny', 'answer']);
export type Decision = z.infer<typeof Decision>;

/** How an answer reached the agent: keys in its terminal, its hook, or its own API. */
export const AnswerVia = z.enum(['keys', 'hook', 'api']);
export type AnswerVia = z.infer<typeof AnswerVia>;

export const AnswerResult = z.object({
  /** Id of the request. */
  request: z.string(),
  decision: Decision,
  /** What was answered, in the agent's own words. */
  answer: z.string(),
  via: AnswerVia,
  /** Why it is not on record yet, one clause; null when it is. It is added as soon as it can be. */
  notRecorded: z.string().nullable().default(null),
  /** Why the reason for a denial was not said yet, one clause; null when it was. It is said once that is over. */
  reasonWaits: z.string().nullable().default(null),
});
export type AnswerResult = z.infer<typeof AnswerResult>;
