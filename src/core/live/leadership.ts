import { Emitter } from '../../common/emitter.js';

/** Whether this server acts on the sessions of a machine: of several that reach it one does. */
export class Leadership {
  readonly #changed = new Emitter<boolean>();
  #leads = true;

  /** Fires with whether this server acts from now on, when that changes. */
  readonly onDidChange = this.#changed.event;

  get leads(): boolean {
    return this.#leads;
  }

  set(leads: boolean): void {
    if (leads === this.#leads) return;
    this.#leads = leads;
    this.#changed.fire(leads);
  }
}
