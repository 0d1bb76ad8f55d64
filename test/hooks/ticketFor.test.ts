import assert from 'node:assert/strict';
import test from 'node:test';
import { parseHookLine } from '../../src/core/hooks/hookEvent.js';
import { hookAnswer, hookMeaning } from '../../src/core/hooks/hookFormats.js';
import { NO_HOOKS, reduceHooks, ticketFor, withoutTicket, type HookModel } from '../../src/core/hooks/hookModel.js';
import type { HookFormat } from '../../src/protocol/tool.js';

interface Line {
  readonly hook_event_name: string;
  readonly [field: string]: unknown;
}

type Asked = Parameters<typeof ticketFor>[1];

function model(lines: readonly (readonly [head: string, line: Line])[], format: HookFormat = 'claude'): HookModel {
  return lines.reduce((before, [head, line]) => {
    const event = parseHookLine(`${head} ${JSON.stringify({ session_id: 'own', cwd: '/work', ...line })}`, 7);
    assert.ok(event);
    return reduceHooks(before, event, hookMeaning(format, event, '/work'));
  }, NO_HOOKS);
}

const bash = (command: string, more: object = {}): Line => ({
  hook_event_name: 'PermissionRequest',
  tool_name: 'Bash',
  tool_input: { command },
  ...more,
});
const RM: Asked = { kind: 'permission', action: 'shell', command: 'rm x', path: null, text: 'rm x' };

test('a request is answered under the ticket of the one hook that told of exactly it', () => {
  assert.equal(ticketFor(model([['7/t1', bash('rm x')]]), RM), 't1');
  const two = model([
    ['7/t1', bash('rm x')],
    ['7/t2', bash('rm y')],
  ]);
  assert.equal(ticketFor(two, RM), 't1');
  assert.equal(ticketFor(two, { ...RM, command: 'rm y' }), 't2');
});

test('a request that the hook told in other words, or that no hook waits for, has no ticket', () => {
  const asked = model([['7/t1', bash('rm x')]]);
  const others: Partial<Asked>[] = [
    { command: 'rm  x' },
    { command: 'rm' },
    { command: null },
    { path: 'x' },
    { kind: 'question' },
    { action: 'edit' },
    { action: null },
  ];
  for (const other of others) assert.equal(ticketFor(asked, { ...RM, ...other }), undefined, JSON.stringify(other));
  const run = { hook_event_name: 'PostToolUse', tool_name: 'Bash', tool_input: { command: 'rm x' } };
  assert.equal(
    ticketFor(
      model([
        ['7/t1', bash('rm x')],
        ['7', run],
      ]),
      RM,
    ),
    undefined,
    'it is over',
  );
  const hidden = model([['7/t1', bash('rm \u202ex')]]);
  assert.equal(ticketFor(hidden, { ...RM, command: null }), undefined, 'nobody could judge it');
  const unnamed = model([['7/t1', { ...bash(''), tool_input: {} }]]);
  const [{ asked: told } = {}] = unnamed.pending;
  assert.deepEqual([told?.kind, told?.request?.action, told?.request?.command], ['permission', 'shell', null]);
  const same: Asked = { kind: 'permission', action: 'shell', command: null, path: null, text: told?.text ?? '' };
  assert.equal(ticketFor(unnamed, same), undefined, 'a command that was not told');
});

test('of two hooks that told the same nobody knows which one is shown', () => {
  const twice = model([
    ['7/t1', bash('rm x')],
    ['7/t2', bash('rm x')],
  ]);
  assert.equal(ticketFor(twice, RM), undefined);
  const tool = (input: object): Line => ({
    hook_event_name: 'PermissionRequest',
    tool_name: 'mcp__a__b',
    tool_input: input,
  });
  const asked: Asked = { kind: 'permission', action: 'mcp', command: null, path: null, text: 'mcp__a__b' };
  assert.equal(ticketFor(model([['7/t1', tool({ a: 1 })]]), asked), 't1');
  const alike = model([
    ['7/t1', tool({ a: 1 })],
    ['7/t2', tool({ a: 2 })],
  ]);
  assert.equal(ticketFor(alike, asked), undefined);
  const borrowed = model([
    ['7/t1', bash('rm x')],
    ['7/t1', bash('ls')],
  ]);
  assert.equal(ticketFor(borrowed, { ...RM, command: 'ls' }), undefined, 'one ticket for two requests');
});

test('whether a file is made or changed stands on the screen, what file it is does not', () => {
  const input = { tool_name: 'Write', tool_input: { file_path: '/work/a.txt', content: 'x' } };
  const write = model([['7/t1', { hook_event_name: 'PermissionRequest', ...input }]]);
  const path = write.pending[0]?.asked.request?.path ?? null;
  const edit: Asked = { kind: 'permission', action: 'edit', command: null, path, text: 'edit a.txt' };
  assert.ok(path?.endsWith('a.txt'));
  assert.equal(ticketFor(write, edit), 't1');
  assert.equal(ticketFor(write, { ...edit, path: 'b.txt' }), undefined);
  assert.equal(ticketFor(write, { ...edit, action: 'read' }), undefined);
});

test('a question, a plan, a mode, a subagent and what was too long are not answered by a hook', () => {
  const pending = (line: Line): readonly string[] => model([['7/t1', line]]).pending.flatMap(({ tickets }) => tickets);
  assert.deepEqual(pending(bash('rm x')), ['t1']);
  for (const tool_name of ['AskUserQuestion', 'ExitPlanMode', 'EnterPlanMode']) {
    assert.deepEqual(pending({ hook_event_name: 'PermissionRequest', tool_name, tool_input: {} }), [], tool_name);
  }
  assert.deepEqual(pending(bash('rm x', { agent_id: 'sub' })), []);
  const cut = parseHookLine('7/t1 {"hook_event_name":"PermissionRequest","tool_name":"Bash","tool_input":{"com', 7);
  assert.ok(cut);
  assert.deepEqual(
    reduceHooks(NO_HOOKS, cut, hookMeaning('claude', cut, '/work')).pending.flatMap(({ tickets }) => tickets),
    [],
  );
  const child = { hook_event_name: 'permission.asked', id: 'per_1', permission: 'bash', command: 'rm x', child: true };
  assert.deepEqual(
    model([['7/t1', child]], 'opencode').pending.flatMap(({ tickets }) => tickets),
    [],
  );
  const question = { hook_event_name: 'question.asked', id: 'que_1', question: 'Which?' };
  assert.deepEqual(
    model([['7/t1', question]], 'opencode').pending.flatMap(({ tickets }) => tickets),
    [],
  );
});

test('what each tool is given as an answer', () => {
  const said = (format: HookFormat, decision: 'allow' | 'deny', reason: string | null = null): unknown =>
    JSON.parse(hookAnswer(format, { decision, reason })?.text ?? 'null');
  const decided = (decision: object): object => ({
    hookSpecificOutput: { hookEventName: 'PermissionRequest', decision },
  });
  assert.deepEqual(said('claude', 'allow'), decided({ behavior: 'allow' }));
  const denied = { behavior: 'deny', message: 'The user denied this.', interrupt: true };
  assert.deepEqual(said('claude', 'deny'), decided(denied));
  assert.deepEqual(said('claude', 'deny', 'use pnpm'), decided({ behavior: 'deny', message: 'use pnpm' }));
  assert.deepEqual(said('opencode', 'allow'), { reply: 'once' });
  assert.deepEqual(said('opencode', 'deny'), { reply: 'reject' });
  assert.deepEqual(said('opencode', 'deny', 'use pnpm'), { reply: 'reject', message: 'use pnpm' });
  assert.deepEqual([hookAnswer('claude', ALLOW)?.via, hookAnswer('opencode', ALLOW)?.via], ['hook', 'api']);
  assert.equal(hookAnswer('copilot', ALLOW), undefined, 'it waits for its hooks before it asks');
});

const ALLOW = { decision: 'allow', reason: null } as const;

const goesOn = (command: string): Line => ({
  hook_event_name: 'PostToolUse',
  tool_name: 'Bash',
  tool_input: { command },
});

test('a ticket stands for what its first event said: another event under it means nothing, and nobody is answered then', () => {
  const LS: Asked = { ...RM, command: 'ls', text: 'ls' };
  const first = ['7/t1', bash('rm x')] as const;
  const forged = ['7/t1', bash('ls')] as const;
  const between: readonly (readonly [string, Line])[][] = [
    [],
    [['7', goesOn('rm x')]],
    [['7', { hook_event_name: 'UserPromptSubmit' }]],
    [['7', { hook_event_name: 'Stop' }]],
    [['7', { hook_event_name: 'SessionEnd' }]],
    [['7', { hook_event_name: 'SessionStart', source: 'clear' }]],
    [['7', { hook_event_name: 'SessionStart', source: 'startup' }]],
  ];
  for (const lines of between) {
    const name = JSON.stringify(lines);
    const known = model([first, ...lines, forged]);
    assert.equal(ticketFor(known, LS), undefined, name);
    assert.equal(ticketFor(known, RM), undefined, name);
    assert.equal(
      known.pending.some(({ asked }) => asked.request?.command === 'ls'),
      false,
      name,
    );
    // Neither does the first one come back.
    assert.equal(ticketFor(model([first, ...lines, forged, first]), RM), undefined, name);
  }
});

test('a ticket of a conversation that does not count is spent all the same', () => {
  const known = model([
    ['7', { hook_event_name: 'UserPromptSubmit' }],
    ['7/t1', bash('rm x', { session_id: 'other' })],
    ['7/t1', bash('ls')],
  ]);
  assert.equal(ticketFor(known, { ...RM, command: 'ls', text: 'ls' }), undefined);
});

test('who writes into the file of the hooks without a ticket asks nothing, whatever it says', () => {
  const written: readonly (readonly [HookFormat, Line])[] = [
    ['claude', bash('rm x')],
    ['claude', bash('rm x', { agent_id: 'sub' })],
    ['claude', { hook_event_name: 'PermissionRequest', tool_name: 'AskUserQuestion', tool_input: {} }],
    ['claude', { hook_event_name: 'PermissionRequest', tool_name: 'ExitPlanMode', tool_input: {} }],
    ['opencode', { hook_event_name: 'permission.asked', id: 'per_1', permission: 'bash', command: 'rm x' }],
    ['opencode', { hook_event_name: 'question.asked', id: 'que_1', question: 'Which?' }],
    ['copilot', { hook_event_name: 'Notification', notification_type: 'permission_prompt', message: 'x' }],
  ];
  for (const [format, line] of written) {
    const asked = (head: string): number => model([[head, line]], format).pending.length;
    assert.deepEqual([asked('7/t1'), asked('7')], [1, 0], JSON.stringify(line));
  }
  const requests = { hook_event_name: 'permissionRequest', tool_name: 'bash', tool_input: { command: 'rm x' } };
  const notifies = {
    hook_event_name: 'Notification',
    notification_type: 'permission_prompt',
    message: 'Run command: rm x',
  };
  const told = (head: string): unknown =>
    model(
      [
        [head, requests],
        ['7/t2', notifies],
      ],
      'copilot',
    ).pending[0]?.asked.request;
  assert.deepEqual([told('7/t1') === null, told('7')], [false, null], 'what exactly stands under a ticket only');
});

test('what was told under a ticket under which nobody waits is not asked any more', () => {
  const asked = model([
    ['7/t1', bash('rm x')],
    ['7/t2', bash('ls')],
  ]);
  const left = withoutTicket(asked, 't1');
  assert.deepEqual(
    left.pending.map(({ tickets }) => tickets),
    [['t2']],
  );
  assert.equal(ticketFor(left, RM), undefined);
});
