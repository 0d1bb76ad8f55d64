import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Conversation } from '../../protocol/conversation.js';
import type { Machine, ProcessFiles } from '../machine/machine.js';
import { namesIn, readHead, readRecord, type Candidate, type ConversationStore } from './conversationStore.js';
import { GeminiHead, parseGemini } from './geminiFormat.js';
import { jsonLines, parseJson } from './jsonLines.js';

interface Chat {
  readonly path: string;
  readonly head: GeminiHead;
}

/** Gemini CLI: files of chats in one folder a project. A resumed chat leaves a second, empty file of the same id. */
export class GeminiStore implements ConversationStore {
  readonly #machine: Machine;
  readonly #projects: string;

  constructor(machine: Machine, home: string) {
    this.#machine = machine;
    this.#projects = join(home, 'tmp');
  }

  openIn(_processes: readonly ProcessFiles[], known: string | null): Promise<string | undefined> {
    return Promise.resolve(known ?? undefined);
  }

  async begunIn(folder: string, since: number): Promise<readonly Candidate[]> {
    const hash = createHash('sha256').update(folder).digest('hex');
    const chats = new Map<string, Candidate>();
    for await (const { path, head } of this.#chats()) {
      const begun = Date.parse(head.startTime);
      const isOurs = head.projectHash === hash && head.kind !== 'subagent';
      if (!isOurs || !(begun >= since) || chats.has(head.sessionId)) continue;
      const said = parseGemini(head.sessionId, await readHead(this.#machine, path)).entries;
      const first = said.find(({ kind }) => kind === 'prompt');
      // One without a word in it belongs to nobody yet.
      if (first !== undefined) chats.set(head.sessionId, { id: head.sessionId, begun, prompt: first.text });
    }
    return [...chats.values()];
  }

  async has(id: string): Promise<boolean> {
    return ((await this.read(id))?.entries.length ?? 0) > 0;
  }

  async read(id: string): Promise<Conversation | undefined> {
    let longest: Conversation | undefined;
    for await (const { path, head } of this.#chats(id)) {
      if (head.sessionId !== id) continue;
      const chat = parseGemini(id, await readRecord(this.#machine, path));
      if (chat.entries.length >= (longest?.entries.length ?? 0)) longest = chat;
    }
    return longest;
  }

  writer(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  /** All, or those whose file is named after an id. */
  async *#chats(id = ''): AsyncGenerator<Chat> {
    for (const project of await namesIn(this.#machine, this.#projects)) {
      const folder = join(this.#projects, project, 'chats');
      for (const name of await namesIn(this.#machine, folder)) {
        if (!/^session-.*\.jsonl?$/.test(name) || !name.includes(id.slice(0, 8))) continue;
        const path = join(folder, name);
        const head = await this.#head(path);
        if (head !== undefined) yield { path, head };
      }
    }
  }

  async #head(path: string): Promise<GeminiHead | undefined> {
    if (path.endsWith('.json')) {
      const whole = GeminiHead.safeParse(parseJson(await readRecord(this.#machine, path)));
      return whole.success ? whole.data : undefined;
    }
    for (const record of jsonLines(await readHead(this.#machine, path))) {
      const head = GeminiHead.safeParse(record);
      return head.success ? head.data : undefined;
    }
    return undefined;
  }
}
