import type { Clock } from '../../common/async.js';
import type { Disposable } from '../../common/disposable.js';
import { Emitter } from '../../common/emitter.js';
import type { Logger } from '../../common/logger.js';
import { errorText } from '../../protocol/errors.js';
import { hasEnded } from '../../protocol/session.js';
import { FIRST_SIZE } from '../../protocol/logSize.js';
import type { Machine, TerminalSize } from '../machine.js';
import type { PaneSize } from '../tmux/pane.js';
import type { TmuxServer } from '../tmux/tmuxServer.js';
import type { LiveSessions } from './liveSession.js';
import type { SessionFiles } from './sessionFiles.js';
import type { SessionTable } from './sessionTable.js';

export interface LogKeeperOptions {
  readonly machine: Machine;
  readonly tmux: TmuxServer;
  readonly table: SessionTable;
  readonly live: LiveSessions;
  readonly files: SessionFiles;
  readonly capBytes: () => number;
  /** Another server may care for these sessions. */
  readonly leads: () => boolean;
  readonly clock: Clock;
  readonly log: Logger;
}

const LAST_OUTPUT_MS = 5_000;
const CAP_CHECK_MS = 1_000;
/** A disk that stays full must not make opening a log again a loop. */
const REOPEN_MS = 5_000;
const BLOCK_BYTES = 4096;
const GAP = 'its log has a gap: the log could not be written for a while';

interface State {
  /** When output was told last and when the log was opened again last, in milliseconds since the epoch. */
  told: number;
  reopened: number;
  again: { cancel(): void } | undefined;
  capCheck: { cancel(): void } | undefined;
  /** Where the system cannot free the head of a file: not tried again before the log has this size. */
  tryAgainAt: number;
}

/**
 * Keeps the logs of running sessions: within their cap, and written again when their writer has gone. Tells what they
 * get.
 */
export class LogKeeper implements Disposable {
  readonly #options: LogKeeperOptions;
  readonly #states = new Map<string, State>();
  readonly #grown = new Emitter<string>();
  readonly #closed = new Emitter<string>();
  readonly #resized = new Emitter<{ readonly id: string } & TerminalSize>();

  /** Id of a session whose log may have grown. */
  readonly onDidGrow = this.#grown.event;
  /** Id of a session whose log has got its last byte. */
  readonly onDidClose = this.#closed.event;
  /** The terminal of a session has this size, maybe as before, for what its log gets from now on. */
  readonly onDidResize = this.#resized.event;

  constructor(options: LogKeeperOptions) {
    this.#options = options;
  }

  #state(id: string): State {
    let state = this.#states.get(id);
    if (!state)
      this.#states.set(id, (state = { told: 0, reopened: 0, again: undefined, capCheck: undefined, tryAgainAt: 0 }));
    return state;
  }

  /** It gets what a window prints that is about to be made: what it has may have ended in another size. */
  begin(id: string): void {
    this.#resized.fire({ id, ...FIRST_SIZE });
  }

  /** Tmux tells the size of a pane. */
  onResized({ pane, columns, rows }: PaneSize): void {
    const { live, leads } = this.#options;
    const id = live.find(pane);
    if (id !== undefined && leads()) this.#resized.fire({ id, columns, rows });
  }

  /** It may have grown without anybody hearing of it. */
  grown(id: string): void {
    this.#grown.fire(id);
  }

  /** The log has grown. */
  onOutput(id: string): void {
    this.#grown.fire(id);
    const { clock, table, log } = this.#options;
    if (!table.get(id)) return;
    const state = this.#state(id);
    const now = clock.now();
    if (now - state.told >= LAST_OUTPUT_MS) {
      state.told = now;
      table.touch(id, { lastOutput: new Date(now).toISOString() });
    }
    state.capCheck ??= clock.after(CAP_CHECK_MS, () => {
      state.capCheck = undefined;
      this.#keepCap(id, state).catch((error: unknown) => log.warn(`log of ${id}: ${errorText(error)}`));
    });
  }

  /** Frees the oldest part of a log that is over its cap; offsets stay what they are. */
  async #keepCap(id: string, state: State): Promise<void> {
    const { machine, table, files, capBytes, leads, log } = this.#options;
    if (!leads()) return;
    const record = table.get(id);
    const size = await files.logSize(id);
    const cap = capBytes();
    if (!record || size - record.logBase <= cap || size < state.tryAgainAt) return;
    // A quarter at a time.
    const base = Math.floor((size - cap * 0.75) / BLOCK_BYTES) * BLOCK_BYTES;
    // First said, then done: nobody may read a part that is being freed.
    await table.patch(id, { logBase: base });
    if (await machine.releaseHead(files.path(id, 'log'), base)) return;
    await table.patch(id, { logBase: record.logBase });
    state.tryAgainAt = size + cap;
    log.warn(`the log of ${id} is over its cap, and this system cannot free its head`);
  }

  /** The log's writer ended: with its pane as it should, or killed, or because the disk is full. */
  async onWriterGone(id: string): Promise<void> {
    const { table, files, live, tmux } = this.#options;
    const record = table.get(id);
    if (!record || hasEnded(record) || (await files.has(id, 'exit'))) return;
    const known = live.get(id);
    const pane = known && (await tmux.pane(known.pane.pane));
    if (pane?.dead === false && (!pane.piped || (await files.has(id, 'closed')))) await this.reopen(id);
  }

  /** Has the log written again, with a line that tells of the gap. Asked too often it waits for a moment. */
  async reopen(id: string): Promise<void> {
    const { tmux, log, clock, table, files, live } = this.#options;
    const known = live.get(id);
    const state = this.#state(id);
    if (!known) return;
    if (clock.now() - state.reopened < REOPEN_MS) {
      state.again ??= clock.after(REOPEN_MS, () => {
        state.again = undefined;
        this.onWriterGone(id).catch((error: unknown) => log.warn(`log of ${id}: ${errorText(error)}`));
      });
      return;
    }
    state.reopened = clock.now();
    log.warn(`the log of ${id} was not being written; opening it again`);
    await files.remove(id, 'closed');
    await tmux.reopenLog(known.pane);
    if (table.get(id)?.reason !== GAP) await table.patch(id, { reason: GAP });
  }

  /** It has got its last byte. */
  close(id: string): void {
    this.#forget(id);
    this.#grown.fire(id);
    this.#closed.fire(id);
  }

  #forget(id: string): void {
    const state = this.#states.get(id);
    state?.again?.cancel();
    state?.capCheck?.cancel();
    this.#states.delete(id);
  }

  dispose(): void {
    for (const id of [...this.#states.keys()]) this.#forget(id);
    this.#grown.dispose();
    this.#closed.dispose();
    this.#resized.dispose();
  }
}
