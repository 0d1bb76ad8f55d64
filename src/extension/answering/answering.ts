import { delay } from '../../common/async.js';
import { toCodeManagerError } from '../../protocol/errors.js';
import { isUncertain, type Answer, type AnswerResult, type PendingRequest } from '../../protocol/pendingRequest.js';
import { hasEnded, type Session } from '../../protocol/session.js';
import type { Services } from '../commands/services.js';
import { rowOf } from '../commands/targets.js';
import { markRead, openLog } from '../commands/watchCommands.js';
import { say, sayDone, working } from '../editor/say.js';
import { oneLine } from '../../view/plainText.js';
import { answeredBy, isShort, requestDocument } from '../../view/requestText.js';
import { contextName, sessionName } from '../../view/sessionLabel.js';
import type { SessionRow } from '../../view/sessionRows.js';
import { textStep } from '../quickInput/steps.js';
import { alwaysAllow } from './alwaysAllow.js';
import { answerAll, askedBy, othersLike } from './answerAll.js';
import { answerStep } from './answerStep.js';

/** As the record of answers names this client. */
const EDITOR = 'VS Code';
/** Keys are pressed and looked after one by one, also on a slow machine. */
const ANSWER_TIMEOUT_MS = 60_000;
const AUDIT_TIMEOUT_MS = 3_000;
const RECORD_MS = 250;
const RECORD_TRIES = 10;
const SEEN_MS = 50;
const SEEN_TRIES = 40;
const CHANGED = 'The request has changed.';

/** Shows what sessions ask, and gives them the person's answers: each only to the request that was shown. */
export class Answering {
  readonly #services: Services;
  readonly #shown = new Map<string, number>();

  constructor(services: Services) {
    this.#services = services;
  }

  /** Whether the person is being shown what a session asks. */
  isShown(sessionId: string): boolean {
    return this.#shown.has(sessionId);
  }

  /** One after the other, until the person leaves one unanswered. */
  async runSeveral(sessions: readonly Session[]): Promise<void> {
    for (const [i, { id }] of sessions.entries()) {
      const session = await this.#now(id);
      // Answered with another one, or elsewhere, while those before it were.
      if (i > 0 && !isAsking(session)) continue;
      const place = sessions.length === 1 ? '' : ` (${i + 1}/${sessions.length})`;
      if (!(await this.run(session, place))) return;
    }
  }

  /** @returns whether the person did something about it */
  async run({ id, name }: Session, place = ''): Promise<boolean> {
    this.#shown.set(id, (this.#shown.get(id) ?? 0) + 1);
    try {
      const session = await this.#now(id);
      if (isAsking(session)) return await new Conversation(this.#services, session, place).run();
      // An old notification, or somebody else was quicker.
      void say('info', `${oneLine(name, 60)} asks nothing any more.`);
      return true;
    } finally {
      const left = (this.#shown.get(id) ?? 1) - 1;
      if (left === 0) this.#shown.delete(id);
      else this.#shown.set(id, left);
    }
  }

  async #now(id: string): Promise<Session> {
    const { link } = this.#services;
    return link.session(id) ?? (await link.request('session/get', { session: id }));
  }
}

type Done = { readonly type: 'done' | 'left' };
/** The answering goes on with what is asked now. */
type Next = { readonly type: 'next'; readonly note: string };

/** One request after the other of a session, until one is answered or the person goes. */
class Conversation {
  readonly #services: Services;
  /** Which one of several it is: ` (2/3)`. */
  readonly #place: string;
  #session: Session;
  #note = '';
  /** The answer is for all that ask the same. */
  #isForAll = false;
  /** Title of the document in which the request is read. */
  #document: string | undefined;

  constructor(services: Services, session: Session, place: string) {
    this.#services = services;
    this.#session = session;
    this.#place = place;
  }

  async run(): Promise<boolean> {
    try {
      for (;;) {
        const result = await this.#ask();
        if (result.type !== 'next') return result.type === 'done';
        this.#note = result.note;
      }
    } finally {
      await this.#closeDocument();
    }
  }

  get #row(): SessionRow {
    return rowOf(this.#services, this.#session);
  }

  get #title(): string {
    const { kind = 'question' } = this.#session.waiting ?? {};
    const place = `${contextName(this.#row)}${this.#row.isHere ? '' : ` @${this.#row.machineName}`}`;
    return `${sessionName(this.#session)} · ${kind} · ${oneLine(place)}${this.#place}`;
  }

  async #ask(): Promise<Done | Next> {
    const session = this.#session;
    const { request } = session;
    if (request !== null && !isShort(request) && this.#document === undefined) await this.#openDocument(request);
    const change = this.#whenChanged(request);
    const others = othersLike(this.#services, session);
    this.#isForAll &&= others.length > 0;
    const all = [session, ...others];
    try {
      const choice = await answerStep({
        title: this.#isForAll ? `${all.length} sessions · ${session.waiting?.kind ?? 'question'}` : this.#title,
        others: others.length,
        askedBy: this.#isForAll ? all.map((one) => askedBy(this.#services, one)) : [],
        request,
        waitingFor: oneLine(session.waiting?.text ?? '') || this.#row.description.detail || 'its question',
        folder: oneLine(session.worktree?.path ?? session.path, 1000),
        note: this.#note,
        isOpen: this.#document !== undefined,
        signal: change.signal,
      });
      if (change.signal.aborted) return await this.#onChanged(request);
      switch (choice?.type) {
        case undefined:
          return LEFT;
        case 'answerAll':
          this.#isForAll = true;
          return { type: 'next', note: '' };
        case 'attach':
          await this.#services.attachments.attach(session);
          await markRead(this.#services, [session]);
          return DONE;
        case 'showLog':
          await openLog(this.#services, session);
          return DONE;
        case 'whole':
          if (request !== null && this.#document === undefined) await this.#openDocument(request);
          return { type: 'next', note: this.#note };
        case 'denyWithReason':
          return await this.#typed(all, 'Why not, and what to do instead', (reason) => ({ type: 'deny', reason }));
        case 'ownText':
          return await this.#typed(all, 'Your answer', (text) => ({ type: 'text', text }));
        case 'alwaysAllow':
          return await this.#makeRule(request);
        case 'answer':
          return await this.#give(all, choice.answer);
      }
    } finally {
      change.dispose();
    }
  }

  async #typed(all: readonly Session[], placeholder: string, answer: (text: string) => Answer): Promise<Done | Next> {
    const result = await textStep({
      title: this.#title,
      placeholder,
      prompt: oneLine(all[0]?.request?.text ?? '', 200),
      canGoBack: true,
      validate: (value) => (value.trim() === '' ? 'Type something, or go back' : undefined),
    });
    if (result.kind === 'back') return { type: 'next', note: '' };
    return result.kind === 'next' ? await this.#give(all, answer(result.value)) : LEFT;
  }

  /** @param all the sessions whose requests were shown, this one first */
  async #give(all: readonly Session[], answer: Answer): Promise<Done | Next> {
    if (!this.#isForAll) return await this.#send(all[0]?.request ?? null, answer);
    await answerAll(this.#services, all, answer, { by: EDITOR, timeoutMs: ANSWER_TIMEOUT_MS });
    return DONE;
  }

  async #makeRule(request: PendingRequest | null): Promise<Done | Next> {
    if (request === null) return DONE;
    const rule = await alwaysAllow(this.#services, this.#session, request);
    if (rule === 'back') return { type: 'next', note: '' };
    if (rule === 'left') return LEFT;
    // Whoever wrote the rule means this request too, unless the rule itself was quicker.
    const result = await this.#send(request, { type: 'allow', always: false });
    if (result.type === 'next') await this.#tellEnd(request);
    return DONE;
  }

  async #send(request: PendingRequest | null, answer: Answer): Promise<Done | Next> {
    if (request === null) return DONE;
    const { link } = this.#services;
    const { id } = this.#session;
    let result: AnswerResult;
    try {
      result = await working(`Answering ${sessionName(this.#session)}…`, () =>
        link.request(
          'session/answer',
          { session: id, request: request.id, answer, by: EDITOR },
          { timeoutMs: ANSWER_TIMEOUT_MS },
        ),
      );
    } catch (error) {
      if (toCodeManagerError(error).code !== 'conflict') throw error;
      return await this.#onConflict(request, error);
    }
    if (result.notRecorded !== null) {
      const reason = oneLine(result.notRecorded, 300);
      void say(
        'warning',
        `${sessionName(this.#session)}: answered, not on record: ${reason}. It is added when that works again.`,
      );
    }
    if (result.reasonWaits !== null) {
      const reason = oneLine(result.reasonWaits, 300);
      void say(
        'warning',
        `${sessionName(this.#session)}: denied; the reason was not sent yet: ${reason}. It goes when that is over.`,
      );
    }
    this.#services.keys.set('codeManager.hasAnswered', true);
    sayDone(`${sessionName(this.#session)}: answered by you · ${oneLine(result.answer, 60)}`);
    await markRead(this.#services, [this.#session]);
    return DONE;
  }

  /** Another request is there, none is any more, or this one is still there and something stands in the way. */
  async #onConflict(request: PendingRequest, error: unknown): Promise<Done | Next> {
    const { link } = this.#services;
    const current = await link.request('session/get', { session: this.#session.id });
    if (!isAsking(current) || !isSame(current.request, request)) {
      await this.#untilSeen(current);
      return await this.#onChanged(request);
    }
    const { message, reason } = toCodeManagerError(error);
    if (reason === 'requestChanged') return { type: 'next', note: CHANGED };
    // Nothing waits for it: it may stand there for long.
    this.#offerTerminal(message).catch((failed: unknown) => this.#services.problems.show(failed, 'attach'));
    return DONE;
  }

  /** The news comes over the same connection as the answer, and may be a moment behind it. */
  async #untilSeen({ request }: Session): Promise<void> {
    for (let i = 0; i < SEEN_TRIES && !isSame(this.#current()?.request ?? null, request); i++) await delay(SEEN_MS);
  }

  async #offerTerminal(message: string): Promise<void> {
    const attach = 'Attach';
    const text = `${sessionName(this.#session)}: ${message.replace(/(?<![.!?])$/, '.')}`;
    if ((await say('warning', text, attach)) !== attach) return;
    await this.#services.attachments.attach(this.#session);
  }

  /** What was shown is not what is asked now. */
  async #onChanged(request: PendingRequest | null): Promise<Done | Next> {
    const current = this.#current();
    await this.#closeDocument();
    if (current !== undefined && isAsking(current)) {
      this.#session = current;
      // More has become known of the one that was shown, or it is another one.
      const isOther = request !== null && current.request?.id !== request.id;
      return { type: 'next', note: isOther ? CHANGED : '' };
    }
    await this.#tellEnd(request);
    return DONE;
  }

  async #tellEnd(request: PendingRequest | null): Promise<void> {
    const how = request === null ? undefined : await this.#howAnswered(request);
    const name = sessionName(this.#session);
    void say('info', how === undefined ? `${name} asks nothing any more.` : `${name}: ${how}`);
  }

  /** The dialog goes a moment before it is on record how; undefined when it stays unknown. */
  async #howAnswered({ id }: PendingRequest): Promise<string | undefined> {
    const params = { session: this.#session.id, limit: 20 };
    for (let i = 0; i < RECORD_TRIES; i++) {
      if (i > 0) await delay(RECORD_MS);
      const entries = await this.#services.link
        .request('audit/list', params, { timeoutMs: AUDIT_TIMEOUT_MS })
        .catch(() => []);
      const entry = entries.find(({ request }) => request.id === id);
      if (entry !== undefined) return answeredBy(entry, EDITOR);
    }
    return undefined;
  }

  /** The session as it is known now; undefined when it is gone. */
  #current(): Session | undefined {
    const { link } = this.#services;
    return link.isLoaded ? link.session(this.#session.id) : this.#session;
  }

  /** Whether what was shown is what is asked. */
  #isPending(request: PendingRequest | null): boolean {
    const current = this.#current();
    return current !== undefined && isAsking(current) && isSame(current.request, request);
  }

  /** Aborts as soon as something else is asked, or nothing. */
  #whenChanged(request: PendingRequest | null): { readonly signal: AbortSignal; dispose(): void } {
    const controller = new AbortController();
    const look = (): void => {
      if (!this.#isPending(request)) controller.abort();
    };
    const listening = this.#services.link.onDidChange(look);
    look();
    return { signal: controller.signal, dispose: () => listening.dispose() };
  }

  async #openDocument(request: PendingRequest): Promise<void> {
    this.#document = `${oneLine(this.#session.name, 60)}: request`;
    const text = requestDocument(this.#title, request, Date.now(), await this.#screen(request));
    await this.#services.documents.show(this.#documentId, this.#document, text, { preserveFocus: true });
  }

  /** The last lines of its terminal, where nobody knows exactly what is asked. */
  async #screen(request: PendingRequest): Promise<readonly string[]> {
    if (!isUncertain(request)) return [];
    const { link } = this.#services;
    return await link.request('session/explain', { session: this.#session.id }).then(
      ({ lines }) => lines,
      () => [],
    );
  }

  async #closeDocument(): Promise<void> {
    const title = this.#document;
    this.#document = undefined;
    if (title !== undefined) await this.#services.documents.close(this.#documentId, title);
  }

  get #documentId(): string {
    return `request:${this.#session.id}`;
  }
}

function isAsking(session: Session): boolean {
  return session.waiting !== null && !hasEnded(session);
}

/** Of one request more may become known while it stands there. */
function isSame(a: PendingRequest | null, b: PendingRequest | null): boolean {
  if (a === null || b === null) return a === b;
  const shown = ({ id, command, path, question, options }: PendingRequest): string =>
    JSON.stringify([id, command, path, question, options.map(({ label }) => label)]);
  return shown(a) === shown(b);
}

const DONE: Done = { type: 'done' };
/** The person went without an answer. */
const LEFT: Done = { type: 'left' };
