import type { Context, Machine } from '../protocol/context.js';
import type { Change } from '../protocol/events.js';
import { NO_POLICY, type PolicyState } from '../protocol/policy.js';
import type { Snapshot } from '../protocol/requests.js';
import type { Session } from '../protocol/session.js';

/** The whole picture as of the last event. Readers get plain arrays, which are never changed afterwards. */
export class SnapshotStore {
  #machines = new Map<string, Machine>();
  #contexts = new Map<string, Context>();
  #sessions = new Map<string, Session>();
  #policy: PolicyState = NO_POLICY;
  #snapshot: Snapshot | undefined;

  get snapshot(): Snapshot {
    return (this.#snapshot ??= {
      machines: [...this.#machines.values()],
      contexts: [...this.#contexts.values()],
      sessions: [...this.#sessions.values()],
      policy: this.#policy,
    });
  }

  reset({ machines, contexts, sessions, policy }: Snapshot): void {
    this.#policy = policy;
    this.#machines = new Map(machines.map((machine) => [machine.id, machine]));
    this.#contexts = new Map(contexts.map((context) => [context.id, context]));
    this.#sessions = new Map(sessions.map((session) => [session.id, session]));
    this.#snapshot = undefined;
  }

  apply(change: Change): void {
    this.#snapshot = undefined;
    switch (change.type) {
      case 'session/changed':
        // Archived ones are no part of the picture; who shows them asks for them.
        if (change.session.archived) this.#sessions.delete(change.session.id);
        else this.#sessions.set(change.session.id, change.session);
        break;
      case 'session/removed':
        this.#sessions.delete(change.id);
        break;
      case 'context/changed':
        this.#contexts.set(change.context.id, change.context);
        break;
      case 'context/removed':
        this.#contexts.delete(change.id);
        break;
      case 'machine/changed':
        this.#machines.set(change.machine.id, change.machine);
        break;
      case 'machine/removed':
        this.#machines.delete(change.id);
        break;
      case 'policy/changed':
        this.#policy = change.policy;
        break;
      case 'notice':
        break;
    }
  }
}
