import type { Disposable } from '../../common/disposable.js';
import { toCodeManagerError } from '../../protocol/errors.js';
import type { Machine } from './machine.js';

/** Whether the way to a machine was cut since this was made: then nobody knows whether what failed was done. */
export class LinkCut implements Disposable {
  readonly #machine: Pick<Machine, 'link' | 'now'>;
  readonly #subscription: Disposable | undefined;
  #seen = false;

  constructor(machine: Pick<Machine, 'link' | 'now'>) {
    this.#machine = machine;
    this.#subscription = machine.link?.onDidChange(({ connection }) => {
      if (connection !== 'connected') this.#seen = true;
    });
  }

  /** @param error what went wrong */
  async explains(error: unknown): Promise<boolean> {
    const { link } = this.#machine;
    if (link === undefined) return false;
    if (this.#wasSeen() || link.state.connection !== 'connected') return true;
    if (toCodeManagerError(error).code !== 'unavailable') return false;
    // A call may fail before the link knows why.
    return this.#machine.now().then(
      () => this.#wasSeen(),
      () => true,
    );
  }

  // A method, since the flag changes while somebody waits.
  #wasSeen(): boolean {
    return this.#seen;
  }

  dispose(): void {
    this.#subscription?.dispose();
  }
}
