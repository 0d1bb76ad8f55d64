import { checkManageRule } from '../../core/approvals/policy/manageRules.js';
import { commandWords } from '../../core/approvals/policy/shellCommand.js';
import type { PolicyStore } from '../../core/approvals/policy/policyStore.js';
import type { Contexts } from '../../core/contexts/contexts.js';
import { DisposableStore, type Disposable } from '../../common/disposable.js';
import type { Machine } from '../../core/machine/machine.js';
import type { ForeignPolicies, MachineService } from '../../core/machine/machineService.js';
import type { Context } from '../../protocol/context.js';
import { CodeManagerError, errorText } from '../../protocol/errors.js';
import type { Change } from '../../protocol/events.js';
import {
  allowsEverything,
  EVERYTHING_MEANS,
  PolicyDraft,
  type PolicyRule,
  type PolicyState,
} from '../../protocol/policy.js';
import type { Params, Result } from '../../protocol/requests.js';

export interface PoliciesOptions {
  readonly store: PolicyStore;
  readonly contexts: Pick<Contexts, 'get' | 'refresh'>;
  readonly machines: () => readonly MachineService[];
  readonly machineOf: (context: Context) => MachineService;
  /** @throws CodeManagerError `notFound` */
  readonly findSession: (ref: string) => Promise<{ readonly id: string; readonly service: MachineService }>;
  readonly onChange: (change: Change) => void;
}

/**
 * All rules as one list. A rule is kept and carried out by the server that answers the sessions that it is about: those
 * of a context or session on a machine with an agent server of its own are there, all others here.
 */
export class Policies implements Disposable {
  readonly #options: PoliciesOptions;
  readonly #disposables = new DisposableStore();
  #told = '';

  constructor(options: PoliciesOptions) {
    this.#options = options;
    this.#told = JSON.stringify(this.state);
    this.#disposables.add(options.store.onDidChange(() => this.tell()));
  }

  /** Rules that are changed by hand hold at once. @param watch as `Machine.watch`, of this host */
  follow(watch: Machine['watch'], home: string): void {
    this.#disposables.add(this.#options.store.follow(watch, home));
  }

  get state(): PolicyState {
    const { state: own } = this.#options.store;
    const others = this.#foreign().map(({ service, policies }) => ({ host: service.info.host, state: policies.state }));
    const known = others.flatMap(({ host, state }) => (state === undefined ? [] : [{ host, state }]));
    return {
      off: own.off,
      rules: [...own.rules, ...known.flatMap(({ state }) => state.rules)],
      inForce: own.inForce + known.reduce((sum, { state }) => sum + state.inForce, 0),
      problems: [
        ...own.problems,
        ...known.flatMap(({ host, state }) => state.problems.map((problem) => `${host}: ${problem}`)),
        ...others.flatMap(({ host, state }) =>
          state === undefined ? [`${host} is not connected: its rules are not known and go on as they are`] : [],
        ),
      ],
    };
  }

  /** Tells clients when something has changed. What was turned off here is turned off where it comes into reach. */
  tell(): void {
    const { store, onChange } = this.#options;
    const { state } = this;
    const text = JSON.stringify(state);
    if (text === this.#told) return;
    this.#told = text;
    onChange({ type: 'policy/changed', policy: state });
    if (!store.state.off) return;
    for (const { policies } of this.#foreign()) {
      if (policies.state?.off === false) void policies.setOff(true).catch(() => undefined);
    }
  }

  #foreign(): { readonly service: MachineService; readonly policies: ForeignPolicies }[] {
    return this.#options
      .machines()
      .flatMap((service) => (service.policies === undefined ? [] : [{ service, policies: service.policies }]));
  }

  async list(): Promise<PolicyState> {
    await this.#options.store.refresh();
    return this.state;
  }

  async add({ command, ...draft }: Params<'policy/add'>['rule']): Promise<PolicyRule> {
    const { store, contexts, machineOf, findSession } = this.#options;
    await contexts.refresh();
    const context = draft.context === null ? undefined : contexts.get(draft.context);
    const session = draft.session === null ? undefined : await findSession(draft.session);
    const service = session?.service ?? (context === undefined ? undefined : machineOf(context));
    if (session !== undefined && context !== undefined && machineOf(context) !== session.service) {
      throw new CodeManagerError('invalid', 'The session is not in that context', { hint: 'Name one of them.' });
    }
    if (draft.effect === 'allow' && draft.hosts !== null && draft.path !== null) {
      throw new CodeManagerError('invalid', 'A rule is about hosts or about a path');
    }
    const rule = PolicyDraft.parse({
      ...draft,
      command: typeof command === 'string' ? commandWords(command) : command,
      context: context?.id ?? null,
      session: session?.id ?? null,
    });
    checkManageRule(rule);
    if (allowsEverything(rule) && !rule.everything) {
      throw new CodeManagerError('invalid', `This rule would allow everything. ${EVERYTHING_MEANS}.`, {
        hint: 'Narrow it, or say --everything.',
      });
    }
    return service?.policies === undefined ? store.add(rule) : service.policies.add(rule);
  }

  async remove(id: string): Promise<PolicyRule> {
    const { store } = this.#options;
    await store.refresh();
    const isOwn = store.state.rules.some((rule) => rule.id === id);
    const elsewhere = this.#foreign().find(({ policies }) => policies.state?.rules.some((rule) => rule.id === id));
    return !isOwn && elsewhere !== undefined ? elsewhere.policies.remove(id) : store.remove(id);
  }

  async test({ session: ref, context, ...params }: Params<'policy/test'>): Promise<Result<'policy/test'>> {
    const { contexts, machineOf, findSession } = this.#options;
    if (ref !== undefined) {
      const { id, service } = await findSession(ref);
      return service.call('policy/test', { ...params, session: id });
    }
    if (context === undefined) {
      throw new CodeManagerError('invalid', 'No session and no context was given', { hint: 'Name one of them.' });
    }
    await contexts.refresh();
    const known = contexts.get(context);
    return machineOf(known).call('policy/test', { ...params, context: known.id });
  }

  /** Here at once; on agent servers as soon as they have heard of it. */
  async setOff(off: boolean): Promise<PolicyState> {
    const reached = this.#foreign().filter(({ policies }) => policies.state !== undefined);
    const results = await Promise.allSettled([
      this.#options.store.setOff(off),
      ...reached.map(({ policies }) => policies.setOff(off)),
    ]);
    const [own, ...others] = results;
    if (own.status === 'rejected') throw own.reason;
    const failed = others.flatMap((result, index) =>
      result.status === 'rejected' ? [`${reached[index]?.service.info.host ?? '?'}: ${errorText(result.reason)}`] : [],
    );
    const { state } = this;
    return { ...state, problems: [...state.problems, ...failed] };
  }

  dispose(): void {
    this.#disposables.dispose();
  }
}
