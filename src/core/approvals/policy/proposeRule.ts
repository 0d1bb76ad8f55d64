import { CodeManagerError } from '../../../protocol/errors.js';
import { PolicyDraft } from '../../../protocol/policy.js';
import { evaluate, type Asked } from './evaluate.js';
import type { Places } from './paths.js';
import { hostAsked } from './hosts.js';
import { ruleText } from './ruleText.js';
import { parseShell } from './shellCommand.js';

/**
 * The narrowest rule that would allow a request: this agent in this context, all words of the command, the one file or
 * the one host.
 * @throws CodeManagerError `invalid` when no rule could
 */
export async function proposeRule(asked: Asked, places: Places): Promise<PolicyDraft> {
  const draft = PolicyDraft.parse({
    effect: 'allow',
    context: asked.session.contextId,
    tool: asked.session.tool,
    ...(await termsOf(asked, places)),
  });
  const rule = { ...draft, id: 'proposed', used: 0, created: new Date(0).toISOString(), machine: 'local' };
  const { effect, why } = await evaluate(asked, { off: false, rules: [rule] }, places, 0);
  if (effect !== 'allow') throw none(effect === 'ask' ? why : ruleText(draft));
  return draft;
}

async function termsOf({ session, request }: Asked, places: Places): Promise<Partial<PolicyDraft>> {
  const { action, command, path } = request;
  if (action === 'shell') {
    const line = parseShell(command ?? '');
    if (!line.understood) throw none(`The command is not understood: ${line.reason}.`);
    const folder = (await places.resolve(['.'], session.path))[0];
    const commands = line.commands.filter(({ words: [program, target] }) => program !== 'cd' || target !== folder);
    const [only, ...more] = commands;
    if (only === undefined || more.length > 0 || only.words.length === 0) {
      throw none('It runs several commands; write a rule for each.');
    }
    return { actions: [action], command: [...only.words] };
  }
  if (action === 'network') {
    const host = hostAsked(request);
    if (host === undefined) throw none('It cannot be told which host is meant.');
    return { actions: [action], hosts: [host] };
  }
  if ((action === 'edit' || action === 'create' || action === 'read') && path !== null) {
    const [file] = await places.resolve([path], session.path);
    if (file === undefined) throw none('It cannot be told where the path leads to.');
    return { actions: [action], path: file };
  }
  throw none('A person decides on every request of this kind.');
}

function none(why: string): CodeManagerError {
  return new CodeManagerError('invalid', `No rule can allow this. ${why}`);
}
