import { stripTerminal } from '../../../common/terminalText.js';
import { truncate } from '../../../common/text.js';
import type { PolicyRule, PolicyVerdict } from '../../../protocol/policy.js';
import type { RequestAction, ScreenRequest, WaitingKind } from '../../../protocol/screen.js';
import type { Session } from '../../../protocol/session.js';
import { hitsCommand, type Hit } from './commandHits.js';
import { allowsCommand, neverAllowedCommand, valuesIn, type CommandTerms } from './commandRules.js';
import { below, foldersOf, wordsAsPaths } from './folders.js';
import { hostAsked, isHostIn } from './hosts.js';
import { whyElsewhere, whyNotExact, type Told } from './knownExactly.js';
import { landingsOf } from './landings.js';
import { isGuarded, isInside, isPrivate, mayBeInside, type Places } from './paths.js';
import { ruleText } from './ruleText.js';
import { parseShell, type ParsedLine } from './shellCommand.js';
import type { SimpleCommand } from './simpleCommand.js';

/** A request, and where it is asked. */
export interface Asked {
  readonly session: Pick<Session, 'id' | 'contextId' | 'tool' | 'path'>;
  readonly request: Pick<ScreenRequest, 'action' | 'text' | 'folder'> & Told & { readonly kind: WaitingKind };
}

export interface Verdict extends PolicyVerdict {
  /** All rules that the answer needs; `rule` is the first. */
  readonly rules: readonly PolicyRule[];
}

export interface Policy {
  readonly off: boolean;
  readonly rules: readonly PolicyRule[];
}

/** Only these can be allowed by a rule. */
const ALLOWABLE: ReadonlySet<RequestAction> = new Set(['shell', 'edit', 'create', 'read', 'network']);

/**
 * What the rules say to a request: deny goes before ask, ask before allow, and what no rule fits is asked. What is not
 * understood wholly is never allowed.
 * @param now milliseconds since the epoch
 */
export async function evaluate(asked: Asked, policy: Policy, places: Places, now: number): Promise<Verdict> {
  if (policy.off) return ask('All rules are off.');
  if (asked.request.kind !== 'permission') return ask(`A person decides on every ${asked.request.kind}.`);
  const rules = policy.rules.filter((rule) => isMeant(rule, asked) && isInForce(rule, now));
  if (rules.length === 0) return ask('No rule fits.');
  const terms = await termsOf(asked, rules, places);
  for (const rule of rules.filter(({ effect }) => effect === 'deny')) {
    if (hits(rule, terms) === 'yes') return decided('deny', [rule]);
  }
  const never = whyNotExact(asked.request) ?? neverAllowed(terms);
  const asking = rules.filter(({ effect }) => effect !== 'allow');
  for (const rule of asking) {
    const hit = hits(rule, terms);
    if (hit === 'yes') return decided('ask', [rule]);
    if (hit === 'maybe') return ask(never ?? `It cannot be told whether rule ${rule.id} is meant.`);
  }
  if (never !== undefined) return ask(never);
  const allowing = rules.filter(({ effect }) => effect === 'allow');
  const found = allowed(allowing, terms, asking.some(isAboutCommands));
  return typeof found === 'string' ? ask(found) : decided('allow', found);
}

/** Whether a rule's time has not run out, and it has not answered as often as it may. */
export function isInForce({ expires, max, used }: PolicyRule, now: number): boolean {
  return (expires === null || Date.parse(expires) > now) && (max === null || used < max);
}

/** Whether a rule is about this session and this agent. */
export function isAbout(
  { session, context, tool }: PolicyRule,
  own: Pick<Session, 'id' | 'contextId' | 'tool'>,
): boolean {
  if (session !== null && session !== own.id) return false;
  if (context !== null && context !== own.contextId) return false;
  return tool === null || tool === own.tool;
}

/** Whether a rule is about this session, this agent and this kind of request. */
function isMeant(rule: PolicyRule, { session: own, request }: Asked): boolean {
  const { actions, effect } = rule;
  if (!isAbout(rule, own)) return false;
  if (actions.length === 0) return true;
  const { action } = request;
  if (action === null) return effect !== 'allow';
  // A command may write a file by a redirection, and read one.
  return actions.includes(action) || action === 'shell';
}

/** A command may do what it is about. */
function isAboutCommands({ actions }: PolicyRule): boolean {
  return actions.length === 0 || actions.some((action) => action !== 'manage' && ALLOWABLE.has(action));
}

/** All that rules are compared with. */
interface Terms extends CommandTerms {
  readonly action: RequestAction | null;
  readonly line: ParsedLine | undefined;
  /** Of a request about one file; undefined when it cannot be told. */
  readonly file: string | undefined;
  readonly host: string | undefined;
  /** The other folder in which it runs, as the agent names it. */
  readonly elsewhere: string | undefined;
}

async function termsOf({ session, request }: Asked, rules: readonly PolicyRule[], places: Places): Promise<Terms> {
  const { action, command, path } = request;
  const line = action === 'shell' || command !== null ? parseShell(command ?? '') : undefined;
  const needed = pathsIn(line?.commands ?? []);
  const scopes = [...new Set(rules.flatMap((rule) => (rule.path === null ? [] : [rule.path])))];
  const paths = [...needed].filter((word) => word !== '' && word.length < 4096 && !word.includes('\n')).slice(0, 500);
  const asked = [path ?? '', ...paths];
  // A program alone needs no look at the machine.
  const { folder } = request;
  const isNeeded = path !== null || scopes.length > 0 || paths.length > 0 || folder !== undefined;
  const resolve = async (
    which: readonly string[],
    folder: string,
  ): Promise<ReadonlyMap<string, string | undefined>> => {
    const found = isNeeded ? await places.resolve(which, folder) : [];
    return new Map(which.map((each, index) => [each, found[index]]));
  };
  const own = ['.', ...scopes];
  const inFolder = await resolve(folder === undefined ? [...own, ...asked] : own, session.path);
  const resolved = folder === undefined ? inFolder : await resolve(['.', ...asked], folder);
  const [home, here] = [inFolder.get('.'), resolved.get('.')];
  return {
    action,
    line,
    file: path === null ? undefined : resolved.get(path),
    host: action === 'network' ? hostAsked(request) : undefined,
    scopes: new Map(scopes.map((scope) => [scope, inFolder.get(scope)])),
    folder: home,
    // An agent names the folder by where its links lead to.
    elsewhere: folder === undefined || (home !== undefined && here === home) ? undefined : folder,
    own: places.own,
    resolve: (word) => resolved.get(word),
  };
}

/** All that these commands may open, as seen from the folder of the session. */
function pathsIn(commands: readonly SimpleCommand[]): ReadonlySet<string> {
  const folders = foldersOf(commands);
  return new Set(
    commands.flatMap((command, index) => {
      const [program = '', ...words] = wordsAsPaths(command).slice(command.assignments);
      const landings = landingsOf([program, ...words]);
      const paths = [...words, ...words.flatMap(valuesIn), ...landings, ...command.files.map((file) => file.path)];
      return (folders[index] ?? ['.']).flatMap((folder) => paths.map((path) => below(folder, path)));
    }),
  );
}

/** Whether a rule that forbids or asks is about this; in doubt `maybe`, which asks. */
function hits(rule: PolicyRule, terms: Terms): Hit {
  const { action, line } = terms;
  const scope = rule.path === null ? null : (terms.scopes.get(rule.path) ?? undefined);
  if (line !== undefined) {
    const own = rule.actions.length === 0 || rule.actions.includes('shell');
    const scoped = scope === null ? null : (scope ?? rule.path);
    const hit = hitsCommand({ ...rule, isShell: own, scope: scoped }, line.commands, terms);
    return hit === 'no' && !line.understood ? 'maybe' : hit;
  }
  if (action !== null && rule.actions.length > 0 && !rule.actions.includes(action)) return 'no';
  if (rule.command !== null) return action === null || action === 'other' ? 'maybe' : 'no';
  if (rule.hosts !== null) {
    if (action !== 'network') return 'no';
    return terms.host === undefined ? 'maybe' : isHostIn(terms.host, rule.hosts) ? 'yes' : 'no';
  }
  if (scope !== null) {
    if (action === 'network') return 'no';
    if (scope === undefined || terms.file === undefined) return 'maybe';
    return mayBeInside(terms.file, scope) ? 'yes' : 'no';
  }
  return action === null && rule.actions.length > 0 ? 'maybe' : 'yes';
}

/** Why no rule could allow it. */
function neverAllowed(terms: Terms): string | undefined {
  const { action, line, file, folder, host, elsewhere } = terms;
  if (elsewhere !== undefined) return whyElsewhere(elsewhere);
  if (action === null || !ALLOWABLE.has(action))
    return `A person decides on every request of the kind ${action ?? '?'}.`;
  if (action === 'shell') {
    if (line === undefined || !line.understood) {
      return `The command is not understood: ${line?.understood === false ? line.reason : 'it is not known'}.`;
    }
    return neverAllowedCommand(line.commands, terms);
  }
  if (action === 'network') return host === undefined ? 'It cannot be told which host is meant.' : undefined;
  if (file === undefined || folder === undefined) return 'It cannot be told where the path leads to.';
  return undefined;
}

/** The rules that together allow all of it, or why they do not. */
function allowed(rules: readonly PolicyRule[], terms: Terms, isForbidding: boolean): readonly PolicyRule[] | string {
  const { action, line, file, host } = terms;
  if (action === 'shell') {
    const findFile = (path: string, mode: 'read' | 'write'): PolicyRule | undefined =>
      rules.find((rule) => allowsFile(rule, mode === 'write' ? 'edit' : 'read', path, terms));
    return allowsCommand(rules, line?.commands ?? [], terms, findFile, isForbidding);
  }
  if (action === 'network') {
    const rule = rules.find(({ hosts, actions, command, path }) => {
      const fits = actions.length === 0 || actions.includes('network');
      return fits && command === null && path === null && hosts !== null && isHostIn(host ?? '', hosts);
    });
    return rule === undefined ? `No rule allows to reach ${host ?? '?'}.` : [rule];
  }
  const rule = rules.find((each) => action !== null && file !== undefined && allowsFile(each, action, file, terms));
  return rule === undefined ? `No rule allows to ${action ?? ''} this file.` : [rule];
}

/** Without a path a rule is about the folder of the session. What is private has to be named by the rule's own path. */
function allowsFile(rule: PolicyRule, action: RequestAction, file: string, terms: Terms): boolean {
  if (rule.command !== null || rule.hosts !== null) return false;
  if (rule.actions.length > 0 && !rule.actions.includes(action)) return false;
  const scope = rule.path === null ? terms.folder : terms.scopes.get(rule.path);
  if (scope === undefined || !isInside(file, scope)) return false;
  if (terms.own === undefined || mayBeInside(file, terms.own)) return false;
  const inScope = file.slice(scope.length);
  return !isPrivate(inScope) && (action === 'read' || !isGuarded(inScope));
}

/** The verdict that a person decides. */
export function ask(why: string): Verdict {
  return { effect: 'ask', rule: null, why: truncate(stripTerminal(why), 300), rules: [] };
}

/** The verdict of these rules. */
export function decided(effect: Verdict['effect'], rules: readonly PolicyRule[]): Verdict {
  const why = rules.map((rule) => `rule ${rule.id}: ${ruleText(rule)}`).join('; ');
  return { effect, rule: rules[0]?.id ?? null, why: truncate(stripTerminal(why), 300), rules };
}
