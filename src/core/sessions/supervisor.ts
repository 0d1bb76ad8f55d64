import { Deferred, Throttler, type Clock } from '../../common/async.js';
import { DisposableStore, toDisposable, type Disposable } from '../../common/disposable.js';
import type { IdGenerator } from '../../common/ids.js';
import type { Logger } from '../../common/logger.js';
import { errorText } from '../../protocol/errors.js';
import type { SessionRecord } from '../../protocol/files.js';
import { hasEnded, type MachineIdentity } from '../../protocol/session.js';
import type { Tool } from '../../protocol/tool.js';
import type { Machine } from '../machine/machine.js';
import type { TmuxServer } from '../tmux/tmuxServer.js';
import { Reconciliation } from './reconcile.js';
import { Leftovers } from './leftovers.js';
import { LiveSessions } from '../live/liveSession.js';
import { LogKeeper } from '../logs/logKeeper.js';
import { ORPHAN_MS, removeOrphans } from './recovery.js';
import { SessionEnd } from './sessionEnd.js';
import { SessionFiles } from '../records/sessionFiles.js';
import { SessionFollower } from './sessionFollower.js';
import { SessionInput } from '../live/sessionInput.js';
import { SessionStart } from './sessionStart.js';
import { SessionStates } from '../live/sessionStates.js';
import type { SessionTable } from '../records/sessionTable.js';
import { Suspensions } from '../live/suspensions.js';
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
  readonly onRecordFile: (id: string) => void;
  /** Another server acts on the sessions from now on. */
  readonly onLeadLost?: (() => void) | undefined;
  readonly ids: IdGenerator;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Windows of sessions that end are closed by ourselves, often many at a time. */
const RECHECK_MS = 500;

/**
 * Puts together what cares for the sessions of one machine, and decides when its records are compared with its tmux
 * and whether this server acts on them.
 */
export class Supervisor implements Disposable {
  readonly live = new LiveSessions();
  readonly files: SessionFiles;
  readonly logs: LogKeeper;
  readonly suspensions: Suspensions;
  readonly states: SessionStates;
  readonly input: SessionInput;
  readonly starts: SessionStart;
  readonly ends: SessionEnd;
  readonly left: Leftovers;
  readonly #follower: SessionFollower;
  readonly #reconciliation: Reconciliation;
  readonly #watchdog: Watchdog;
  readonly #recheck: Throttler;
  readonly #options: SupervisorOptions;
  readonly #disposables = new DisposableStore();
  #adopted = new Deferred<void>();
  #suspended = false;
  #leads = true;

  constructor(options: SupervisorOptions) {
    const { machine, identity, tmux, table, tool, ids, clock, log } = options;
    this.#options = options;
    const { live } = this;
    const files = new SessionFiles(machine, options.directory);
    const common = { machine, identity, tmux, table, live, files, tool, clock, log };
    const leads = (): boolean => this.#leads;
    const logs = this.#disposables.add(new LogKeeper({ ...common, capBytes: options.logCapBytes, leads }));
    const suspensions = this.#disposables.add(new Suspensions(common));
    const states = this.#disposables.add(
      new SessionStates({ ...common, suspensions, ids, onReady: (id) => this.input.deliverTask(id) }),
    );
    const input = new SessionInput({
      ...common,
      box: (id) => states.box(id),
      onTaskUntaken: (id, reason) => states.onTaskUntaken(id, reason),
    });
    const left = this.#disposables.add(new Leftovers({ ...common, isHere: (record) => this.#isSameBoot(record) }));
    const ends = new SessionEnd({ ...common, logs, onEnded: (id, root) => left.onEnded(id, root) });
    this.left = left;
    const starts = new SessionStart({
      ...common,
      logs,
      states,
      ends,
      onBegin: () => {
        if (!this.#suspended) this.#follower.watch();
      },
      onWindow: () => {
        this.#watchdog.schedule();
        // The first one has started tmux.
        this.#attempt('the lead', async () => this.#setLead(await tmux.connection.lead(true)));
      },
    });
    const follower = this.#disposables.add(
      new SessionFollower({
        ...common,
        logs,
        ends,
        leads,
        onRecord: options.onRecordFile,
        // The watchdog looks at everything again and watches again.
        onLost: () => this.#watchdog.schedule(1000),
      }),
    );
    this.files = files;
    this.logs = logs;
    this.suspensions = suspensions;
    this.states = states;
    this.input = input;
    this.starts = starts;
    this.ends = ends;
    this.#follower = follower;
    this.#reconciliation = new Reconciliation({ ...common, logs, states, input, starts, ends, follower });
    this.#watchdog = new Watchdog({
      check: () => this.check(),
      isFar: machine.capabilities.isFar,
      isOn: () => !this.#suspended,
      isNeeded: () => table.all().some((record) => !hasEnded(record) || record.left.length > 0),
      clock,
      log,
    });
    this.#recheck = new Throttler(RECHECK_MS, () => this.#attempt('windows', () => this.check()), clock);
    this.#disposables.add(toDisposable(() => this.#recheck.cancel()));
    this.#disposables.add(
      tmux.connection.onLeadChanged(() => this.#attempt('the lead', () => this.#lookWhoLeads(false))),
    );
    this.#disposables.add(tmux.connection.onWindowClosed(() => this.#recheck.trigger()));
    this.#disposables.add(
      tmux.connection.onGone((reason) => {
        log.warn(`the tmux client ended: ${reason}`);
        this.#attempt('tmux', () => this.check());
      }),
    );
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

  /** Its host has not been started anew since. */
  #isSameBoot(record: Pick<SessionRecord, 'machine'>): boolean {
    return this.isHere(record) && record.machine.bootId === this.#options.identity.bootId;
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
    this.#adopted = new Deferred();
    this.#rest();
  }

  #rest(): void {
    this.#suspended = true;
    this.#watchdog.dispose();
    this.#follower.pause();
    this.live.clear();
  }

  async #adopt(): Promise<void> {
    const { machine, directory, clock, log } = this.#options;
    const clean = (): Promise<void> => removeOrphans(machine, directory, clock.now(), log);
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
    this.#follower.watch();
    const { table, tmux, machine } = this.#options;
    if (this.#leads) await this.left.check();
    const open = table.all().filter((record) => !hasEnded(record) && this.isHere(record));
    if (open.length === 0 && (await machine.stat(tmux.socket)) === undefined) return;
    const panes = new Map((await tmux.panes()).map((pane) => [pane.session, pane]));
    // On its own machine a server acts in any case.
    this.#setLead(await tmux.connection.lead(machine.capabilities.isOwnHost));
    if (this.#leads) await this.#reconciliation.run(open, panes);
    else this.#reconciliation.watch(panes);
  }

  /** Of several servers that reach this machine this one acts. */
  get leads(): boolean {
    return this.#leads;
  }

  /** @param take this server acts from now on, whoever did before */
  async #lookWhoLeads(take: boolean): Promise<void> {
    if (this.#suspended) return;
    const leads = await this.#options.tmux.connection.lead(take);
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
    this.live.clear();
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
    const { isOwnHost } = this.#options.machine.capabilities;
    if (!isOwnHost && id !== undefined && !this.live.get(id)) await this.check();
    if (!this.#leads) await this.#lookWhoLeads(true);
  }

  /** A session that another server has written about runs or ran: its window is looked for soon. */
  onForeignRecord(): void {
    this.#recheck.trigger();
  }

  dispose(): void {
    this.#rest();
    this.#disposables.dispose();
  }
}
