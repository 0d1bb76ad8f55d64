import { stripTerminal } from '../common/terminalText.js';
import { formatDuration, parseMoment } from '../common/text.js';
import { CodeManagerError, errorText, EXIT_CODES, toCodeManagerError } from '../protocol/errors.js';
import { ManageVerb, PolicyEffect, RuleAction, type PolicyRule, type PolicyState } from '../protocol/policy.js';
import type { App } from './app.js';
import type { Invocation } from './command.js';
import { noteProblems } from './problemNotes.js';
import { formatTable } from './table.js';

export async function list(app: App): Promise<void> {
  const { output } = app;
  const state = await app.client.request('policy/list', {});
  if (output.json) return output.record(state);
  for (const problem of state.problems) output.note(stripTerminal(problem));
  await noteProblems(app, /policy\.json\.bad/);
  if (state.off) output.note('All rules are off. Turn them on: cm policy on');
  if (state.rules.length === 0) return output.note('There are no rules: everything is asked.');
  const contexts = await app.client.request('context/list', {});
  const names = new Map(contexts.map(({ id, name }) => [id, name]));
  const columns = [
    { title: 'RULE', isKey: true },
    { title: 'EFFECT' },
    { title: 'ACTIONS', min: 7, goes: 4 },
    { title: 'WHAT', min: 16 },
    { title: 'WHERE', min: 8, goes: 5 },
    { title: 'TOOL', goes: 1 },
    { title: 'USED', goes: 2 },
    { title: 'EXPIRES', goes: 3 },
  ];
  const rows = state.rules.map((rule) => row(rule, names).map(stripTerminal));
  await output.lines(formatTable(columns, rows, { width: output.columns }));
}

function row(rule: PolicyRule, contexts: ReadonlyMap<string, string>): string[] {
  const { id, effect, actions, command, path, hosts, context, session, tool, used, max, expires, everything } = rule;
  const what = [command?.join(' '), path, hosts?.join(', ')].filter((part) => part != null).join(' in ');
  const where = [context === null ? undefined : (contexts.get(context) ?? context), session ?? undefined];
  const left = expires === null ? undefined : Date.parse(expires) - Date.now();
  return [
    id,
    effect,
    actions.join(', ') || 'any',
    what || (everything ? 'everything' : 'any'),
    where.filter((part) => part !== undefined).join(' ') || 'any',
    tool ?? 'any',
    max === null ? String(used) : `${used}/${max}`,
    left === undefined ? '' : left <= 0 ? 'expired' : `in ${formatDuration(left)}`,
  ];
}

export async function add(app: App, invocation: Invocation): Promise<void> {
  const { output } = app;
  const effect = PolicyEffect.safeParse(invocation.args[0]);
  if (!effect.success) throw new CodeManagerError('invalid', 'A rule says allow, ask or deny');
  const hosts = invocation.values('host').map((host) => host.toLowerCase());
  const rule = await app.client.request('policy/add', {
    rule: {
      effect: effect.data,
      actions: invocation.values('action').map(readAction),
      command: invocation.value('command') ?? null,
      path: invocation.value('path') ?? null,
      hosts: hosts.length === 0 ? null : hosts,
      context: invocation.value('ctx') ?? null,
      session: invocation.value('session') ?? null,
      tool: invocation.value('tool') ?? null,
      expires: readExpiry(invocation.value('expires')),
      max: readMax(invocation.value('max')),
      everything: invocation.has('everything'),
    },
  });
  await noteUnknownTool(app, rule.tool);
  output.done = `The rule ${rule.id} is in force all the same.`;
  return output.json ? output.record(rule) : output.lines([rule.id]);
}

/** The path may be one of another machine, or one that is still to come; mistyped, the rule would never hold, and nothing say so. */
async function noteUnknownTool({ client, output }: App, tool: string | null): Promise<void> {
  if (tool === null) return;
  const tools = await client.request('tool/list', { versions: false });
  if (tools.some(({ id }) => id === tool)) return;
  output.note(
    `No agent is called ${stripTerminal(tool)} on this machine: the rule holds once there is one, or elsewhere.`,
  );
}

export async function remove(app: App, invocation: Invocation): Promise<number> {
  const { output } = app;
  const removed: PolicyRule[] = [];
  let code = 0;
  for (const rule of invocation.args) {
    try {
      removed.push(await app.client.request('policy/remove', { rule }));
    } catch (error) {
      // One that fails keeps the others from nothing.
      code ||= EXIT_CODES[toCodeManagerError(error).code];
      output.note(errorText(error));
    }
  }
  if (removed.length > 0) output.done = 'What could be removed is removed all the same: see cm policy list.';
  await (output.json ? output.record(removed) : output.lines(removed.map(({ id }) => id)));
  return code;
}

export async function test(app: App, invocation: Invocation): Promise<void> {
  const { output } = app;
  const given = (flag: string): string | undefined => invocation.value(flag);
  const [context, session, tool, command, path] = ['ctx', 'session', 'tool', 'command', 'path'].map(given);
  if (context === undefined && session === undefined) {
    throw new CodeManagerError('invalid', 'No context and no session was given', { hint: 'Add --ctx or --session.' });
  }
  const action = readAction(given('action') ?? 'shell');
  if (action === 'manage' && !ManageVerb.safeParse(command).success) {
    const verbs = ManageVerb.options.join(', ');
    throw new CodeManagerError('invalid', `The flag --action manage needs --command with one of ${verbs}`);
  }
  const verdict = await app.client.request('policy/test', {
    action,
    ...(session === undefined ? {} : { session }),
    ...(context === undefined ? {} : { context }),
    ...(tool === undefined ? {} : { tool }),
    ...(command === undefined ? {} : { command }),
    ...(path === undefined ? {} : { path }),
  });
  return output.json ? output.record(verdict) : output.lines([stripTerminal(`${verdict.effect}  ${verdict.why}`)]);
}

export function off(app: App): Promise<void> {
  return turn(app, true);
}

export function on(app: App): Promise<void> {
  return turn(app, false);
}

async function turn(app: App, isOff: boolean): Promise<void> {
  const { output } = app;
  const state: PolicyState = await app.client.request('policy/off', { off: isOff });
  if (output.json) return output.record(state);
  for (const problem of state.problems) output.note(stripTerminal(problem));
  const { inForce } = state;
  if (isOff) return output.note(inForce === 0 ? 'All rules are off: everything is asked.' : `${inForce} still hold.`);
  output.note(`${inForce} allow ${inForce === 1 ? 'rule holds' : 'rules hold'}.`);
}

function readAction(text: string): RuleAction {
  const action = RuleAction.safeParse(text);
  if (action.success) return action.data;
  throw new CodeManagerError('invalid', `The flag --action takes ${RuleAction.options.join(', ')}, not "${text}"`);
}

/** From now on for so long, or an ISO time. */
function readExpiry(text: string | undefined): string | null {
  if (text === undefined) return null;
  const time = parseMoment(text, Date.now(), 'after');
  if (time === undefined) {
    throw new CodeManagerError('invalid', `The flag --expires takes a time like 2h or an ISO time, not "${text}"`);
  }
  if (time <= Date.now()) throw new CodeManagerError('invalid', 'The rule would have expired already');
  return new Date(time).toISOString();
}

function readMax(text: string | undefined): number | null {
  if (text === undefined) return null;
  if (!/^[1-9]\d{0,8}$/.test(text))
    throw new CodeManagerError('invalid', `The flag --max takes a number from 1, not "${text}"`);
  return Number(text);
}
