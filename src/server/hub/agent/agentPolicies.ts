import type { Client } from '../../../client/api.js';
import { stripTerminal } from '../../../common/terminalText.js';
import { truncate } from '../../../common/text.js';
import type { ForeignPolicies } from '../../../core/machine/machineService.js';
import type { Context } from '../../../protocol/context.js';
import { CodeManagerError } from '../../../protocol/errors.js';
import type { PolicyDraft, PolicyRule, PolicyState } from '../../../protocol/policy.js';
import { contextThere } from './contextThere.js';

export interface AgentPoliciesOptions {
  /** Id of the machine here. */
  readonly machine: string;
  /** @throws CodeManagerError `unavailable`, `unauthorized` */
  readonly reached: () => Client;
  /** Undefined while it is not connected. */
  readonly connected: () => Client | undefined;
  /** Contexts here that are on the machine. */
  readonly contexts: () => readonly Context[];
  readonly timeoutMs: number;
}

const MAX_RULES = 1_000;
const LETTERS = 500;

/** The rules of another agent server. What it tells is only shown: it alone carries them out. */
export class AgentPolicies implements ForeignPolicies {
  readonly #options: AgentPoliciesOptions;

  constructor(options: AgentPoliciesOptions) {
    this.#options = options;
  }

  get state(): PolicyState | undefined {
    const client = this.#options.connected();
    if (client === undefined) return undefined;
    const { policy } = client.snapshot;
    return {
      ...policy,
      // Those for machines beyond it are told by itself alone.
      rules: policy.rules
        .filter(({ machine }) => machine === 'local')
        .slice(0, MAX_RULES)
        .map((rule) => this.#toOurs(client, rule)),
      problems: policy.problems.slice(0, 10).map(line),
    };
  }

  async add(draft: PolicyDraft): Promise<PolicyRule> {
    const client = this.#options.reached();
    const ours = this.#options.contexts().find(({ id }) => id === draft.context);
    if (draft.context !== null && ours === undefined) {
      throw new CodeManagerError('notFound', 'The context is on another machine');
    }
    const context = ours === undefined ? null : await contextThere(client, ours);
    const rule = await client.request('policy/add', { rule: { ...draft, context } }, this.#patience);
    return this.#toOurs(client, rule);
  }

  async remove(rule: string): Promise<PolicyRule> {
    const client = this.#options.reached();
    return this.#toOurs(client, await client.request('policy/remove', { rule }, this.#patience));
  }

  async setOff(off: boolean): Promise<void> {
    await this.#options.reached().request('policy/off', { off }, this.#patience);
  }

  get #patience(): { readonly timeoutMs: number } {
    return { timeoutMs: this.#options.timeoutMs };
  }

  /** With the id of our context for the same folder, where there is one. */
  #toOurs(client: Client, rule: PolicyRule): PolicyRule {
    const path = client.snapshot.contexts.find(({ id }) => id === rule.context)?.path;
    const ours = path === undefined ? undefined : this.#options.contexts().find((context) => context.path === path);
    return {
      ...rule,
      id: line(rule.id),
      context: ours?.id ?? rule.context,
      path: rule.path === null ? null : line(rule.path),
      command: rule.command?.map(line) ?? null,
      machine: this.#options.machine,
    };
  }
}

function line(text: string): string {
  return truncate(stripTerminal(text), LETTERS);
}
