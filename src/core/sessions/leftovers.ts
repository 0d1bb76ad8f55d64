import { delay } from '../../common/async.js';
import { DisposableStore, toDisposable, type Disposable } from '../../common/disposable.js';
import { errorText } from '../../protocol/errors.js';
import type { SessionRecord } from '../../protocol/files.js';
import { hasEnded } from '../../protocol/session.js';
import type { ProcessId, ProcessTree } from '../machine/machine.js';
import type { SessionScope } from '../live/sessionScope.js';
import { isOfBoot } from '../records/sameMachine.js';

/** What ends with its session takes a moment. */
const SETTLE_MS = 1_000;
/** How often it is looked whether what was left is still there. */
const AGAIN_MS = 15_000;
const LOOK_MS = 100;
/** More of them are not written down one by one. */
const MAX_WRITTEN = 1_000;

/** What sessions that have ended by themselves left running: a server that was started in the background. */
export class Leftovers implements Disposable {
  readonly #scope: SessionScope;
  readonly #disposables = new DisposableStore();
  #again: { cancel(): void } | undefined;

  constructor(scope: SessionScope) {
    this.#scope = scope;
    this.#disposables.add(toDisposable(() => this.#again?.cancel()));
  }

  /** @param root the process of its pane, which has gone */
  onEnded(id: string, root: number | null): void {
    const { clock } = this.#scope;
    const timer = clock.after(SETTLE_MS, () => this.#attempt(() => this.#look([{ root, marker: id }])));
    this.#disposables.add(toDisposable(() => timer.cancel()));
  }

  /** Looks what has become of all that is known. */
  async check(): Promise<void> {
    const { table, identity } = this.#scope;
    await this.#look(
      table
        .all()
        .filter((record) => record.left.length > 0 && isOfBoot(record, identity))
        .map(treeOf),
    );
  }

  /** What runs of sessions that have ended, by one look. */
  async of(records: readonly SessionRecord[]): Promise<readonly (readonly ProcessId[])[]> {
    const { machine, identity } = this.#scope;
    const here = records.filter((record) => hasEnded(record) && isOfBoot(record, identity));
    const found = here.length === 0 ? [] : await machine.processesOf(here.map(treeOf));
    return records.map((record) => found[here.indexOf(record)] ?? []);
  }

  /** Asks them to end, waits, and ends what is left then. Without a signal: at once. */
  async end(record: SessionRecord, signal: NodeJS.Signals | undefined, timeoutMs: number): Promise<void> {
    const { machine } = this.#scope;
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
    const { machine } = this.#scope;
    if (trees.length === 0) return;
    const found = await machine.processesOf(trees);
    await Promise.all(trees.map(({ marker }, index) => this.#keep(marker, found[index] ?? [])));
    this.#lookAgain();
  }

  async #keep(id: string, processes: readonly ProcessId[]): Promise<void> {
    const { table } = this.#scope;
    const record = table.get(id);
    // It may have been resumed meanwhile.
    if (record === undefined || !hasEnded(record)) return;
    const left = processes.slice(0, MAX_WRITTEN);
    if (JSON.stringify(left) !== JSON.stringify(record.left)) await table.patch(id, { left });
  }

  #lookAgain(): void {
    const { machine, table, clock } = this.#scope;
    // Another machine is looked at by its watchdog: each look costs bytes on the way there.
    if (machine.capabilities.isFar || this.#again !== undefined || this.#disposables.isDisposed) return;
    if (!table.all().some(({ left }) => left.length > 0)) return;
    this.#again = clock.after(AGAIN_MS, () => {
      this.#again = undefined;
      this.#attempt(() => this.check());
    });
  }

  #attempt(run: () => Promise<void>): void {
    run().catch((error: unknown) => this.#scope.log.warn(`what sessions left: ${errorText(error)}`));
  }

  dispose(): void {
    this.#disposables.dispose();
  }
}

function treeOf({ id, left }: SessionRecord): ProcessTree {
  return { root: null, marker: id, known: left };
}
