import { delay } from '../../common/async.js';
import type { Disposable } from '../../common/disposable.js';
import { Emitter } from '../../common/emitter.js';
import { errorText } from '../../protocol/errors.js';
import type { ConfigFile, SessionRecord } from '../../protocol/files.js';
import { hasEnded } from '../../protocol/session.js';
import { LOG_REASONS } from '../../protocol/logReasons.js';
import { FIRST_SIZE } from '../../protocol/logSize.js';
import type { FileStat, TerminalSize } from '../machine/machine.js';
import type { Pane, PaneSize } from '../tmux/pane.js';
import type { SessionScope } from '../live/sessionScope.js';

const LAST_OUTPUT_MS = 5_000;
const LOOK_AGAIN_MS = 1_000;
/** A disk that stays full must not make opening a log again a loop. */
const REOPEN_MS = 5_000;
const BLOCK_BYTES = 4096;
/** A writer that is told to end has written what it had within this time, and one that begins has made its file. */
const WRITER_MS = 5_000;
const LOOK_MS = 20;

interface State {
  /** When output was told last and when the log was opened again last, in milliseconds since the epoch. */
  told: number;
  reopened: number;
  again: { cancel(): void } | undefined;
  look: { cancel(): void } | undefined;
  /** The file of the log as it was seen last; undefined: it was never seen. */
  file: FileStat | undefined;
  /** The log was not there at the first look: its writer may not have made it yet. */
  isMissed: boolean;
  isReopening: boolean;
  /** Where the system cannot free the head of a file: not tried again before the log has this size. */
  tryAgainAt: number;
}

/**
 * Keeps the logs of running sessions: within their cap, written again when their writer has gone, and made anew when
 * somebody has removed, replaced or cut the file. Offsets only ever grow. Tells what they get.
 */
export class LogKeeper implements Disposable {
  readonly #scope: SessionScope;
  readonly #config: Pick<ConfigFile, 'logCapMiB'>;
  readonly #states = new Map<string, State>();
  readonly #grown = new Emitter<string>();
  readonly #remade = new Emitter<string>();
  readonly #closed = new Emitter<string>();
  readonly #resized = new Emitter<{ readonly id: string } & TerminalSize>();

  /** Id of a session whose log may have grown. */
  readonly onDidGrow = this.#grown.event;
  /** Id of a session whose log is another file from now on. */
  readonly onDidRemake = this.#remade.event;
  /** Id of a session whose log has got its last byte. */
  readonly onDidClose = this.#closed.event;
  /** The terminal of a session has this size, maybe as before, for what its log gets from now on. */
  readonly onDidResize = this.#resized.event;

  /** @param config the settings as they are at each moment */
  constructor(scope: SessionScope, config: Pick<ConfigFile, 'logCapMiB'>) {
    this.#scope = scope;
    this.#config = config;
  }

  #state(id: string): State {
    let state = this.#states.get(id);
    if (!state) {
      state = {
        told: 0,
        reopened: 0,
        again: undefined,
        look: undefined,
        file: undefined,
        isMissed: false,
        isReopening: false,
        tryAgainAt: 0,
      };
      this.#states.set(id, state);
    }
    return state;
  }

  /** The log gets what a window prints that is about to be made: what it has may have ended in another size. */
  begin(id: string): void {
    this.#resized.fire({ id, ...FIRST_SIZE });
  }

  /** Tmux tells the size of a pane. */
  onResized({ pane, columns, rows }: PaneSize): void {
    const { live, leadership } = this.#scope;
    const id = live.find(pane);
    if (id !== undefined && leadership.leads) this.#resized.fire({ id, columns, rows });
  }

  /** The log may have grown without anybody hearing of it. */
  grown(id: string): void {
    this.#grown.fire(id);
  }

  /** The log has grown. */
  onOutput(id: string): void {
    this.#grown.fire(id);
    const { clock, table } = this.#scope;
    if (!table.get(id)) return;
    const state = this.#state(id);
    const now = clock.now();
    if (now - state.told >= LAST_OUTPUT_MS) {
      state.told = now;
      table.touch(id, { lastOutput: new Date(now).toISOString() });
    }
    this.lookSoon(id);
  }

  /** Looks whether its file is the one that was, and within its cap. */
  lookSoon(id: string, ms = LOOK_AGAIN_MS): void {
    const { clock, log } = this.#scope;
    const state = this.#state(id);
    state.look ??= clock.after(ms, () => {
      state.look = undefined;
      this.#look(id, state).catch((error: unknown) => log.warn(`log of ${id}: ${errorText(error)}`));
    });
  }

  async #look(id: string, state: State): Promise<void> {
    const { table, files, leadership } = this.#scope;
    const file = await files.stat(id, 'log');
    const record = table.get(id);
    if (!record || hasEnded(record) || state.isReopening || this.#states.get(id) !== state) return;
    if (!leadership.leads) {
      state.file = file;
    } else if (file === undefined && state.file === undefined && !state.isMissed) {
      state.isMissed = true;
      this.lookSoon(id, REOPEN_MS);
    } else if (isOther(file, state.file, record)) {
      await this.reopen(id);
    } else {
      state.file = file;
      await this.#keepCap(id, state, file?.size ?? 0);
    }
  }

  /** Frees the oldest part of a log that is over its cap; offsets stay what they are. */
  async #keepCap(id: string, state: State, size: number): Promise<void> {
    const { machine, table, files, log } = this.#scope;
    const record = table.get(id);
    const cap = this.#config.logCapMiB * 1024 * 1024;
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
    const { table, files, live, tmux } = this.#scope;
    const record = table.get(id);
    if (!record || hasEnded(record) || (await files.hasExit(id))) return;
    const known = live.get(id);
    const pane = known && (await tmux.pane(known.pane.pane));
    if (pane?.dead === false && (!pane.piped || (await files.has(id, 'closed')))) await this.reopen(id);
  }

  /** Has the log written again, with a line that tells of the gap. Asked too often it waits for a moment. */
  async reopen(id: string): Promise<void> {
    const { log, clock, live } = this.#scope;
    const known = live.get(id);
    const state = this.#state(id);
    if (!known || state.isReopening) return;
    if (clock.now() - state.reopened < REOPEN_MS) {
      this.lookSoon(id, REOPEN_MS);
      state.again ??= clock.after(REOPEN_MS, () => {
        state.again = undefined;
        this.onWriterGone(id).catch((error: unknown) => log.warn(`log of ${id}: ${errorText(error)}`));
      });
      return;
    }
    state.reopened = clock.now();
    state.isReopening = true;
    try {
      await this.#reopen(id, known.pane, state);
    } finally {
      state.isReopening = false;
    }
  }

  async #reopen(id: string, pane: Pane, state: State): Promise<void> {
    const { tmux, log, table, files } = this.#scope;
    const written = await this.#endWriter(id, pane);
    // What its last writer had still got, those who have its file open may read.
    this.grown(id);
    const file = await files.stat(id, 'log');
    const record = table.get(id);
    if (!record || hasEnded(record)) return;
    const seen = state.file?.size ?? 0;
    const had = Math.max(written, seen, record.logBase, record.runFrom);
    const isGone = isOther(file, state.file, record) || (file?.size ?? 0) < had;
    // Above all that were, also as a reader counts to whom what a cut file got came behind what it had. Who sees another
    // base knows that it was made anew.
    const from = isGone ? had + (written < seen ? written : 0) + 1 : 0;
    const reason = LOG_REASONS[isGone ? 'remade' : 'gap'];
    log.warn(isGone ? `the log of ${id} was removed or changed; it is made anew` : `the log of ${id} was not written`);
    if (isGone || record.reason !== reason) await table.patch(id, { reason, ...(isGone ? { logBase: from } : {}) });
    // Its writer removes it too, and a folder in its place keeps no log from being written.
    await files.remove(id, 'closed').catch((error: unknown) => log.debug(errorText(error)));
    await tmux.reopenLog(pane, from);
    if (!isGone) return;
    await this.#until(async () => {
      const made = await files.stat(id, 'log');
      // A larger one of somebody else may still be in its place.
      return made !== undefined && made.size >= from && ((file?.size ?? 0) < from || made.inode !== file?.inode);
    });
    state.file = await files.stat(id, 'log');
    this.#remade.fire(id);
    this.grown(id);
  }

  /** How many bytes its log had when its last writer ended; 0 when that cannot be told. */
  async #endWriter(id: string, { pane }: Pane): Promise<number> {
    const { tmux, files } = this.#scope;
    const known = await tmux.pane(pane);
    if (known?.piped === true && !(await files.has(id, 'closed'))) {
      await tmux.closeLog(known);
      await this.#until(async () => (await files.text(id, 'closed')) !== '');
    }
    const closed = await files.text(id, 'closed');
    const size = closed === '\n' ? await files.logSize(id) : Number.parseInt(closed, 10);
    return Number.isSafeInteger(size) ? size : 0;
  }

  async #until(done: () => Promise<boolean>): Promise<void> {
    const end = performance.now() + WRITER_MS;
    while (performance.now() < end && !(await done())) await delay(LOOK_MS);
  }

  /** The log has got its last byte. */
  close(id: string): void {
    this.#forget(id);
    this.#grown.fire(id);
    this.#closed.fire(id);
  }

  #forget(id: string): void {
    const state = this.#states.get(id);
    state?.again?.cancel();
    state?.look?.cancel();
    this.#states.delete(id);
  }

  dispose(): void {
    for (const id of [...this.#states.keys()]) this.#forget(id);
    this.#grown.dispose();
    this.#remade.dispose();
    this.#closed.dispose();
    this.#resized.dispose();
  }
}

/** Somebody has removed, replaced or cut the file of a log, and nobody has made it anew: that moves its base. */
function isOther(file: FileStat | undefined, known: FileStat | undefined, { logBase }: SessionRecord): boolean {
  if (known !== undefined && logBase > known.size) return false;
  if (file === undefined || file.size < logBase) return true;
  return known !== undefined && (file.size < known.size || file.inode !== known.inode);
}
