import { DisposableStore, type Disposable } from '../../common/disposable.js';
import type { Logger } from '../../common/logger.js';
import { stripTerminal } from '../../common/terminalText.js';
import { truncate } from '../../common/text.js';
import { errorText } from '../../protocol/errors.js';
import { hasEnded, type MachineIdentity } from '../../protocol/session.js';
import type { Machine } from '../machine/machine.js';
import { isTitle, type Pane } from '../tmux/pane.js';
import type { TmuxServer } from '../tmux/tmuxServer.js';
import type { LiveSessions } from '../live/liveSession.js';
import type { LogKeeper } from '../logs/logKeeper.js';
import type { SessionEnd } from './sessionEnd.js';
import type { SessionFiles } from '../records/sessionFiles.js';
import { SessionFolder } from './sessionFolder.js';
import type { SessionTable } from '../records/sessionTable.js';

export interface SessionFollowerOptions {
  readonly machine: Machine;
  readonly identity: Pick<MachineIdentity, 'host'>;
  readonly tmux: Pick<TmuxServer, 'connection'>;
  readonly table: SessionTable;
  readonly live: LiveSessions;
  readonly files: SessionFiles;
  readonly logs: LogKeeper;
  readonly ends: Pick<SessionEnd, 'finish'>;
  /** This server acts on what it hears; else it only takes note of it. */
  readonly leads: () => boolean;
  /** The record of a session was written, by us or by somebody else. */
  readonly onRecord: (id: string) => void;
  /** Nothing more is heard of the files before {@link SessionFollower.watch} is called again. */
  readonly onLost: () => void;
  readonly log: Logger;
}

/** Hears what happens to sessions, from tmux and from their files, and has done what follows from it. */
export class SessionFollower implements Disposable {
  readonly #options: SessionFollowerOptions;
  readonly #folder: SessionFolder;
  readonly #disposables = new DisposableStore();

  constructor(options: SessionFollowerOptions) {
    const { machine, tmux, live, files, logs, ends, onRecord, onLost, log } = options;
    this.#options = options;
    this.#folder = new SessionFolder({
      machine,
      directory: files.directory,
      onRecord,
      onOutput: (id) => this.#onOutput(id),
      onHooks: (id) => live.get(id)?.hooks?.onGrown(),
      onCalls: (id) => live.get(id)?.calls?.onGrown(),
      onExit: (id) => this.#onMark(id, 'exit', () => ends.finish(id)),
      onLogClosed: (id) => this.#onMark(id, 'closed', () => logs.onWriterGone(id)),
      onLost,
      log,
    });
    this.#disposables.add(
      tmux.connection.onPaneChanged((pane) => {
        logs.onResized(pane);
        this.see(pane);
      }),
    );
    this.#disposables.add(tmux.connection.onResized((size) => logs.onResized(size)));
  }

  /** Hears of the files from now on, unless it does already. */
  watch(): void {
    this.#folder.watch();
  }

  /** Hears nothing of the files until {@link watch}. */
  pause(): void {
    this.#folder.dispose();
  }

  /** What tmux says of a window. */
  see(pane: Pane): void {
    const { identity, table, live: sessions, logs, ends, leads } = this.#options;
    const { session: id } = pane;
    const live = sessions.get(id);
    const record = table.get(id);
    if (live?.pane.pane !== pane.pane || !record || hasEnded(record)) return;
    live.pane = pane;
    const title = truncate(stripTerminal(pane.title).trim(), 200);
    // Until a program says otherwise tmux gives a pane the name of the host.
    const isOwn = isTitle(title) && title !== identity.host;
    if (isOwn && title !== record.title) table.touch(id, { title });
    if (!leads()) return;
    if (pane.dead) this.#attempt(`end of ${id}`, () => ends.finish(id));
    else if (!pane.piped) this.#attempt(`log of ${id}`, () => logs.reopen(id));
  }

  #onOutput(id: string): void {
    const { live: sessions, logs } = this.#options;
    const live = sessions.get(id);
    if (live) {
      live.outputs++;
      live.startup?.onOutput();
      live.signals?.onOutput();
      live.state?.onOutput();
    }
    logs.onOutput(id);
  }

  /** Marks are also removed: that of a last run must not end the next one. */
  #onMark(id: string, mark: 'exit' | 'closed', run: () => Promise<void>): void {
    const { files, leads } = this.#options;
    if (!leads()) return;
    this.#attempt(`${mark} mark of ${id}`, async () => {
      if (mark === 'exit' ? await files.hasExit(id) : await files.has(id, mark)) await run();
    });
  }

  /** Does something that nobody waits for. */
  #attempt(what: string, run: () => Promise<void>): void {
    run().catch((error: unknown) => this.#options.log.error(`${what}: ${errorText(error)}`));
  }

  dispose(): void {
    this.pause();
    this.#disposables.dispose();
  }
}
