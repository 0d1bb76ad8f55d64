import { DisposableStore, type Disposable } from '../../common/disposable.js';
import { CodeManagerError, errorText, toCodeManagerError } from '../../protocol/errors.js';
import type { SessionRecord } from '../../protocol/files.js';
import type { Answer, PendingRequest } from '../../protocol/pendingRequest.js';
import { ManageVerb, type PolicyDraft, type PolicyState, type PolicyVerdict } from '../../protocol/policy.js';
import type { Params } from '../../protocol/requests.js';
import { hasEnded } from '../../protocol/session.js';
import type { ContextDirectory } from '../sessions/sessionCreation.js';
import type { SessionStates } from '../live/sessionStates.js';
import type { Answerer, Permit } from './answerer.js';
import { evaluate, type Asked, type Verdict } from './policy/evaluate.js';
import type { Places } from './policy/paths.js';
import type { PolicyStore } from './policy/policyStore.js';
import { judgeManage } from './policy/manageRules.js';
import { proposeRule } from './policy/proposeRule.js';
import { ruleText } from './policy/ruleText.js';
import type { SessionScope } from '../live/sessionScope.js';
import { isOnHost } from '../records/sameMachine.js';

/** What of the scope rules answer with. */
export type PolicyScope = Pick<SessionScope, 'identity' | 'leadership' | 'table' | 'clock' | 'log'>;

export interface PolicyRunnerOptions {
  readonly policies: Pick<PolicyStore, 'current' | 'take' | 'holds' | 'state' | 'onDidChange'>;
  readonly places: Places;
  readonly states: Pick<SessionStates, 'isOnly'>;
  readonly answers: Pick<Answerer, 'decide'>;
  readonly contexts: Pick<ContextDirectory, 'get'>;
  /** @throws CodeManagerError `notFound` */
  readonly find: (ref: string) => SessionRecord;
}

/** Waits where a screen was not drawn yet or a person was in the way: tried again while it is asked, ever more slowly. */
const AGAIN_MS = 100;
const AGAIN_MAX_MS = 5_000;

/** Answers what the rules decide, as soon as it is asked, in the same way as a person would. */
export class PolicyRunner implements Disposable {
  readonly #scope: PolicyScope;
  readonly #options: PolicyRunnerOptions;
  readonly #disposables = new DisposableStore();
  /** By session: the request that is being looked at or was left to a person. */
  readonly #seen = new Map<
    string,
    { readonly content: string; timer: { cancel(): void } | undefined; tries: number; held?: string }
  >();

  constructor(scope: PolicyScope, options: PolicyRunnerOptions) {
    this.#scope = scope;
    this.#options = options;
    const { table } = scope;
    const { policies } = options;
    this.#disposables.add(table.onDidChange((record) => this.#consider(record)));
    // What is asked already is decided anew by other rules, not by the count of an answer.
    let known = substance(policies.state);
    this.#disposables.add(
      policies.onDidChange((state) => {
        const now = substance(state);
        if (now === known) return;
        known = now;
        for (const record of table.all()) {
          this.#forget(record.id);
          this.#consider(record);
        }
      }),
    );
  }

  /** What the rules say to a request that nobody asks. */
  async test({ session: ref, context, tool, action, command, path }: Params<'policy/test'>): Promise<PolicyVerdict> {
    const { find, contexts } = this.#options;
    if (action === 'manage') return this.#testManage({ session: ref, context, tool, command });
    const request = {
      ...{ kind: 'permission' as const, action, text: '' },
      // A person has written it.
      ...{ command: command ?? null, path: path ?? null, exact: 'event' as const },
    };
    const text = action === 'network' && path !== undefined ? `fetch ${path}` : (command ?? path ?? '');
    if (ref !== undefined) {
      const { id, contextId, tool: own, path: folder } = find(ref);
      return verdictOf(
        await this.#judge({
          session: { id, contextId, tool: tool ?? own, path: folder },
          request: { ...request, text },
        }),
      );
    }
    if (context === undefined) {
      throw new CodeManagerError('invalid', 'No session and no context was given', { hint: 'Name one of them.' });
    }
    const { id, path: folder } = contexts.get(context);
    return verdictOf(
      await this.#judge({
        session: { id: '', contextId: id, tool: tool ?? '', path: folder },
        request: { ...request, text },
      }),
    );
  }

  async #testManage({
    session: ref,
    context,
    tool,
    command,
  }: Pick<Params<'policy/test'>, 'session' | 'context' | 'tool' | 'command'>): Promise<PolicyVerdict> {
    const { find, contexts, policies } = this.#options;
    const verb = ManageVerb.parse(command);
    const own = ref === undefined ? undefined : find(ref);
    const session = {
      id: own?.id ?? '',
      contextId: own?.contextId ?? contexts.get(context ?? '').id,
      tool: tool ?? own?.tool ?? '',
    };
    return verdictOf(judgeManage({ session, verb }, await policies.current(), this.#scope.clock.now()));
  }

  /** @throws CodeManagerError `conflict` when it is not the pending request, `invalid` when no rule could allow it */
  async propose({ session, request: id }: Params<'policy/propose'>): Promise<PolicyDraft> {
    const record = this.#options.find(session);
    const { request } = record;
    if (request?.id !== id) {
      throw new CodeManagerError('conflict', 'The request has changed.', {
        hint: 'Look at what is asked now: cm status.',
      });
    }
    return proposeRule({ session: record, request }, this.#options.places);
  }

  #consider(record: SessionRecord): void {
    const { id, request } = record;
    if (request === null || hasEnded(record) || record.answered?.request === request.id) return this.#forget(id);
    if (this.#seen.get(id)?.content === contentOf(request)) return;
    this.#forget(id);
    if (!isOnHost(record, this.#scope.identity)) return;
    this.#seen.set(id, { content: contentOf(request), timer: undefined, tries: 0 });
    void this.#run(id, request);
  }

  /** Why no rule has answered what a session asks, though one would; undefined when nothing keeps one from it. */
  held(id: string): string | undefined {
    return this.#seen.get(id)?.held;
  }

  #forget(id: string): void {
    this.#seen.get(id)?.timer?.cancel();
    this.#seen.delete(id);
  }

  async #run(id: string, request: PendingRequest): Promise<void> {
    const { log } = this.#scope;
    const seen = this.#seen.get(id);
    try {
      if (seen) delete seen.held;
      if (await this.#decide(id, request)) return;
    } catch (error) {
      log.info(`${id}: not answered by a rule: ${errorText(error)}`);
      if (seen && toCodeManagerError(error).code === 'unavailable') seen.held = errorText(error);
    }
    this.#later(id, request);
  }

  /** While it is still asked and nothing was sent. */
  #later(id: string, request: PendingRequest): void {
    const seen = this.#seen.get(id);
    const record = this.#scope.table.get(id);
    if (seen?.content !== contentOf(request) || record?.request?.id !== request.id || this.#disposables.isDisposed)
      return;
    if (record.answered?.request === request.id) return;
    const pause = Math.min(AGAIN_MAX_MS, AGAIN_MS * 2 ** seen.tries++);
    seen.timer = this.#scope.clock.after(pause, () => void this.#run(id, request));
  }

  /** True when nothing is left to do. */
  async #decide(id: string, request: PendingRequest): Promise<boolean> {
    const { table, leadership, log } = this.#scope;
    const { states, answers, policies } = this.#options;
    const record = table.get(id);
    if (record?.request == null || contentOf(record.request) !== contentOf(request)) return true;
    const verdict = await this.#judge({ session: record, request });
    if (verdict.effect === 'ask') return true;
    // Another server acts on it, until it does not any more.
    if (!leadership.leads) return false;
    // Whoever suspended it lets it go on.
    if (record.suspended !== null) return false;
    // Its screen has not been read yet: which options it has is not known.
    if (request.options.length === 0) return false;
    // Of several that are asked at once the keys could reach another one.
    if (verdict.effect === 'allow' && !states.isOnly(id, request)) {
      log.info(`${id}: left to a person: it is not the only one that is asked`);
      return false;
    }
    const [rule] = verdict.rules;
    if (rule === undefined) return true;
    await answers.decide({
      session: id,
      request: request.id,
      answer: answerOf(verdict, request),
      by: { type: 'policy', rule: rule.id, text: verdict.rules.map(ruleText).join('; ') },
      permit: permitOf(verdict, request, policies),
    });
    return true;
  }

  async #judge(asked: Asked): Promise<Verdict> {
    const { policies, places } = this.#options;
    return evaluate(asked, await policies.current(), places, this.#scope.clock.now());
  }

  dispose(): void {
    for (const id of [...this.#seen.keys()]) this.#forget(id);
    this.#disposables.dispose();
  }
}

/** Counted on disk before anything goes; a rule that was removed or turned off meanwhile stops it at the last moment. */
function permitOf({ rules }: Verdict, judged: PendingRequest, policies: Pick<PolicyStore, 'take' | 'holds'>): Permit {
  const ids = rules.map(({ id }) => id);
  const refuse = (): never => {
    throw new CodeManagerError('cancelled', 'The rule does not hold any more');
  };
  return {
    take: async () => {
      if (!(await policies.take(ids))) refuse();
    },
    check: (request) => {
      // More may have become known of it since: that has to be judged anew.
      if (!policies.holds(ids) || contentOf(request) !== contentOf(judged)) refuse();
    },
  };
}

/** What is known of a request may grow while it is asked: first that it asks, then for what, then with which options. */
function contentOf({ id, kind, action, command, path, folder, exact, options }: PendingRequest): string {
  return JSON.stringify([id, kind, action, command, path, folder, exact, options.length]);
}

function substance({ off, rules }: PolicyState): string {
  return JSON.stringify([off, rules.map(({ used: _used, ...rule }) => rule)]);
}

function answerOf({ effect, rules }: Verdict, { takesReason }: PendingRequest): Answer {
  if (effect === 'allow') return { type: 'allow', always: false };
  const reason = `Denied by a rule of the user: ${rules.map(ruleText).join('; ')}`;
  return takesReason ? { type: 'deny', reason } : { type: 'deny' };
}

function verdictOf({ effect, rule, why }: Verdict): PolicyVerdict {
  return { effect, rule, why };
}
