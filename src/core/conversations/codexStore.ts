import { basename, join } from 'node:path';
import type { Conversation } from '../../protocol/conversation.js';
import type { Machine, ProcessFiles } from '../machine/machine.js';
import { CodexMeta, parseCodex } from './codexFormat.js';
import { namesIn, readHead, readRecord, type Candidate, type ConversationStore } from './conversationStore.js';
import { jsonLines } from './jsonLines.js';

/** Name of the file of a conversation. */
export const ROLLOUT = /^rollout-.*?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.jsonl$/;
const DAY_MS = 86_400_000;
/** The last prompt is looked for in so much. */
const TAIL_BYTES = 1024 * 1024;

interface Rollout {
  readonly path: string;
  readonly meta: CodexMeta;
}

/** Codex: one rollout file a conversation, which its process holds open. */
export class CodexStore implements ConversationStore {
  readonly #machine: Machine;
  readonly #sessions: string;

  constructor(machine: Machine, home: string) {
    this.#machine = machine;
    this.#sessions = join(home, 'sessions');
  }

  async openIn(processes: readonly ProcessFiles[]): Promise<string | undefined> {
    const files = processes.flatMap(({ pid, files }) =>
      files.filter((file) => ROLLOUT.test(basename(file))).map((path) => ({ pid, path })),
    );
    const metas = await Promise.all(files.map(async (file) => ({ ...file, meta: await this.#meta(file.path) })));
    // Its helper agents have conversations of their own.
    const open = metas.flatMap(({ meta, ...file }) => (typeof meta?.source === 'string' ? [{ ...file, meta }] : []));
    if (new Set(open.map(({ meta }) => meta.id)).size <= 1) return open[0]?.meta.id;
    // An agent may start another Codex as a command.
    const own = open.filter(({ meta }) => meta.source === 'cli');
    return new Set(own.map(({ pid }) => pid)).size === 1 ? this.#promptedLast(own) : undefined;
  }

  /** A person has begun another one in the same program, which goes on holding the first. Undefined when in doubt. */
  async #promptedLast(open: readonly Rollout[]): Promise<string | undefined> {
    const prompted = await Promise.all(
      open.map(async ({ path, meta: { id } }) => {
        const { entries } = parseCodex(id, await readRecord(this.#machine, path, TAIL_BYTES));
        return { id, time: Date.parse(entries.findLast(({ kind }) => kind === 'prompt')?.time ?? '') };
      }),
    );
    if (prompted.some(({ time }) => Number.isNaN(time))) return undefined;
    return prompted.sort((a, b) => b.time - a.time)[0]?.id;
  }

  async begunIn(folder: string, since: number): Promise<readonly Candidate[]> {
    const found: Candidate[] = [];
    // Folders are named after local days.
    for await (const path of this.#rollouts(since - DAY_MS)) {
      const head = await readHead(this.#machine, path);
      const meta = await this.#meta(path);
      const begun = meta === undefined ? NaN : Date.parse(meta.timestamp);
      if (meta === undefined || meta.cwd !== folder || typeof meta.source !== 'string' || !(begun >= since)) continue;
      const first = parseCodex(meta.id, head).entries.find(({ kind }) => kind === 'prompt');
      found.push({ id: meta.id, begun, prompt: first?.text ?? null });
    }
    return found;
  }

  async has(id: string): Promise<boolean> {
    return (await this.#path(id)) !== undefined;
  }

  async read(id: string): Promise<Conversation | undefined> {
    const path = await this.#path(id);
    return path === undefined ? undefined : parseCodex(id, await readRecord(this.#machine, path));
  }

  async writer(id: string): Promise<number | undefined> {
    const holds = (file: string): boolean => ROLLOUT.exec(basename(file))?.[1] === id;
    return (await this.#machine.openFiles(null)).find(({ files }) => files.some(holds))?.pid;
  }

  async #path(id: string): Promise<string | undefined> {
    for await (const path of this.#rollouts(-Infinity)) if (ROLLOUT.exec(basename(path))?.[1] === id) return path;
    return undefined;
  }

  async #meta(path: string): Promise<CodexMeta | undefined> {
    for (const record of jsonLines(await readHead(this.#machine, path))) {
      const meta = CodexMeta.safeParse(record['payload']);
      return record['type'] === 'session_meta' && meta.success ? meta.data : undefined;
    }
    return undefined;
  }

  /** Newest days first. */
  async *#rollouts(since: number): AsyncGenerator<string> {
    const below = async (folder: string): Promise<readonly string[]> =>
      [...(await namesIn(this.#machine, folder))]
        .filter((name) => /^\d+$/.test(name))
        .sort()
        .reverse();
    for (const year of await below(this.#sessions)) {
      for (const month of await below(join(this.#sessions, year))) {
        for (const day of await below(join(this.#sessions, year, month))) {
          if (Date.UTC(Number(year), Number(month) - 1, Number(day) + 1) < since) return;
          const folder = join(this.#sessions, year, month, day);
          for (const name of await namesIn(this.#machine, folder)) if (ROLLOUT.test(name)) yield join(folder, name);
        }
      }
    }
  }
}
