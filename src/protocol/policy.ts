import * as z from 'zod';
import { Timestamp } from './context.js';
import { RequestAction } from './screen.js';

/** What a rule says to a request that it fits. Of several that fit deny goes before ask, and ask before allow. */
export const PolicyEffect = z.enum(['allow', 'ask', 'deny']);
export type PolicyEffect = z.infer<typeof PolicyEffect>;

/** What a session may be allowed to have the agent server do. */
export const ManageVerb = z.enum(['start', 'send', 'stop', 'run']);
export type ManageVerb = z.infer<typeof ManageVerb>;

/** What a rule is about: requests of agents, or `manage`, what a process inside a session asks of the agent server. */
export const RuleAction = z.enum([...RequestAction.options, 'manage']);
export type RuleAction = z.infer<typeof RuleAction>;

const Words = z.array(z.string().min(1).max(4096)).min(1).max(64);
/** `example.com`, or `*.example.com` for everything below it. */
const HostPattern = z.string().regex(/^(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/u, 'is not a host name, nor *.HOST');

/** What a person writes down about the requests of agents. Null and empty: any. */
const RuleTerms = z.object({
  effect: PolicyEffect,
  /** Id of a context. */
  context: z.string().min(1).nullable().default(null),
  /** Id of a session. */
  session: z.string().min(1).nullable().default(null),
  tool: z.string().min(1).nullable().default(null),
  actions: z.array(RuleAction).default([]),
  /** The words with which a command begins; with `manage` one {@link ManageVerb}. */
  command: Words.nullable().default(null),
  /** A folder or file and all in it: absolute, `~/…`, or relative to the folder of the session. */
  path: z
    .string()
    .min(1)
    .max(4096)
    .refine((path) => !path.includes('\0'), 'A path cannot contain NUL characters')
    .nullable()
    .default(null),
  /** Hosts that may be reached. */
  hosts: z.array(HostPattern).min(1).max(100).nullable().default(null),
  /** The person knows that it allows everything: an allow rule that nothing narrows is not taken without it. */
  everything: z.boolean().default(false),
  expires: Timestamp.nullable().default(null),
  /** How many requests it may answer. */
  max: z.number().int().min(1).nullable().default(null),
});

/** A rule as it is kept. */
export const PolicyRule = RuleTerms.extend({
  /** Short, for people. */
  id: z.string().min(1).max(100),
  /** How many requests it has answered. */
  used: z.number().int().min(0).default(0),
  created: Timestamp,
  /** Id of the machine whose agent server keeps it and carries it out. */
  machine: z.string().default('local'),
});
export type PolicyRule = z.infer<typeof PolicyRule>;

/** A rule before it is kept. */
export const PolicyDraft = RuleTerms;
export type PolicyDraft = z.infer<typeof PolicyDraft>;

/** Whether nothing narrows what a rule allows: neither by whom it is asked, nor what. An end and a count do not. */
export function allowsEverything(rule: PolicyDraft): boolean {
  const { effect, context, session, tool, actions, command, path, hosts } = rule;
  const narrowed = [context, session, tool, command, path, hosts].some((term) => term !== null);
  return effect === 'allow' && actions.length === 0 && !narrowed;
}

/** What it means, for the person who is about to write it. */
export const EVERYTHING_MEANS =
  'Every agent, now and later, may then run nearly any command and change nearly any file of its folder unasked';

/** `~/.cm/policies.json`. Rules are checked one by one, so that a bad one costs only itself. */
export const PoliciesFile = z.looseObject({
  version: z.literal(1),
  /** No rule holds. */
  off: z.boolean().default(false),
  rules: z.record(z.string(), z.unknown()).default({}),
});
export type PoliciesFile = z.infer<typeof PoliciesFile>;

/** What the rules say to a request. */
export const PolicyVerdict = z.object({
  effect: PolicyEffect,
  /** The rule that decided; null when none did. */
  rule: z.string().nullable(),
  /** One sentence for people, neutralised. */
  why: z.string(),
});
export type PolicyVerdict = z.infer<typeof PolicyVerdict>;

export const PolicyState = z.object({
  off: z.boolean(),
  rules: z.array(PolicyRule),
  /** How many rules may allow something now. */
  inForce: z.number().int(),
  /** What is wrong with the file, one sentence each; also agent servers whose rules are not known now. */
  problems: z.array(z.string()).default([]),
});
export type PolicyState = z.infer<typeof PolicyState>;

export const NO_POLICY: PolicyState = { off: false, rules: [], inForce: 0, problems: [] };
