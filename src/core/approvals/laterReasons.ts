import type { Clock } from '../../common/async.js';
import type { Logger } from '../../common/logger.js';
import { errorText } from '../../protocol/errors.js';
import type { SessionRecord } from '../../protocol/files.js';
import { hasEnded } from '../../protocol/session.js';
import type { SessionInput } from '../live/sessionInput.js';
import type { SessionStates } from '../live/sessionStates.js';
import type { SessionTable } from '../records/sessionTable.js';
import type { AuditLog } from './audit.js';
import { TYPING_MS } from './guards.js';

export interface LaterReasonsOptions {
  readonly supervisor: { readonly leads: boolean };
  readonly states: Pick<SessionStates, 'look'>;
  readonly input: Pick<SessionInput, 'exclusively' | 'isTyping'>;
  readonly table: Pick<SessionTable, 'all' | 'get' | 'patch'>;
  readonly audit: Pick<AuditLog, 'append'>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A reason for a denial that could not be typed right after it, and what is recorded of it when it never can be. */
export type LaterReason = SessionRecord['unsaid'][number];

const LOOK_AGAIN_MS = 1_000;

/** Types reasons for denials once the input boxes are free for them, also after the agent server was started again. */
export class LaterReasons {
  readonly #options: LaterReasonsOptions;
  /** Ids of the sessions that are looked at. */
  readonly #watched = new Set<string>();

  constructor(options: LaterReasonsOptions) {
    this.#options = options;
  }

  /** @param session its id */
  async add(session: string, later: LaterReason): Promise<void> {
    const { table } = this.#options;
    await table.patch(session, { unsaid: [...(table.get(session)?.unsaid ?? []), later] });
    this.#watch(session);
  }

  /** Goes on with those that the server before this one has left. */
  recover(): void {
    for (const { id, unsaid } of this.#options.table.all()) if (unsaid.length > 0) this.#watch(id);
  }

  #watch(session: string): void {
    if (this.#watched.has(session)) return;
    this.#watched.add(session);
    this.#lookLater(session);
  }

  #lookLater(session: string): void {
    const { clock, log } = this.#options;
    clock.after(LOOK_AGAIN_MS, () => {
      this.#try(session).then(
        (isDone) => {
          if (isDone) this.#watched.delete(session);
          else this.#lookLater(session);
        },
        (error: unknown) => {
          log.debug(`a reason waits: ${errorText(error)}`);
          this.#lookLater(session);
        },
      );
    });
  }

  /** True when there is nothing more to do. */
  async #try(session: string): Promise<boolean> {
    const { supervisor, table, input, log } = this.#options;
    const record = table.get(session);
    const [first] = record?.unsaid ?? [];
    // Whoever leads in its place finds it in the record.
    if (record === undefined || first === undefined || !supervisor.leads) return true;
    if (hasEnded(record)) {
      log.warn(`the reason for a denial was not sent to ${record.name}: it has ended`);
      await this.#drop(session, first);
      await this.#note(first.entry);
      return false;
    }
    await input.exclusively(session, async (typist) => {
      if (!(await this.#isFree(session))) return;
      // Before it is typed: a crash in between must not say it twice.
      await this.#drop(session, first);
      try {
        await typist.prompt(first.reason);
      } catch (error) {
        log.warn(`the reason for a denial may not have arrived at ${record.name}: ${errorText(error)}`);
        return this.#note(first.entry);
      }
      return this.#note({ ...first.entry, keys: ['(text)', 'Enter'], outcome: 'answered' });
    });
    return false;
  }

  async #drop(session: string, said: LaterReason): Promise<void> {
    const { table } = this.#options;
    const unsaid = table.get(session)?.unsaid ?? [];
    await table.patch(session, { unsaid: unsaid.filter(({ entry }) => entry.id !== said.entry.id) });
  }

  async #note(entry: LaterReason['entry']): Promise<void> {
    const { audit, clock, log } = this.#options;
    const waits = await audit.append({ ...entry, time: new Date(clock.now()).toISOString() });
    if (waits !== undefined) log.error(`a reason is not on record: ${errorText(waits)}`);
  }

  async #isFree(session: string): Promise<boolean> {
    const { input, states } = this.#options;
    if (await input.isTyping(session, TYPING_MS)) return false;
    const { state, draft } = await states.look(session);
    return state === 'idle' && draft === null;
  }
}
