import { Throttler, type Clock } from '../common/async.js';
import { DisposableStore, type Disposable } from '../common/disposable.js';
import { Emitter, type Event } from '../common/emitter.js';
import type { Context } from '../protocol/context.js';
import type { Snapshot } from '../protocol/collections.js';
import type { Session } from '../protocol/session.js';
import { describe, type Description, type Group } from '../protocol/word.js';
import { GroupHold } from './groupHold.js';
import { sessionPlace, type SessionPlace } from './machineText.js';

/** A session with all that its row shows. */
export interface SessionRow extends SessionPlace {
  readonly session: Session;
  readonly description: Description;
  /** Where the row stands, which follows the word with a short delay. */
  readonly group: Group;
  readonly context: Context | undefined;
}

/** Changes are gathered so long before anything is drawn. */
const REFRESH_MS = 100;

/** Where the picture of all sessions comes from. */
export interface RowsSource {
  readonly snapshot: Pick<Snapshot, 'sessions' | 'contexts' | 'machines'>;
  /** Fires when something in the picture is another; `reset` when everything may be. */
  readonly onDidChange: Event<{ readonly type: string }>;
}

/** The rows of all sessions, kept current and drawn at most ten times a second. */
export class SessionRows implements Disposable {
  readonly #link: RowsSource;
  readonly #clock: Clock;
  readonly #hold = new GroupHold();
  readonly #refresh: Throttler;
  readonly #changed: Emitter<void>;
  readonly #store = new DisposableStore();
  #rows: readonly SessionRow[] = [];
  #wake: { cancel(): void } | undefined;

  constructor(link: RowsSource, clock: Clock, onError: (error: unknown) => void) {
    this.#link = link;
    this.#clock = clock;
    this.#changed = new Emitter<void>(onError);
    this.#refresh = new Throttler(REFRESH_MS, () => this.update(), clock);
    this.#store.add(
      link.onDidChange((change) => {
        if (change.type === 'reset') this.update();
        else this.#refresh.trigger();
      }),
    );
  }

  get onDidChange(): Emitter<void>['event'] {
    return this.#changed.event;
  }

  get all(): readonly SessionRow[] {
    return this.#rows;
  }

  find(id: string): SessionRow | undefined {
    return this.#rows.find(({ session }) => session.id === id);
  }

  /** Computes the rows anew, e.g. because time has passed. */
  update(): void {
    const now = this.#clock.now();
    const { sessions, contexts, machines } = this.#link.snapshot;
    const contextById = new Map(contexts.map((context) => [context.id, context]));
    this.#hold.keepOnly(new Set(sessions.map(({ id }) => id)));
    this.#rows = sessions
      .filter(({ archived }) => !archived)
      .map((session) => {
        const place = sessionPlace(session, machines);
        const description = describe(session, now, place.machine);
        return {
          session,
          description,
          group: this.#hold.place(session.id, description.group, now),
          context: contextById.get(session.contextId),
          ...place,
        };
      });
    this.#wake?.cancel();
    const wait = this.#hold.nextMove(now);
    this.#wake = wait === undefined ? undefined : this.#clock.after(wait, () => this.update());
    this.#changed.fire();
  }

  dispose(): void {
    this.#wake?.cancel();
    this.#refresh.cancel();
    this.#store.dispose();
    this.#changed.dispose();
  }
}
