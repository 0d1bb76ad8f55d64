import type { Conversation, ConversationEntry, ConversationFormat } from '../../protocol/conversation.js';

/** Letters that are kept of one text: what a tool printed can be huge, and a client shows a part of it. */
const MAX_TEXT = 64 * 1024;
/** Letters of a whole conversation that travel to a client. */
const MAX_TOTAL = 4 * 1024 * 1024;
/** Letters of what a tool was called with. */
const MAX_INPUT = 64 * 1024;
const CUT = '…';

/** What a call is about, most telling first. */
const TELLING = ['command', 'cmd', 'file_path', 'filePath', 'path', 'pattern', 'query', 'url', 'prompt', 'description'];

/** Collects the entries of a conversation in the common shape, whatever the format is that they come from. */
export class ConversationBuilder {
  readonly #entries: ConversationEntry[] = [];
  /** Names of the called tools by the id of the call. */
  readonly #calls = new Map<string, string>();
  toolVersion: string | null = null;

  get isEmpty(): boolean {
    return this.#entries.length === 0;
  }

  get last(): ConversationEntry | undefined {
    return this.#entries.at(-1);
  }

  /** Text of a person, of the model or of the tool itself; nothing when it is blank. */
  say(kind: 'prompt' | 'answer' | 'note', time: string | null, text: string): void {
    if (text.trim() !== '') this.#entries.push({ kind, time, text: cut(text) });
  }

  call(time: string | null, id: string, tool: string, input: unknown): void {
    this.#calls.set(id, tool);
    const text = callText(input);
    const isLarge = jsonLength(input) > MAX_INPUT;
    this.#entries.push({ kind: 'toolCall', time, text, tool, ...(isLarge || input === undefined ? {} : { input }) });
  }

  result(time: string | null, id: string, text: string): void {
    const tool = this.#calls.get(id);
    this.#entries.push({ kind: 'toolResult', time, text: cut(text), ...(tool === undefined ? {} : { tool }) });
  }

  build(id: string, tool: ConversationFormat, usage: Conversation['usage']): Conversation {
    let total = 0;
    let first = this.#entries.length;
    while (first > 0) {
      const entry = this.#entries[first - 1];
      total += (entry?.text.length ?? 0) + jsonLength(entry?.input);
      if (total > MAX_TOTAL) break;
      first--;
    }
    return { id, tool, toolVersion: this.toolVersion, entries: this.#entries.slice(first), usage, omitted: first };
  }
}

function jsonLength(value: unknown): number {
  return value === undefined ? 0 : JSON.stringify(value).length;
}

function cut(text: string): string {
  return text.length <= MAX_TEXT ? text : text.slice(0, MAX_TEXT - 1) + CUT;
}

function callText(input: unknown): string {
  if (typeof input === 'string') return cut(input);
  if (typeof input !== 'object' || input === null) return '';
  const fields = input as Readonly<Record<string, unknown>>;
  for (const name of TELLING) {
    const value = fields[name];
    if (typeof value === 'string' && value !== '') return cut(value);
    if (Array.isArray(value) && value.every((word) => typeof word === 'string')) return cut(value.join(' '));
  }
  return cut(JSON.stringify(input));
}
