import type { Machine } from '../protocol/context.js';
import { localDateTime } from '../common/text.js';
import { oneLine } from './plainText.js';

/** A cut that was shorter is nothing to read about. */
const WORTH_MS = 10_000;

/** Remembers when machines went away, and says so for a log when they are back. */
export class OfflineNotes {
  readonly #awaySince = new Map<string, number>();

  /**
   * @param name of the machine, as people see it
   * @param now milliseconds since the epoch
   * @returns when it has just come back: `— build-box offline 14:07, reconnected 14:12, nothing lost —`, or an empty
   * text after a short cut; undefined otherwise
   */
  look(machine: Machine, name: string, now: number): string | undefined {
    const since = this.#awaySince.get(machine.id);
    if (machine.connection !== 'connected') {
      if (since === undefined) this.#awaySince.set(machine.id, Date.parse(machine.lastSeen ?? machine.since));
      return undefined;
    }
    this.#awaySince.delete(machine.id);
    if (since === undefined) return undefined;
    if (now - since < WORTH_MS) return '';
    const today = new Date(now);
    const from = localDateTime(new Date(since).toISOString(), today);
    const to = localDateTime(today.toISOString(), today);
    return `— ${oneLine(name)} offline ${from}, reconnected ${to}, nothing lost —`;
  }
}
