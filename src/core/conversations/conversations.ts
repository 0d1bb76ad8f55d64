import { stripVTControlCharacters } from 'node:util';
import { KeyedMutex, type Clock } from '../../common/async.js';
import { DisposableStore, type Disposable } from '../../common/disposable.js';
import type { Logger } from '../../common/logger.js';
import type { Conversation } from '../../protocol/conversation.js';
import { CodeManagerError, errorText } from '../../protocol/errors.js';
import type { SessionRecord } from '../../protocol/files.js';
import { hasEnded, type MachineIdentity } from '../../protocol/session.js';
import type { Tool, ToolConversation } from '../../protocol/tool.js';
import type { Machine } from '../machine/machine.js';
import type { SessionTable } from '../records/sessionTable.js';
import { ClaudeStore } from './claudeStore.js';
import { CodexStore } from './codexStore.js';
import type { ConversationStore } from './conversationStore.js';
import { GeminiStore } from './geminiStore.js';
import { matchUnique, showsPrompt, type Seeker } from './match.js';
import { OpencodeStore, type RunOpencode } from './opencodeStore.js';
import { isOnHost } from '../records/sameMachine.js';

/** A session and the id that its tool gives to the conversation that it is in. */
export interface ToldConversation {
  readonly id: string;
  readonly conversation: string;
}

export interface ConversationsOptions {
  readonly machine: Machine;
  readonly table: SessionTable;
  /** A tool's data; undefined when its file has gone. */
  readonly tool: (id: string) => Tool | undefined;
  /** Runs a tool's own program in the home of a conversation. */
  readonly runTool: (tool: Tool, home: string, args: readonly string[]) => ReturnType<RunOpencode>;
  readonly identity: MachineIdentity;
  /** Path of a session's log. */
  readonly logPath: (id: string) => string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A look is taken when output has been quiet for so long: then the tool has written down what it said. */
const QUIET_MS = 1_500;
/** Where none is known yet, after so long at most: what is killed in the middle of its first turn is resumed too. */
const BUSY_MS = 10_000;
/** The least time between two looks; it grows while nothing is found, since a look can start a program. */
const LOOK_AGAIN_MS = 10_000;
const MISSED_MS = 4_000;
const LONGEST_MS = 2 * 60_000;
const LOG_TAIL_BYTES = 512 * 1024;
/** What may be said to a tool as an id. */
const ID = /^[A-Za-z0-9_][A-Za-z0-9_-]{3,127}$/;

interface Watch {
  /** When something was printed for the first time since the last look. */
  firstOutput: number | undefined;
  lastOutput: number;
  timer: { cancel(): void } | undefined;
  /** Not before this time. */
  next: number;
  misses: number;
}

const NOT_LOOKED: Watch = { firstOutput: undefined, lastOutput: 0, timer: undefined, next: 0, misses: 0 };

/** Knows which of the tools' own conversations belongs to which session, and reads them. Never writes there. */
export class Conversations implements Disposable {
  readonly #options: ConversationsOptions;
  readonly #watches = new Map<string, Watch>();
  readonly #running = new Set<string>();
  /** By session: the conversation that its tool says it is in. */
  readonly #told = new Map<string, string>();
  readonly #looking = new KeyedMutex();
  readonly #disposables = new DisposableStore();

  constructor(options: ConversationsOptions) {
    this.#options = options;
    const { table } = options;
    this.#disposables.add(table.onDidChange((record) => this.#onRecord(record)));
    this.#disposables.add(
      table.onDidRemove(({ id }) => {
        this.#forget(id);
        this.#told.delete(id);
      }),
    );
  }

  #spec({ tool }: SessionRecord): ToolConversation | undefined {
    return this.#options.tool(tool)?.conversation;
  }

  /** Undefined for a tool of which no records are known, and for a session of another host. */
  store(record: SessionRecord): ConversationStore | undefined {
    const { machine, runTool, identity } = this.#options;
    const tool = this.#options.tool(record.tool);
    const home = record.conversation?.home;
    if (tool?.conversation === undefined || home === undefined || !isOnHost(record, identity)) return undefined;
    switch (tool.conversation.format) {
      case 'claude':
        return new ClaudeStore(machine, home);
      case 'codex':
        return new CodexStore(machine, home);
      case 'gemini':
        return new GeminiStore(machine, home);
      case 'opencode':
        return new OpencodeStore((args) => runTool(tool, home, args));
    }
  }

  /** @throws CodeManagerError `notFound` when nothing of it is recorded or known */
  async transcript(record: SessionRecord): Promise<Conversation> {
    const id = record.conversationId ?? (await this.look(record.id));
    const store = this.store(record);
    const conversation = id === null ? undefined : await store?.read(id);
    if (conversation) return { ...conversation, tool: record.tool };
    throw new CodeManagerError('notFound', `No conversation of ${record.name} is known`, {
      hint:
        this.#spec(record) === undefined
          ? 'Its tool records none that could be read; see cm logs.'
          : 'It is known once the agent was asked something and answered; see cm logs.',
    });
  }

  /** The tool of a session has said which conversation it is in. */
  onTold({ id, conversation }: ToldConversation): void {
    this.#told.set(id, conversation);
    const record = this.#options.table.get(id);
    if (record?.conversation != null && record.conversationId !== conversation) this.#attempt(id);
  }

  /** The log of a session has grown. */
  onOutput(id: string): void {
    const { table, clock } = this.#options;
    const record = table.get(id);
    if (record?.conversation == null || hasEnded(record)) return;
    this.#running.add(id);
    let watch = this.#watches.get(id);
    if (!watch) this.#watches.set(id, (watch = { ...NOT_LOOKED }));
    watch.lastOutput = clock.now();
    watch.firstOutput ??= watch.lastOutput;
    this.#schedule(id, watch);
  }

  #schedule(id: string, watch: Watch): void {
    const { table, clock } = this.#options;
    if (watch.timer) return;
    const quiet = (): number => {
      const isKnown = table.get(id)?.conversationId != null;
      return Math.min(watch.lastOutput + QUIET_MS, isKnown ? Infinity : (watch.firstOutput ?? Infinity) + BUSY_MS);
    };
    const due = Math.max(quiet(), watch.next);
    watch.timer = clock.after(Math.max(1, due - clock.now()), () => {
      watch.timer = undefined;
      if (this.#watches.get(id) !== watch) return;
      if (clock.now() < quiet()) this.#schedule(id, watch);
      // Before its start is over nobody can have asked it anything.
      else if (table.get(id)?.status === 'running') this.#attempt(id);
    });
  }

  /** The last look is taken when it has ended: by then everything is written. */
  #onRecord(record: SessionRecord): void {
    if (record.conversation === null) return;
    if (!hasEnded(record)) {
      this.#running.add(record.id);
      const watch = this.#watches.get(record.id);
      // Its last words may have been said while it was starting.
      if (watch && record.status === 'running' && record.conversationId === null) this.#schedule(record.id, watch);
    } else if (this.#running.delete(record.id)) {
      this.#forget(record.id);
      this.#attempt(record.id);
    }
  }

  #forget(id: string): void {
    this.#watches.get(id)?.timer?.cancel();
    this.#watches.delete(id);
    this.#running.delete(id);
  }

  #attempt(id: string): void {
    this.look(id).catch((error: unknown) => this.#options.log.debug(`conversation of ${id}: ${errorText(error)}`));
  }

  /** Looks which conversation a session is in, and notes it in its record. Null when that cannot be told for sure. */
  async look(id: string): Promise<string | null> {
    return this.#looking.run(id, async () => {
      const { table, clock, log } = this.#options;
      const before = table.get(id);
      const store = before && this.store(before);
      if (!before || !store) return null;
      const watch = this.#watches.get(id);
      if (watch) watch.firstOutput = undefined;
      const found = await this.#find(before, store);
      const record = table.get(id) ?? before;
      if (watch) {
        watch.misses = found === undefined ? watch.misses + 1 : 0;
        const pause = found === undefined ? Math.min(MISSED_MS * 2 ** watch.misses, LONGEST_MS) : LOOK_AGAIN_MS;
        watch.next = clock.now() + pause;
      }
      if (found === undefined || found === record.conversationId) return record.conversationId;
      log.info(`session ${id} is in conversation ${found}`);
      await table.patch(id, { conversationId: found });
      return found;
    });
  }

  async #find(record: SessionRecord, store: ConversationStore): Promise<string | undefined> {
    const known = this.#told.get(record.id) ?? record.conversationId ?? record.conversation?.given ?? null;
    const found = hasEnded(record)
      ? (known ?? undefined)
      : await store.openIn(await this.#options.machine.openFiles({ root: record.pid, marker: record.id }), known);
    if (found === undefined && record.conversationId === null) {
      const begun = await this.#begun(record, store);
      return begun !== undefined && ID.test(begun) ? begun : undefined;
    }
    if (found === undefined || !ID.test(found)) return undefined;
    return found === record.conversationId || (await store.has(found)) ? found : undefined;
  }

  /** By folder, time and first words, where nothing tells more; only when no other session can have begun it. */
  async #begun(record: SessionRecord, store: ConversationStore): Promise<string | undefined> {
    const { table } = this.#options;
    const folder = await this.#physicalPath(record.path);
    const seeker = toSeeker(record);
    const claimed = new Set(table.all().map(({ conversationId }) => conversationId));
    const candidates = (await store.begunIn(folder, seeker.from)).filter(({ id }) => !claimed.has(id));
    const others = table
      .all()
      .filter(
        ({ tool, path, conversationId }) => tool === record.tool && path === record.path && conversationId === null,
      );
    const match = matchUnique(seeker, others.map(toSeeker), candidates);
    if (match === undefined || record.task.trim() !== '') return match?.id;
    // Somebody else may have begun it beside us: what the session's own terminal showed decides.
    return match.prompt !== null && showsPrompt(await this.#logText(record.id), match.prompt) ? match.id : undefined;
  }

  async #logText(id: string): Promise<string> {
    const { machine, logPath } = this.#options;
    const size = (await machine.stat(logPath(id)))?.size ?? 0;
    const from = Math.max(0, size - LOG_TAIL_BYTES);
    const bytes = await machine.readFile(logPath(id), from, size - from);
    return stripVTControlCharacters(Buffer.from(bytes).toString('utf8'));
  }

  /** Tools record folders without symbolic links. */
  async #physicalPath(path: string): Promise<string> {
    const { stdout, code } = await this.#options.machine.run(['/bin/sh', '-c', 'pwd -P'], { cwd: path });
    return code === 0 ? stdout.replace(/\n$/, '') : path;
  }

  dispose(): void {
    this.#disposables.dispose();
    for (const id of [...this.#watches.keys()]) this.#forget(id);
  }
}

function toSeeker({ id, task, created, completed }: SessionRecord): Seeker {
  return { id, task, from: Date.parse(created), to: completed === null ? Infinity : Date.parse(completed) };
}
