import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { isVersionSince } from '../../src/common/versions.js';
import { conversationHome, homeEnvironment } from '../../src/core/conversations/home.js';
import { matchUnique, showsPrompt, type Seeker } from '../../src/core/conversations/match.js';
import { ToolCatalog } from '../../src/core/tools/catalog.js';
import { launchArguments, resumeArguments, takesConversationId } from '../../src/core/tools/launch.js';
import type { Tool } from '../../src/protocol/tool.js';

const catalog = new ToolCatalog('/nonexistent');

const seeker = (id: string, changes: Partial<Seeker> = {}): Seeker => ({
  id,
  task: 'fix',
  from: 100,
  to: 200,
  ...changes,
});
const begun = (id: string, time: number, prompt: string | null = 'fix') => ({ id, begun: time, prompt });

test('the only conversation that was begun while the session ran, with its task, is its own', () => {
  const other = [begun('early', 99), begun('late', 201), begun('else', 150, 'other'), begun('silent', 150, null)];
  assert.equal(matchUnique(seeker('a'), [], [...other, begun('own', 150, ' fix\r\n')])?.id, 'own');
  assert.equal(matchUnique(seeker('a'), [], other), undefined);
});

test('two that fit are none, and one that another session can have begun is none', () => {
  assert.equal(matchUnique(seeker('a'), [], [begun('one', 120), begun('two', 130)]), undefined);
  const own = [begun('own', 150)];
  for (const task of ['fix', '']) assert.equal(matchUnique(seeker('a'), [seeker('b', { task })], own), undefined);
  assert.equal(matchUnique(seeker('a'), [seeker('b', { task: 'else' }), seeker('c', { to: 149 })], own)?.id, 'own');
});

test('no conversation is ever given to two sessions', () => {
  const tasks = fc.constantFrom('', 'fix', 'test');
  const seekers = fc.array(
    fc.record({ id: fc.uuid(), task: tasks, from: fc.nat(50), to: fc.integer({ min: 50, max: 100 }) }),
    { maxLength: 5 },
  );
  const candidates = fc.array(fc.record({ id: fc.uuid(), begun: fc.nat(100), prompt: tasks }), { maxLength: 5 });
  fc.assert(
    fc.property(seekers, candidates, (all, found) => {
      const given = all.flatMap((each) => matchUnique(each, all, found)?.id ?? []);
      assert.equal(new Set(given).size, given.length);
    }),
  );
});

test('a prompt is found on a screen that wraps and frames it, and too short a one never', () => {
  const prompt = 'Rename the module and update its callers, please.';
  assert.ok(showsPrompt('│ > Rename the mod │\n│   ule and update │\n│ its callers, ple │ase.', prompt));
  assert.equal(showsPrompt('Rename the module', prompt), false);
  assert.equal(showsPrompt('hi', 'hi'), false);
});

test('a tool finds its conversations again whatever its environment is at the next start', () => {
  const cases: readonly [string, Record<string, string>, string][] = [
    ['claude', { HOME: '/home/ada' }, '/home/ada/.claude'],
    ['claude', { HOME: '/home/ada', CLAUDE_CONFIG_DIR: '/data/claude' }, '/data/claude'],
    ['codex', { HOME: '/home/ada', CODEX_HOME: '/data/codex' }, '/data/codex'],
    ['gemini', { HOME: '/home/ada', GEMINI_CLI_HOME: '/data' }, '/data/.gemini'],
    ['opencode', { HOME: '/home/ada' }, '/home/ada/.local/share/opencode'],
    ['opencode', { HOME: '/home/ada', XDG_DATA_HOME: '/data' }, '/data/opencode'],
  ];
  for (const [id, env, expected] of cases) {
    const { conversation } = catalog.get(id);
    assert.ok(conversation !== undefined);
    const home = conversationHome(conversation.home, env);
    assert.equal(home, expected);
    assert.deepEqual(homeEnvironment(conversation.home, env, home), {});
    const later = { HOME: '/home/bob' };
    const more = homeEnvironment(conversation.home, later, home);
    assert.equal(conversationHome(conversation.home, { ...later, ...more }), home);
  }
});

const ID = '11111111-2222-4333-8444-555555555555';
const start = (tool: Tool, args: readonly string[]): readonly string[] =>
  launchArguments(tool, {
    ...{ program: ['/bin/agent'], task: 'fix it', mode: null, model: 'm', args },
    conversationId: takesConversationId(tool, args) ? ID : null,
  }).argv;
const again = (tool: Tool, args: readonly string[]): readonly string[] =>
  resumeArguments(tool, { program: ['/bin/agent'], mode: null, model: 'm', args, conversationId: ID });

test('Claude Code gets an id of ours, unless the person chose a conversation', () => {
  const claude = catalog.get('claude');
  const head = ['/bin/agent', '--model', 'm'];
  assert.deepEqual(start(claude, ['--verbose']), [...head, '--session-id', ID, '--verbose', '--', 'fix it']);
  for (const args of [['--continue'], ['-r', 'x'], ['--resume=x'], ['--session-id', 'x'], ['-c', '--verbose']]) {
    assert.deepEqual(start(claude, args), [...head, ...args, '--', 'fix it']);
  }
  assert.deepEqual(start(claude, ['--', '--continue']), [...head, '--session-id', ID, '--', 'fix it', '--continue']);
  for (const id of ['codex', 'opencode', 'aider']) assert.equal(takesConversationId(catalog.get(id), []), false);
  assert.deepEqual(start(catalog.get('gemini'), []), [...head, '--session-id', ID]);
  assert.deepEqual(start(catalog.get('gemini'), ['-r', 'latest']), [...head, '-r', 'latest']);
});

test('only a version that takes an id gets one', () => {
  const since = catalog.get('gemini').conversation?.sessionIdSince ?? '';
  for (const version of ['0.41.0', '0.41.0-preview.1', '0.61.0', '1.0', '0.100']) {
    assert.ok(isVersionSince(version, since), version);
  }
  for (const version of ['0.40.9', '0.4.1', '0', '', 'unknown']) assert.ok(!isVersionSince(version, since), version);
});

test('a resumed tool gets its options again, the conversation, and neither task nor another choice', () => {
  const cases: readonly [string, readonly string[], readonly string[]][] = [
    ['claude', ['--verbose', '--', 'more'], ['--verbose', '--resume', ID]],
    ['claude', ['--resume', 'x', '--fork-session', '--verbose'], ['--verbose', '--resume', ID]],
    ['claude', ['-c', '--verbose'], ['--verbose', '--resume', ID]],
    ['claude', ['--resume', '--verbose'], ['--verbose', '--resume', ID]],
    ['codex', ['-c', 'a=b', 'resume', '--last'], ['-c', 'a=b', 'resume', ID]],
    ['gemini', ['--prompt-interactive', 'go', '--sandbox'], ['--sandbox', '--resume', ID]],
    ['opencode', ['--session=x', '--pure'], ['--pure', '--session', ID]],
  ];
  for (const [id, args, expected] of cases) {
    assert.deepEqual(again(catalog.get(id), args), ['/bin/agent', '--model', 'm', ...expected]);
  }
  assert.throws(() => again(catalog.get('aider'), []), { code: 'conflict' });
});
