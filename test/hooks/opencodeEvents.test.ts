import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { parseHookLine } from '../../src/core/hooks/hookEvent.js';
import { hookMeaning } from '../../src/core/hooks/hookFormats.js';
import { hookEvidence, NO_HOOKS, reduceHooks, type HookModel } from '../../src/core/hooks/hookModel.js';
import { opencodePlugin } from '../../src/core/hooks/opencodePlugin.js';
import type { Evidence } from '../../src/core/state/evidence.js';
import { tempDir } from '../helpers/tempDir.js';

const ID = 'abcdefghijkl';
const SESSION = { sessionID: 'ses_1' };
const status = (type: string, sessionID = 'ses_1'): object => ({
  type: 'session.status',
  properties: { sessionID, status: { type } },
});
const BASH = {
  type: 'permission.asked',
  properties: { ...SESSION, id: 'per_1', permission: 'bash', patterns: ['rm x'], metadata: { command: 'rm x && ls' } },
};
const QUESTION = {
  type: 'question.asked',
  properties: { ...SESSION, id: 'que_1', questions: [{ question: 'Which?', options: [] }] },
};

/** What the plugin writes down of events, in a process of its own. */
function written(t: TestContext, events: readonly unknown[], env: Record<string, string> = {}): string[] {
  const root = tempDir(t);
  const active = join(root, "a b'c");
  mkdirSync(active);
  writeFileSync(join(active, `${ID}.json`), '{}');
  writeFileSync(
    join(root, 'hook.mjs'),
    opencodePlugin(active, { program: '/nowhere/tmux', socket: join(root, 'sock') }),
  );
  const main = `import { CodeManager } from './hook.mjs';
    const { event: tell, 'tool.execute.before': begins } = await CodeManager({ client: { _client: { post: async () => {} } } });
    for (const event of ${JSON.stringify(events)}) {
      if (event?.begins) await begins?.(event.begins, event.with);
      else await tell?.({ event });
    }`;
  writeFileSync(join(root, 'main.mjs'), main);
  const own = { CM_SESSION: ID, CM_RUN: '7', ...env };
  const printed = execFileSync(process.execPath, [join(root, 'main.mjs')], { cwd: '/', env: own, encoding: 'utf8' });
  assert.equal(printed, '');
  const file = join(active, `${ID}.hooks`);
  if (!existsSync(file)) return [];
  assert.equal(statSync(file).mode & 0o777, 0o600);
  return readFileSync(file, 'utf8').split('\n').slice(0, -1);
}

function modelAfter(t: TestContext, events: readonly unknown[]): HookModel {
  let model = NO_HOOKS;
  for (const line of written(t, events)) {
    const event = parseHookLine(line, 7);
    assert.ok(event);
    model = reduceHooks(model, event, hookMeaning('opencode', event, '/'));
  }
  return model;
}

function told(t: TestContext, events: readonly unknown[]): Evidence | undefined {
  return hookEvidence(modelAfter(t, events), 0);
}

function word(t: TestContext, ...events: readonly unknown[]): string {
  const evidence = told(t, events);
  if (!evidence) return 'nothing';
  const { state, phase, asked } = evidence;
  const request = asked && `${asked.kind}: ${asked.text}`;
  return [state, phase, request].filter((part) => part !== null).join(' ');
}

test('what the events of OpenCode mean', (t) => {
  const running = (tool: string, input: object): object => ({
    type: 'message.part.updated',
    properties: { ...SESSION, part: { type: 'tool', tool, callID: tool, state: { status: 'running', input } } },
  });
  assert.equal(word(t, { type: 'server.connected', properties: {} }, null, { type: 'session.status' }), 'nothing');
  assert.equal(word(t, status('busy')), 'working');
  assert.equal(word(t, status('retry')), 'working');
  assert.equal(word(t, status('busy'), running('bash', { command: 'npm test' })), 'working testing');
  assert.equal(word(t, status('busy'), running('edit', {})), 'working editing');
  assert.equal(word(t, status('busy'), BASH), 'waiting permission: rm x && ls');
  const edit = { permission: 'edit', patterns: ['a.txt'], metadata: { filepath: '/work/a.txt' } };
  assert.equal(
    word(t, { ...BASH, properties: { ...BASH.properties, ...edit } }),
    'waiting permission: edit work/a.txt',
  );
  const replied = { type: 'permission.replied', properties: { ...SESSION, requestID: 'per_1', reply: 'reject' } };
  assert.equal(word(t, status('busy'), BASH, replied), 'working');
  assert.equal(word(t, QUESTION), 'waiting question: Which?');
  const child = { type: 'session.created', properties: { info: { id: 'ses_2', parentID: 'ses_1' } } };
  assert.equal(word(t, child, status('busy'), status('idle', 'ses_2')), 'working', 'a subagent ended');
  assert.equal(word(t, status('busy'), status('idle')), 'idle');
});

test('who denied something need not be told that it stopped', (t) => {
  const reply = (answer: string): object => ({
    type: 'permission.replied',
    properties: { ...SESSION, requestID: 'per_1', reply: answer },
  });
  const tool = { type: 'tool', tool: 'bash', callID: 'c', state: { status: 'running', input: { command: 'ls' } } };
  const runs = { type: 'message.part.updated', properties: { ...SESSION, part: tool } };
  const ended = (...events: readonly object[]): boolean | null | undefined =>
    told(t, [status('busy'), BASH, ...events, status('idle')])?.turnEnded;
  assert.equal(ended(reply('reject')), false);
  assert.equal(ended(reply('once')), null, 'the screen tells');
  assert.equal(ended(reply('reject'), runs), null, 'it went on all the same');
  assert.equal(ended(reply('reject'), status('idle'), status('busy')), null, 'another turn');
});

test('an opencode that the agent starts, or one of nobody, writes nothing', (t) => {
  assert.equal(written(t, [status('busy')]).length, 1);
  assert.deepEqual(written(t, [status('busy')], { CM_HOOKED: ID }), []);
  assert.deepEqual(written(t, [status('busy')], { CM_SESSION: '' }), []);
  assert.deepEqual(written(t, [status('busy')], { CM_SESSION: 'lkjihgfedcba' }), []);
});

test('the conversation is the one that a person wrote to last, and never a subagent’s', (t) => {
  const session = (id: string, parentID?: string): object => ({
    type: 'session.updated',
    properties: { info: { id, ...(parentID === undefined ? {} : { parentID }) } },
  });
  const prompt = (sessionID: string, id = `msg_${sessionID}`): object => ({
    type: 'message.updated',
    properties: { info: { id, sessionID, role: 'user' } },
  });
  const conversation = (...events: readonly object[]): string | null => modelAfter(t, events).conversation;
  assert.equal(conversation(session('ses_1'), status('busy')), null, 'nobody wrote to it');
  assert.equal(conversation(session('ses_1'), prompt('ses_1')), 'ses_1');
  assert.equal(conversation(prompt('ses_1'), session('ses_1'), status('busy')), 'ses_1', 'a resumed one');
  const begun = [session('ses_1'), prompt('ses_1'), status('busy')];
  assert.equal(conversation(...begun, session('ses_2', 'ses_1'), prompt('ses_2'), status('busy', 'ses_2')), 'ses_1');
  assert.equal(conversation(...begun, prompt('ses_2'), session('ses_2', 'ses_1'), status('busy', 'ses_2')), 'ses_1');
  const other = [...begun, session('ses_3'), prompt('ses_3')];
  assert.equal(conversation(...other), 'ses_3');
  assert.equal(conversation(...other, prompt('ses_1'), status('busy')), 'ses_3', 'an old prompt is noted again');
  assert.equal(word(t, ...other, status('idle', 'ses_3'), status('busy')), 'idle', 'what another one does');
});

test('a command is known exactly only where it is known in which folder it runs', (t) => {
  const asks = (callID: string | undefined, args?: object): readonly unknown[] => [
    ...(args === undefined ? [] : [{ begins: { tool: 'bash', sessionID: 'ses_1', callID: 'call_1' }, with: { args } }]),
    { ...BASH, properties: { ...BASH.properties, tool: { messageID: 'msg_1', callID } } },
  ];
  for (const [events, expected] of [
    [asks('call_1', { command: 'rm x && ls' }), ['event', undefined]],
    [asks('call_1', { command: 'rm x && ls', workdir: '.' }), ['event', undefined]],
    [asks('call_1', { command: 'rm x && ls', workdir: '' }), ['event', undefined]],
    [asks('call_1', { command: 'rm x && ls', workdir: 'sub' }), ['event', '/sub']],
    [asks('call_1', { command: 'rm x && ls', workdir: '/else' }), ['event', '/else']],
    [asks('call_1', { command: 'rm x && ls', workdir: 7 }), [null, undefined]],
    [asks('call_2', { command: 'rm x && ls' }), [null, undefined]],
    [asks('call_1'), [null, undefined]],
    [asks(undefined, { command: 'rm x && ls' }), [null, undefined]],
  ] as const) {
    const request = told(t, events)?.asked?.request;
    assert.equal(request?.command, 'rm x && ls');
    assert.deepEqual([request.exact, request.folder], expected, JSON.stringify(events));
  }
});
