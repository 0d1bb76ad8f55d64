import * as z from 'zod';
import type { Conversation } from '../../protocol/conversation.js';
import { ConversationBuilder } from './builder.js';
import { jsonLines, matching, parseJson } from './jsonLines.js';

// `tmp/<project>/chats/session-<time>-<start of the id>.jsonl`, as version 0.61 writes it; older ones wrote one object
// into a `.json` file.

/** The first line, or the object of an older version. */
export const GeminiHead = z.object({
  sessionId: z.string(),
  projectHash: z.string().optional(),
  startTime: z.string(),
  kind: z.string().optional(),
});
export type GeminiHead = z.infer<typeof GeminiHead>;

const Parts = z.union([z.string(), z.array(z.unknown())]);
const Message = z.object({
  id: z.string(),
  timestamp: z.string().nullish(),
  type: z.string(),
  content: Parts.optional(),
  tokens: z.unknown().optional(),
  toolCalls: z.unknown().optional(),
});
type Message = z.infer<typeof Message>;

const Change = z.object({ $set: z.object({ messages: z.array(z.unknown()) }) });
const Whole = z.object({ messages: z.array(z.unknown()) });
const Tokens = z.object({ input: z.number().int(), output: z.number().int(), thoughts: z.number().int().nullish() });
const TextPart = z.object({ text: z.string() });
const Call = z.object({
  id: z.string(),
  name: z.string(),
  args: z.unknown().optional(),
  timestamp: z.string().nullish(),
  status: z.string().nullish(),
  result: z.unknown().optional(),
  resultDisplay: z.unknown().optional(),
});
const Response = z.object({
  functionResponse: z.object({
    response: z.object({ output: z.string().optional(), error: z.string().optional() }),
  }),
});

/** What the program itself puts in front of the words of the person. */
const ADDED = /^<(?:session_context|state_snapshot)>/;
const UNTRUSTED = /^<untrusted_context>\n([^]*)\n<\/untrusted_context>$/;

/** Reads a chat of Gemini CLI. What it does not know it leaves out. */
export function parseGemini(id: string, text: string): Conversation {
  const builder = new ConversationBuilder();
  const usage = { inputTokens: 0, outputTokens: 0 };
  for (const message of messages(text)) {
    const time = message.timestamp ?? null;
    const said = partsText(message.content);
    if (message.type === 'user') {
      if (!ADDED.test(said)) builder.say('prompt', time, said);
      continue;
    }
    builder.say(message.type === 'gemini' ? 'answer' : 'note', time, said);
    const tokens = Tokens.safeParse(message.tokens);
    if (tokens.success) {
      usage.inputTokens += tokens.data.input;
      usage.outputTokens += tokens.data.output + (tokens.data.thoughts ?? 0);
    }
    for (const call of matching(Call, message.toolCalls)) {
      const at = call.timestamp ?? time;
      builder.call(at, call.id, call.name, call.args);
      const result = resultText(call);
      if (result !== undefined) builder.result(at, call.id, result);
    }
  }
  return builder.build(id, 'gemini', { ...usage, costUsd: null });
}

/**
 * A message is written again, under its id, when more of it is known. Lists of all messages are written when the chat
 * begins, is resumed or was compressed: those say less of the messages that are known already.
 */
function messages(text: string): readonly Message[] {
  const whole = Whole.safeParse(parseJson(text));
  if (whole.success) return matching(Message, whole.data.messages);
  const list = new Map<string, Message>();
  for (const record of jsonLines(text)) {
    const change = Change.safeParse(record);
    for (const each of change.success ? matching(Message, change.data.$set.messages) : []) {
      if (!list.has(each.id)) list.set(each.id, each);
    }
    const message = Message.safeParse(record);
    if (message.success) list.set(message.data.id, message.data);
  }
  return [...list.values()];
}

function partsText(content: Message['content']): string {
  if (typeof content === 'string') return content;
  return matching(TextPart, content)
    .map(({ text }) => text)
    .join('\n');
}

function resultText({ result, resultDisplay }: z.infer<typeof Call>): string | undefined {
  const responses = matching(Response, result);
  if (responses.length > 0) {
    return responses
      .map(({ functionResponse: { response } }) => response.output ?? response.error ?? '')
      .map((output) => UNTRUSTED.exec(output)?.[1] ?? output)
      .join('\n');
  }
  return typeof resultDisplay === 'string' ? resultDisplay : undefined;
}
