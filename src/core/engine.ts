import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock, type Clock } from '../common/async.js';
import { VERSION } from '../common/build.js';
import { DisposableStore, type Disposable } from '../common/disposable.js';
import { Emitter } from '../common/emitter.js';
import { IdGenerator } from '../common/ids.js';
import type { Logger } from '../common/logger.js';
import type { Machine as MachineInfo } from '../protocol/context.js';
import { CodeManagerError, errorText } from '../protocol/errors.js';
import type { Change } from '../protocol/events.js';
import { toSession } from '../protocol/files.js';
import type { Snapshot } from '../protocol/requests.js';
import { hasEnded, type MachineIdentity } from '../protocol/session.js';
import { Contexts } from './contexts.js';
import { Conversations } from './conversations/conversations.js';
import { homeEnvironment } from './conversations/home.js';
import { installCommand } from './installCommand.js';
import type { Machine } from './machine.js';
import { SessionResume } from './sessions/resume.js';
import { SessionFiles } from './sessions/sessionFiles.js';
import { Sessions } from './sessions/sessions.js';
import { SessionTable } from './sessions/sessionTable.js';
import { Supervisor } from './sessions/supervisor.js';
import { readConfig } from './store/configFile.js';
import { CredentialsStore } from './store/credentialsStore.js';
import { ContextStore } from './store/contextStore.js';
import { openHome, type HomePaths } from './store/home.js';
import { SessionStore } from './store/sessionStore.js';
import { ToolCatalog } from './tools/catalog.js';
import { findProgram } from './tools/program.js';
import { Tools } from './tools/tools.js';
import { TmuxServer } from './tmux/tmuxServer.js';

export interface EngineOptions {
  readonly home: string;
  readonly machine: Machine;
  readonly runtimeDirectory: string;
  /** Runtime that runs our own scripts, and the folder of the files that come with us. */
  readonly node: string;
  readonly media: string;
  /** The mask with which sessions make files. */
  readonly umask: number;
  readonly log: Logger;
  readonly clock?: Clock;
}

const DAY_MS = 86_400_000;
/** A tool that is asked for its records starts slowly. */
const RUN_TOOL_MS = 60_000;
/** How often records that could not be written are tried again. */
const SAVE_AGAIN_MS = 5_000;

/** Everything that one machine's sessions need, wired together. Knows nothing of sockets and clients. */
export class Engine implements Disposable {
  readonly contexts: Contexts;
  readonly sessions: Sessions;
  readonly conversations: Conversations;
  readonly resume: SessionResume;
  readonly supervisor: Supervisor;
  readonly tools: Tools;
  readonly tmux: TmuxServer;
  readonly table: SessionTable;
  readonly paths: HomePaths;
  readonly machine: Machine;
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #changes: Emitter<Change>;
  readonly #disposables = new DisposableStore();
  readonly #store: SessionStore;
  readonly #retentionDays: number;
  #machineInfo: MachineInfo;
  #cleaning: { cancel(): void } | undefined;
  #saving: { cancel(): void } | undefined;

  /** Every change of what clients see, in order. */
  readonly onDidChange;

  private constructor(parts: {
    options: EngineOptions;
    paths: HomePaths;
    store: SessionStore;
    contextStore: ContextStore;
    catalog: ToolCatalog;
    config: Awaited<ReturnType<typeof readConfig>>['config'];
    identity: MachineIdentity;
  }) {
    const { options, paths, store, contextStore, catalog, config, identity } = parts;
    const { machine, log, clock = systemClock } = options;
    this.#log = log;
    this.#clock = clock;
    this.#store = store;
    this.#retentionDays = config.retentionDays;
    this.paths = paths;
    this.machine = machine;
    this.#changes = new Emitter<Change>((error) => log.error(`a listener failed: ${errorText(error)}`));
    this.onDidChange = this.#changes.event;
    this.#machineInfo = {
      id: 'local',
      host: identity.host,
      type: 'local',
      connection: 'connected',
      since: this.#now(),
      problem: null,
      node: identity.host,
      version: VERSION,
      lastSeen: null,
      nextTry: null,
    };

    this.table = this.#disposables.add(
      new SessionTable(store, (record, error) => {
        // Once for all records that fail for the same reason.
        if (!this.#saving)
          this.#notice('error', `The record of ${record.name} could not be written. ${errorText(error)}`);
        this.#saveAgain();
      }),
    );
    this.tmux = this.#disposables.add(
      new TmuxServer({
        machine,
        runtimeDirectory: options.runtimeDirectory,
        sessionsDirectory: paths.active,
        program: config.tmux,
        log,
      }),
    );
    this.supervisor = this.#disposables.add(
      new Supervisor({
        machine,
        identity,
        tmux: this.tmux,
        table: this.table,
        directory: paths.active,
        tool: (id) => catalog.all().find((tool) => tool.id === id),
        logCapBytes: () => config.logCapMiB * 1024 * 1024,
        clock,
        log,
      }),
    );
    const placeholders = { node: options.node, media: options.media };
    this.tools = new Tools({ catalog, machine, placeholders, log });
    this.contexts = new Contexts({
      store: contextStore,
      table: this.table,
      machine,
      tmux: this.tmux,
      tools: this.tools,
      onChange: (change) => this.#changes.fire(change),
    });
    this.sessions = new Sessions({
      machine,
      tmux: this.tmux,
      table: this.table,
      store,
      contexts: this.contexts,
      contextForPath: (path) => this.contexts.forPathOrNew(path),
      supervisor: this.supervisor,
      tool: (id) => catalog.get(id),
      toolVersion: (tool, program, env) => this.tools.version(tool, program, env),
      placeholders,
      worktreesDirectory: paths.worktrees,
      umask: options.umask,
      ids: new IdGenerator(),
      clock,
      log,
    });
    this.conversations = this.#disposables.add(
      new Conversations({
        machine,
        table: this.table,
        tool: (id) => catalog.all().find((tool) => tool.id === id),
        runTool: async (tool, home, args) => {
          const { program, env } = await findProgram({ machine, placeholders, tool, host: identity.host }, {});
          const more = tool.conversation === undefined ? {} : homeEnvironment(tool.conversation.home, env, home);
          const { stdout } = await machine.run([...program, ...args], {
            env: { ...env, ...more },
            cwd: '/',
            timeoutMs: RUN_TOOL_MS,
          });
          return stdout;
        },
        isHere: (record) => this.supervisor.isHere(record),
        logPath: (id) => join(this.table.get(id) ? paths.active : paths.archive, `${id}.log`),
        onLogChanged: this.supervisor.onLogChanged,
        clock,
        log,
      }),
    );
    this.resume = new SessionResume({
      machine,
      tmux: this.tmux,
      table: this.table,
      store,
      supervisor: this.supervisor,
      conversations: this.conversations,
      find: (ref) => this.sessions.findAnywhere(ref),
      tool: (id) => catalog.get(id),
      placeholders,
      files: new SessionFiles(machine, paths.active),
      umask: options.umask,
      clock,
    });
    this.table.onDidChange((record) => this.#changes.fire({ type: 'session/changed', session: toSession(record) }));
    this.table.onDidRemove(({ id, name }) => this.#changes.fire({ type: 'session/removed', id, name }));
  }

  /** Reads what is on disk. Nothing runs yet: {@link adopt} takes over the sessions that do. */
  static async open(options: EngineOptions): Promise<Engine> {
    const paths = await openHome(options.home);
    const store = new SessionStore(paths.root);
    await store.load();
    const contextStore = new ContextStore(paths.root, { credentials: new CredentialsStore(paths.root) });
    await contextStore.load();
    const catalog = new ToolCatalog(paths.tools);
    await catalog.reload();
    const { config, problems } = await readConfig(paths.root);
    const identity = await options.machine.identity();
    const engine = new Engine({ options, paths, store, contextStore, catalog, config, identity });
    for (const problem of [
      ...store.problems,
      ...contextStore.problems,
      ...problems,
      ...catalog.problems.map(({ file, message }) => `${file}: ${message}`),
    ]) {
      options.log.warn(problem);
      engine.problems.push(problem);
    }
    return engine;
  }

  /** What could not be read on disk, for the doctor and for every client that asks. */
  readonly problems: string[] = [];

  #now(): string {
    return new Date(this.#clock.now()).toISOString();
  }

  #notice(level: 'info' | 'warning' | 'error', message: string): void {
    this.#log.warn(message);
    this.#changes.fire({ type: 'notice', level, message });
  }

  /** Memory has what disk has not: until it has. */
  #saveAgain(): void {
    this.#saving ??= this.#clock.after(SAVE_AGAIN_MS, () => {
      this.#store.flush().then(
        () => {
          this.#saving = undefined;
          this.#log.info('all records are written');
        },
        () => {
          this.#saving = undefined;
          this.#saveAgain();
        },
      );
    });
  }

  async adopt(): Promise<void> {
    await this.checkMachine();
    await this.supervisor.adopt();
    const clean = (): void => {
      if (this.#retentionDays > 0) {
        this.sessions
          .archiveOld(this.#retentionDays * DAY_MS)
          .catch((error: unknown) => this.#log.warn(`clean-up: ${errorText(error)}`));
      }
      this.#cleaning = this.#clock.after(DAY_MS / 4, clean);
    };
    clean();
  }

  /** Whether this machine can run sessions; tells clients when that changes. */
  async checkMachine(): Promise<MachineInfo> {
    let connection: MachineInfo['connection'] = 'connected';
    let problem: MachineInfo['problem'] = null;
    try {
      await this.tmux.program();
    } catch (error) {
      connection = 'dependencyMissing';
      problem = {
        message: errorText(error),
        command:
          error instanceof CodeManagerError && error.code === 'dependencyMissing'
            ? await installCommand(this.machine, 'tmux')
            : null,
      };
    }
    const known = this.#machineInfo;
    if (known.connection !== connection || known.problem?.message !== problem?.message) {
      this.#machineInfo = { ...known, connection, problem, since: this.#now() };
      this.#changes.fire({ type: 'machine/changed', machine: this.#machineInfo });
    }
    return this.#machineInfo;
  }

  get machines(): readonly MachineInfo[] {
    return [this.#machineInfo];
  }

  snapshot(): Snapshot {
    return {
      machines: [...this.machines],
      contexts: [...this.contexts.all()],
      sessions: this.table.all().map(toSession),
    };
  }

  get runningSessions(): number {
    return this.table.all().filter((record) => !hasEnded(record)).length;
  }

  /** Where the log of a session is and how much of it. */
  async logInfo(ref: string): Promise<{ id: string; path: string; base: number; size: number; closed: boolean }> {
    const record = await this.sessions.findAnywhere(ref);
    const path = join(record.archived ? this.paths.archive : this.paths.active, `${record.id}.log`);
    const size = (await stat(path).catch(() => undefined))?.size ?? 0;
    return { id: record.id, path, base: Math.min(record.logBase, size), size, closed: hasEnded(record) };
  }

  /** First offset of a log that may be read; grows while older parts are freed. */
  logBase(id: string): number {
    return this.#store.get(id)?.logBase ?? 0;
  }

  /** Waits until everything is on disk. */
  async flush(): Promise<void> {
    await this.#store.flush();
  }

  dispose(): void {
    this.#cleaning?.cancel();
    this.#saving?.cancel();
    this.#disposables.dispose();
    this.#changes.dispose();
  }
}
