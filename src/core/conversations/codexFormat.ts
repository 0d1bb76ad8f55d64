import * as z from 'zod';
import type { Conversation } from '../../protocol/conversation.js';
import { ConversationBuilder } from './builder.js';
import { jsonLines, matching, parseJson } from './jsonLines.js';

// `sessions/YYYY/MM/DD/rollout-<time>-<id>.jsonl`, as version 0.169 writes it; what older ones call otherwise is read too.

const Line = z.object({ timestamp: z.string().nullish(), type: z.string(), payload: z.unknown().optional() });

/** The first record of a rollout file. */
export const CodexMeta = z.object({
  id: z.string(),
  timestamp: z.string(),
  cwd: z.string(),
  cli_version: z.string().nullish(),
  /** A text for what a person began, an object for an agent's helpers. */
  source: z.unknown().optional(),
});
export type CodexMeta = z.infer<typeof CodexMeta>;

const Parts = z.union([z.string(), z.array(z.unknown())]);
const Item = z.discriminatedUnion('type', [
  z.object({ type: z.literal('message'), role: z.string(), content: Parts }),
  z.object({ type: z.literal('function_call'), call_id: z.string(), name: z.string(), arguments: z.string() }),
  z.object({ type: z.literal('custom_tool_call'), call_id: z.string(), name: z.string(), input: z.string() }),
  z.object({ type: z.literal('local_shell_call'), call_id: z.string().nullish(), action: z.unknown().optional() }),
  z.object({ type: z.literal('function_call_output'), call_id: z.string(), output: z.unknown().optional() }),
  z.object({ type: z.literal('custom_tool_call_output'), call_id: z.string(), output: z.unknown().optional() }),
]);

const Tokens = z.object({ input_tokens: z.number().int(), output_tokens: z.number().int() });
const Event = z.discriminatedUnion('type', [
  z.object({ type: z.literal('user_message'), message: z.string() }),
  z.object({
    type: z.literal('item_completed'),
    item: z.object({ type: z.literal('UserMessage'), content: z.array(z.unknown()) }),
  }),
  z.object({ type: z.literal('token_count'), info: z.object({ total_token_usage: Tokens }) }),
  z.object({ type: z.literal('turn_aborted'), reason: z.string().nullish() }),
  z.object({ type: z.literal('error'), message: z.string() }),
]);

const Part = z.object({ text: z.string() });

/** Reads a rollout file of Codex. What it does not know it leaves out. */
export function parseCodex(id: string, text: string): Conversation {
  const builder = new ConversationBuilder();
  let usage = { inputTokens: 0, outputTokens: 0 };
  for (const record of jsonLines(text)) {
    const line = Line.safeParse(record);
    if (!line.success) continue;
    const { type, payload } = line.data;
    const time = line.data.timestamp ?? null;
    switch (type) {
      case 'session_meta': {
        const meta = CodexMeta.safeParse(payload);
        if (meta.success) builder.toolVersion = meta.data.cli_version ?? builder.toolVersion;
        break;
      }
      case 'compacted':
        builder.say('note', time, 'The conversation was compacted.');
        break;
      case 'response_item': {
        const item = Item.safeParse(payload);
        if (item.success) addItem(builder, time, item.data);
        break;
      }
      case 'event_msg': {
        const event = Event.safeParse(payload);
        if (!event.success) break;
        if (event.data.type === 'token_count') {
          const { input_tokens, output_tokens } = event.data.info.total_token_usage;
          usage = { inputTokens: input_tokens, outputTokens: output_tokens };
        } else addEvent(builder, time, event.data);
        break;
      }
    }
  }
  return builder.build(id, 'codex', { ...usage, costUsd: null });
}

function addEvent(
  builder: ConversationBuilder,
  time: string | null,
  event: Exclude<z.infer<typeof Event>, { type: 'token_count' }>,
): void {
  switch (event.type) {
    case 'user_message':
      return addPrompt(builder, time, event.message);
    case 'item_completed':
      return addPrompt(builder, time, partsText(event.item.content));
    case 'turn_aborted':
      return builder.say('note', time, 'Interrupted.');
    case 'error':
      return builder.say('note', time, event.message);
  }
}

/** A version may tell of one prompt by two events. */
function addPrompt(builder: ConversationBuilder, time: string | null, text: string): void {
  const { last } = builder;
  if (last?.kind !== 'prompt' || last.text !== text) builder.say('prompt', time, text);
}

function addItem(builder: ConversationBuilder, time: string | null, item: z.infer<typeof Item>): void {
  switch (item.type) {
    case 'message':
      // Those of the user hold what the program adds, too; events tell of the person's own.
      if (item.role === 'assistant') builder.say('answer', time, partsText(item.content));
      return;
    case 'function_call':
      return builder.call(time, item.call_id, item.name, parseJson(item.arguments) ?? item.arguments);
    case 'custom_tool_call':
      return builder.call(time, item.call_id, item.name, item.input);
    case 'local_shell_call':
      return builder.call(time, item.call_id ?? '', 'shell', item.action);
    case 'function_call_output':
    case 'custom_tool_call_output':
      return builder.result(time, item.call_id, outputText(item.output));
  }
}

function partsText(content: unknown): string {
  if (typeof content === 'string') return content;
  return matching(Part, content)
    .map(({ text }) => text)
    .join('\n');
}

const Output = z.object({ content: Parts });

function outputText(output: unknown): string {
  const wrapped = Output.safeParse(output);
  return partsText(wrapped.success ? wrapped.data.content : output);
}
