import type { Group } from '../protocol/word.js';

/** A new word must hold so long before its row moves, so that rows do not jump while an agent goes to and fro. */
const HOLD_MS = 2000;

interface Held {
  shown: Group;
  next: Group;
  /** When `next` was first seen. */
  since: number;
}

/** Decides in which group a row is shown. A row that begins or ends needing input moves at once. */
export class GroupHold {
  readonly #rows = new Map<string, Held>();

  /** @returns the group to show at `now` for a session whose word belongs to `group` */
  place(id: string, group: Group, now: number): Group {
    const held = this.#rows.get(id);
    if (held === undefined) {
      this.#rows.set(id, { shown: group, next: group, since: now });
      return group;
    }
    if (held.next !== group) {
      held.next = group;
      held.since = now;
    }
    const isUrgent = held.shown === 'Needs input' || group === 'Needs input';
    if (held.shown !== group && (isUrgent || now - held.since >= HOLD_MS)) held.shown = group;
    return held.shown;
  }

  /** Milliseconds until a row that waits has to be looked at again; undefined when none waits. */
  nextMove(now: number): number | undefined {
    let next: number | undefined;
    for (const { shown, next: wanted, since } of this.#rows.values()) {
      if (shown === wanted) continue;
      const wait = Math.max(0, since + HOLD_MS - now);
      next = next === undefined ? wait : Math.min(next, wait);
    }
    return next;
  }

  /** Forgets the sessions that are gone. */
  keepOnly(ids: ReadonlySet<string>): void {
    for (const id of this.#rows.keys()) if (!ids.has(id)) this.#rows.delete(id);
  }
}
