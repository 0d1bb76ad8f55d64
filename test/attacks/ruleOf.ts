import assert from 'node:assert/strict';
import type { App } from '../../src/cli/app.js';
import { COMMANDS } from '../../src/cli/commands.js';
import { parseInvocation } from '../../src/cli/parse.js';
import { commandWords } from '../../src/core/approvals/policy/shellCommand.js';
import { PolicyDraft, PolicyRule } from '../../src/protocol/policy.js';
import type { Params } from '../../src/protocol/requests.js';

/** The rule that `cm policy add` makes of its words. */
export async function ruleOf(line: string, index: number): Promise<PolicyRule> {
  const command = COMMANDS.find((each) => each.path.join(' ') === 'policy add');
  assert.ok(command);
  let asked: Params<'policy/add'>['rule'] | undefined;
  const app = {
    client: {
      request: (_method: 'policy/add', params: Params<'policy/add'>) => {
        asked = params.rule;
        return Promise.resolve({ tool: null });
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
