import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { parseHookLine } from '../../src/core/hooks/hookEvent.js';
import { hookLaunch, hookMeaning, type HookLaunch } from '../../src/core/hooks/hookFormats.js';
import {
  hookEvidence,
  NO_HOOKS,
  reduceHooks,
  withoutAnswered,
  type HookModel,
} from '../../src/core/hooks/hookModel.js';
import { hookCommand, hookScript, MAX_EVENT_BYTES } from '../../src/core/hooks/hookScript.js';
import type { Evidence } from '../../src/core/state/evidence.js';
import { ToolCatalog } from '../../src/core/tools/catalog.js';
import { tempDir } from '../helpers/tempDir.js';

const catalog = new ToolCatalog('/nonexistent');

interface Event {
  readonly hook_event_name: string;
  readonly [field: string]: unknown;
}

let tickets = 0;

function modelAfter(events: readonly Event[], start: HookModel = NO_HOOKS): HookModel {
  return events.reduce<HookModel>((before, event) => {
    const line = `7/t${tickets++} ${JSON.stringify({ session_id: 'own', cwd: '/work', ...event })}`;
    const parsed = parseHookLine(line, 7);
    assert.ok(parsed);
    return reduceHooks(before, parsed, hookMeaning('claude', parsed, '/work'));
  }, start);
}

function after(...events: readonly Event[]): Evidence | undefined {
  return hookEvidence(modelAfter(events), 0);
}

const event = (name: string, more: object = {}): Event => ({ hook_event_name: name, ...more });
const bash = (command: string): object => ({ tool_name: 'Bash', tool_input: { command } });
const START = event('SessionStart', { source: 'startup' });
const PROMPT = event('UserPromptSubmit', { prompt: 'go' });

/** State, phase and what is asked; the state `idle!` is the end of a turn. */
function word(evidence: Evidence | undefined): string {
  if (!evidence) return 'nothing';
  const { state, turnEnded, phase, asked, background } = evidence;
  const parts = [turnEnded === true ? `${state}!` : state, phase, asked && `${asked.kind}: ${asked.text}`];
  return [...parts, background > 0 ? `+${background}` : null].filter((part) => part !== null).join(' ');
}

const ROWS: readonly (readonly [name: string, events: readonly Event[], expected: string])[] = [
  ['a start says nothing', [START], 'nothing'],
  ['a prompt begins work', [START, PROMPT], 'working'],
  ['a command runs', [PROMPT, event('PreToolUse', bash('ls'))], 'working running'],
  ['a command tests', [PROMPT, event('PreToolUse', bash('npm test'))], 'working testing'],
  ['a file is edited', [PROMPT, event('PreToolUse', { tool_name: 'Edit', tool_input: {} })], 'working editing'],
  ['in plan mode it plans', [event('PreToolUse', { ...bash('ls'), permission_mode: 'plan' })], 'working planning'],
  ['a request', [PROMPT, event('PermissionRequest', bash('rm x'))], 'waiting permission: rm x'],
  [
    'a request that was granted is over when its tool has run',
    [PROMPT, event('PermissionRequest', bash('rm x')), event('PostToolUse', bash('rm x'))],
    'working',
  ],
  [
    'and when it failed',
    [PROMPT, event('PermissionRequest', bash('rm x')), event('PostToolUseFailure', bash('rm x'))],
    'working',
  ],
  [
    'what runs beside a request does not take its place',
    [
      PROMPT,
      event('PermissionRequest', bash('rm x')),
      event('PreToolUse', bash('ls')),
      event('PostToolUse', bash('ls')),
    ],
    'waiting permission: rm x',
  ],
  [
    'of two requests the first is asked first',
    [PROMPT, event('PermissionRequest', bash('rm x')), event('PermissionRequest', bash('rm y'))],
    'waiting permission: rm x',
  ],
  [
    'then the other',
    [
      PROMPT,
      event('PermissionRequest', bash('rm x')),
      event('PermissionRequest', bash('rm y')),
      event('PostToolUse', bash('rm x')),
    ],
    'waiting permission: rm y',
  ],
  ['a new prompt forgets what was denied', [PROMPT, event('PermissionRequest', bash('rm x')), PROMPT], 'working'],
  [
    'a file to be made is told from its folder',
    [event('PermissionRequest', { tool_name: 'Write', tool_input: { file_path: '/work/a/new.txt', content: 'x' } })],
    'waiting permission: create a/new.txt',
  ],
  [
    'one elsewhere by its whole path',
    [event('PermissionRequest', { tool_name: 'Edit', tool_input: { file_path: '/etc/hosts' } })],
    'waiting permission: edit /etc/hosts',
  ],
  [
    'a question',
    [
      event('PermissionRequest', {
        tool_name: 'AskUserQuestion',
        tool_input: { questions: [{ question: 'Which colour?', options: [{ label: 'Red' }] }] },
      }),
    ],
    'waiting question: Which colour?',
  ],
  [
    'a question that was answered, which comes back with its answers',
    [
      event('PermissionRequest', { tool_name: 'AskUserQuestion', tool_input: { questions: [] } }),
      event('PostToolUse', { tool_name: 'AskUserQuestion', tool_input: { questions: [], answers: {} } }),
    ],
    'working',
  ],
  [
    'a plan',
    [event('PermissionRequest', { tool_name: 'ExitPlanMode', tool_input: {} })],
    'waiting plan: plan to review',
  ],
  ['the end of a turn', [PROMPT, event('Stop', { background_tasks: [] })], 'idle!'],
  ['what goes on beside it', [PROMPT, event('Stop', { background_tasks: [{ id: 'a' }] })], 'idle! +1'],
  ['an error ends a turn', [PROMPT, event('StopFailure', { error: 'rate_limit' })], 'idle!'],
  ['the end of the conversation', [PROMPT, event('SessionEnd', { reason: 'other' })], 'nothing'],
  [
    'a process that the agent started says nothing of it',
    [
      START,
      PROMPT,
      event('SessionStart', { session_id: 'other', source: 'startup' }),
      event('Stop', { session_id: 'other', background_tasks: [] }),
    ],
    'working',
  ],
  [
    'a conversation that a person clears goes on under another id',
    [
      START,
      PROMPT,
      event('SessionEnd', { reason: 'clear' }),
      event('SessionStart', { session_id: 'next', source: 'clear' }),
      event('Stop', { session_id: 'next' }),
    ],
    'idle!',
  ],
  [
    'what a subagent does is not what the conversation does',
    [PROMPT, event('Stop', {}), event('PreToolUse', { ...bash('ls'), agent_id: 'sub' })],
    'idle!',
  ],
  [
    'what it asks has to be answered',
    [PROMPT, event('PermissionRequest', { ...bash('rm x'), agent_id: 'sub' })],
    'waiting permission: rm x',
  ],
  ['an event that is not known', [PROMPT, event('FileChanged')], 'working'],
];

test('what the events of Claude Code mean', async (t) => {
  for (const [name, events, expected] of ROWS) {
    await t.test(name, () => assert.equal(word(after(...events)), expected));
  }
});

test('a request is exact, and spelled out for people', () => {
  const command = `printf '%s' "a  b" |\n\tsh -x ${'y'.repeat(400)}`;
  const asked = after(event('PermissionRequest', bash(command)))?.asked;
  assert.equal(asked?.request?.command, command);
  assert.ok(asked.text.length <= 200 && asked.text.includes('sh -x y'), asked.text);
  const hidden = after(event('PermissionRequest', bash('ls \u001b[8m; rm -rf ~')))?.asked;
  assert.deepEqual([hidden?.request?.command, hidden?.text], ['ls \u001b[8m; rm -rf ~', 'ls <U+001B>[8m; rm -rf ~']);
  assert.equal(hidden?.request?.exact, 'event');
});

test('lines of other runs, cut ones and nonsense', () => {
  assert.equal(parseHookLine('6 {"hook_event_name":"Stop"}', 7), undefined);
  assert.equal(parseHookLine('70 {"hook_event_name":"Stop"}', 7), undefined);
  for (const line of ['', '7', '7 ', '7 nonsense', '7 []', '7 {"a":1}', '7 {"tool_input":{"x']) {
    assert.equal(parseHookLine(line, 7), undefined, line);
  }
  const cut =
    '7 {"session_id":"own","cwd":"/work","hook_event_name":"PostToolUse","tool_name":"Bash","tool_input":{"com';
  const { digest, ...told } = parseHookLine(cut, 7) ?? {};
  assert.match(digest ?? '', /^[0-9a-f]{64}$/);
  assert.deepEqual(told, {
    name: 'PostToolUse',
    conversation: 'own',
    cwd: '/work',
    ticket: null,
    payload: undefined,
  });
  const ticketOf = (head: string): string | null | undefined =>
    parseHookLine(`${head} {"hook_event_name":"PermissionRequest"}`, 7)?.ticket;
  assert.equal(ticketOf('7/abc.12.1700000000'), 'abc.12.1700000000');
  for (const head of ['7/', '7/a/b', '7/../x', '7/.x', `7/${'x'.repeat(200)}`, '8/abc']) {
    assert.equal(ticketOf(head), undefined, head);
  }
});

test('the person’s own settings are not taken away', async () => {
  const files = { script: '/run/hook.sh', plugin: '/run/hook.js', copilot: '/run/copilot' };
  const launch = (tool: string, words: readonly string[], env = {}): Promise<HookLaunch> =>
    hookLaunch(catalog.get(tool), { words, env, version: () => Promise.resolve(null) }, files, 'x');
  const [option, settings = ''] = (await launch('claude', ['/bin/claude', '--verbose'])).args;
  assert.equal(option, '--settings');
  const { hooks, ...others } = JSON.parse(settings) as { hooks: Record<string, [{ hooks: [{ command: string }] }]> };
  assert.deepEqual(others, {});
  const asking = Object.keys(hooks).filter((name) => hooks[name]?.[0].hooks[0].command.includes(' x ask'));
  assert.deepEqual(asking, ['PermissionRequest'], 'a tool waits for every other hook');
  assert.deepEqual((await launch('claude', ['/bin/claude', '--settings', '{}'])).args, []);
  assert.deepEqual((await launch('claude', ['/bin/claude', '--settings={}'])).args, []);
  assert.equal((await launch('claude', ['/bin/claude', '--', '--settings'])).args.length, 2);
  assert.deepEqual((await launch('opencode', ['/bin/opencode'])).env, {
    OPENCODE_CONFIG_CONTENT: '{"plugin":["file:///run/hook.js"]}',
  });
  assert.deepEqual((await launch('opencode', ['/bin/opencode'], { OPENCODE_CONFIG_CONTENT: '{}' })).env, {});
  assert.deepEqual(await launch('shell', ['/bin/sh']), { args: [], env: {} });
});

const ID = 'abcdefghijkl';

interface Place {
  readonly command: string;
  readonly active: string;
  readonly run: string;
  readonly lines: () => string[];
}

function place(t: TestContext): Place {
  const root = tempDir(t);
  const active = join(root, "a b'c");
  const run = join(root, 'run');
  mkdirSync(active);
  mkdirSync(run);
  writeFileSync(join(active, `${ID}.json`), '{}');
  writeFileSync(join(run, 'hook.sh'), hookScript(active, { program: '/nowhere/tmux', socket: join(run, 'tmux.sock') }));
  const file = join(active, `${ID}.hooks`);
  return {
    command: hookCommand(join(run, 'hook.sh'), ID),
    active,
    run,
    lines: () => (existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : []),
  };
}

function runHook({ command }: Pick<Place, 'command'>, input: string, env: Record<string, string> = {}): void {
  const own = { PATH: '/usr/bin:/bin', CM_SESSION: ID, CM_RUN: '7', ...env };
  const { status, stdout, stderr } = spawnSync('/bin/sh', ['-c', command], { input, env: own, encoding: 'utf8' });
  assert.deepEqual([status, stdout, stderr], [0, '', ''], 'it is quiet and succeeds');
}

test('the hook program writes one line for each event, for its owner alone', (t) => {
  const here = place(t);
  runHook(here, '{"hook_event_name":\n"Stop"}\n');
  runHook(here, `{"hook_event_name":"PostToolUse","tool_response":"${'x'.repeat(5_000_000)}"}`);
  const [first = '', second = '', ...rest] = here.lines();
  assert.deepEqual(rest, []);
  assert.equal(parseHookLine(first, 7)?.name, 'Stop');
  assert.ok(second.length < MAX_EVENT_BYTES + 100);
  assert.equal(parseHookLine(second, 7)?.name, 'PostToolUse');
  assert.equal(statSync(join(here.active, `${ID}.hooks`)).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(here.run), ['hook.sh'], 'it leaves nothing behind');
});

test('the hook program does nothing for a process of nobody, of another session, or of one that has gone', (t) => {
  const here = place(t);
  runHook(here, '{}', { CM_SESSION: '' });
  runHook(here, '{}', { CM_SESSION: 'lkjihgfedcba' });
  runHook({ command: hookCommand('/nowhere/hook.sh', ID) }, '{}');
  runHook({ command: hookCommand(join(here.run, 'hook.sh'), 'lkjihgfedcba') }, '{}', { CM_SESSION: 'lkjihgfedcba' });
  assert.deepEqual(readdirSync(here.active), [`${ID}.json`]);
});

test('several events at once are several lines', (t) => {
  const here = place(t);
  const input = JSON.stringify({ hook_event_name: 'PreToolUse', tool_input: { command: 'y'.repeat(9000) } });
  const each = `printf %s "$1" | { ${here.command}; } &`;
  const env = { PATH: '/usr/bin:/bin', CM_SESSION: ID, CM_RUN: '7' };
  execFileSync('/bin/sh', ['-c', `${each.repeat(20)} wait`, 'sh', input], { env });
  const names = here.lines().map((line) => parseHookLine(line, 7)?.payload?.['hook_event_name']);
  assert.deepEqual(
    names,
    Array.from({ length: 20 }, () => 'PreToolUse'),
  );
});

test('a request that was answered stands before no later one, since nothing tells of a denial', () => {
  const asking = modelAfter([PROMPT, event('PermissionRequest', bash('rm x'))]);
  const denied = { kind: 'permission', command: 'rm\n x', path: null, question: null, exact: null } as const;
  const later = [event('PermissionRequest', bash('touch y'))];
  assert.equal(word(hookEvidence(modelAfter(later, asking), 0)), 'waiting permission: rm x');
  assert.equal(
    word(hookEvidence(modelAfter(later, withoutAnswered(asking, denied)), 0)),
    'waiting permission: touch y',
  );
  assert.equal(withoutAnswered(asking, { ...denied, command: 'touch y' }), asking);
  assert.equal(
    withoutAnswered(asking, denied, 'the ticket of one that is over'),
    asking,
    'an equal one that came later',
  );
});

test('what is asked for PowerShell is no command that rules read as a shell does', () => {
  const asked = (tool: string): unknown =>
    after(PROMPT, event('PermissionRequest', { tool_name: tool, tool_input: { command: 'git status' } }))?.asked
      ?.request;
  const actionOf = (request: unknown): unknown => (request as { action: unknown } | undefined)?.action;
  assert.equal(actionOf(asked('Bash')), 'shell');
  assert.equal(actionOf(asked('PowerShell')), 'other');
  const dialogs = Object.values(catalog.get('claude').screen?.dialogs ?? {});
  const about = dialogs.filter(({ all }) => all.some((pattern) => pattern.includes('PowerShell')));
  assert.deepEqual(
    about.map(({ action }) => action),
    ['other'],
  );
});

test('what begins in another folder than that of the session is told with it', () => {
  const folder = (cwd: string, tool: string, input: object): string | undefined =>
    after(START, event('PermissionRequest', { cwd, tool_name: tool, tool_input: input }))?.asked?.request?.folder;
  assert.equal(folder('/work', 'Bash', { command: 'ls' }), undefined);
  assert.equal(folder('/work/sub', 'Bash', { command: 'ls' }), '/work/sub', 'it has changed to that');
  assert.equal(folder('/work', 'Edit', { file_path: 'a.txt' }), undefined);
  assert.equal(folder('/work/sub', 'Edit', { file_path: 'a.txt' }), '/work/sub');
  assert.equal(folder('/work/sub', 'Edit', { file_path: '/work/a.txt' }), undefined, 'wherever it is');
});
