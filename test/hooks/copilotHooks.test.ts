import assert from 'node:assert/strict';
import test from 'node:test';
import { copilotPlugin } from '../../src/core/hooks/copilotHooks.js';
import { parseHookLine } from '../../src/core/hooks/hookEvent.js';
import { hookLaunch, hookMeaning } from '../../src/core/hooks/hookFormats.js';
import { askedOf, hookEvidence, NO_HOOKS, reduceHooks, type HookModel } from '../../src/core/hooks/hookModel.js';
import { besideOwnWord } from '../../src/core/state/ownWord.js';
import { ToolCatalog } from '../../src/core/tools/catalog.js';

const SESSION = '5548b44e';
const common = { session_id: SESSION, cwd: '/p' };
const begins = { ...common, hook_event_name: 'SessionStart', source: 'new' };
const prompt = { ...common, hook_event_name: 'UserPromptSubmit', prompt: 'x' };
const before = (command: string): object => ({
  ...common,
  hook_event_name: 'PreToolUse',
  tool_name: 'Bash',
  tool_input: { command, description: 'Run npm test' },
});
const after = (command: string): object => ({ ...before(command), hook_event_name: 'PostToolUse' });
/** As it names the fields of this one. */
const requests = (command: string): object => ({
  hookName: 'permissionRequest',
  sessionId: SESSION,
  cwd: '/p',
  toolName: 'bash',
  toolInput: { command },
});
const notifies = (message: string, type = 'permission_prompt'): object => ({
  hook_event_name: 'Notification',
  sessionId: SESSION,
  cwd: '/p',
  message,
  notification_type: type,
});

function model(...events: readonly object[]): HookModel {
  return events.reduce<HookModel>((now, payload, index) => {
    const event = parseHookLine(`7/t${index} ${JSON.stringify(payload)}`, 7);
    assert.ok(event, JSON.stringify(payload));
    return reduceHooks(now, event, hookMeaning('copilot', event, '/p'));
  }, NO_HOOKS);
}

const said = (...events: readonly object[]): readonly unknown[] => {
  const evidence = hookEvidence(model(...events), 0);
  const { command, exact } = evidence?.asked?.request ?? {};
  return [evidence?.state, command, exact];
};

test('a command is asked exactly, once a person is asked, and not for what the model says of it', () => {
  const lie = 'rm  -rf precious\ntouch x: y';
  assert.deepEqual(said(begins, prompt, before(lie), requests(lie)), ['working', undefined, undefined]);
  const asked = [begins, prompt, before(lie), requests(lie), notifies(`Run command: ${lie}`)];
  assert.deepEqual(said(...asked), ['waiting', lie, 'event']);
  assert.equal(said(...asked, after(lie))[0], 'working');
});

test('what its own rules allow is asked of nobody, whatever else is asked then', () => {
  const events = [prompt, before('ls'), requests('ls'), before('touch a'), requests('touch a')];
  assert.equal(said(...events)[0], 'working');
  assert.deepEqual(said(...events, notifies('Run command: touch a'), after('ls')), ['waiting', 'touch a', 'event']);
});

test('words that are not exactly those of a request tell that it asks, and not what', () => {
  const events = [prompt, before('b: a'), requests('a')];
  assert.deepEqual(said(...events, notifies('Run command: b: a')), ['waiting', undefined, undefined]);
  assert.deepEqual(said(...events, notifies('Path permission needed: /etc/x')), ['waiting', undefined, undefined]);
});

test('that a person is asked counts before what exactly is written down, and takes nothing of it back when it is said again', () => {
  const [requested, told] = [requests('touch a'), notifies('Run command: touch a')];
  assert.deepEqual(said(prompt, told), ['waiting', undefined, undefined]);
  assert.deepEqual(said(prompt, told, requested), ['waiting', 'touch a', 'event']);
  assert.deepEqual(said(prompt, requested, told, told), ['waiting', 'touch a', 'event']);
  assert.equal(model(prompt, told, requested, told).pending.length, 1);
  assert.equal(said(prompt, told, requested, after('touch a'))[0], 'working');
  // What its own rules allow is nothing that a person was asked for.
  assert.deepEqual(said(prompt, told, requests('touch b')), ['waiting', undefined, undefined]);
});

test('what exactly is asked belongs to the request that says the same, and to no other that waits', () => {
  const [first, second] = ['touch first', 'touch second'];
  const told = [notifies(`Run command: ${first}`), notifies(`Run command: ${second}`)];
  const waiting = (...events: readonly object[]): readonly unknown[] =>
    model(prompt, ...told, ...events).pending.map(({ key, asked }) => [key, asked.request?.command]);
  assert.deepEqual(waiting(requests(first)), [
    [first, first],
    [second, undefined],
  ]);
  assert.deepEqual(waiting(requests(second), requests(first)), [
    [first, first],
    [second, second],
  ]);
});

test('a file, a question, and what a subagent asks', () => {
  const edit = { toolName: 'edit', toolInput: { file_path: '/p/new.txt', diff: '\ncreate file mode 100644\n' } };
  const file = model(prompt, { ...requests(''), ...edit }, notifies('Edit file: /p/new.txt'));
  const { request, text } = file.pending[0]?.asked ?? {};
  assert.deepEqual([request?.action, request?.path, text], ['create', '/p/new.txt', 'create new.txt']);
  const form = { ...before(''), tool_name: 'AskUserQuestion', tool_input: { message: 'Which colour?' } };
  const asked = model(prompt, form, notifies('Information requested', 'elicitation_dialog'));
  assert.deepEqual([asked.pending[0]?.asked.kind, asked.pending[0]?.asked.text], ['question', 'Which colour?']);
  const child = { session_id: 'ac82', agent_id: 'ac82', parent_agent_id: SESSION };
  const events = [begins, prompt, { ...before('touch sub'), ...child }, { ...requests('touch sub'), agent_id: 'ac82' }];
  assert.deepEqual(said(...events, notifies('Run command: touch sub')), ['waiting', 'touch sub', 'event']);
  assert.equal(said(...events, notifies('Run command: touch sub'), { ...after('touch sub'), ...child })[0], 'working');
});

test('its plugin tells and never answers: it waits for its hooks before it shows a dialog', () => {
  const files = copilotPlugin("/run/it's/hook.sh", 'copilot');
  assert.deepEqual(Object.keys(files), ['copilot/plugin.json', 'copilot/hooks.json']);
  const { hooks } = JSON.parse(files['copilot/hooks.json'] ?? '') as { hooks: Record<string, [{ bash: string }]> };
  for (const [{ bash }] of Object.values(hooks)) assert.doesNotMatch(bash, / ask\b/u);
});

test('a version that is too old for its plugin starts without it, and no rule answers that from its screen', async () => {
  const copilot = new ToolCatalog('/nowhere').get('copilot');
  const files = { script: '/run/hook.sh', plugin: '/run/hook.js', copilot: '/run/copilot' };
  const args = async (said: string | null): Promise<readonly string[]> => {
    const start = { words: ['/bin/copilot'], env: {}, version: () => Promise.resolve(said) };
    return (await hookLaunch(copilot, start, files, 'x')).args;
  };
  for (const old of ['0.0.420', '0.0.420.', '0.0.421-1', '0.0.9', '0.0']) assert.deepEqual(await args(old), [], old);
  for (const said of ['0.0.421', '0.0.421.', '0.0.1000', '0.1.0', '1.0.102', '1.0.102-3', null, '', '0', 'unknown']) {
    assert.deepEqual(await args(said), ['--plugin-dir', '/run/copilot'], String(said));
  }
  const { request } = askedOf({ action: 'shell', command: 'ls' });
  const seen = { request: request && { ...request, exact: 'screen' as const } };
  assert.equal(besideOwnWord(copilot, seen).request?.exact, null);
});
