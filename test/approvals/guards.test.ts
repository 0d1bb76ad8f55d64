import assert from 'node:assert/strict';
import test from 'node:test';
import { guardDialog, isShown } from '../../src/core/approvals/guards.js';
import { trackRequest } from '../../src/core/state/requestIdentity.js';
import type { ScreenJudgement } from '../../src/protocol/judgement.js';
import { CodeManagerError } from '../../src/protocol/errors.js';
import { CLAUDE, draw, FakeAgent, SHELL } from './fakeAgent.js';

const shown = new FakeAgent(draw(SHELL)).judged();

test('a screen is a dialog when it waits and has options', () => {
  guardDialog(shown);
  const refuses = (changes: Partial<ScreenJudgement>): void =>
    assert.throws(() => guardDialog({ ...shown, ...changes }), CodeManagerError);
  refuses({ state: 'idle' });
  refuses({ state: 'working' });
  refuses({ options: [] });
});

test('a dialog is the one that was seen when its kind, action, command, path and options are the same', () => {
  const { kind, request: seen, options } = shown;
  assert.ok(kind !== null && seen !== null);
  const asked = { kind, text: seen.text, request: seen, options };
  const found = { asked, isNew: false, time: '2026-11-22T12:00:00.000Z' };
  const request = trackRequest(null, found, CLAUDE.screen, () => 'id');
  assert.ok(request);
  assert.ok(isShown(request, shown));
  const others: Partial<ScreenJudgement>[] = [
    { state: 'working' },
    { kind: 'plan' },
    { request: { ...seen, action: 'mcp' } },
    { request: { ...seen, command: 'rm -rf /' } },
    { request: { ...seen, path: '/etc/passwd' } },
    { request: null },
    { options: [] },
    { options: options.slice(1) },
    { options: [...options].reverse() },
  ];
  const hooked = { ...request, path: '/home/ada/project/src/a.ts' };
  assert.ok(isShown(hooked, { ...shown, request: { ...seen, path: 'src/a.ts' } }));
  assert.ok(!isShown(hooked, { ...shown, request: { ...seen, path: 'src/b.ts' } }));
  assert.ok(!isShown(hooked, shown), 'a path that is not shown is another');
  for (const other of others) assert.ok(!isShown(request, { ...shown, ...other }), JSON.stringify(other));
});
