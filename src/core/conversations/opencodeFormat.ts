import * as z from 'zod';
import type { Conversation } from '../../protocol/conversation.js';
import { ConversationBuilder } from './builder.js';
import { matching, parseJson } from './jsonLines.js';

// What `opencode export ID` prints, as version 1.18 does it.

const Tokens = z.object({
  input: z.number(),
  output: z.number(),
  reasoning: z.number().nullish(),
  cache: z.object({ read: z.number(), write: z.number() }).nullish(),
});
const Time = z.object({ created: z.number() });
const Info = z.object({
  role: z.enum(['user', 'assistant']),
  time: Time,
  cost: z.number().nullish(),
  tokens: z.unknown().optional(),
  error: z.unknown().optional(),
});
const Message = z.object({ info: Info, parts: z.array(z.unknown()) });
const Export = z.object({
  info: z.object({ version: z.string().nullish() }),
  messages: z.array(z.unknown()),
});

const Part = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text'), text: z.string(), synthetic: z.boolean().nullish() }),
  z.object({
    type: z.literal('tool'),
    callID: z.string(),
    tool: z.string(),
    state: z.object({
      input: z.unknown().optional(),
      output: z.string().nullish(),
      error: z.string().nullish(),
      time: z.object({ start: z.number(), end: z.number().nullish() }).nullish(),
    }),
  }),
  z.object({ type: z.literal('compaction') }),
]);

const Failure = z.object({ name: z.string(), data: z.object({ message: z.string() }).nullish() });

/** Reads an exported conversation of opencode. What it does not know it leaves out. */
export function parseOpencode(id: string, text: string): Conversation {
  const builder = new ConversationBuilder();
  const exported = Export.safeParse(parseJson(text));
  let cost = 0;
  const usage = { inputTokens: 0, outputTokens: 0 };
  if (!exported.success) return builder.build(id, 'opencode', { ...usage, costUsd: null });
  builder.toolVersion = exported.data.info.version ?? null;
  for (const { info, parts } of matching(Message, exported.data.messages)) {
    const time = iso(info.time.created);
    const tokens = Tokens.safeParse(info.tokens);
    if (tokens.success) {
      const { input, output, reasoning, cache } = tokens.data;
      usage.inputTokens += Math.round(input + (cache?.read ?? 0) + (cache?.write ?? 0));
      usage.outputTokens += Math.round(output + (reasoning ?? 0));
    }
    cost += info.cost ?? 0;
    for (const part of matching(Part, parts)) {
      if (part.type === 'text') {
        if (part.synthetic !== true) builder.say(info.role === 'user' ? 'prompt' : 'answer', time, part.text);
      } else if (part.type === 'tool') {
        const { input, output, error, time: span } = part.state;
        builder.call(span ? iso(span.start) : time, part.callID, part.tool, input);
        const result = output ?? error;
        if (result != null) builder.result(span?.end == null ? time : iso(span.end), part.callID, result);
      } else builder.say('note', time, 'The conversation was compacted.');
    }
    const failure = Failure.safeParse(info.error);
    if (failure.success) builder.say('note', time, failure.data.data?.message ?? failure.data.name);
  }
  // It counts 0 for models whose price it does not know.
  return builder.build(id, 'opencode', { ...usage, costUsd: cost > 0 ? cost : null });
}

function iso(ms: number): string | null {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}
