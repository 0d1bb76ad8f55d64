import { systemClock, type Clock } from '../../common/async.js';
import { VERSION } from '../../common/build.js';
import type { Disposable } from '../../common/disposable.js';
import { Emitter } from '../../common/emitter.js';
import { shortHostName } from '../../common/home.js';
import type { Logger } from '../../common/logger.js';
import type { Machine as MachineInfo } from '../../protocol/context.js';
import { CodeManagerError, errorText } from '../../protocol/errors.js';
import type { Change } from '../../protocol/events.js';
import { toSession, type SessionRecord } from '../../protocol/files.js';
import type { Check, Params, Result } from '../../protocol/requests.js';
import type { Attaching } from '../../protocol/sessionRequests.js';
import { hasEnded, type Session } from '../../protocol/session.js';
import { editCommand } from '../contexts/editCommand.js';
import { engineMethods, type EngineMethods } from './engineMethods.js';
import { installCommand } from '../tools/installCommand.js';
import type { Logs } from '../logs/logs.js';
import type { LinkState, Machine, Terminal, TerminalSize } from '../machine/machine.js';
import type {
  LogPosition,
  LogSink,
  LogSubscription,
  MachineService,
  SessionMethod,
} from '../machine/machineService.js';
import { folderOf, foldersIn, machineSteps } from './machineChecks.js';
import type { Operation } from '../machine/operation.js';
import { reconnected, unreachable } from '../machine/reachable.js';
import type { ServerData } from './serverData.js';
import { SessionEngine } from './sessionEngine.js';
import type { ContextDirectory } from '../sessions/sessionCreation.js';
import { SessionTable } from '../records/sessionTable.js';
import type { MachineCache, Remembered } from '../store/machineCache.js';
import type { RecordStore } from '../store/recordStore.js';
import { SaveAgain } from '../store/saveAgain.js';
import { takeSteps } from '../machine/steps.js';
import type { TmuxPlace } from '../tmux/tmuxProgram.js';
import type { Placeholders } from '../tools/resolve.js';

export interface EngineServiceOptions {
  /** As `machineId` gives it. */
  readonly id: string;
  /** The name by which people know the machine; undefined: what it calls itself. */
  readonly host: string | undefined;
  readonly machine: Machine;
  readonly store: RecordStore;
  readonly logs: Logs;
  readonly data: Pick<ServerData, 'catalog' | 'config' | 'audit' | 'policies' | 'gitTrust'>;
  /** Where tmux is there, asked whenever it is looked for. */
  readonly tmux: () => Promise<TmuxPlace>;
  readonly contexts: ContextDirectory;
  /** Names of the sessions of other machines. */
  readonly otherNames: () => Iterable<string>;
  /** Null where nothing of ours is. */
  readonly placeholders: Placeholders | null;
  /** What is remembered of a machine that cannot always be reached. */
  readonly cache?: Pick<MachineCache, 'flush' | 'dispose'>;
  readonly remembered?: Pick<Remembered, 'node' | 'lastSeen'> | undefined;
  /** Goes with the service. */
  readonly owned?: Disposable;
  readonly log: Logger;
  readonly clock?: Clock;
}

const DAY_MS = 86_400_000;
/** How often a machine that answers and cannot be used is looked at again. */
const ARRIVE_AGAIN_MS = 30_000;

/** The sessions of a machine whose tmux is driven from here: this one, or one by ssh with nothing of ours on it. */
export class EngineService implements MachineService {
  readonly id: string;
  readonly #options: EngineServiceOptions;
  readonly #clock: Clock;
  readonly #changes: Emitter<Change>;
  readonly #table: SessionTable;
  readonly #saving: SaveAgain;
  readonly #methods: EngineMethods;
  readonly #shown = new WeakMap<SessionRecord, Session>();
  #engine: SessionEngine | undefined;
  #arriving: Promise<void> | undefined;
  /** How often it could not be reached any more. */
  #cuts = 0;
  #info: MachineInfo;
  /** Why a machine that answers cannot be used. */
  #problem: Pick<MachineInfo, 'connection' | 'problem'> | undefined;
  #cleaning: { cancel(): void } | undefined;
  #again: { cancel(): void } | undefined;
  #disposed = false;

  readonly onDidChange;
  /** Fires with each record that is another one than before. */
  readonly onDidChangeRecord;
  readonly #leadLost = new Emitter<void>();
  /** Fires when another server acts on its sessions from now on. */
  readonly onDidLoseLead = this.#leadLost.event;

  constructor(options: EngineServiceOptions) {
    const { id, machine, store, log, clock = systemClock } = options;
    this.id = id;
    this.#options = options;
    this.#clock = clock;
    this.#changes = new Emitter<Change>((error) => log.error(`a listener failed: ${errorText(error)}`));
    this.onDidChange = this.#changes.event;
    const link = machine.link?.state;
    this.#info = {
      id,
      host: options.host ?? shortHostName(),
      type: machine.type,
      node: null,
      version: machine.capabilities.isOwnHost ? VERSION : null,
      connection: 'connected',
      since: this.#now(),
      problem: null,
      lastSeen: null,
      nextTry: null,
      ...link,
      ...options.remembered,
    };
    this.#saving = new SaveAgain({
      store,
      isHere: () => this.#isHere(),
      onFailed: (message) => this.#changes.fire({ type: 'notice', level: 'error', message }),
      clock,
      log,
    });
    this.#table = new SessionTable(store, (record, error) => this.#saving.onFailed(record, error));
    this.onDidChangeRecord = this.#table.onDidChange;
    this.#table.onDidChange((record) => {
      this.#changes.fire({ type: 'session/changed', session: this.#session(record) });
      // Somebody else may have seen to its end.
      if (machine.link !== undefined && hasEnded(record)) options.logs.onClosed(record.id);
    });
    this.#table.onDidRemove(({ id: session, name }) =>
      this.#changes.fire({ type: 'session/removed', id: session, name }),
    );
    this.#methods = engineMethods({
      ...options,
      reached: () => this.#reached(),
      find: (session) => this.#find(session),
      own: (session) => this.#own(session),
      service: this,
      clock,
    });
    machine.link?.onDidChange((state) => this.#onLink(state));
    // One log for the answers of all machines, told of once.
    if (machine.link === undefined) options.data.audit.onDidChange((problem) => this.#onAudit(problem));
  }

  #onAudit(problem: CodeManagerError | undefined): void {
    const { log } = this.#options;
    if (problem === undefined) return log.info('all answers are on record again');
    const message = `Answers cannot be recorded, and no rule answers until they can. ${errorText(problem)}`;
    log.error(message);
    this.#changes.fire({ type: 'notice', level: 'error', message });
  }

  get info(): MachineInfo {
    return this.#info;
  }

  /** What was wrong with its records, one sentence each. */
  get problems(): readonly string[] {
    return this.#options.store.problems;
  }

  /** What runs its sessions; undefined while the machine was not reached yet. */
  get engine(): SessionEngine | undefined {
    return this.#engine;
  }

  sessions(): readonly Session[] {
    return this.#table.all().map((record) => this.#session(record));
  }

  /** As clients see it. A record never changes, and all are asked for with most requests. */
  #session(record: SessionRecord): Session {
    const known = this.#shown.get(record);
    if (known !== undefined) return known;
    const session = this.#own(toSession(record));
    this.#shown.set(record, session);
    return session;
  }

  get busy(): number {
    return this.#table.all().filter((record) => !hasEnded(record)).length;
  }

  /** Whether a session is one of another node that has the same home. */
  isElsewhere(session: Pick<Session, 'machine'>): boolean {
    return this.#engine !== undefined && !this.#engine.supervisor.isHere(session);
  }

  /** The record of a session of another node, as the one who cares for it knows it. */
  take(record: SessionRecord): void {
    this.#options.store.heard(record);
    this.#table.take(record);
  }

  /** The one who cares for a session of another node has archived or deleted it. */
  forget(id: string): void {
    this.#options.store.forget(id);
    this.#table.remove(id);
  }

  /** Takes over what runs there. Resolves when that is done, rejects when the machine cannot be used at all. */
  arrive(): Promise<void> {
    this.#again?.cancel();
    if (this.#arriving) return this.#arriving;
    const arriving = this.#arrive().catch((error: unknown) => {
      if (this.#arriving === arriving) this.#arriving = undefined;
      throw error;
    });
    this.#arriving = arriving;
    return arriving;
  }

  async #arrive(): Promise<void> {
    const { machine, store, log } = this.#options;
    const identity = await machine.identity();
    const place = await machine.place();
    const known = this.#engine;
    if (known === undefined || JSON.stringify([known.identity, known.place]) !== JSON.stringify([identity, place])) {
      known?.dispose();
      this.#engine = new SessionEngine({
        ...this.#options,
        catalog: this.#options.data.catalog,
        config: this.#options.data.config,
        policies: this.#options.data.policies,
        gitTrust: this.#options.data.gitTrust,
        audit: this.#options.data.audit,
        identity,
        place,
        editCommand: (change) => this.#editCommand(change),
        table: this.#table,
        clock: this.#clock,
      });
      this.#engine.onDidLoseLead(() => this.#leadLost.fire());
    }
    const engine = this.#engine;
    if (engine === undefined || this.#disposed) return;
    if (machine.link !== undefined) {
      const told = new Set(store.problems);
      await store.load(engine.paths);
      for (const problem of store.problems) if (!told.has(problem)) log.warn(`${this.#info.host}: ${problem}`);
      this.#table.sync();
    }
    this.#setInfo({ node: identity.host, host: this.#options.host ?? identity.host });
    await this.checkMachine();
    await engine.supervisor.adopt();
    if (engine.supervisor.leads) {
      await engine.answers.recover().catch((error: unknown) => log.warn(`answers: ${errorText(error)}`));
    }
    await store.flush().catch((error: unknown) => log.warn(errorText(error)));
    this.#clean(engine);
  }

  #clean(engine: SessionEngine): void {
    const { config } = this.#options.data;
    this.#cleaning?.cancel();
    if (config.retentionDays > 0) {
      engine.sessions
        .archiveOld(config.retentionDays * DAY_MS)
        .catch((error: unknown) => this.#options.log.warn(`clean-up: ${errorText(error)}`));
    }
    this.#cleaning = this.#clock.after(DAY_MS / 4, () => {
      if (this.#isHere()) this.#clean(engine);
    });
  }

  #onLink(state: LinkState): void {
    if (this.#disposed) return;
    if (state.connection === 'connected') {
      // For clients it is connected when everything is known again.
      this.#setInfo({ ...state, connection: this.#arriving === undefined ? 'connecting' : 'connected' });
      this.#arriveOrSay();
    } else {
      this.#cuts++;
      this.#arriving = undefined;
      this.#again?.cancel();
      this.#engine?.supervisor.suspend();
      this.#setInfo(state);
    }
  }

  #arriveOrSay(): void {
    const cuts = this.#cuts;
    this.arrive().then(
      () => {
        if (cuts === this.#cuts) this.#setInfo({ ...this.#linkState(), ...this.#skipped(), ...this.#problem });
      },
      (error: unknown) => {
        if (cuts !== this.#cuts || !this.#isHere()) return;
        this.#options.log.warn(`${this.#info.host}: ${errorText(error)}`);
        this.#setInfo({ connection: 'offline', problem: { message: errorText(error), command: null } });
        this.#again = this.#clock.after(ARRIVE_AGAIN_MS, () => this.#arriveOrSay());
      },
    );
  }

  /** Records that are not used, told with the machine. */
  #skipped(): Pick<MachineInfo, 'problem'> | undefined {
    const [first, ...more] = this.problems;
    if (first === undefined) return undefined;
    const others = more.length === 0 ? '' : `, and ${more.length} more (cm doctor)`;
    return { problem: { message: `${first}${others}`, command: null } };
  }

  #linkState(): Partial<LinkState> {
    return this.#options.machine.link?.state ?? {};
  }

  /** The link is up. */
  #isHere(): boolean {
    const { link } = this.#options.machine;
    return !this.#disposed && (link === undefined || link.state.connection === 'connected');
  }

  #setInfo(changes: Partial<MachineInfo>): void {
    const known = this.#info;
    const next = { ...known, ...changes };
    // What was seen once is known while it cannot be reached.
    next.node ??= known.node;
    if (next.connection === 'connected') next.lastSeen = null;
    else next.lastSeen ??= known.lastSeen;
    if (JSON.stringify(next) === JSON.stringify(known)) return;
    this.#info = next;
    this.#changes.fire({ type: 'machine/changed', machine: next });
  }

  /** Whether the machine can run sessions; tells clients when that changes. `anew`: also what was found before. */
  async checkMachine({ anew = false }: { readonly anew?: boolean } = {}): Promise<MachineInfo> {
    const { machine } = this.#options;
    const before = this.#problem;
    try {
      await this.#engine?.tmux.program({ anew });
      this.#problem = undefined;
    } catch (error) {
      if (!(error instanceof CodeManagerError) || error.code !== 'dependencyMissing') throw error;
      const command = await installCommand(machine, 'tmux');
      // What to do is said once.
      const isSaid = command !== null && error.hint?.endsWith(command) === true;
      const message = isSaid ? `${error.message}.` : errorText(error);
      const problem = { message, command, reason: error.reason };
      this.#problem = { connection: 'dependencyMissing', problem };
    }
    if (JSON.stringify(before) !== JSON.stringify(this.#problem)) {
      this.#setInfo({
        ...(this.#problem ?? { connection: 'connected', problem: null, ...this.#linkState() }),
        since: this.#now(),
      });
    }
    return this.#info;
  }

  async connect(operation?: Operation): Promise<void> {
    await this.#options.machine.link?.connect(operation);
    await this.arrive();
    if (this.#problem?.problem != null) {
      const { message, command } = this.#problem.problem;
      throw new CodeManagerError('dependencyMissing', message, { hint: command ?? undefined });
    }
  }

  async disconnect(): Promise<void> {
    const { link } = this.#options.machine;
    if (link === undefined) {
      throw new CodeManagerError('invalid', `${this.#info.host} is this host`, { hint: 'It is always connected.' });
    }
    await this.#options.store.flush().catch(() => undefined);
    await link.disconnect();
  }

  /** Sessions are shown under the machine by which they are reached. */
  #own(session: Session): Session {
    return { ...session, machineId: this.id };
  }

  /** The engine of a machine that can be reached; a link that is just coming back is waited for. */
  async #reached(): Promise<SessionEngine> {
    const { link } = this.#options.machine;
    if (link?.state.connection === 'connecting') await reconnected(() => link.connect(), this.#clock);
    if (!this.#isHere()) throw unreachable(this.#info);
    if (this.#options.machine.link !== undefined) await this.arrive();
    if (this.#engine === undefined) throw unreachable(this.#info);
    return this.#engine;
  }

  call<M extends SessionMethod>(method: M, params: Params<M>): Promise<Result<M>> {
    const run: EngineMethods[M] = this.#methods[method];
    return run(params);
  }

  /** A session that is known without asking the machine, else one of its archive. */
  async #find(session: string): Promise<SessionRecord> {
    return this.#table.get(session) ?? (await this.#reached()).sessions.findAnywhere(session);
  }

  async subscribeLog(session: string, from: LogPosition, sink: LogSink): Promise<LogSubscription> {
    if (this.#options.machine.link !== undefined) await this.#reached();
    return this.#options.logs.subscribe(await this.#find(session), from, sink);
  }

  async openTerminal(session: string, size: TerminalSize, how: Attaching): Promise<Terminal> {
    const { sessions, machine } = await this.#reached();
    const { command, env } = await sessions.attach({ session, ...how });
    const { env: login } = await machine.loginEnvironment();
    const PATH = login['PATH'] ?? '/usr/bin:/bin';
    return machine.openTerminal(command, { ...size, env: { PATH, TERM: 'xterm-256color', ...env }, cwd: '/' });
  }

  async test(folder: string, operation: Operation, onCheck: (check: Check) => void): Promise<void> {
    const { machine } = this.#options;
    if (machine.link !== undefined && !(await machine.link.test(operation, onCheck))) return;
    await takeSteps(
      machineSteps({
        machine,
        folder,
        service: this,
        engine: () => this.#reached(),
        editFolder: (path) => this.#editCommand('--path PATH', path),
      }),
      operation.signal,
      onCheck,
    );
  }

  #editCommand(change: string, folder?: string): string {
    return editCommand(this.#options.contexts.all(), this.id, change, folder);
  }

  async folders(path: string): Promise<Result<'machine/folders'>> {
    await this.#reached();
    return foldersIn(this.#options.machine, path);
  }

  async resolveFolder(path: string): Promise<string> {
    if (this.#options.machine.link !== undefined) await this.#reached();
    return folderOf(this.#options.machine, path);
  }

  #now(): string {
    return new Date(this.#clock.now()).toISOString();
  }

  /** Waits until everything is on disk. */
  async flush(): Promise<void> {
    const { store, cache } = this.#options;
    if (this.#isHere()) await store.flush();
    await cache?.flush();
  }

  dispose(): void {
    this.#disposed = true;
    this.#cleaning?.cancel();
    this.#saving.dispose();
    this.#again?.cancel();
    this.#engine?.dispose();
    this.#options.logs.dispose();
    this.#options.cache?.dispose();
    this.#table.dispose();
    this.#changes.dispose();
    this.#leadLost.dispose();
    this.#options.owned?.dispose();
  }
}
