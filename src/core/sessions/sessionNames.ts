import { CodeManagerError } from '../../protocol/errors.js';
import type { SessionScope } from '../live/sessionScope.js';
import { slug, uniqueName } from '../store/names.js';

/** Which names sessions have: those of this machine, those that are being started, and those of other machines. */
export class SessionNames {
  readonly #scope: Pick<SessionScope, 'table'>;
  readonly #others: () => Iterable<string>;
  /** Held for sessions that have no record yet. */
  readonly #held = new Set<string>();

  /** @param others names of the sessions of other machines */
  constructor(scope: Pick<SessionScope, 'table'>, others: () => Iterable<string>) {
    this.#scope = scope;
    this.#others = others;
  }

  /** A name that no other session has; held until {@link release}. @throws CodeManagerError `conflict` */
  take(wanted: string | undefined, task: string, tool: string): string {
    if (wanted !== undefined) this.mustBeFree(wanted);
    const name = wanted ?? uniqueName(task === '' ? tool : slug(task, tool), this.#taken());
    this.#held.add(name);
    return name;
  }

  release(name: string): void {
    this.#held.delete(name);
  }

  /** @param except id of the session that may have it. @throws CodeManagerError `conflict` */
  mustBeFree(name: string, except?: string): void {
    if (!this.#taken(except).has(name)) return;
    throw new CodeManagerError('conflict', `Another session is named ${name}`, { hint: 'Choose another name.' });
  }

  #taken(except?: string): Set<string> {
    const own = this.#scope.table.all().filter(({ id }) => id !== except);
    return new Set([...own.map(({ name }) => name), ...this.#held, ...this.#others()]);
  }
}
