import { errorText } from '../../protocol/errors.js';
import type { SessionRecord } from '../../protocol/files.js';
import { hasEnded } from '../../protocol/session.js';
import type { SessionInput } from '../live/sessionInput.js';
import type { AuditLog } from './audit.js';
import { TYPING_MS } from './guards.js';
import type { Screens } from '../live/screens.js';
import type { SessionScope } from '../live/sessionScope.js';

/** What of the scope answers are given with. */
export type AnswerScope = Pick<
  SessionScope,
  'leadership' | 'live' | 'files' | 'table' | 'tool' | 'ids' | 'clock' | 'log'
>;

export interface LaterReasonsOptions {
  readonly screens: Pick<Screens, 'look'>;
  readonly input: Pick<SessionInput, 'exclusively' | 'isTyping'>;
  readonly audit: Pick<AuditLog, 'append'>;
}

/** A reason for a denial that could not be typed right after it, and what is recorded of it when it never can be. */
export type LaterReason = SessionRecord['unsaid'][number];

const LOOK_AGAIN_MS = 1_000;

/** Types reasons for denials once the input boxes are free for them, also after the agent server was started again. */
export class LaterReasons {
  readonly #scope: AnswerScope;
  readonly #options: LaterReasonsOptions;
  /** Ids of the sessions that are looked at. */
  readonly #watched = new Set<string>();

  constructor(scope: AnswerScope, options: LaterReasonsOptions) {
    this.#scope = scope;
    this.#options = options;
  }

  /** @param session its id */
  async add(session: string, later: LaterReason): Promise<void> {
    const { table } = this.#scope;
    await table.patch(session, { unsaid: [...(table.get(session)?.unsaid ?? []), later] });
    this.#watch(session);
  }

  /** Goes on with those that the server before this one has left. */
  recover(): void {
    for (const { id, unsaid } of this.#scope.table.all()) if (unsaid.length > 0) this.#watch(id);
  }

  #watch(session: string): void {
    if (this.#watched.has(session)) return;
    this.#watched.add(session);
    this.#lookLater(session);
  }

  #lookLater(session: string): void {
    const { clock, log } = this.#scope;
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
    const { leadership, table, log } = this.#scope;
    const { input } = this.#options;
    const record = table.get(session);
    const [first] = record?.unsaid ?? [];
    // Whoever leads in its place finds it in the record.
    if (record === undefined || first === undefined || !leadership.leads) return true;
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
    const { table } = this.#scope;
    const unsaid = table.get(session)?.unsaid ?? [];
    await table.patch(session, { unsaid: unsaid.filter(({ entry }) => entry.id !== said.entry.id) });
  }

  async #note(entry: LaterReason['entry']): Promise<void> {
    const { clock, log } = this.#scope;
    const waits = await this.#options.audit.append({ ...entry, time: new Date(clock.now()).toISOString() });
    if (waits !== undefined) log.error(`a reason is not on record: ${errorText(waits)}`);
  }

  async #isFree(session: string): Promise<boolean> {
    const { input, screens } = this.#options;
    if (await input.isTyping(session, TYPING_MS)) return false;
    const { state, draft } = await screens.look(session);
    return state === 'idle' && draft === null;
  }
}
