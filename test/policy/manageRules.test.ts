import assert from 'node:assert/strict';
import test from 'node:test';
import { judgeManage } from '../../src/core/approvals/policy/manageRules.js';
import { PolicyRule, type ManageVerb } from '../../src/protocol/policy.js';

const session = { id: 's', contextId: 'c', tool: 'claude' };
const rule = (more: object): PolicyRule =>
  PolicyRule.parse({ id: 'r', created: '2026-01-01T00:00:00.000Z', effect: 'allow', ...more });
const judge = (rules: readonly PolicyRule[], verb: ManageVerb = 'start', off = false): string =>
  judgeManage({ session, verb }, { off, rules }, Date.parse('2026-06-01')).effect;
const manage = (more: object = {}): PolicyRule => rule({ actions: ['manage'], command: ['start'], ...more });

test('only a rule that names manage and the very verb lets a session do it', () => {
  const cases: readonly (readonly [object, string])[] = [
    [{}, 'allow'],
    [{ session: 's', context: 'c', tool: 'claude' }, 'allow'],
    [{ session: 'other' }, 'ask'],
    [{ context: 'other' }, 'ask'],
    [{ tool: 'codex' }, 'ask'],
    [{ command: null }, 'ask'],
    [{ command: ['send'] }, 'ask'],
    [{ command: ['start', 'shell'] }, 'ask'],
    [{ actions: [] }, 'ask'],
    [{ actions: ['shell'] }, 'ask'],
    [{ actions: [], command: null }, 'ask'],
    [{ path: '/' }, 'ask'],
    [{ hosts: ['example.com'] }, 'ask'],
    [{ expires: '2026-02-01T00:00:00.000Z' }, 'ask'],
    [{ max: 1, used: 1 }, 'ask'],
  ];
  for (const [more, effect] of cases) assert.equal(judge([manage(more)]), effect, JSON.stringify(more));
  assert.equal(judge([manage()], 'start', true), 'ask');
  assert.equal(judge([]), 'ask');
});

test('deny goes before ask, and ask before allow; one that denies everything denies this', () => {
  const others: readonly object[] = [{}, { command: null }, { actions: [], command: null }];
  for (const more of others) {
    assert.equal(judge([manage(), manage({ effect: 'ask', ...more })]), 'ask');
    assert.equal(judge([manage(), manage({ effect: 'ask' }), manage({ effect: 'deny', ...more })]), 'deny');
  }
  assert.equal(judge([manage(), rule({ effect: 'deny', command: ['start'] })]), 'allow');
});
