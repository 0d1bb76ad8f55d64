import { KeyedMutex } from '../../common/async.js';
import { truncate } from '../../common/text.js';
import type { AnsweredBy, AnswerOutcome, AuditEntry, Whence } from '../../protocol/audit.js';
import { CodeManagerError, errorText } from '../../protocol/errors.js';
import type { SessionRecord } from '../../protocol/files.js';
import type { Answer, AnswerResult, AnswerVia, PendingRequest } from '../../protocol/pendingRequest.js';
import type { Params } from '../../protocol/requests.js';
import type { SessionInput } from '../live/sessionInput.js';
import type { SessionStates } from '../live/sessionStates.js';
import type { Supervisor } from '../sessions/supervisor.js';
import type { Suspensions } from '../live/suspensions.js';
import type { AuditLog } from './audit.js';
import { DialogWatch, GONE_MS } from './dialogWatch.js';
import {
  guardAlive,
  guardGoesOn,
  guardGone,
  guardLead,
  guardNobodyTypes,
  guardPending,
  guardRecorded,
  guardTaken,
  guardUnanswered,
  TYPING_MS,
} from './guards.js';
import type { AnswerRoute, DirectAnswer } from './hookRoute.js';
import { KeyRoute } from './keyRoute.js';
import { LaterReasons, type AnswerScope } from './laterReasons.js';
import { resolveAnswer, type ResolvedAnswer } from './resolveAnswer.js';
import type { Screens } from '../live/screens.js';

export interface AnswererOptions {
  readonly supervisor: Pick<Supervisor, 'act'>;
  readonly screens: Pick<Screens, 'look'>;
  readonly states: Pick<SessionStates, 'onAnswered' | 'onUntaken'>;
  readonly suspensions: Pick<Suspensions, 'look'>;
  readonly input: Pick<SessionInput, 'exclusively' | 'isTyping'>;
  /** @throws CodeManagerError `notFound` */
  readonly find: (ref: string) => SessionRecord;
  readonly audit: Pick<AuditLog, 'append' | 'ready'>;
  /** Tools' own ways; keys go where there is none. */
  readonly route: AnswerRoute;
}

/** Whether an answer may be given at all, for one that nobody gives by hand. */
export interface Permit {
  /** Called once, before anything is sent, however often it is tried. @throws when it may not */
  take(): Promise<void>;
  /** Called right before anything is sent, with what is asked then. @throws when it may not any more */
  check(request: PendingRequest): void;
}

/** What one answer is about. */
export interface AnswerRequest {
  /** Id. */
  readonly session: string;
  /** Id of the request as it was shown. */
  readonly request: string;
  readonly answer: Answer;
  readonly by: AnsweredBy;
  readonly from?: Whence | undefined;
  readonly permit?: Permit | undefined;
}

/** Answers what agents ask: once each, on record, and never by mistake. */
export class Answerer {
  readonly #scope: AnswerScope;
  readonly #options: AnswererOptions;
  readonly #answering = new KeyedMutex();
  readonly #later: LaterReasons;

  constructor(scope: AnswerScope, options: AnswererOptions) {
    this.#scope = scope;
    this.#options = options;
    this.#later = new LaterReasons(scope, options);
  }

  /** An answer of a person. */
  answer({ session, request, answer, by = 'cm', from }: Params<'session/answer'>): Promise<AnswerResult> {
    const { id } = this.#options.find(session);
    return this.decide({ session: id, request, answer, by: { type: 'person', client: by }, from });
  }

  /**
   * Gives an answer to a pending request, one at a time in each session.
   *
   * @throws CodeManagerError `conflict` when it is not the pending one, when a person is in the way, or when the dialog
   * is still there afterwards; `invalid` when the request has no such answer
   */
  decide(request: AnswerRequest): Promise<AnswerResult> {
    return this.#answering.run(request.session, () => this.#decide(request));
  }

  /**
   * Records answers that were under way when the server before this one ended, of which nobody can know whether they
   * arrived, and those that it could not record. What was still to be said is said.
   */
  async recover(): Promise<void> {
    const { table } = this.#scope;
    const { audit } = this.#options;
    for (const { id } of table.all()) {
      await this.#answering.run(id, async () => {
        const { answered } = table.get(id) ?? {};
        if (answered?.entry === undefined) return;
        const { entry, ...known } = answered;
        const waits = await audit.append(entry);
        const outcome = known.outcome ?? 'failed';
        await table.patch(id, { answered: { ...known, outcome, ...(waits === undefined ? {} : { entry }) } });
      });
    }
    this.#later.recover();
  }

  async #decide({ session: id, request: requestId, answer, by, from, permit }: AnswerRequest): Promise<AnswerResult> {
    const { leadership, live } = this.#scope;
    const { supervisor, suspensions } = this.#options;
    await supervisor.act(id);
    guardLead(leadership.leads);
    await suspensions.look(id);
    const record = this.#options.find(id);
    guardAlive(record, live.isDead(id));
    guardGoesOn(record);
    guardUnanswered(record, requestId);
    guardPending(record, requestId);
    const { request } = record;
    if (request === null) throw new CodeManagerError('conflict', 'The request has changed.');
    const resolved = resolveAnswer(request, answer);
    const direct = this.#options.route.find(record, request, resolved);
    const given = { record, request, answer: resolved, by, from, permit, ticket: direct?.ticket };
    const attempt = new Attempt(this.#scope, this.#options, given);
    if (direct && (await attempt.directly(direct))) return attempt.result(direct.via);
    await attempt.byKeys(this.#later);
    return attempt.result('keys');
  }
}

type AttemptOptions = Pick<AnswererOptions, 'screens' | 'states' | 'input' | 'audit'>;

/** What one answer says, to what, and by whom. */
interface GivenAnswer extends Pick<AnswerRequest, 'by' | 'from' | 'permit'> {
  readonly record: SessionRecord;
  readonly request: PendingRequest;
  readonly answer: ResolvedAnswer;
  /** Under which its hook waits, when one does. */
  readonly ticket: string | undefined;
}

/** One answer on its way. */
class Attempt {
  readonly #scope: AnswerScope;
  readonly #options: AttemptOptions;
  readonly #record: SessionRecord;
  readonly #request: PendingRequest;
  readonly #answer: ResolvedAnswer;
  readonly #by: AnsweredBy;
  readonly #permit: Permit | undefined;
  readonly #given: GivenAnswer;
  /** Why it is not on record, when it is not. */
  #notRecorded: string | null = null;
  /** Why its reason was not said yet, when there is one. */
  #reasonWaits: string | null = null;

  constructor(scope: AnswerScope, options: AttemptOptions, given: GivenAnswer) {
    this.#scope = scope;
    this.#options = options;
    this.#record = given.record;
    this.#request = given.request;
    this.#answer = given.answer;
    this.#by = given.by;
    this.#permit = given.permit;
    this.#given = given;
  }

  result(via: AnswerVia): AnswerResult {
    return {
      request: this.#request.id,
      decision: this.#answer.decision,
      answer: this.#words,
      via,
      notRecorded: this.#notRecorded,
      reasonWaits: this.#reasonWaits,
    };
  }

  get #words(): string {
    const { option, text, reason } = this.#answer;
    const said = text ?? reason;
    return said === null ? option : text === null ? `${option}: ${said}` : said;
  }

  /** False when it was not taken: nothing was answered then. */
  async directly({ ticket, via, give }: DirectAnswer): Promise<boolean> {
    const { states, input } = this.#options;
    const { id, name } = this.#record;
    const dialog = this.#watch();
    await dialog.read();
    // A person who is about to choose would choose in what comes next; what another person decides is their business.
    if (this.#by.type === 'policy') guardNobodyTypes(await input.isTyping(id, TYPING_MS), name);
    this.#mustBePending();
    this.#mayAnswer();
    await this.#note(via);
    let isTaken: boolean;
    try {
      isTaken = await give();
    } catch (error) {
      await this.#done(via, null, 'failed');
      throw error;
    }
    if (!isTaken) {
      await this.#unnote();
      states.onUntaken(id, ticket);
      guardTaken(this.#by.type === 'policy');
      return false;
    }
    const isGone = await dialog.isGone(GONE_MS);
    await this.#done(via, null, isGone ? 'answered' : 'stayed');
    guardGone(isGone, name);
    states.onAnswered(id, this.#request, this.#given.ticket);
    return true;
  }

  #watch(): DialogWatch {
    const { files, table } = this.#scope;
    const { id } = this.#record;
    return new DialogWatch({
      request: this.#request,
      look: () => this.#options.screens.look(id),
      logEnd: () => files.logSize(id),
      printedSince: (from) => files.printedSince(id, from),
      isPending: () => table.get(id)?.request?.id === this.#request.id,
    });
  }

  #mustBePending(): void {
    guardPending(this.#scope.table.get(this.#record.id) ?? this.#record, this.#request.id);
  }

  /** Right before anything is sent. */
  #mayAnswer(): void {
    const { leadership, live, table } = this.#scope;
    const { id } = this.#record;
    guardAlive(table.get(id) ?? this.#record, live.isDead(id));
    guardGoesOn(table.get(id) ?? this.#record);
    guardLead(leadership.leads);
    this.#permit?.check(this.#request);
  }

  /** @param later says the reason once it can be said, when it cannot right away */
  async byKeys(later: LaterReasons): Promise<void> {
    const { screens, states, input } = this.#options;
    const { tool } = this.#scope;
    const { id, name } = this.#record;
    await input.exclusively(id, async (typist) => {
      const route = new KeyRoute({
        name,
        request: this.#request,
        typist,
        ownAnswerOpens: tool(this.#record.tool)?.screen?.ownAnswerOpens === true,
        finishKey: tool(this.#record.tool)?.screen?.options.finishKey,
        dialog: this.#watch(),
        look: () => screens.look(id),
        mustBePending: () => this.#mustBePending(),
        mayType: async () => {
          guardNobodyTypes(await input.isTyping(id, TYPING_MS), name);
          this.#mayAnswer();
        },
        onFirstKey: () => this.#note('keys'),
      });
      let isGone: boolean;
      try {
        isGone = await route.answer(this.#answer);
      } catch (error) {
        const isChange = error instanceof CodeManagerError && error.code === 'conflict';
        // Nothing was done before the first key.
        if (route.sent.length > 0) await this.#done('keys', route.sent, isChange ? 'changed' : 'failed');
        throw error;
      }
      await this.#done('keys', route.sent, isGone ? 'answered' : 'stayed');
      guardGone(isGone, name);
      states.onAnswered(id, this.#request, this.#given.ticket);
      const { reason } = this.#answer;
      if (reason !== null) await this.#sayWhy(route, reason, later);
    });
  }

  /** The request is denied, whatever becomes of the reason. */
  async #sayWhy(route: KeyRoute, reason: string, later: LaterReasons): Promise<void> {
    try {
      this.#reasonWaits = await route.sayWhy(reason);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.#reasonWaits = why.charAt(0).toLowerCase() + why.slice(1);
    }
    if (this.#reasonWaits === null) return;
    const answer = truncate(`Reason of the denial: ${reason}`, 1000);
    await later.add(this.#record.id, { reason, entry: { ...this.#entry('keys', [], 'failed'), answer } });
  }

  /** On disk before anything is sent: a crash in between must not answer twice. */
  async #note(via: AnswerVia): Promise<void> {
    // What a person decides goes all the same, and is recorded later.
    const isByRule = this.#by.type === 'policy';
    if (isByRule) await this.#options.audit.ready();
    await this.#permit?.take();
    const isOnDisk = await this.#patch({ outcome: null, entry: this.#entry(via, null, 'failed') });
    try {
      if (isByRule) guardRecorded(isOnDisk);
      this.#permit?.check(this.#request);
    } catch (error) {
      await this.#unnote();
      throw error;
    }
  }

  async #unnote(): Promise<void> {
    await this.#scope.table.patch(this.#record.id, { answered: this.#record.answered });
  }

  /** False when it is not on disk yet. */
  async #patch(what: Pick<NonNullable<SessionRecord['answered']>, 'outcome' | 'entry'>): Promise<boolean> {
    const by = this.#by.type === 'person' ? this.#by.client : `rule ${this.#by.rule}`;
    return this.#scope.table.patch(this.#record.id, { answered: { request: this.#request.id, by, ...what } });
  }

  async #done(via: AnswerVia, keys: readonly string[] | null, outcome: AnswerOutcome): Promise<void> {
    const { log } = this.#scope;
    const entry = this.#entry(via, keys, outcome);
    // The record keeps what is not in the log yet, for the next server.
    await this.#patch({ outcome, entry });
    const waits = await this.#options.audit.append(entry);
    if (waits === undefined) {
      await this.#patch({ outcome });
      return;
    }
    this.#notRecorded = waits.message;
    log.error(`an answer is not on record yet: ${errorText(waits)}`);
  }

  #entry(via: AnswerVia, keys: readonly string[] | null, outcome: AnswerOutcome): AuditEntry {
    const { ids, clock } = this.#scope;
    const { from } = this.#given;
    const { id: session, name, contextName, machine, tool } = this.#record;
    const { id, kind, action, command, path, text, since } = this.#request;
    return {
      id: ids.next(),
      time: new Date(clock.now()).toISOString(),
      session,
      sessionName: name,
      contextName,
      machine: machine.host,
      tool,
      request: { id, kind, action, command, path, text },
      asked: since,
      decision: this.#answer.decision,
      answer: truncate(this.#words, 1000),
      by: this.#by,
      ...(from === undefined ? {} : { from }),
      via,
      keys: keys === null ? null : [...keys],
      outcome,
    };
  }
}
