import { randomBytes } from 'node:crypto';
import type { Change, ServerEvent } from '../protocol/events.js';

const KEPT = 5_000;
/** More than this, in UTF-16 units of JSON, is said shorter by a snapshot. */
const MAX_MISSED = 2 * 1024 * 1024;

/** Numbers the changes of one run of the server and keeps the newest, so that a client that was away hears what it missed. */
export class EventLog {
  /** Sequence numbers count within one instance. */
  readonly instance = randomBytes(8).toString('hex');
  readonly #events: ServerEvent[] = [];
  #seq = 0;

  /** Number of the newest event. */
  get seq(): number {
    return this.#seq;
  }

  append(change: Change, time: string): ServerEvent {
    const event = { seq: ++this.#seq, time, change };
    this.#events.push(event);
    if (this.#events.length > KEPT * 1.2) this.#events.splice(0, this.#events.length - KEPT);
    return event;
  }

  /** The events after `seq`; undefined when some are no longer known, they are too many, or it was another instance. */
  since(instance: string, seq: number): ServerEvent[] | undefined {
    const oldest = this.#events[0]?.seq ?? this.#seq + 1;
    if (instance !== this.instance || seq > this.#seq || seq < oldest - 1) return undefined;
    const missed = this.#events.slice(seq - oldest + 1);
    let size = 0;
    return missed.every((event) => (size += JSON.stringify(event).length) <= MAX_MISSED) ? missed : undefined;
  }
}
