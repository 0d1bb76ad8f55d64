import { IdGenerator } from '../../common/ids.js';
import type { Logger } from '../../common/logger.js';
import { stripTerminal } from '../../common/terminalText.js';
import { truncate } from '../../common/text.js';
import type { AuditLog } from '../../core/approvals/audit.js';
import type { Verdict } from '../../core/approvals/policy/evaluate.js';
import { judgeManage } from '../../core/approvals/policy/manageRules.js';
import type { PolicyStore } from '../../core/approvals/policy/policyStore.js';
import { ruleText } from '../../core/approvals/policy/ruleText.js';
import type { Access } from '../../protocol/access.js';
import type { AuditEntry } from '../../protocol/audit.js';
import { CodeManagerError, errorText } from '../../protocol/errors.js';
import { accessOf, type Method, type Params } from '../../protocol/requests.js';
import type { Session } from '../../protocol/session.js';

/** The session inside which a client is. */
export type Inside = Pick<Session, 'id' | 'name' | 'contextId' | 'contextName' | 'tool'>;

/** Whose requests are let in. */
export interface Caller {
  /** Asked before its first request that is not only reading. @throws CodeManagerError when it has gone */
  inside(): Promise<Inside | undefined>;
}

export interface BoundaryOptions {
  readonly policies: Pick<PolicyStore, 'current' | 'take'>;
  readonly audit: Pick<AuditLog, 'append' | 'ready'>;
  /** Id of the session that is meant. @throws CodeManagerError `notFound`, `conflict` */
  readonly find: (ref: string) => Promise<{ readonly id: string }>;
  /** Name of this host. */
  readonly host: () => string;
  readonly log: Logger;
  readonly now?: () => number;
}

/** What a process inside a session may have the agent server do: look, rename its own session, and what a rule allows. */
export class Boundary {
  readonly #options: BoundaryOptions;
  readonly #ids = new IdGenerator();

  constructor(options: BoundaryOptions) {
    this.#options = options;
  }

  /** Resolves when the request may be carried out. @throws CodeManagerError `conflict` when it may not */
  async admit<M extends Method>(method: M, params: Params<M>, caller: Caller): Promise<void> {
    const access = accessOf(method, params);
    if (access.kind === 'read') return;
    const inside = await caller.inside();
    if (inside === undefined) return;
    if (access.kind === 'own' && (await this.#isOwn(params, inside))) return;
    if (access.kind === 'manage') {
      const verdict = await this.#judge(inside, access);
      if (verdict.effect === 'allow') return this.#note(inside, access, params, verdict);
    }
    // What was refused is refused also when nothing can be written.
    await this.#note(inside, access, params).catch((error: unknown) => {
      this.#options.log.error(`audit: ${errorText(error)}`);
    });
    throw refusal(inside, access);
  }

  async #isOwn(params: object, { id }: Inside): Promise<boolean> {
    return (
      'session' in params && typeof params.session === 'string' && (await this.#options.find(params.session)).id === id
    );
  }

  async #judge(session: Inside, { verb }: Access & { readonly kind: 'manage' }): Promise<Verdict> {
    const { policies, audit, now = Date.now } = this.#options;
    const verdict = judgeManage({ session, verb }, await policies.current(), now());
    if (verdict.effect !== 'allow') return verdict;
    // No rule decides while nothing can be recorded; it is counted before it is carried out.
    await audit.ready();
    if (await policies.take(verdict.rules.map(({ id }) => id))) return verdict;
    return { effect: 'ask', rule: null, rules: [], why: 'The rule does not hold any more.' };
  }

  /** One line on record; without a verdict of one that was refused. */
  async #note(
    { id: session, name, contextName, tool }: Inside,
    access: Exclude<Access, { kind: 'read' }>,
    params: object,
    allowed?: Verdict,
  ): Promise<void> {
    const { audit, host, now = Date.now } = this.#options;
    const time = new Date(now()).toISOString();
    const [rule] = allowed?.rules ?? [];
    const entry: AuditEntry = {
      id: this.#ids.next(),
      time,
      session,
      sessionName: name,
      contextName,
      machine: host(),
      tool,
      request: {
        id: this.#ids.next(),
        kind: 'permission',
        action: 'manage',
        command: access.kind === 'manage' ? access.verb : null,
        path: null,
        text: truncate(stripTerminal([access.words, ...about(params)].join(': ')), 300),
      },
      asked: time,
      decision: allowed === undefined ? 'deny' : 'allow',
      answer: allowed === undefined ? 'refused' : 'allowed',
      by: rule === undefined ? { type: 'boundary' } : { type: 'policy', rule: rule.id, text: ruleText(rule) },
      from: { type: 'session', name },
      via: 'server',
      keys: null,
      outcome: 'answered',
    };
    await audit.append(entry);
  }
}

/** What tells one such request from another, for people. */
function about(params: object): string[] {
  const { session, tool, task, text, context, machine, rule } = params as Readonly<Record<string, unknown>>;
  return [session, tool, task, text, context, machine, rule].filter(
    (part): part is string => typeof part === 'string' && part !== '',
  );
}

function refusal({ id, name }: Inside, access: Exclude<Access, { kind: 'read' }>): CodeManagerError {
  const hint =
    access.kind === 'manage'
      ? `A person can allow it: cm policy add allow --action manage --command ${access.verb} --session ${id}`
      : 'No rule allows that; a person does it, outside of all sessions.';
  return new CodeManagerError(
    'conflict',
    `This runs inside session ${truncate(stripTerminal(name), 60)}, which may not ${access.words}`,
    { hint },
  );
}
