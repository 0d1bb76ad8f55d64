import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { CodeManagerError } from '../../src/protocol/errors.js';
import { NO_POLICY } from '../../src/protocol/policy.js';
import type { Snapshot } from '../../src/protocol/collections.js';
import { HOSTILE_MARKUP, HOSTILE_SEQUENCES, HOSTILE_UNSEEN, NEVER_SHOWN } from '../helpers/hostileText.js';
import { contextRecord, machineRecord, pendingRecord, sessionRecord } from '../helpers/records.js';
import { until } from '../helpers/until.js';
import { scriptedHome, type ScriptedHome } from './scriptedHome.js';

const EVIL = [...HOSTILE_SEQUENCES, ...HOSTILE_UNSEEN, ...HOSTILE_MARKUP].join(' ');

/** Everything that a person reads in it is hostile. */
function evilPicture(): Snapshot {
  const request = pendingRecord({ command: EVIL, path: EVIL, question: EVIL, text: EVIL });
  const options = [{ label: EVIL, role: 'allow' as const, detail: EVIL }];
  return {
    policy: NO_POLICY,
    machines: [machineRecord({ host: EVIL, node: EVIL, version: EVIL, problem: { message: EVIL, command: EVIL } })],
    contexts: [contextRecord({ id: 'c', name: EVIL, path: EVIL, tags: [EVIL] })],
    sessions: [
      sessionRecord({
        id: '000000000001',
        name: EVIL,
        contextId: 'c',
        contextName: EVIL,
        path: EVIL,
        machine: { host: EVIL, bootId: 'b' },
        toolVersion: EVIL,
        task: EVIL,
        title: EVIL,
        reason: EVIL,
        state: 'waiting',
        waiting: { kind: 'permission', text: EVIL },
        request: { ...request, options },
      }),
    ],
  };
}

async function evilHome(t: TestContext): Promise<ScriptedHome> {
  const scripted = await scriptedHome(t, evilPicture());
  const { server } = scripted;
  const check = { name: EVIL, status: 'failed', detail: EVIL, fix: EVIL, ms: 1, code: null };
  server.on('doctor/run', () => [check]);
  server.on('machine/test', () => [check]);
  server.on('context/test', () => [check]);
  server.on('tool/list', () => []);
  server.on('session/kill', () => {
    throw new CodeManagerError('conflict', EVIL, { hint: EVIL });
  });
  server.on('session/transcript', () => ({
    omitted: 0,
    usage: { inputTokens: 0, outputTokens: 0, costUsd: null },
    entries: ['prompt', 'answer', 'note', 'toolCall', 'toolResult'].map((kind) => ({
      kind,
      text: EVIL,
      tool: EVIL,
      time: null,
    })),
  }));
  return scripted;
}

const COMMANDS: readonly (readonly string[])[] = [
  ['status'],
  ['status', '000000000001'],
  ['ctx', 'list'],
  ['ctx', 'show', 'c'],
  ['machine', 'list'],
  ['doctor'],
  ['kill', '000000000001'],
  ['approve', '000000000001'],
  ['logs', '000000000001', '--transcript'],
  ['status', EVIL.replaceAll('\0', '')],
  [EVIL.replaceAll('\0', '')],
];

test('no text from outside directs a pipe or hides in it, whatever the command; --json is exact', async (t) => {
  const { home } = await evilHome(t);
  for (const args of COMMANDS) {
    const { stdout, stderr } = await home.run(args);
    assert.ok((stdout + stderr).length > 0, args.join(' '));
    assert.doesNotMatch(stdout, NEVER_SHOWN, args.join(' '));
    assert.doesNotMatch(stderr, NEVER_SHOWN, args.join(' '));
  }
  const { stdout } = await home.run(['status', '000000000001', '--json']);
  assert.doesNotMatch(stdout, NEVER_SHOWN);
  assert.equal((JSON.parse(stdout) as { name: string }).name, EVIL);
});

/** Our own colours, the end of a line, and a remark that is taken away again. */
const OURS = /\x1b\[(?:0|1|2|3[1-4])m|\r?\n|\r\x1b\[K/g;

test('in a terminal nothing but our own colours leaves a command', async (t) => {
  const { shell, home } = await evilHome(t);
  for (const [i, args] of COMMANDS.slice(0, -2).entries()) {
    // A question is left without an answer.
    const terminal = await shell('read -r go; "$@"; echo ended; sleep 1000', ...args);
    const drawn = join(home.work, `drawn-${i}`);
    await terminal.record(drawn);
    await terminal.keys('Enter');
    await until('all that is printed', () => /ended|Type yes/.test(readFileSync(drawn, 'utf8')));
    assert.doesNotMatch(readFileSync(drawn, 'utf8').replace(OURS, ' '), NEVER_SHOWN, args.join(' '));
    await terminal.close();
  }
});
