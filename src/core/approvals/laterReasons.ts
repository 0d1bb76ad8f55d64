import type { Clock } from '../../common/async.js';
import type { Logger } from '../../common/logger.js';
import { errorText } from '../../protocol/errors.js';
import { hasEnded } from '../../protocol/session.js';
import type { SessionInput } from '../sessions/sessionInput.js';
import type { SessionStates } from '../sessions/sessionStates.js';
import type { SessionTable } from '../sessions/sessionTable.js';

export interface LaterReasonsOptions {
  readonly supervisor: { readonly leads: boolean };
  readonly states: Pick<SessionStates, 'look'>;
  readonly input: Pick<SessionInput, 'exclusively' | 'isTyping'>;
  readonly table: Pick<SessionTable, 'get'>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A reason for a denial that could not be typed right after it. */
export interface LaterReason {
  /** Id. */
  readonly session: string;
  readonly reason: string;
  /** Called once: it was typed, or the session has ended before. */
  readonly onDone: (isSaid: boolean) => Promise<void>;
}

const LOOK_AGAIN_MS = 1_000;
/** A person who pressed a key this recently is typing. */
const TYPING_MS = 2_000;

/** Types reasons for denials once the input boxes are free for them. */
export class LaterReasons {
  readonly #options: LaterReasonsOptions;

  constructor(options: LaterReasonsOptions) {
    this.#options = options;
  }

  add(later: LaterReason): void {
    const { clock, log } = this.#options;
    clock.after(LOOK_AGAIN_MS, () => {
      this.#try(later).then(
        (isDone) => {
          if (!isDone) this.add(later);
        },
        (error: unknown) => {
          log.debug(`a reason waits: ${errorText(error)}`);
          this.add(later);
        },
      );
    });
  }

  /** True when there is nothing more to do. */
  async #try({ session, reason, onDone }: LaterReason): Promise<boolean> {
    const { supervisor, table, input, log } = this.#options;
    // Whoever leads in its place knows nothing of it.
    if (!supervisor.leads) return true;
    const record = table.get(session);
    if (record === undefined || hasEnded(record)) {
      log.warn(`the reason for a denial was not sent to ${record?.name ?? session}: it has ended`);
      await onDone(false);
      return true;
    }
    const isSaid = await input.exclusively(session, async (typist) => {
      if (!(await this.#isFree(session))) return false;
      await typist.text(reason, true);
      return true;
    });
    if (isSaid) await onDone(true);
    return isSaid;
  }

  async #isFree(session: string): Promise<boolean> {
    const { input, states } = this.#options;
    if (await input.isTyping(session, TYPING_MS)) return false;
    const { state, draft } = await states.look(session);
    return state === 'idle' && draft === null;
  }
}
