import { errorText } from '../../protocol/errors.js';
import type { SessionRecord } from '../../protocol/files.js';
import { hasEnded } from '../../protocol/session.js';
import type { Pane } from '../tmux/pane.js';
import type { LogKeeper } from '../logs/logKeeper.js';
import { recoverRecord } from './recovery.js';
import type { SessionEnd } from './sessionEnd.js';
import type { SessionFollower } from './sessionFollower.js';
import type { SessionInput } from '../live/sessionInput.js';
import type { SessionStart } from './sessionStart.js';
import type { SessionStates } from '../live/sessionStates.js';
import type { SessionScope } from '../live/sessionScope.js';
import { sessionFileName } from '../../protocol/sessionFiles.js';

export interface ReconciliationOptions {
  readonly logs: Pick<LogKeeper, 'grown' | 'lookSoon' | 'onResized' | 'reopen'>;
  readonly states: Pick<SessionStates, 'watch'>;
  readonly input: Pick<SessionInput, 'deliverTask'>;
  readonly starts: Pick<SessionStart, 'run' | 'isStarting' | 'launched'>;
  readonly ends: Pick<SessionEnd, 'finish' | 'lost'>;
  readonly follower: Pick<SessionFollower, 'see'>;
}

/** What was there a moment ago, asked for once: another host is not asked for each session. */
interface Seen {
  /** Names of the files. */
  readonly names: ReadonlySet<string>;
  readonly tmuxRuns: boolean;
}

/**
 * Brings records and windows into agreement: takes over what runs, ends what has ended, starts what was cut off before
 * its start.
 */
export class Reconciliation {
  readonly #scope: SessionScope;
  readonly #options: ReconciliationOptions;

  constructor(scope: SessionScope, options: ReconciliationOptions) {
    this.#scope = scope;
    this.#options = options;
  }

  /** @param open the records of this machine's sessions that have not ended, and `panes` those of tmux by session */
  async run(open: readonly SessionRecord[], panes: ReadonlyMap<string, Pane>): Promise<void> {
    const { table, tmux, files, log } = this.#scope;
    const [names] = await Promise.all([files.names(), tmux.connection.ensureSocket()]);
    const seen = { names, tmuxRuns: tmux.connection.live !== undefined };
    await Promise.all(
      open.map((record) =>
        this.#agree(record.id, panes.get(record.id), seen).catch((error: unknown) =>
          log.error(`session ${record.id}: ${errorText(error)}`),
        ),
      ),
    );
    for (const pane of panes.values()) {
      const record = table.get(pane.session);
      // A server that was killed between recording an end and clearing up left a window behind.
      if (record && hasEnded(record)) await tmux.kill(pane);
      else if (!record) {
        const recovered = await recoverRecord(this.#scope, pane);
        if (recovered) await this.#takeOver(recovered.record, recovered.pane, names);
      }
    }
  }

  /** What one who only watches wants to know of the windows. */
  watch(panes: ReadonlyMap<string, Pane>): void {
    const { table, live } = this.#scope;
    const { logs, follower } = this.#options;
    for (const pane of panes.values()) {
      const record = table.get(pane.session);
      if (!record || hasEnded(record)) continue;
      if (live.track(pane)) logs.grown(record.id);
      follower.see(pane);
    }
  }

  async #agree(id: string, pane: Pane | undefined, { names, tmuxRuns }: Seen): Promise<void> {
    const { identity, tmux, table, files, log } = this.#scope;
    const { starts, ends } = this.#options;
    const record = table.get(id);
    if (!record || hasEnded(record) || starts.isStarting(id)) return;
    if (pane) return this.#takeOver(record, pane, names);
    // Gone from tmux: it wrote how it ended, or it never began, or nobody knows.
    if (await files.hasExit(id)) return ends.finish(id);
    const sameBoot = record.machine.bootId === identity.bootId;
    if (record.started === null && sameBoot && (await files.has(id, 'launch'))) {
      log.info(`session ${id} was recorded and not started; starting it`);
      return starts.run(record);
    }
    // It may have been started since tmux was asked.
    const found = (await tmux.panes()).find(({ session }) => session === id);
    if (found || starts.isStarting(id)) return;
    const reason = !sameBoot ? await this.#restart(record) : tmuxRuns ? 'its window was closed' : 'its tmux has gone';
    // After a restart nothing of it is left.
    await ends.lost(id, reason, { isLeft: sameBoot });
  }

  async #takeOver(record: SessionRecord, pane: Pane, names: ReadonlySet<string>): Promise<void> {
    const { table, live, files, log } = this.#scope;
    const { logs, states, input, starts, ends, follower } = this.#options;
    const { id } = record;
    if (live.track(pane)) {
      logs.onResized(pane);
      const file = await files.stat(id, 'log');
      if (file) table.touch(id, { lastOutput: new Date(file.mtimeMs).toISOString() });
      if (record.pid === null || record.started === null) await starts.launched(record, pane);
      else states.watch(record);
      if (record.delivery === 'typing') {
        input.deliverTask(id).catch((error: unknown) => log.error(`task of ${id}: ${errorText(error)}`));
      }
    }
    if (pane.dead || (names.has(sessionFileName(id, 'exit')) && (await files.hasExit(id)))) await ends.finish(id);
    else if (!pane.piped || names.has(sessionFileName(id, 'closed'))) await logs.reopen(id);
    else {
      follower.see(pane);
      logs.lookSoon(id);
    }
    // Should the news of its growth have been lost.
    logs.grown(id);
  }

  /** What is said of a session that a restart of its host ended. */
  async #restart({ started, created }: SessionRecord): Promise<string> {
    const { machine, clock } = this.#scope;
    const time = await machine.bootTime();
    // One that is older than the session is that of another host, as containers tell it, or a wrong clock's.
    const isPlausible = time !== undefined && time > Date.parse(started ?? created) && time <= clock.now();
    return isPlausible ? `host restarted ${new Date(time).toISOString()}` : 'host restarted';
  }
}
