import { CodeManagerError } from '../../../protocol/errors.js';
import { ManageVerb, type PolicyDraft, type PolicyRule } from '../../../protocol/policy.js';
import type { Session } from '../../../protocol/session.js';
import { ask, decided, isAbout, isInForce, type Policy, type Verdict } from './evaluate.js';

/** What a process inside a session asks of the agent server. */
export interface ManageAsked {
  readonly session: Pick<Session, 'id' | 'contextId' | 'tool'>;
  readonly verb: ManageVerb;
}

/**
 * What the rules say to a session that wants to manage others: only a rule that names `manage` and the very verb allows
 * it, however much else a rule allows.
 * @param now milliseconds since the epoch
 */
export function judgeManage({ session, verb }: ManageAsked, policy: Policy, now: number): Verdict {
  if (policy.off) return ask('All rules are off.');
  const rules = policy.rules.filter(
    (rule) => isAbout(rule, session) && isInForce(rule, now) && isManage(rule) && isVerb(rule, verb),
  );
  for (const effect of ['deny', 'ask', 'allow'] as const) {
    const rule = rules.find((each) => each.effect === effect);
    if (rule !== undefined) return decided(effect, [rule]);
  }
  return ask(`No rule allows a session to ${verb}.`);
}

/** One that denies or asks everything is about this too. */
function isManage({ effect, actions }: PolicyRule): boolean {
  return actions.includes('manage') || (effect !== 'allow' && actions.length === 0);
}

function isVerb({ effect, actions, command, path, hosts }: PolicyRule, verb: ManageVerb): boolean {
  if (path !== null || hosts !== null) return false;
  // Without an action its words are those of a command.
  if (command !== null) return actions.length > 0 && command.length === 1 && command[0] === verb;
  return effect !== 'allow';
}

/** @throws CodeManagerError `invalid` for a rule about `manage` that would allow nothing, or more than its words say */
export function checkManageRule({ effect, actions, command, path, hosts }: PolicyDraft): void {
  if (!actions.includes('manage')) return;
  const [verb, ...more] = command ?? [];
  const isNamed = more.length === 0 && ManageVerb.safeParse(verb).success;
  const isWhole = command === null && effect !== 'allow';
  if (actions.length === 1 && path === null && hosts === null && (isNamed || isWhole)) return;
  throw new CodeManagerError(
    'invalid',
    `A rule about manage names one of ${ManageVerb.options.join(', ')}, and nothing else`,
    {
      hint: 'Say which: cm policy add allow --action manage --command start --session ID',
    },
  );
}
