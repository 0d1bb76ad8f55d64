import type { Clock } from '../../common/async.js';
import { DisposableStore, type Disposable } from '../../common/disposable.js';
import { IdGenerator } from '../../common/ids.js';
import type { Logger } from '../../common/logger.js';
import type { ConfigFile } from '../../protocol/files.js';
import { hasEnded, type MachineIdentity } from '../../protocol/session.js';
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
import { SessionCreation, type ContextDirectory } from '../sessions/sessionCreation.js';
import { SessionNames } from '../sessions/sessionNames.js';
import { Sessions } from '../sessions/sessions.js';
import type { SessionTable } from '../records/sessionTable.js';
import { Supervisor } from '../sessions/supervisor.js';
import { homePaths, type HomePaths } from '../store/home.js';
import type { RecordStore } from '../store/recordStore.js';
import type { TmuxPlace } from '../tmux/tmuxProgram.js';
import { TmuxServer } from '../tmux/tmuxServer.js';
import type { ToolCatalog } from '../tools/catalog.js';
import { findProgram } from '../tools/program.js';
import type { Placeholders } from '../tools/resolve.js';
import { Tools } from '../tools/tools.js';
import { Emitter, type Event } from '../../common/emitter.js';
import type { SessionRecord } from '../../protocol/files.js';
import { Leadership } from '../live/leadership.js';
import { LiveSessions } from '../live/liveSession.js';
import { Screens } from '../live/screens.js';
import { SessionInput } from '../live/sessionInput.js';
import type { SessionScope } from '../live/sessionScope.js';
import { SessionStates } from '../live/sessionStates.js';
import { Suspensions } from '../live/suspensions.js';
import { LogKeeper } from '../logs/logKeeper.js';
import { SessionFiles } from '../records/sessionFiles.js';
import { Leftovers } from '../sessions/leftovers.js';
import { Reconciliation } from '../sessions/reconcile.js';
import { SessionEnd } from '../sessions/sessionEnd.js';
import { SessionFollower } from '../sessions/sessionFollower.js';
import { SessionStart } from '../sessions/sessionStart.js';
import { sessionFileName } from '../../protocol/sessionFiles.js';

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
  readonly states: SessionStates;
  readonly left: Leftovers;
  readonly supervisor: Supervisor;
  readonly tools: Tools;
  readonly creation: SessionCreation;
  readonly sessions: Sessions;
  readonly typing: SessionTyping;
  readonly answers: Answerer;
  readonly policy: PolicyRunner;
  readonly conversations: Conversations;
  readonly resume: SessionResume;
  /** Fires when another server acts on the sessions from now on. */
  readonly onDidLoseLead: Event<void>;
  readonly #disposables = new DisposableStore();

  constructor(options: SessionEngineOptions) {
    const { machine, identity, place, table, store, logs: readers, catalog, config, contexts, placeholders } = options;
    const { clock, log } = options;
    const paths = homePaths(place.home);
    const owned = this.#disposables;
    const findTool = (id: string): Tool | undefined => catalog.all().find((tool) => tool.id === id);
    const tmux = owned.add(
      new TmuxServer({
        machine,
        runtimeDirectory: place.runtimeDirectory,
        sessionsDirectory: paths.active,
        place: options.tmux,
        editCommand: options.editCommand,
        log,
      }),
    );
    const scope: SessionScope = {
      machine,
      identity,
      place,
      tmux,
      table,
      live: new LiveSessions(),
      files: new SessionFiles(machine, paths.active),
      leadership: new Leadership(),
      tool: findTool,
      ids: new IdGenerator(),
      clock,
      log,
    };
    this.machine = machine;
    this.identity = identity;
    this.place = place;
    this.paths = paths;
    this.tmux = tmux;

    // What is known of sessions while they run, and what is done to them.
    const logs = owned.add(new LogKeeper(scope, config));
    const suspensions = owned.add(new Suspensions(scope));
    const screens = new Screens(scope);
    const input = new SessionInput(scope, screens);
    const states = owned.add(new SessionStates(scope, suspensions, input));
    const ends = new SessionEnd(scope, logs);
    const starts = new SessionStart(scope, { logs, states, ends });
    const left = owned.add(new Leftovers(scope));
    this.states = states;
    this.left = left;

    // What compares records with tmux, and hears what happens.
    const follower = owned.add(new SessionFollower(scope, logs, ends));
    const reconciliation = new Reconciliation(scope, { logs, states, input, starts, ends, follower });
    const supervisor = owned.add(new Supervisor(scope, { starts, left, follower, reconciliation }));
    this.supervisor = supervisor;
    const leadLost = owned.add(new Emitter<void>());
    this.onDidLoseLead = leadLost.event;

    owned.add(ends.onDidEnd(({ id, root }) => left.onEnded(id, root)));
    owned.add(
      scope.leadership.onDidChange((leads) => {
        if (!leads) leadLost.fire();
      }),
    );
    owned.add(
      follower.onDidWriteRecord((id) => {
        store.reread(id).then(
          (record) => {
            if (!record) return;
            table.take(record);
            if (!hasEnded(record)) supervisor.onForeignRecord();
          },
          (error: unknown) => log.debug(`record of ${id}: ${String(error)}`),
        );
      }),
    );
    owned.add(logs.onDidGrow((id) => readers.onGrown(id)));
    owned.add(logs.onDidRemake((id) => readers.onRemade(id)));
    owned.add(logs.onDidClose((id) => readers.onClosed(id)));
    owned.add(
      logs.onDidResize(({ id, ...size }) => {
        readers.onSize(id, size);
        states.onSize(id, size);
      }),
    );

    // What clients can do with sessions.
    this.tools = new Tools({ catalog, machine, placeholders, log });
    const { tools } = this;
    const { gitTrust } = options;
    const names = new SessionNames(scope, options.otherNames);
    this.creation = new SessionCreation(scope, { store, contexts, names, supervisor, starts, tools, gitTrust });
    this.sessions = new Sessions(scope, { store, names, supervisor, left, ends, states, gitTrust });
    const find = (ref: string): SessionRecord => this.sessions.find(ref);
    this.typing = new SessionTyping(scope, {
      running: (ref) => this.sessions.running(ref),
      tool: ({ tool }) => findTool(tool) ?? { interruptKeys: ['C-c'] },
      screens,
      states,
      suspensions,
      input,
    });
    this.answers = new Answerer(scope, {
      supervisor,
      screens,
      states,
      suspensions,
      input,
      find,
      audit: options.audit,
      route: new HookRoute({
        tool: findTool,
        ticketFor: (id, request) => states.ticketFor(id, request),
        answers: tmux.hookAnswers,
      }),
    });
    this.policy = owned.add(
      new PolicyRunner(scope, {
        policies: options.policies,
        places: new MachinePlaces(machine, paths.root),
        answers: this.answers,
        states,
        contexts,
        find,
      }),
    );
    this.conversations = owned.add(
      new Conversations({
        ...scope,
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
        logPath: (id) => logPath(paths, { id, archived: table.get(id) === undefined }),
      }),
    );
    owned.add(logs.onDidGrow((id) => this.conversations.onOutput(id)));
    owned.add(states.onConversation((told) => this.conversations.onTold(told)));
    this.resume = new SessionResume(scope, {
      store,
      supervisor,
      suspensions,
      starts,
      conversations: this.conversations,
      find: (ref) => this.sessions.findAnywhere(ref),
      tools,
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
