import { posix } from 'node:path';
import { evaluate } from '../../src/core/approvals/policy/evaluate.js';
import type { Places } from '../../src/core/approvals/policy/paths.js';
import { campaign } from '../helpers/campaign.js';
import { ruleOf } from './ruleOf.js';
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
        exact: 'event',
      },
    },
    { off: false, rules: await Promise.all(rules.map(ruleOf)) },
    PLACES,
    0,
  );
  return verdict.effect;
});
