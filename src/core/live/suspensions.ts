import type { Disposable } from '../../common/disposable.js';
import { CodeManagerError, errorText } from '../../protocol/errors.js';
import type { SessionRecord } from '../../protocol/files.js';
import { hasEnded } from '../../protocol/session.js';
import type { SessionScope } from './sessionScope.js';

/** No system tells that a process was stopped, so all are looked at together, this often at most. */
const LEAST_MS = 3_000;
const MOST_MS = 30_000;
/**
 * Where a look takes longer it is taken less often: to look takes at most one part in so many of the time. On another host
 * most of it is the way there, which costs nobody anything.
 */
const SHARE = { here: 200, far: 20 };
/** What goes on again draws itself within this time. */
const GOES_ON_MS = 5_000;

/**
 * Which sessions are suspended: by a key that their tool takes for itself, which its screen shows, or by a signal, which
 * its process shows.
 */
export class Suspensions implements Disposable {
  readonly #scope: SessionScope;
  /** Ids of those whose screen shows it. */
  readonly #byKey = new Set<string>();
  /** By id: how much it had printed when it was looked at last. */
  readonly #outputs = new Map<string, number>();
  #timer: { cancel(): void } | undefined;
  #isDone = false;

  constructor(scope: SessionScope) {
    this.#scope = scope;
  }

  /** A session runs: it is looked at from now on. */
  watch(): void {
    if (!this.#isDone) this.#timer ??= this.#scope.clock.after(LEAST_MS, () => void this.#sweep());
  }

  /** Whether the screen of a session shows that it was suspended by a key. */
  onScreen(id: string, isSuspended: boolean): void {
    if (isSuspended === this.#byKey.has(id)) return;
    if (isSuspended) this.#byKey.add(id);
    else this.#byKey.delete(id);
    void this.look(id).catch((error: unknown) => this.#scope.log.debug(`process of ${id}: ${errorText(error)}`));
  }

  /** Looks at the process of one session now, for what is about to be typed into it. */
  async look(id: string): Promise<void> {
    const record = this.#scope.table.get(id);
    if (record && !hasEnded(record)) await this.#look([record]);
  }

  /**
   * Lets a session go on that is suspended.
   *
   * @throws CodeManagerError `timeout` when it stays so
   */
  async resume({ id, name }: Pick<SessionRecord, 'id' | 'name'>): Promise<void> {
    const { machine, live, table } = this.#scope;
    await machine.signalGroup(live.need(id).pane.pid, 'SIGCONT');
    await this.look(id);
    if (await table.until(id, (now) => now?.suspended == null, GOES_ON_MS)) return;
    throw new CodeManagerError('timeout', `${name} stays suspended`, {
      hint: `Look at it in its terminal: cm attach ${name}`,
    });
  }

  async #sweep(): Promise<void> {
    const { machine, table, live, clock, log } = this.#scope;
    const running = table.all().filter(({ id, status }) => status === 'running' && live.get(id)?.pane.dead === false);
    const begun = performance.now();
    // Who prints is not stopped.
    const quiet = running.filter(({ id, suspended }) => {
      const outputs = live.get(id)?.outputs ?? 0;
      const isQuiet = outputs === this.#outputs.get(id);
      this.#outputs.set(id, outputs);
      return isQuiet || suspended !== null;
    });
    try {
      await this.#look(quiet);
    } catch (error) {
      log.debug(`stopped processes: ${errorText(error)}`);
    }
    this.#timer = undefined;
    if (running.length === 0) return this.#outputs.clear();
    const share = machine.capabilities.isFar ? SHARE.far : SHARE.here;
    const pause = Math.min(MOST_MS, Math.max(LEAST_MS, (performance.now() - begun) * share));
    if (!this.#isDone) this.#timer = clock.after(pause, () => void this.#sweep());
  }

  async #look(records: readonly SessionRecord[]): Promise<void> {
    const { machine, table, live, clock } = this.#scope;
    const pids = new Map(records.flatMap(({ id }) => [[id, live.get(id)?.pane.pid ?? 0] as const]));
    if (pids.size === 0) return;
    const stopped = await machine.stopped([...pids.values()].filter((pid) => pid > 1));
    for (const [id, pid] of pids) {
      const suspended = stopped.has(pid) ? 'SIGSTOP' : this.#byKey.has(id) ? 'Ctrl+Z' : null;
      if ((table.get(id)?.suspended ?? null) === suspended) continue;
      await table.apply(id, { type: 'suspended', suspended, time: new Date(clock.now()).toISOString() });
    }
  }

  dispose(): void {
    this.#isDone = true;
    this.#timer?.cancel();
  }
}
