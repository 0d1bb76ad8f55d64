import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PolicyRule } from '../../../src/protocol/policy.js';
import type { Case, Desk } from '../desk.js';

/** Asks before each command, in order, and writes down what it was told. The first key begins. */
async function asking(desk: Desk, commands: readonly string[]): Promise<string> {
  const id = `asking-${desk.key}`;
  const asks = commands.map((command) => `ask '${command.replaceAll("'", `'\\''`)}'`).join('\n');
  const program = desk.script(
    'asking',
    `#!/bin/sh
stty -icanon -echo min 1
key() { dd bs=1 count=1 2>/dev/null; }
ask() {
  printf '\\033[2J\\033[HRun this?\\n\\n  %s\\n\\n\\342\\235\\257 1. Yes\\n  2. No\\n' "$1"
  case $(key) in 1) echo "$1" >> allowed;; *) echo "$1" >> denied;; esac
  printf '\\033[2J\\033[Hon it goes\\n'
  sleep 0.4
}
echo ready
key
${asks}
echo over
cat
`,
  );
  await desk.tool(id, {
    name: 'Asking',
    command: [program],
    versionArgs: null,
    startup: { ready: ['^ready$'], stableMs: 0 },
    screen: {
      dialogs: {
        shell: {
          kind: 'permission',
          action: 'shell',
          begin: '^Run this\\?$',
          all: ['^Run this\\?$'],
          read: ['^Run this\\?\\n+(?<command>(?: +\\S.*\\n)+)'],
          drawn: [['^Run this\\?$', '^$', '^ {2}(?<command>.*)$', '^$']],
        },
      },
    },
  });
  const session = await desk.start(id, '');
  await desk.is(session.id, 'runs', ({ status }) => status === 'running');
  return session.id;
}

const asks = (desk: Desk, id: string, command: string): Promise<{ request: { id: string } | null }> =>
  desk.is(id, `asks for ${command}`, ({ request }) => request?.command === command);

async function rule(desk: Desk, effect: PolicyRule['effect'], command: string): Promise<string> {
  const { id } = await desk.client.request('policy/add', { rule: { effect, command, context: desk.context.id } });
  desk.differs(id, '<rule>');
  return id;
}

async function noRules(desk: Desk): Promise<void> {
  await desk.client.request('policy/off', { off: false });
  for (const { id, context } of (await desk.client.request('policy/list', {})).rules) {
    if (context === desk.context.id) await desk.client.request('policy/remove', { rule: id });
  }
}

async function answered(desk: Desk): Promise<unknown> {
  const allow = await rule(desk, 'allow', 'git status');
  await rule(desk, 'deny', 'rm');
  const own = desk.machine.spec !== 'local' && desk.machine.spec.type === 'agent' ? desk.host.cm : desk.machine.hub.cm;
  assert.match(readFileSync(join(own, 'policies.json'), 'utf8'), new RegExp(allow), 'kept by the one who answers');
  const id = await asking(desk, [
    'git status',
    'rm -rf x',
    'git status; rm -rf x',
    'git status --short',
    'git status > rm',
    'npm publish',
    'npm publish',
    'git status',
  ]);
  await desk.client.request('session/key', { session: id, keys: ['Enter'] });
  const redirected = await asks(desk, id, 'git status > rm');
  assert.equal(desk.read('allowed'), 'git status\ngit status --short\n');
  assert.equal(desk.read('denied'), 'rm -rf x\ngit status; rm -rf x\n');
  await desk.client.request('session/answer', {
    session: id,
    request: redirected.request?.id ?? '',
    answer: { type: 'deny' },
  });
  const publish = await asks(desk, id, 'npm publish');
  const draft = await desk.client.request('policy/propose', { session: id, request: publish.request?.id ?? '' });
  assert.deepEqual([draft.effect, draft.command, draft.context], ['allow', ['npm', 'publish'], desk.context.id]);
  // One more answer than the one that is pending.
  const added = await desk.client.request('policy/add', { rule: { ...draft, max: 1 } });
  desk.differs(added.id, '<rule>');
  const again = await desk.is(
    id,
    'asks for another',
    ({ request }) => request !== null && request.id !== publish.request?.id,
  );
  assert.equal(again.request?.command, 'npm publish', 'used up');
  const state = await desk.client.request('policy/off', { off: true });
  assert.deepEqual([state.off, state.inForce], [true, 0]);
  await desk.client.request('session/answer', {
    session: id,
    request: again.request.id,
    answer: { type: 'allow' },
  });
  await asks(desk, id, 'git status');
  const verdict = { session: id, action: 'shell' as const, command: 'git status' };
  const off = await desk.client.request('policy/test', verdict);
  await desk.client.request('policy/off', { off: false });
  await desk.shows(id, 'over');
  await noRules(desk);
  const audit = await desk.client.request('audit/list', { session: id });
  assert.ok(!existsSync(desk.path('rm')));
  return {
    off,
    allowed: desk.read('allowed'),
    denied: desk.read('denied'),
    audit: audit.map(({ decision, by, outcome, request }) => [request.command, decision, by.type, outcome]),
  };
}

async function verdicts(desk: Desk): Promise<unknown> {
  desk.script('inside', '');
  await rule(desk, 'allow', 'git status');
  const { id: edit } = await desk.client.request('policy/add', {
    rule: { effect: 'allow', actions: ['edit'], path: 'src', context: desk.context.name },
  });
  desk.differs(edit, '<rule>');
  await desk.ran('mkdir src; ln -s /etc src/out');
  const test = (terms: object): Promise<unknown> =>
    desk.client.request('policy/test', { context: desk.context.name, action: 'shell', ...terms });
  const said = [
    await test({ command: 'git status' }),
    await test({ command: 'git status; rm -rf ~' }),
    await test({ command: 'git status > src/log' }),
    await test({ command: 'git status > src/out/passwd' }),
    await test({ command: 'git status "$(rm -rf ~)"' }),
    await test({ action: 'edit', path: 'src/a.ts' }),
    await test({ action: 'edit', path: 'src/out/passwd' }),
    await test({ action: 'edit', path: '../a.ts' }),
  ];
  assert.deepEqual(
    said.map((verdict) => (verdict as { effect: string }).effect),
    ['allow', 'ask', 'allow', 'ask', 'ask', 'allow', 'ask', 'ask'],
  );
  await noRules(desk);
  const error = await desk.fails(desk.client.request('policy/remove', { rule: edit }));
  return [said, error.code];
}

/** Rules that answer for a person. One case: turning rules off turns off those of all others. */
export const policyCases: readonly Case[] = [
  {
    name: 'rules answer what they are about, once, and leave everything else to a person',
    run: async (desk) => [await answered(desk), await verdicts(desk)],
  },
];
