import { delay } from '../../src/common/async.js';
import { CodeManagerError } from '../../src/protocol/errors.js';
import { NO_HISTORY } from '../../src/protocol/history.js';
import { NO_POLICY, PolicyRule } from '../../src/protocol/policy.js';
import type { Snapshot } from '../../src/protocol/collections.js';
import { commandWords } from '../../src/core/approvals/policy/shellCommand.js';
import { campaign } from '../helpers/campaign.js';
import { NEVER_SHOWN } from '../helpers/hostileText.js';
import { contextRecord, machineRecord, pendingRecord, sessionRecord } from '../helpers/records.js';
import { scriptedHome, type ScriptedHome } from '../cli/scriptedHome.js';
import { messagesCases, TEXTS, type MessagesInput } from './messages.js';

const NOW = '2026-01-02T03:04:05.000Z';
const ENDLESS = new Set(['events', 'status -w']);

campaign(
  'messages',
  messagesCases,
  async ({ surface, by, text: kind }: MessagesInput, { t }) => {
    const text = `SAID ${TEXTS[kind]}`;
    const scripted = await scriptedHome(t, picture(by === 'reply' ? text : 'plain'));
    if (by === 'reply') replies(scripted, text);
    else refusals(scripted, text);
    const args = commandWords(surface);
    const running = scripted.home.spawn(args);
    running.child.stdin.end();
    if (ENDLESS.has(surface)) void stopLater(scripted, running.child);
    const { stdout, stderr } = await running.result();
    const all = stdout + stderr;
    return {
      obeyed: NEVER_SHOWN.exec(all)?.[0].codePointAt(0)?.toString(16) ?? null,
      forged: all.split('\n').filter((line) => line.startsWith('FORGED')).length,
      isSaid: all.includes('SAID') && all.length < 120_000,
    };
  },
  { concurrency: 3 },
);

async function stopLater({ server }: ScriptedHome, child: { kill(signal: 'SIGINT'): boolean }): Promise<void> {
  for (let i = 0; i < 100 && server.peers.size === 0; i++) await delay(50);
  await delay(500);
  const [session] = server.snapshot.sessions;
  if (session !== undefined) server.emit({ type: 'session/changed', session });
  await delay(700);
  child.kill('SIGINT');
}

function picture(text: string): Snapshot {
  const request = pendingRecord({ command: text, path: text, question: text, text });
  return {
    policy: { ...NO_POLICY, problems: [text] },
    machines: [machineRecord({ host: text, node: text, version: text, problem: { message: text, command: text } })],
    contexts: [contextRecord({ id: 'c', name: text, path: text, tags: [text] })],
    sessions: [
      sessionRecord({
        id: '000000000001',
        name: text,
        contextId: 'c',
        contextName: text,
        path: text,
        machine: { host: text, bootId: 'b' },
        toolVersion: text,
        task: text,
        title: text,
        reason: text,
        state: 'waiting',
        waiting: { kind: 'permission', text },
        request: { ...request, options: [{ label: text, role: 'allow', detail: text }] },
      }),
    ],
  };
}

function replies({ server }: ScriptedHome, text: string): void {
  const check = { name: text, status: 'failed', detail: text, fix: text, ms: 1, code: null };
  const word = text.replaceAll('\0', '').slice(0, 4000);
  const rule = {
    ...{ id: 'rule1', created: NOW, effect: 'allow', actions: ['shell'], tool: text, session: text, context: text },
    ...{ command: [word, word], path: word },
  };
  server.on('doctor/run', () => [check]);
  server.on('machine/test', () => [check]);
  server.on('context/test', () => [check]);
  server.on('tool/list', () => []);
  server.on('server/problems', () => [text]);
  server.on('token/list', () => [{ id: 'token1', name: text, created: NOW, lastUsed: null, expires: null }]);
  server.on('server/status', () => ({
    ...{ server: server.info, uptimeMs: 1, sessions: 1, clients: 1, memory: 1 },
    ...{ home: text, socket: text, url: text, tmux: text },
  }));
  server.on('policy/list', () => ({ ...NO_POLICY, rules: [PolicyRule.parse(rule)], problems: [text] }));
  server.on('policy/test', () => ({ effect: 'deny', rule: 'rule1', why: text }));
  server.on('audit/list', () => [
    {
      ...{ id: 'a1', time: NOW, session: text, sessionName: text, contextName: text, machine: text, tool: text },
      request: { id: 'r1', kind: 'permission', action: 'shell', command: text, path: text, text },
      ...{ asked: NOW, decision: 'allow', answer: text, by: { type: 'person', client: text } },
      ...{ from: { type: 'session', name: text }, via: 'keys', keys: [text], outcome: 'answered' },
    },
  ]);
  server.on('session/explain', () => ({
    ...{ session: text, state: 'waiting', phase: null, waiting: { kind: 'permission', text }, since: NOW },
    ...{ source: 'screen', why: text, background: 0, held: text, history: NO_HISTORY, lines: [text, text] },
    evidence: [
      { source: 'screen', state: 'waiting', phase: null, detail: text, since: NOW, seen: NOW, holds: true, wins: true },
    ],
  }));
  server.on('session/transcript', () => ({
    id: text,
    tool: text,
    toolVersion: text,
    omitted: 0,
    usage: { inputTokens: 0, outputTokens: 0, costUsd: null },
    entries: ['prompt', 'answer', 'note', 'toolCall', 'toolResult'].map((kind) => ({
      kind,
      text,
      tool: text,
      time: null,
    })),
  }));
}

function refusals({ server }: ScriptedHome, text: string): void {
  const refuse = (): never => {
    throw new CodeManagerError('conflict', text, { hint: text });
  };
  for (const method of [
    ...(['audit/list', 'policy/list', 'policy/add', 'session/explain', 'session/send', 'session/key'] as const),
    ...(['session/stop', 'session/rename', 'context/test', 'machine/test', 'token/new', 'session/resume'] as const),
  ]) {
    server.on(method, refuse);
  }
  server.on('tool/list', () => []);
  server.on('server/problems', () => []);
}
