import type { Machine } from '../../protocol/context.js';

/** Finds machines whose host key has changed since the last look. The first look finds nothing. */
export class HostKeyFinder {
  #known: ReadonlySet<string> | undefined;

  look(machines: readonly Machine[]): readonly Machine[] {
    const known = this.#known;
    const changed = machines.filter(({ connection }) => connection === 'hostKeyChanged');
    this.#known = new Set(changed.map(({ id }) => id));
    return known === undefined ? [] : changed.filter(({ id }) => !known.has(id));
  }

  /** There is nothing to compare with. */
  forget(): void {
    this.#known = undefined;
  }
}
