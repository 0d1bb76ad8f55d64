import assert from 'node:assert/strict';
import { posix } from 'node:path';
import type { App } from '../../src/cli/app.js';
import { COMMANDS } from '../../src/cli/commands.js';
import { parseInvocation } from '../../src/cli/parse.js';
import { evaluate } from '../../src/core/approvals/policy/evaluate.js';
import type { Places } from '../../src/core/approvals/policy/paths.js';
import { commandWords } from '../../src/core/approvals/policy/shellCommand.js';
import type { Params } from '../../src/protocol/requests.js';
import { PolicyDraft, PolicyRule } from '../../src/protocol/policy.js';
import { campaign } from '../helpers/campaign.js';
import { cases, type RulesInput } from './rules.js';

const PLACES: Places = {
  own: '/home/u/.cm',
  resolve: (paths, folder) =>
    Promise.resolve(
      paths.map((path) => (path === '' ? undefined : posix.resolve(folder, path.replace(/^~(?=\/|$)/u, '/home/u')))),
    ),
};

campaign('rules', cases, async ({ rules, action, command, path }: RulesInput) => {
  const verdict = await evaluate(
    {
      session: { id: 's1', contextId: 'c1', tool: 'claude', path: '/proj' },
      request: {
        kind: 'permission',
        action: action ?? (command === undefined ? 'edit' : 'shell'),
        command: command ?? null,
        path: action === 'network' ? null : (path ?? null),
        text: command ?? path ?? '',
      },
    },
    { off: false, rules: await Promise.all(rules.map(ruleOf)) },
    PLACES,
    0,
  );
  return verdict.effect;
});

/** The rule that `cm policy add` makes of its words. */
async function ruleOf(line: string, index: number): Promise<PolicyRule> {
  const command = COMMANDS.find((each) => each.path.join(' ') === 'policy add');
  assert.ok(command);
  let asked: Params<'policy/add'>['rule'] | undefined;
  const app = {
    client: {
      request: (_method: 'policy/add', params: Params<'policy/add'>) => {
        asked = params.rule;
        return Promise.resolve({});
      },
    },
    output: { json: true, record: () => {} },
  };
  await (
    await command.load()
  )(app as unknown as App, parseInvocation(command, commandWords(line)));
  assert.ok(asked);
  const words = typeof asked.command === 'string' ? commandWords(asked.command) : asked.command;
  const draft = PolicyDraft.parse({ ...asked, command: words });
  return PolicyRule.parse({ ...draft, id: `r${index}`, created: '2026-01-01T00:00:00Z' });
}
