import { CodeManagerError } from '../../protocol/errors.js';
import type { Pane } from '../tmux/pane.js';
import type { CallFile } from '../conversations/callFile.js';
import { Look } from '../state/look.js';
import type { HookFollower } from '../hooks/hookFollower.js';
import type { SignalFollower } from '../state/signalFollower.js';
import type { StartupWatch } from '../state/startupWatch.js';
import type { StateWatch } from '../state/stateWatch.js';
import type { TerminalSignal } from '../state/terminalSignals.js';

/** What is known of a session beyond its record, while its window lives. */
export interface LiveSession {
  pane: Pane;
  /** Grows with each piece of output. */
  outputs: number;
  /** How what it shows is looked at. */
  look: Look;
  startup: StartupWatch | undefined;
  signals: SignalFollower | undefined;
  hooks: HookFollower | undefined;
  calls: CallFile | undefined;
  /** The title that it gave its terminal last: not told again when its state begins to be watched. */
  title: TerminalSignal | undefined;
  state: StateWatch | undefined;
  /** Number of the request that its watch has told last. */
  asked: number | undefined;
  /** The agent may have been given something to do; undefined: nobody knows. */
  isGiven: boolean | undefined;
  /** When Ctrl+C was pressed in it last on behalf of a person, by the clock of this process. */
  brokenOff: number | undefined;
}

const NOTHING = {
  startup: undefined,
  signals: undefined,
  hooks: undefined,
  calls: undefined,
  title: undefined,
  state: undefined,
  asked: undefined,
  isGiven: undefined,
  brokenOff: undefined,
} as const;

/** The sessions whose windows are known. */
export class LiveSessions {
  readonly #sessions = new Map<string, LiveSession>();

  get(id: string): LiveSession | undefined {
    return this.#sessions.get(id);
  }

  /** Whether the session's window is dead; undefined when it is not known. */
  isDead(id: string): boolean | undefined {
    return this.#sessions.get(id)?.pane.dead;
  }

  /** Id of the session in a pane of tmux. */
  find(pane: string): string | undefined {
    for (const [id, live] of this.#sessions) if (live.pane.pane === pane) return id;
    return undefined;
  }

  /** @throws CodeManagerError `unavailable` when its window is not known */
  need(id: string): LiveSession {
    const live = this.#sessions.get(id);
    if (live) return live;
    throw new CodeManagerError('unavailable', 'The session cannot be reached', {
      hint: 'Its tmux does not answer; see cm doctor.',
    });
  }

  /** Notes what tmux says of a window. True when it was not known before. */
  track(pane: Pane): boolean {
    const known = this.#sessions.get(pane.session);
    if (known) known.pane = pane;
    else this.#sessions.set(pane.session, { pane, outputs: 0, look: new Look(), ...NOTHING });
    return !known;
  }

  delete(id: string): void {
    const live = this.#sessions.get(id);
    live?.startup?.dispose();
    live?.state?.dispose();
    this.#sessions.delete(id);
  }

  clear(): void {
    for (const id of [...this.#sessions.keys()]) this.delete(id);
  }
}
