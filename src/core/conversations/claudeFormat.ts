import * as z from 'zod';
import type { Conversation } from '../../protocol/conversation.js';
import { ConversationBuilder } from './builder.js';
import { jsonLines, matching } from './jsonLines.js';

// `projects/<folder>/<id>.jsonl`, as versions 2.1.197 to 2.1.330 write it.

const Head = z.object({
  timestamp: z.string().nullish(),
  version: z.string().optional(),
  isSidechain: z.boolean().optional(),
  isMeta: z.boolean().optional(),
  isCompactSummary: z.boolean().optional(),
  isApiErrorMessage: z.boolean().optional(),
});

const Content = z.union([z.string(), z.array(z.unknown())]);

const Line = z.discriminatedUnion('type', [
  Head.extend({ type: z.literal('user'), message: z.object({ content: Content }) }),
  Head.extend({
    type: z.literal('assistant'),
    message: z.object({ id: z.string().optional(), content: Content, usage: z.unknown().optional() }),
  }),
  Head.extend({ type: z.literal('system'), subtype: z.string().optional(), content: z.unknown().optional() }),
  z.object({
    type: z.literal('cost-state'),
    totalCostUSD: z.number(),
    hasUnknownModelCost: z.boolean().optional(),
  }),
]);

const Block = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text'), text: z.string() }),
  z.object({ type: z.literal('tool_use'), id: z.string(), name: z.string(), input: z.unknown().optional() }),
  z.object({ type: z.literal('tool_result'), tool_use_id: z.string(), content: z.unknown().optional() }),
]);

const Count = z.number().int().min(0).nullish();
const Usage = z.object({
  input_tokens: Count,
  cache_creation_input_tokens: Count,
  cache_read_input_tokens: Count,
  output_tokens: Count,
});

const INTERRUPTED = /^\[Request interrupted by user[^\]]*\]$/;
/** What the program puts among the words of the person. */
const ADDED = /^<(?:command-|local-command-|bash-|system-reminder|task-notification|user-memory-input)/;

/** Reads a transcript of Claude Code. What it does not know it leaves out. */
export function parseClaude(id: string, text: string): Conversation {
  const builder = new ConversationBuilder();
  // One answer is written in several lines, each with the usage of the whole.
  const usages = new Map<string, z.infer<typeof Usage>>();
  let cost: number | null = null;
  for (const [index, record] of [...jsonLines(text)].entries()) {
    const parsed = Line.safeParse(record);
    if (!parsed.success) continue;
    const line = parsed.data;
    if (line.type === 'cost-state') {
      cost = line.hasUnknownModelCost === true ? null : line.totalCostUSD;
      continue;
    }
    builder.toolVersion = line.version ?? builder.toolVersion;
    // What subagents say to one another is theirs.
    if (line.isSidechain === true) continue;
    const time = line.timestamp ?? null;
    if (line.type === 'system') {
      if (line.subtype === 'compact_boundary') builder.say('note', time, 'The conversation was compacted.');
      continue;
    }
    if (line.type === 'assistant') {
      const usage = Usage.safeParse(line.message.usage);
      if (usage.success) usages.set(line.message.id ?? String(index), usage.data);
    }
    for (const block of blocks(line.message.content)) {
      if (block.type === 'tool_use') builder.call(time, block.id, block.name, block.input);
      else if (block.type === 'tool_result') builder.result(time, block.tool_use_id, resultText(block.content));
      else if (line.type === 'assistant') {
        builder.say(line.isApiErrorMessage === true ? 'note' : 'answer', time, block.text);
      } else if (INTERRUPTED.test(block.text)) builder.say('note', time, 'Interrupted.');
      else if (line.isMeta !== true && line.isCompactSummary !== true && !ADDED.test(block.text)) {
        builder.say('prompt', time, block.text);
      }
    }
  }
  const sum = (count: (usage: z.infer<typeof Usage>) => number): number =>
    [...usages.values()].reduce((total, usage) => total + count(usage), 0);
  return builder.build(id, 'claude', {
    inputTokens: sum(
      (usage) =>
        (usage.input_tokens ?? 0) + (usage.cache_creation_input_tokens ?? 0) + (usage.cache_read_input_tokens ?? 0),
    ),
    outputTokens: sum((usage) => usage.output_tokens ?? 0),
    costUsd: cost,
  });
}

function blocks(content: z.infer<typeof Content>): z.infer<typeof Block>[] {
  return typeof content === 'string' ? [{ type: 'text', text: content }] : matching(Block, content);
}

const TextPart = z.object({ type: z.literal('text'), text: z.string() });

function resultText(content: unknown): string {
  if (typeof content === 'string') return content;
  return matching(TextPart, content)
    .map(({ text }) => text)
    .join('\n');
}
