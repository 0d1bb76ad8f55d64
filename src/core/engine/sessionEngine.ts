import type { Clock } from '../../common/async.js';
import { DisposableStore, type Disposable } from '../../common/disposable.js';
import { IdGenerator } from '../../common/ids.js';
import type { Logger } from '../../common/logger.js';
import type { ConfigFile } from '../../protocol/files.js';
import { hasEnded, type MachineIdentity } from '../../protocol/session.js';
import { sessionFileName } from '../../protocol/sessionFiles.js';
import type { Tool } from '../../protocol/tool.js';
import { Answerer } from '../approvals/answerer.js';
import { HookRoute } from '../approvals/hookRoute.js';
import type { AuditLog } from '../approvals/audit.js';
import { MachinePlaces } from '../approvals/policy/paths.js';
import { PolicyRunner } from '../approvals/policyRunner.js';
import type { PolicyStore } from '../approvals/policy/policyStore.js';
import { Conversations } from '../conversations/conversations.js';
import { homeEnvironment } from '../conversations/home.js';
import type { GitTrust } from '../git/gitTrust.js';
import type { Logs } from '../logs/logs.js';
import type { Machine, MachinePlace } from '../machine/machine.js';
import { SessionResume } from '../sessions/resume.js';
import { SessionTyping } from '../sessions/sessionTyping.js';
import { Sessions, type ContextDirectory } from '../sessions/sessions.js';
import type { SessionTable } from '../records/sessionTable.js';
import { Supervisor } from '../sessions/supervisor.js';
import { homePaths, type HomePaths } from '../store/home.js';
import type { RecordStore } from '../store/recordStore.js';
import type { TmuxPlace } from '../tmux/tmuxProgram.js';
import { TmuxServer } from '../tmux/tmuxServer.js';
import type { ToolCatalog } from '../tools/catalog.js';
import { findProgram } from '../tools/program.js';
import type { Placeholders } from '../tools/resolve.js';
import { commandWords, Tools } from '../tools/tools.js';

export interface SessionEngineOptions {
  readonly machine: Machine;
  readonly identity: MachineIdentity;
  readonly place: MachinePlace;
  readonly table: SessionTable;
  readonly store: RecordStore;
  readonly logs: Logs;
  readonly catalog: ToolCatalog;
  readonly config: Pick<ConfigFile, 'logCapMiB'>;
  readonly audit: Pick<AuditLog, 'append' | 'ready'>;
  readonly policies: PolicyStore;
  readonly gitTrust: GitTrust;
  /** Where tmux is there, asked whenever it is looked for. */
  readonly tmux: () => Promise<TmuxPlace>;
  /** The command by which the person changes something of the machine. */
  readonly editCommand: (change: string) => string;
  readonly contexts: ContextDirectory;
  /** Names of the sessions of other machines. */
  readonly otherNames: () => Iterable<string>;
  readonly placeholders: Placeholders | null;
  /** Another server acts on the sessions from now on. */
  readonly onLeadLost?: (() => void) | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A tool that is asked for its records starts slowly. */
const RUN_TOOL_MS = 60_000;

/** What runs the sessions of one machine, as long as it is the same machine. */
export class SessionEngine implements Disposable {
  readonly machine: Machine;
  readonly identity: MachineIdentity;
  readonly place: MachinePlace;
  readonly paths: HomePaths;
  readonly tmux: TmuxServer;
  readonly supervisor: Supervisor;
  readonly tools: Tools;
  readonly sessions: Sessions;
  readonly typing: SessionTyping;
  readonly answers: Answerer;
  readonly policy: PolicyRunner;
  readonly conversations: Conversations;
  readonly resume: SessionResume;
  readonly #disposables = new DisposableStore();

  constructor(options: SessionEngineOptions) {
    const { machine, identity, place, table, store, logs, catalog, config, contexts, placeholders, clock, log } =
      options;
    const paths = homePaths(place.home);
    const ids = new IdGenerator();
    const getTool = (id: string): Tool => catalog.get(id);
    const findTool = (id: string): Tool | undefined => catalog.all().find((tool) => tool.id === id);
    this.machine = machine;
    this.identity = identity;
    this.place = place;
    this.paths = paths;
    this.tmux = this.#disposables.add(
      new TmuxServer({
        machine,
        runtimeDirectory: place.runtimeDirectory,
        sessionsDirectory: paths.active,
        place: options.tmux,
        editCommand: options.editCommand,
        log,
      }),
    );
    this.supervisor = this.#disposables.add(
      new Supervisor({
        machine,
        identity,
        tmux: this.tmux,
        table,
        directory: paths.active,
        tool: findTool,
        logCapBytes: () => config.logCapMiB * 1024 * 1024,
        onLeadLost: options.onLeadLost,
        ids,
        onRecordFile: (id) => {
          store.reread(id).then(
            (record) => {
              if (!record) return;
              table.take(record);
              if (!hasEnded(record)) this.supervisor.onForeignRecord();
            },
            (error: unknown) => log.debug(`record of ${id}: ${String(error)}`),
          );
        },
        clock,
        log,
      }),
    );
    const { supervisor } = this;
    const { live, files, states, suspensions, input, starts, ends } = supervisor;
    this.#disposables.add(supervisor.logs.onDidGrow((id) => logs.onGrown(id)));
    this.#disposables.add(supervisor.logs.onDidRemake((id) => logs.onRemade(id)));
    this.#disposables.add(
      supervisor.logs.onDidResize(({ id, ...size }) => {
        logs.onSize(id, size);
        states.onSize(id, size);
      }),
    );
    this.#disposables.add(supervisor.logs.onDidClose((id) => logs.onClosed(id)));
    this.tools = new Tools({ catalog, machine, placeholders, log });
    const toolVersion: Tools['version'] = (tool, program, env) => this.tools.version(tool, program, env);
    this.sessions = new Sessions({
      machine,
      tmux: this.tmux,
      table,
      store,
      contexts,
      otherNames: options.otherNames,
      supervisor,
      starts,
      ends,
      states,
      tool: getTool,
      words: () => commandWords(catalog),
      toolVersion,
      placeholders,
      worktreesDirectory: paths.worktrees,
      gitTrust: options.gitTrust,
      place,
      ids,
      clock,
      log,
    });
    this.typing = new SessionTyping({
      running: (ref) => this.sessions.running(ref),
      tool: ({ tool }) => findTool(tool) ?? { interruptKeys: ['C-c'] },
      table,
      states,
      suspensions,
      input,
      clock,
    });
    this.answers = new Answerer({
      supervisor,
      live,
      states,
      suspensions,
      input,
      files,
      table,
      find: (ref) => this.sessions.find(ref),
      tool: findTool,
      audit: options.audit,
      route: new HookRoute({
        tool: findTool,
        ticketFor: (id, request) => states.ticketFor(id, request),
        answers: this.tmux.hookAnswers,
      }),
      ids,
      clock,
      log,
    });
    this.policy = this.#disposables.add(
      new PolicyRunner({
        policies: options.policies,
        places: new MachinePlaces(machine, paths.root),
        table,
        supervisor,
        answers: this.answers,
        states,
        contexts,
        find: (ref) => this.sessions.find(ref),
        clock,
        log,
      }),
    );
    this.conversations = this.#disposables.add(
      new Conversations({
        machine,
        table,
        tool: findTool,
        runTool: async (tool, home, args) => {
          const { program, env } = await findProgram(
            { machine, placeholders, tool, host: identity.host, home: place.home },
            {},
          );
          const more = tool.conversation === undefined ? {} : homeEnvironment(tool.conversation.home, env, home);
          const { stdout } = await machine.run([...program, ...args], {
            env: { ...env, ...more },
            cwd: '/',
            timeoutMs: RUN_TOOL_MS,
          });
          return stdout;
        },
        isHere: (record) => supervisor.isHere(record),
        logPath: (id) => logPath(paths, { id, archived: table.get(id) === undefined }),
        onLogChanged: supervisor.logs.onDidGrow,
        onConversation: states.onConversation,
        clock,
        log,
      }),
    );
    this.resume = new SessionResume({
      machine,
      tmux: this.tmux,
      table,
      store,
      supervisor,
      suspensions,
      starts,
      conversations: this.conversations,
      find: (ref) => this.sessions.findAnywhere(ref),
      tool: getTool,
      words: () => commandWords(catalog),
      toolVersion,
      placeholders,
      files,
      place,
      clock,
    });
  }

  dispose(): void {
    this.#disposables.dispose();
  }
}

/** Path of a session's log. */
export function logPath(
  paths: HomePaths,
  { id, archived }: { readonly id: string; readonly archived: boolean },
): string {
  return `${archived ? paths.archive : paths.active}/${sessionFileName(id, 'log')}`;
}
