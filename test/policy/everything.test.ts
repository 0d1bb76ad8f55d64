import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PolicyStore } from '../../src/core/approvals/policy/policyStore.js';
import { CodeManagerError } from '../../src/protocol/errors.js';
import { allowsEverything, PolicyDraft, PolicyRule } from '../../src/protocol/policy.js';
import { REQUESTS } from '../../src/protocol/requests.js';
import { Policies } from '../../src/server/hub/policies.js';

/** What the server keeps of a message as it comes over the wire. */
async function added(message: unknown): Promise<PolicyRule> {
  const kept: PolicyDraft[] = [];
  const store = {
    state: { off: false, rules: [], inForce: 0, problems: [] },
    onDidChange: () => ({ dispose: () => {} }),
    add: (draft: PolicyDraft) => {
      kept.push(draft);
      return Promise.resolve(PolicyRule.parse({ ...draft, id: 'r', created: '2026-01-01T00:00:00Z' }));
    },
  };
  const policies = new Policies({
    store: store as unknown as PolicyStore,
    contexts: { get: (id: string) => ({ id }) as never, refresh: () => Promise.resolve() },
    machines: () => [],
    machineOf: () => ({ policies: undefined }) as never,
    findSession: (id) => Promise.resolve({ id, service: { policies: undefined } as never }),
    onChange: () => {},
  });
  try {
    return await policies.add(REQUESTS['policy/add'].params.parse({ rule: message }).rule);
  } finally {
    policies.dispose();
  }
}

test('the server takes an allow rule that nothing narrows only from somebody who says so', async () => {
  const bare: unknown[] = [
    { effect: 'allow' },
    { effect: 'allow', everything: false },
    { effect: 'allow', actions: [], command: null, path: null, hosts: null, max: 1 },
    { effect: 'allow', expires: '2030-01-01T00:00:00Z', max: 5 },
  ];
  for (const rule of bare) {
    await assert.rejects(added(rule), (error) => {
      assert.ok(error instanceof CodeManagerError && error.code === 'invalid', JSON.stringify(rule));
      assert.match(error.message, /^This rule would allow everything\. Every agent, now and later, .* unasked\.$/u);
      return true;
    });
    assert.equal((await added({ ...(rule as object), everything: true })).everything, true);
  }
  const narrowed: object[] = [
    { command: 'npm test' },
    { path: 'src' },
    { hosts: ['x.com'] },
    { actions: ['edit'] },
    { context: 'c' },
    { session: 's' },
    { tool: 'codex' },
  ];
  for (const terms of narrowed) await added({ effect: 'allow', ...terms });
  for (const effect of ['deny', 'ask']) await added({ effect });
});

test('what narrows a rule is told from what ends it', () => {
  const draft = (terms: object): PolicyDraft => PolicyDraft.parse({ effect: 'allow', ...terms });
  assert.ok(allowsEverything(draft({})));
  assert.ok(allowsEverything(draft({ max: 1, expires: '2030-01-01T00:00:00Z' })));
  assert.ok(!allowsEverything(draft({ tool: 'codex' })));
  assert.ok(!allowsEverything(draft({ effect: 'deny' })));
});
