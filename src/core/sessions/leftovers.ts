import { delay, type Clock } from '../../common/async.js';
import { DisposableStore, toDisposable, type Disposable } from '../../common/disposable.js';
import type { Logger } from '../../common/logger.js';
import { errorText } from '../../protocol/errors.js';
import type { SessionRecord } from '../../protocol/files.js';
import { hasEnded } from '../../protocol/session.js';
import type { Machine, ProcessId, ProcessTree } from '../machine/machine.js';
import type { SessionTable } from '../records/sessionTable.js';

export interface LeftoversOptions {
  readonly machine: Pick<Machine, 'capabilities' | 'processesOf' | 'killTree' | 'run'>;
  readonly table: Pick<SessionTable, 'all' | 'get' | 'patch'>;
  /** Of this machine as it is now: after a restart nothing of a session is left. */
  readonly isHere: (record: SessionRecord) => boolean;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What ends with its session takes a moment. */
const SETTLE_MS = 1_000;
/** How often it is looked whether what was left is still there. */
const AGAIN_MS = 15_000;
const LOOK_MS = 100;
/** More of them are not written down one by one. */
const MAX_WRITTEN = 1_000;

/** What sessions that have ended by themselves left running: a server that was started in the background. */
export class Leftovers implements Disposable {
  readonly #options: LeftoversOptions;
  readonly #disposables = new DisposableStore();
  #again: { cancel(): void } | undefined;

  constructor(options: LeftoversOptions) {
    this.#options = options;
    this.#disposables.add(toDisposable(() => this.#again?.cancel()));
  }

  /** @param root the process of its pane, which has gone */
  onEnded(id: string, root: number | null): void {
    const { clock } = this.#options;
    const timer = clock.after(SETTLE_MS, () => this.#attempt(() => this.#look([{ root, marker: id }])));
    this.#disposables.add(toDisposable(() => timer.cancel()));
  }

  /** Looks what has become of all that is known. */
  async check(): Promise<void> {
    const { table, isHere } = this.#options;
    await this.#look(
      table
        .all()
        .filter((record) => record.left.length > 0 && isHere(record))
        .map(treeOf),
    );
  }

  /** What runs of sessions that have ended, by one look. */
  async of(records: readonly SessionRecord[]): Promise<readonly (readonly ProcessId[])[]> {
    const { machine, isHere } = this.#options;
    const here = records.filter((record) => hasEnded(record) && isHere(record));
    const found = here.length === 0 ? [] : await machine.processesOf(here.map(treeOf));
    return records.map((record) => found[here.indexOf(record)] ?? []);
  }

  /** Asks them to end, waits, and ends what is left then. Without a signal: at once. */
  async end(record: SessionRecord, signal: NodeJS.Signals | undefined, timeoutMs: number): Promise<void> {
    const { machine } = this.#options;
    const deadline = performance.now() + timeoutMs;
    let [left = []] = await this.of([record]);
    const known = [...record.left, ...left];
    if (signal !== undefined && left.length > 0) {
      await machine.run(['kill', `-${signal.replace(/^SIG/, '')}`, ...left.map(({ pid }) => String(pid))]);
      while (left.length > 0 && performance.now() < deadline) {
        await delay(LOOK_MS);
        [left = []] = await this.of([record]);
      }
    }
    await machine.killTree(null, record.id, known);
    await this.#keep(record.id, []);
  }

  async #look(trees: readonly ProcessTree[]): Promise<void> {
    const { machine } = this.#options;
    if (trees.length === 0) return;
    const found = await machine.processesOf(trees);
    await Promise.all(trees.map(({ marker }, index) => this.#keep(marker, found[index] ?? [])));
    this.#lookAgain();
  }

  async #keep(id: string, processes: readonly ProcessId[]): Promise<void> {
    const { table } = this.#options;
    const record = table.get(id);
    // It may have been resumed meanwhile.
    if (record === undefined || !hasEnded(record)) return;
    const left = processes.slice(0, MAX_WRITTEN);
    if (JSON.stringify(left) !== JSON.stringify(record.left)) await table.patch(id, { left });
  }

  #lookAgain(): void {
    const { machine, table, clock } = this.#options;
    // Another machine is looked at by its watchdog: each look costs bytes on the way there.
    if (machine.capabilities.isFar || this.#again !== undefined || this.#disposables.isDisposed) return;
    if (!table.all().some(({ left }) => left.length > 0)) return;
    this.#again = clock.after(AGAIN_MS, () => {
      this.#again = undefined;
      this.#attempt(() => this.check());
    });
  }

  #attempt(run: () => Promise<void>): void {
    run().catch((error: unknown) => this.#options.log.warn(`what sessions left: ${errorText(error)}`));
  }

  dispose(): void {
    this.#disposables.dispose();
  }
}

function treeOf({ id, left }: SessionRecord): ProcessTree {
  return { root: null, marker: id, known: left };
}
