import { DisposableStore, type Disposable } from '../../common/disposable.js';
import { stripTerminal } from '../../common/terminalText.js';
import { truncate } from '../../common/text.js';
import { errorText } from '../../protocol/errors.js';
import { hasEnded } from '../../protocol/session.js';
import { isTitle, type Pane } from '../tmux/pane.js';
import type { LogKeeper } from '../logs/logKeeper.js';
import type { SessionEnd } from './sessionEnd.js';
import { SessionFolder, type FileNews } from './sessionFolder.js';
import { Emitter } from '../../common/emitter.js';
import type { SessionScope } from '../live/sessionScope.js';
import type { SessionFile } from '../../protocol/sessionFiles.js';

/** Hears what happens to sessions, from tmux and from their files, and has done what follows from it. */
export class SessionFollower implements Disposable {
  readonly #scope: SessionScope;
  readonly #logs: LogKeeper;
  readonly #ends: Pick<SessionEnd, 'finish'>;
  readonly #folder: SessionFolder;
  readonly #wroteRecord = new Emitter<string>();
  readonly #disposables = new DisposableStore();

  /** Fires with the id of a session whose record was written, by us or by somebody else. */
  readonly onDidWriteRecord = this.#wroteRecord.event;
  /** Fires when nothing more is heard of the files before {@link watch} is called again. */
  readonly onDidLose;

  constructor(scope: SessionScope, logs: LogKeeper, ends: Pick<SessionEnd, 'finish'>) {
    const { machine, tmux, files, log } = scope;
    this.#scope = scope;
    this.#logs = logs;
    this.#ends = ends;
    this.#folder = new SessionFolder(machine, files.directory, log);
    this.onDidLose = this.#folder.onDidLose;
    this.#disposables.add(this.#folder.onDidChange((news) => this.#onFile(news)));
    this.#disposables.add(
      tmux.connection.onPaneChanged((pane) => {
        logs.onResized(pane);
        this.see(pane);
      }),
    );
    this.#disposables.add(tmux.connection.onResized((size) => logs.onResized(size)));
  }

  #onFile({ id, kind }: FileNews): void {
    const { live } = this.#scope;
    const follows: Partial<Record<SessionFile, () => void>> = {
      json: () => this.#wroteRecord.fire(id),
      log: () => this.#onOutput(id),
      hooks: () => live.get(id)?.hooks?.onGrown(),
      calls: () => live.get(id)?.calls?.onGrown(),
      exit: () => this.#onMark(id, 'exit', () => this.#ends.finish(id)),
      closed: () => this.#onMark(id, 'closed', () => this.#logs.onWriterGone(id)),
    };
    follows[kind]?.();
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
    const { identity, table, live: sessions, leadership } = this.#scope;
    const { session: id } = pane;
    const live = sessions.get(id);
    const record = table.get(id);
    if (live?.pane.pane !== pane.pane || !record || hasEnded(record)) return;
    live.pane = pane;
    const title = truncate(stripTerminal(pane.title).trim(), 200);
    // Until a program says otherwise tmux gives a pane the name of the host.
    const isOwn = isTitle(title) && title !== identity.host;
    if (isOwn && title !== record.title) table.touch(id, { title });
    if (!leadership.leads) return;
    if (pane.dead) this.#attempt(`end of ${id}`, () => this.#ends.finish(id));
    else if (!pane.piped) this.#attempt(`log of ${id}`, () => this.#logs.reopen(id));
  }

  #onOutput(id: string): void {
    const live = this.#scope.live.get(id);
    if (live) {
      live.outputs++;
      live.startup?.onOutput();
      live.signals?.onOutput();
      live.state?.onOutput();
    }
    this.#logs.onOutput(id);
  }

  /** Marks are also removed: that of a last run must not end the next one. */
  #onMark(id: string, mark: 'exit' | 'closed', run: () => Promise<void>): void {
    const { files, leadership } = this.#scope;
    if (!leadership.leads) return;
    this.#attempt(`${mark} mark of ${id}`, async () => {
      if (mark === 'exit' ? await files.hasExit(id) : await files.has(id, mark)) await run();
    });
  }

  /** Does something that nobody waits for. */
  #attempt(what: string, run: () => Promise<void>): void {
    run().catch((error: unknown) => this.#scope.log.error(`${what}: ${errorText(error)}`));
  }

  dispose(): void {
    this.pause();
    this.#disposables.dispose();
  }
}
