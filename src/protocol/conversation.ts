import * as z from 'zod';

/** One thing that was said or done in a conversation, in the order in which the tool recorded it. */
export const ConversationEntry = z.object({
  /** `note`: what the tool itself says, such as an interrupt or an error of its model. */
  kind: z.enum(['prompt', 'answer', 'toolCall', 'toolResult', 'note']),
  /** ISO 8601 UTC; null where the tool does not tell it. */
  time: z.string().nullable(),
  /** As the tool recorded it, not neutralised. Of a call: its command, file or the like. */
  text: z.string(),
  /** Name of the called tool of the agent, e.g. `Bash`. */
  tool: z.string().optional(),
  /** What it was called with. */
  input: z.unknown().optional(),
});
export type ConversationEntry = z.infer<typeof ConversationEntry>;

/** What a tool itself recorded of a conversation with it. */
export const Conversation = z.object({
  /** The tool's own id of it. */
  id: z.string(),
  tool: z.string(),
  /** Version of the tool that wrote it last, where it tells. */
  toolVersion: z.string().nullable().default(null),
  entries: z.array(ConversationEntry),
  /** Over the whole conversation; the input with what came out of a cache. The cost is null where nobody tells it. */
  usage: z.object({
    inputTokens: z.number().int(),
    outputTokens: z.number().int(),
    costUsd: z.number().nullable(),
  }),
  /** Entries at the beginning that were left out, since the whole would be too large. */
  omitted: z.number().int().default(0),
});
export type Conversation = z.infer<typeof Conversation>;

/** The record formats that can be read. */
export const ConversationFormat = z.enum(['claude', 'codex', 'gemini', 'opencode']);
export type ConversationFormat = z.infer<typeof ConversationFormat>;
