import { Deferred, Throttler, type Clock } from '../../common/async.js';
import { crashPoint } from '../../common/crashPoint.js';
import { DisposableStore, toDisposable, type Disposable } from '../../common/disposable.js';
import { Emitter } from '../../common/emitter.js';
import type { IdGenerator } from '../../common/ids.js';
import type { Logger } from '../../common/logger.js';
import { stripTerminal } from '../../common/terminalText.js';
import { truncate } from '../../common/text.js';
import { CodeManagerError, errorText } from '../../protocol/errors.js';
import type { Explanation } from '../../protocol/explanation.js';
import type { SessionRecord } from '../../protocol/files.js';
import type { PendingRequest } from '../../protocol/pendingRequest.js';
import { hasEnded, type MachineIdentity } from '../../protocol/session.js';
import type { Tool } from '../../protocol/tool.js';
import { FIRST_SIZE } from '../../protocol/logSize.js';
import type { Machine, TerminalSize } from '../machine.js';
import { isTitle, type Pane, type PaneSize } from '../tmux/pane.js';
import { launchFile, type Launch } from '../tmux/scripts.js';
import type { TmuxServer } from '../tmux/tmuxServer.js';
import { LiveSessions } from './liveSession.js';
import { LogKeeper } from './logKeeper.js';
import { ORPHAN_MS, recoverRecord, removeOrphans } from './recovery.js';
import { SessionEnd } from './sessionEnd.js';
import { SessionFiles } from './sessionFiles.js';
import { SessionFolder } from './sessionFolder.js';
import { SessionInput } from './sessionInput.js';
import { SessionStates, type SeenScreen } from './sessionStates.js';
import type { SessionTable } from './sessionTable.js';
import { RETRY_MS, Watchdog } from './watchdog.js';

export interface SupervisorOptions {
  readonly machine: Machine;
  readonly identity: MachineIdentity;
  readonly tmux: TmuxServer;
  readonly table: SessionTable;
  /** Folder of the active sessions' records, logs and marks. */
  readonly directory: string;
  /** A tool's data as it is known today; undefined when its file has gone. */
  readonly tool: (id: string) => Tool | undefined;
  readonly logCapBytes: () => number;
  /** The record of a session was written, by us or by somebody else. */
  readonly onRecordFile?: (id: string) => void;
  /** Another server acts on the sessions from now on. */
  readonly onLeadLost?: (() => void) | undefined;
  readonly ids: IdGenerator;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A session and the id that its tool gives to the conversation that it is in. */
export interface ToldConversation {
  readonly id: string;
  readonly conversation: string;
}

/** More of what was printed after a key says nothing more. */
const PRINTED_BYTES = 256 * 1024;
/** Windows of sessions that end are closed by ourselves, often many at a time. */
const RECHECK_MS = 500;

/**
 * Keeps the records of one machine's sessions and its tmux in agreement: starts windows, hears what happens to them,
 * and takes over what runs when the server starts. The tmux window's own id decides which session it is, never a name.
 */
export class Supervisor implements Disposable {
  readonly input: SessionInput;
  readonly #options: SupervisorOptions;
  readonly #files: SessionFiles;
  readonly #live = new LiveSessions();
  readonly #logs: LogKeeper;
  readonly #end: SessionEnd;
  readonly #states: SessionStates;
  #adopted = new Deferred<void>();
  #suspended = false;
  /** Of several servers that reach this machine this one acts. */
  #leads = true;
  /** Sessions whose window is being made. */
  readonly #starting = new Set<string>();
  readonly #disposables = new DisposableStore();
  readonly #recheck: Throttler;
  readonly #logChanged = new Emitter<string>();
  readonly #logClosed = new Emitter<string>();
  readonly #size = new Emitter<{ readonly id: string } & TerminalSize>();
  readonly #conversation = new Emitter<ToldConversation>();
  readonly #folder: SessionFolder;
  readonly #watchdog: Watchdog;

  /** Id of a session whose log may have grown. */
  readonly onLogChanged = this.#logChanged.event;
  /** Id of a session whose log has got its last byte. */
  readonly onLogClosed = this.#logClosed.event;
  /** The terminal of a session has this size, maybe as before, for what its log gets from now on. */
  readonly onSize = this.#size.event;
  /** The tool of a session says which of its conversations it is in. */
  readonly onConversation = this.#conversation.event;

  constructor(options: SupervisorOptions) {
    const { machine, tmux, table, clock, log, directory, logCapBytes: capBytes } = options;
    this.#options = options;
    const files = new SessionFiles(machine, directory);
    const live = this.#live;
    this.#files = files;
    this.#logs = this.#disposables.add(
      new LogKeeper({ machine, tmux, table, live, files, capBytes, leads: () => this.#leads, clock, log }),
    );
    this.#end = new SessionEnd({ machine, tmux, table, live, files, clock, log, onEnded: (id) => this.#close(id) });
    const input = new SessionInput({ tmux, table, live, draft: (id) => this.#draft(id) });
    this.input = input;
    const onReady = (id: string): Promise<void> => input.deliverTask(id);
    const { tool, ids } = options;
    const onConversation = (id: string, conversation: string): void => this.#conversation.fire({ id, conversation });
    const watched = { machine, tmux, table, live, files };
    this.#states = new SessionStates({ ...watched, tool, onReady, onConversation, ids, clock, log });
    this.#folder = new SessionFolder({
      machine,
      directory,
      onRecord: (id) => options.onRecordFile?.(id),
      onOutput: (id) => this.#onOutput(id),
      onHooks: (id) => live.get(id)?.hooks?.onGrown(),
      onExit: (id) => this.#onMark(id, 'exit', () => this.#end.finish(id)),
      onLogClosed: (id) => this.#onMark(id, 'closed', () => this.#logs.onWriterGone(id)),
      // The watchdog looks at everything again and watches again.
      onLost: () => this.#watchdog.schedule(1000),
      log,
    });
    this.#watchdog = new Watchdog({
      check: () => this.check(),
      isFar: machine.type !== 'local',
      isOn: () => !this.#suspended,
      isNeeded: () => table.all().some((record) => !hasEnded(record)),
      clock,
      log,
    });
    this.#disposables.add(
      tmux.onPaneChanged((pane) => {
        this.#onSize(pane);
        this.#onPane(pane);
      }),
    );
    this.#disposables.add(tmux.onResized((size) => this.#onSize(size)));
    this.#disposables.add(tmux.onLeadChanged(() => this.#attempt('the lead', () => this.#look(false))));
    this.#recheck = new Throttler(RECHECK_MS, () => this.#attempt('windows', () => this.check()), clock);
    this.#disposables.add(toDisposable(() => this.#recheck.cancel()));
    this.#disposables.add(tmux.onWindowClosed(() => this.#recheck.trigger()));
    this.#disposables.add(
      tmux.onGone((reason) => {
        log.warn(`the tmux client ended: ${reason}`);
        this.#attempt('tmux', () => this.check());
      }),
    );
  }

  #now(): string {
    return new Date(this.#options.clock.now()).toISOString();
  }

  /** Does something that nobody waits for. */
  #attempt(what: string, run: () => Promise<void>): void {
    run().catch((error: unknown) => this.#options.log.error(`${what}: ${errorText(error)}`));
  }

  /** False for a session of another host that shares this home: its own agent server cares for it. */
  isHere({ machine }: Pick<SessionRecord, 'machine'>): boolean {
    const { host, bootId } = this.#options.identity;
    return machine.host === host || (machine.bootId === bootId && bootId !== 'unknown');
  }

  /** Takes over what runs, ends what has ended, starts what was cut off before its start. Asked again it looks again. */
  async adopt(): Promise<void> {
    this.#suspended = false;
    try {
      await this.#adopt();
    } finally {
      this.#adopted.resolve();
    }
  }

  /** Resolves when the sessions that ran before have been looked at: until then nothing is known of their windows. */
  get adopted(): Promise<void> {
    return this.#adopted.promise;
  }

  /** Its machine cannot be reached: nothing can be said of its sessions until {@link adopt} looks at them again. */
  suspend(): void {
    if (this.#suspended) return;
    this.#suspended = true;
    this.#adopted = new Deferred();
    this.#watchdog.dispose();
    this.#folder.dispose();
    this.#live.clear();
  }

  async #adopt(): Promise<void> {
    const { machine, directory, clock, log } = this.#options;
    const clean = (): Promise<void> => removeOrphans(machine, directory, clock.now());
    clock.after(ORPHAN_MS, () => {
      if (!this.#suspended) this.#attempt('clean-up', clean);
    });
    try {
      await clean();
      await this.check();
    } catch (error) {
      // Without tmux nothing can be said about sessions: they keep their last word until it is there again.
      log.error(`sessions cannot be taken over: ${errorText(error)}`);
      this.#watchdog.schedule(RETRY_MS);
    }
    this.#watchdog.schedule();
  }

  /** Compares every record with tmux: when the server starts, after tmux was lost, and now and then. */
  async check(): Promise<void> {
    if (this.#suspended) return;
    this.#folder.watch();
    const { table, tmux, machine } = this.#options;
    const open = table.all().filter((record) => !hasEnded(record) && this.isHere(record));
    if (open.length === 0 && (await machine.stat(tmux.socket)) === undefined) return;
    const panes = new Map((await tmux.panes()).map((pane) => [pane.session, pane]));
    // On its own machine a server acts in any case.
    this.#setLead(await tmux.lead(machine.type === 'local'));
    if (!this.#leads) {
      for (const pane of panes.values()) this.#watchPane(pane);
      return;
    }
    const [names] = await Promise.all([this.#files.names(), tmux.ensureSocket()]);
    await Promise.all(
      open.map((record) =>
        this.#agree(record, panes.get(record.id), { names, tmuxRuns: panes.size > 0 }).catch((error: unknown) =>
          this.#options.log.error(`session ${record.id}: ${errorText(error)}`),
        ),
      ),
    );
    for (const pane of panes.values()) {
      const record = table.get(pane.session);
      // A server that was killed between recording an end and clearing up left a window behind.
      if (record && hasEnded(record)) await tmux.kill(pane);
      else if (!record) {
        const recovered = await recoverRecord(this.#options, pane);
        if (recovered) await this.#takeOver(recovered.record, recovered.pane, names);
      }
    }
  }

  /** Asks who acts. @param take this server, whoever did before */
  async #look(take: boolean): Promise<void> {
    if (this.#suspended) return;
    const leads = await this.#options.tmux.lead(take);
    if (leads === this.#leads) return;
    this.#setLead(leads);
    await this.check();
  }

  #setLead(leads: boolean): void {
    if (leads === this.#leads) return;
    this.#options.log.info(leads ? 'this server acts on the sessions now' : 'another server acts on the sessions');
    this.#leads = leads;
    if (!leads) this.#options.onLeadLost?.();
    // What was being done about them is done by the other one, or begins anew.
    this.#live.clear();
  }

  /**
   * Before something is done: this server acts from now on.
   *
   * @param id the session that it is done to
   */
  async act(id?: string): Promise<void> {
    await this.adopted;
    // Another server may have started it. On this machine there is none, and a tmux that does not answer is not asked
    // by several clients: it may end when it goes on and they have gone.
    const isFar = this.#options.machine.type !== 'local';
    if (isFar && id !== undefined && !this.#live.get(id)) await this.check();
    if (!this.#leads) await this.#look(true);
  }

  /** A session that another server has written about runs or ran: its window is looked for soon. */
  onForeignRecord(): void {
    this.#recheck.trigger();
  }

  /** What one who only watches wants to know of a window. */
  #watchPane(pane: Pane): void {
    const { table } = this.#options;
    const record = table.get(pane.session);
    if (!record || hasEnded(record)) return;
    if (this.#live.track(pane)) this.#logChanged.fire(record.id);
    this.#onPane(pane);
  }

  /** What is said of a session that a restart of its host ended. */
  async #restart({ started, created }: SessionRecord): Promise<string> {
    const time = await this.#options.machine.bootTime();
    // One that is older than the session is that of another host, as containers tell it, or a wrong clock's.
    const isPlausible = time !== undefined && time > Date.parse(started ?? created) && time <= Date.parse(this.#now());
    return isPlausible ? `host restarted ${new Date(time).toISOString()}` : 'host restarted';
  }

  /**
   * @param seen.names the files that were there a moment ago: another host is not asked for each
   * @param seen.tmuxRuns other windows are there
   */
  async #agree(
    { id }: SessionRecord,
    pane: Pane | undefined,
    { names, tmuxRuns }: { readonly names: ReadonlySet<string>; readonly tmuxRuns: boolean },
  ): Promise<void> {
    const { table, log } = this.#options;
    const record = table.get(id);
    if (!record || hasEnded(record) || this.#starting.has(id)) return;
    if (pane) return this.#takeOver(record, pane, names);
    // Gone from tmux: it wrote how it ended, or it never began, or nobody knows.
    if (await this.#files.has(id, 'exit')) return this.#end.finish(id);
    const { bootId } = this.#options.identity;
    if (record.started === null && record.machine.bootId === bootId && (await this.#files.has(id, 'launch'))) {
      log.info(`session ${id} was recorded and not started; starting it`);
      return this.start(record);
    }
    // It may have been started since tmux was asked.
    const found = (await this.#options.tmux.panes()).find(({ session }) => session === id);
    if (found || this.#starting.has(id)) return;
    const sameBoot = record.machine.bootId === bootId;
    const reason = !sameBoot ? await this.#restart(record) : tmuxRuns ? 'its window was closed' : 'its tmux has gone';
    log.warn(`session ${id} is lost: ${reason}`);
    await table.apply(id, { type: 'lost', reason, time: this.#now() });
    // Nobody could see or answer what goes on without a terminal.
    if (sameBoot) await this.#options.machine.killTree(null, id);
    await this.#files.clear(id);
    this.#close(id);
  }

  async #takeOver(record: SessionRecord, pane: Pane, names: ReadonlySet<string>): Promise<void> {
    const { id } = record;
    if (this.#live.track(pane)) {
      this.#onSize(pane);
      const log = await this.#files.stat(id, 'log');
      if (log) this.#options.table.touch(id, { lastOutput: new Date(log.mtimeMs).toISOString() });
      if (record.pid === null || record.started === null) await this.#launched(record, pane);
      else this.#states.watch(record);
      if (record.delivery === 'typing') this.#attempt(`task of ${id}`, () => this.input.deliverTask(id));
    }
    if (pane.dead || names.has(`${id}.exit`)) await this.#end.finish(id);
    else if (!pane.piped || names.has(`${id}.closed`)) await this.#logs.reopen(id);
    else this.#onPane(pane);
    // Should the news of its growth have been lost.
    this.#logChanged.fire(id);
  }

  /**
   * Writes the launch file that {@link start} needs. The record must be saved after it, so that a crash between leaves
   * nothing half.
   *
   * @param runFrom size of the log: tells this run from those before
   */
  async prepare(id: string, launch: Launch, runFrom = 0): Promise<void> {
    const env = { ...launch.env, CM_SESSION: id, CM_RUN: String(runFrom) };
    await this.#files.write(id, 'launch', launchFile({ ...launch, env }));
  }

  /** Undoes {@link prepare} of a session that is not to be. */
  async forget(id: string): Promise<void> {
    await this.#files.remove(id, 'launch');
  }

  /** Makes the window. A session that has one already is taken over instead of started again. */
  async start(record: SessionRecord): Promise<void> {
    const { tmux, machine } = this.#options;
    const { id } = record;
    if (!this.#suspended) this.#folder.watch();
    this.#starting.add(id);
    try {
      let pane: Pane | undefined;
      // A log that goes on may have ended in another size.
      this.#size.fire({ id, ...FIRST_SIZE });
      try {
        pane = await tmux.create(id, { asksForReports: this.#options.tool(record.tool)?.reportsState === 'asks' });
        crashPoint('after-window');
      } catch (error) {
        if (!(error instanceof CodeManagerError) || error.code !== 'conflict') throw error;
        pane = (await tmux.panes()).find(({ session }) => session === id);
        if (!pane) throw error;
      }
      this.#live.track(pane);
      this.#onSize(pane);
      this.#watchdog.schedule();
      // The first one has started tmux.
      this.#attempt('the lead', async () => this.#setLead(await tmux.lead(true)));
      const launched = this.#launched(record, pane);
      // From another host nobody waits for its record to be written: memory has it, and what is not saved is saved again.
      if (machine.link === undefined) await launched;
    } finally {
      this.#starting.delete(id);
    }
    // It may have ended before anybody listened.
    const ended = async (): Promise<void> => {
      if (await this.#files.has(id, 'exit')) await this.#end.finish(id);
    };
    if (machine.link === undefined) await ended();
    else this.#attempt(`end of ${id}`, ended);
  }

  async #launched(record: SessionRecord, pane: Pane): Promise<void> {
    const { table, tool } = this.#options;
    const startup = tool(record.tool)?.startup;
    const waits = startup !== undefined && (startup.ready.length > 0 || startup.dialogs.length > 0);
    // A task that has to be typed waits for its session to be ready, also when nothing tells: then for a quiet moment.
    await table.apply(record.id, {
      type: 'launched',
      pid: pane.pid,
      waits: waits || record.delivery === 'pending',
      time: this.#now(),
    });
    const current = table.get(record.id);
    if (current) this.#states.watch(current);
  }

  /** Why its state is what it is. */
  explain(record: SessionRecord): Explanation {
    return this.#states.explain(record);
  }

  /** Its window is known and dead or not; undefined when it is not known. */
  isDead(id: string): boolean | undefined {
    return this.#live.get(id)?.pane.dead;
  }

  /** This server acts on the sessions. */
  get leads(): boolean {
    return this.#leads;
  }

  /** Reads its screen now and says what it shows. */
  look(id: string): Promise<SeenScreen> {
    return this.#states.look(id);
  }

  /** Where its log ends now, in bytes. */
  async logEnd(id: string): Promise<number> {
    return (await this.#files.stat(id, 'log'))?.size ?? 0;
  }

  /** What it has printed since a place in its log, with all sequences. */
  async printedSince(id: string, from: number): Promise<string> {
    const bytes = await this.#options.machine.readFile(this.#files.path(id, 'log'), from, PRINTED_BYTES);
    return new TextDecoder().decode(bytes);
  }

  /**
   * A request of a session was answered and has gone; another one may be pending already.
   *
   * @param ticket under which its hook waited
   */
  onAnswered(id: string, request: PendingRequest, ticket?: string): void {
    const { state, hooks } = this.#live.get(id) ?? {};
    if (this.#options.table.get(id)?.request?.id === request.id) state?.onAnswered();
    if (hooks) this.#attempt(`hooks of ${id}`, () => hooks.onAnswered(request, ticket));
  }

  /** Under which exactly one hook of it waits for the answer to exactly this request. */
  ticketFor(id: string, request: PendingRequest): string | undefined {
    return this.#live.get(id)?.hooks?.ticketFor(request);
  }

  /** A person has pressed what interrupts it. */
  onInterrupted(id: string): void {
    this.#live.get(id)?.state?.onInterrupted();
  }

  /** Asks it to end, and after `timeoutMs` ends everything that it started. */
  stop(id: string, signal: NodeJS.Signals, timeoutMs: number): Promise<void> {
    return this.#end.stop(id, signal, timeoutMs);
  }

  /** Ends every process of a session at once and records the end. */
  kill(id: string): Promise<void> {
    return this.#end.kill(id);
  }

  /** A person types in an attached terminal at this moment. */
  async isTyping(id: string, withinMs: number): Promise<boolean> {
    const newest = Math.max(
      0,
      ...(await this.#options.tmux.attached(id)).filter(({ readOnly }) => !readOnly).map(({ activity }) => activity),
    );
    // Seconds of that host's own clock.
    return newest > 0 && (await this.#options.machine.now()) - newest * 1000 < withinMs;
  }

  /** Marks are also removed: that of a last run must not end the next one. */
  #onMark(id: string, mark: 'exit' | 'closed', run: () => Promise<void>): void {
    if (!this.#leads) return;
    this.#attempt(`${mark} mark of ${id}`, async () => {
      if (await this.#files.has(id, mark)) await run();
    });
  }

  #onOutput(id: string): void {
    const live = this.#live.get(id);
    if (live) {
      live.outputs++;
      live.startup?.onOutput();
      live.signals?.onOutput();
      live.state?.onOutput();
    }
    this.#logChanged.fire(id);
    this.#logs.onOutput(id);
  }

  #onPane(pane: Pane): void {
    const { table } = this.#options;
    const { session: id } = pane;
    const live = this.#live.get(id);
    const record = table.get(id);
    if (live?.pane.pane !== pane.pane || !record || hasEnded(record)) return;
    live.pane = pane;
    const title = truncate(stripTerminal(pane.title).trim(), 200);
    // Until a program says otherwise tmux gives a pane the name of the host.
    const isOwn = isTitle(title) && title !== this.#options.identity.host;
    if (isOwn && title !== record.title) table.touch(id, { title });
    if (!this.#leads) return;
    if (pane.dead) this.#attempt(`end of ${id}`, () => this.#end.finish(id));
    else if (!pane.piped) this.#attempt(`log of ${id}`, () => this.#logs.reopen(id));
  }

  async #draft(id: string): Promise<string | null> {
    const tool = this.#options.tool(this.#options.table.get(id)?.tool ?? '');
    return tool?.screen?.box ? (await this.#states.look(id)).draft : null;
  }

  #onSize(size: PaneSize): void {
    const id = this.#live.find(size.pane);
    if (id !== undefined && this.#leads) this.#size.fire({ id, columns: size.columns, rows: size.rows });
  }

  #close(id: string): void {
    this.#live.get(id)?.hooks?.onEnded();
    this.#live.delete(id);
    this.#logs.forget(id);
    this.#logChanged.fire(id);
    this.#logClosed.fire(id);
  }

  dispose(): void {
    this.#suspended = true;
    this.#watchdog.dispose();
    this.#folder.dispose();
    this.#live.clear();
    this.#disposables.dispose();
    this.#logChanged.dispose();
    this.#logClosed.dispose();
    this.#size.dispose();
  }
}
