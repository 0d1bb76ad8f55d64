import { stripTerminal } from '../common/terminalText.js';
import type { Conversation, ConversationEntry } from '../protocol/conversation.js';
import type { App } from './app.js';

/** Lines of a tool's output that are shown; all of it is in `--json`. */
const RESULT_LINES = 12;

/** Prints what the agent itself recorded: with `--json` as it is, else for people. */
export async function showTranscript(app: App, session: string): Promise<void> {
  const { output } = app;
  const conversation = await app.client.request('session/transcript', { session });
  if (output.json) return output.record(conversation);
  if (conversation.omitted > 0) output.note(`${conversation.omitted} earlier entries are left out.`);
  for (const entry of conversation.entries) await output.lines(entryLines(entry, output.paint));
  output.note(usageLine(conversation));
}

function entryLines(entry: ConversationEntry, paint: App['output']['paint']): string[] {
  const lines = cleanLines(entry.text);
  const tool = stripTerminal(entry.tool ?? 'tool');
  switch (entry.kind) {
    case 'prompt':
      return ['', ...lines.map((line) => paint('bold', `> ${line}`)), ''];
    case 'answer':
      return [...lines, ''];
    case 'note':
      return [...lines.map((line) => paint('yellow', `— ${line}`)), ''];
    case 'toolCall': {
      const [first = '', ...more] = lines;
      return [paint('blue', `${tool}: ${first}`), ...more.map((line) => `  ${line}`)];
    }
    case 'toolResult': {
      const shown = lines.slice(0, RESULT_LINES);
      const rest = lines.length - shown.length;
      if (rest > 0) shown.push(`… ${rest} more lines`);
      return [...shown.map((line) => paint('dim', `  ${line}`)), ''];
    }
  }
}

function cleanLines(text: string): string[] {
  return text.replace(/\r\n?/g, '\n').trimEnd().split('\n').map(stripTerminal);
}

function usageLine({ usage: { inputTokens, outputTokens, costUsd } }: Conversation): string {
  const cost = costUsd === null ? '' : `, $${costUsd.toFixed(2)}`;
  return `${inputTokens} tokens in, ${outputTokens} out${cost}`;
}
