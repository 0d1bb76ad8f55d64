import { Deferred, Throttler } from '../../common/async.js';
import { DisposableStore, toDisposable, type Disposable } from '../../common/disposable.js';
import { errorText } from '../../protocol/errors.js';
import type { SessionRecord } from '../../protocol/files.js';
import { hasEnded } from '../../protocol/session.js';
import type { SessionScope } from '../live/sessionScope.js';
import { isOnHost } from '../records/sameMachine.js';
import type { Leftovers } from './leftovers.js';
import type { Reconciliation } from './reconcile.js';
import { ORPHAN_MS, removeOrphans } from './recovery.js';
import type { SessionFollower } from './sessionFollower.js';
import type { SessionStart } from './sessionStart.js';
import { RETRY_MS, Watchdog } from './watchdog.js';

export interface SupervisorOptions {
  readonly starts: Pick<SessionStart, 'onWillOpen' | 'onDidOpen'>;
  readonly left: Pick<Leftovers, 'check'>;
  readonly follower: SessionFollower;
  readonly reconciliation: Pick<Reconciliation, 'run' | 'watch'>;
}

/** Windows of sessions that end are closed by ourselves, often many at a time. */
const RECHECK_MS = 500;

/** Decides when the records of one machine are compared with its tmux, and whether this server acts on its sessions. */
export class Supervisor implements Disposable {
  readonly #scope: SessionScope;
  readonly #options: SupervisorOptions;
  readonly #watchdog: Watchdog;
  readonly #recheck: Throttler;
  readonly #disposables = new DisposableStore();
  #adopted = new Deferred<void>();
  #suspended = false;

  constructor(scope: SessionScope, options: SupervisorOptions) {
    const { machine, tmux, table, leadership, clock, log } = scope;
    const { starts, follower } = options;
    this.#scope = scope;
    this.#options = options;
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
    this.#disposables.add(leadership.onDidChange((leads) => this.#onLead(leads)));
    this.#disposables.add(
      starts.onWillOpen(() => {
        if (!this.#suspended) follower.watch();
      }),
    );
    this.#disposables.add(
      starts.onDidOpen(() => {
        this.#watchdog.schedule();
        // The first one has started tmux.
        this.#attempt('the lead', async () => leadership.set(await tmux.connection.lead(true)));
      }),
    );
    // The watchdog looks at everything again and watches again.
    this.#disposables.add(follower.onDidLose(() => this.#watchdog.schedule(1000)));
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
    run().catch((error: unknown) => this.#scope.log.error(`${what}: ${errorText(error)}`));
  }

  /** False for a session of another host that shares this home: its own agent server cares for it. */
  isHere(record: Pick<SessionRecord, 'machine'>): boolean {
    return isOnHost(record, this.#scope.identity);
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

  /** The machine cannot be reached: nothing can be said of its sessions until {@link adopt} looks at them again. */
  suspend(): void {
    if (this.#suspended) return;
    this.#adopted = new Deferred();
    this.#rest();
  }

  #rest(): void {
    this.#suspended = true;
    this.#watchdog.dispose();
    this.#options.follower.pause();
    this.#scope.live.clear();
  }

  async #adopt(): Promise<void> {
    const { machine, files, clock, log } = this.#scope;
    const clean = (): Promise<void> => removeOrphans(machine, files.directory, clock.now(), log);
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
    const { table, tmux, machine, leadership } = this.#scope;
    const { left, follower, reconciliation } = this.#options;
    follower.watch();
    if (leadership.leads) await left.check();
    const open = table.all().filter((record) => !hasEnded(record) && this.isHere(record));
    if (open.length === 0 && (await machine.stat(tmux.socket)) === undefined) return;
    const panes = new Map((await tmux.panes()).map((pane) => [pane.session, pane]));
    // On its own machine a server acts in any case.
    leadership.set(await tmux.connection.lead(machine.capabilities.isOwnHost));
    if (leadership.leads) await reconciliation.run(open, panes);
    else reconciliation.watch(panes);
  }

  /** Of several servers that reach this machine this one acts. */
  get leads(): boolean {
    return this.#scope.leadership.leads;
  }

  /** @param take this server acts from now on, whoever did before */
  async #lookWhoLeads(take: boolean): Promise<void> {
    if (this.#suspended) return;
    const leads = await this.#scope.tmux.connection.lead(take);
    if (leads === this.leads) return;
    this.#scope.leadership.set(leads);
    await this.check();
  }

  #onLead(leads: boolean): void {
    this.#scope.log.info(leads ? 'this server acts on the sessions now' : 'another server acts on the sessions');
    // What was being done about them is done by the other one, or begins anew.
    this.#scope.live.clear();
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
    const { isOwnHost } = this.#scope.machine.capabilities;
    if (!isOwnHost && id !== undefined && !this.#scope.live.get(id)) await this.check();
    if (!this.leads) await this.#lookWhoLeads(true);
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
