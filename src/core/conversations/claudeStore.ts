import { join } from 'node:path';
import * as z from 'zod';
import type { Conversation } from '../../protocol/conversation.js';
import type { Machine, ProcessFiles } from '../machine/machine.js';
import { parseClaude } from './claudeFormat.js';
import { namesIn, readRecord, type Candidate, type ConversationStore } from './conversationStore.js';
import { parseJson } from './jsonLines.js';

/** `sessions/<pid>.json`: what a running Claude Code says of itself. */
const Registered = z.object({ pid: z.number().int(), sessionId: z.string() });

/** Claude Code: one file a conversation, and one for each process that runs. */
export class ClaudeStore implements ConversationStore {
  readonly #machine: Machine;
  readonly #home: string;

  constructor(machine: Machine, home: string) {
    this.#machine = machine;
    this.#home = home;
  }

  async openIn(processes: readonly ProcessFiles[], known: string | null): Promise<string | undefined> {
    const pids = new Set(processes.map(({ pid }) => pid));
    const ids = new Set(
      (await this.#registered()).filter(({ pid }) => pids.has(pid)).map(({ sessionId }) => sessionId),
    );
    // An agent may start another Claude Code as a command: that one is not what the person talks to.
    if (known !== null && (ids.has(known) || ids.size !== 1)) return known;
    return ids.size === 1 ? [...ids][0] : undefined;
  }

  begunIn(): Promise<readonly Candidate[]> {
    return Promise.resolve([]);
  }

  async has(id: string): Promise<boolean> {
    return (await this.#path(id)) !== undefined;
  }

  async read(id: string): Promise<Conversation | undefined> {
    const path = await this.#path(id);
    return path === undefined ? undefined : parseClaude(id, await readRecord(this.#machine, path));
  }

  async writer(id: string): Promise<number | undefined> {
    const writers = (await this.#registered()).filter(({ sessionId }) => sessionId === id);
    if (writers.length === 0) return undefined;
    // The file of a process that was killed stays.
    const running = new Set((await this.#machine.openFiles(null)).map(({ pid }) => pid));
    return writers.find(({ pid }) => running.has(pid))?.pid;
  }

  async #path(id: string): Promise<string | undefined> {
    const projects = join(this.#home, 'projects');
    for (const folder of await namesIn(this.#machine, projects)) {
      const path = join(projects, folder, `${id}.jsonl`);
      if ((await this.#machine.stat(path))?.isDirectory === false) return path;
    }
    return undefined;
  }

  async #registered(): Promise<z.infer<typeof Registered>[]> {
    const folder = join(this.#home, 'sessions');
    const names = (await namesIn(this.#machine, folder)).filter((name) => /^\d+\.json$/.test(name));
    const texts = await Promise.all(names.map((name) => readRecord(this.#machine, join(folder, name)).catch(() => '')));
    return texts.flatMap((text) => {
      const parsed = Registered.safeParse(parseJson(text));
      return parsed.success ? [parsed.data] : [];
    });
  }
}
