import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { systemClock } from '../../src/common/async.js';
import { Conversations } from '../../src/core/conversations/conversations.js';
import { SessionTable } from '../../src/core/records/sessionTable.js';
import { ToolCatalog } from '../../src/core/tools/catalog.js';
import { LocalMachine } from '../../src/machines/local/localMachine.js';
import type { SessionRecord } from '../../src/protocol/files.js';
import { storedRecord } from '../helpers/records.js';
import { silentLogger } from '../helpers/silentLogger.js';
import { tempDir } from '../helpers/tempDir.js';
import { until } from '../helpers/until.js';

const FIRST = '11111111-2222-4333-8444-555555555555';
const SECOND = '22222222-2222-4333-8444-555555555555';
const THIRD = '33333333-2222-4333-8444-555555555555';
const FOURTH = '44444444-2222-4333-8444-555555555555';
const CREATED = '2026-01-02T03:04:05.000Z';

/** What is known of the conversations of sessions that all begin in one folder with one task. */
class Desk {
  readonly home: string;
  readonly folder: string;
  readonly table: SessionTable;
  readonly conversations: Conversations;
  /** The sessions that OpenCode has. */
  readonly rows: object[] = [];

  constructor(t: TestContext) {
    this.home = tempDir(t);
    this.folder = join(this.home, 'project');
    mkdirSync(this.folder);
    this.table = new SessionTable({ all: () => [], save: () => Promise.resolve() }, () => undefined);
    const catalog = new ToolCatalog('/nonexistent');
    this.conversations = new Conversations({
      machine: new LocalMachine(),
      table: this.table,
      tool: (id) => catalog.get(id),
      runTool: () => Promise.resolve(JSON.stringify(this.rows)),
      identity: storedRecord().machine,
      logPath: (id) => join(this.home, `${id}.log`),
      clock: systemClock,
      log: silentLogger,
    });
    t.after(() => this.conversations.dispose());
  }

  async session(tool: string, given: string | null, changes: Partial<SessionRecord> = {}): Promise<string> {
    const id = `session${this.table.all().length}`;
    const own = { id, name: id, tool, task: 'fix', path: this.folder, created: CREATED, ...changes };
    await this.table.add(storedRecord({ ...own, conversation: { home: this.home, given } }));
    return id;
  }

  tell(id: string, conversation: string): void {
    this.conversations.onTold({ id, conversation });
  }

  write(path: string, ...lines: readonly object[]): void {
    const file = join(this.home, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  }

  /** As a session begun in OpenCode. */
  opens(id: string): void {
    this.rows.push({ id, directory: this.folder, begun: Date.parse(CREATED) + 1000, prompt: 'fix' });
  }
}

test('a session is in the conversation that its tool tells, once the tool has it', async (t) => {
  const desk = new Desk(t);
  const id = await desk.session('claude', FIRST);
  desk.write(`projects/p/${FIRST}.jsonl`, { type: 'user' });
  assert.equal(await desk.conversations.look(id), FIRST);
  // A person clears it: the next one is written when something is said in it.
  desk.tell(id, SECOND);
  assert.equal(await desk.conversations.look(id), FIRST);
  desk.write(`projects/p/${SECOND}.jsonl`, { type: 'user' });
  assert.equal(await desk.conversations.look(id), SECOND);
});

test('of two sessions that began alike each is in its own', async (t) => {
  const desk = new Desk(t);
  const one = await desk.session('opencode', null);
  const two = await desk.session('opencode', null);
  for (const id of ['ses_1', 'ses_2']) desk.opens(id);
  assert.deepEqual([await desk.conversations.look(one), await desk.conversations.look(two)], [null, null]);
  desk.tell(one, 'ses_2');
  desk.tell(two, 'ses_1');
  const known = (): (string | null | undefined)[] => [one, two].map((id) => desk.table.get(id)?.conversationId);
  await until('it is noted at once', () => known().join() === 'ses_2,ses_1');
});

test('what its tool does not have for a person is never its conversation', async (t) => {
  const desk = new Desk(t);
  const id = await desk.session('opencode', null);
  desk.opens('ses_1');
  desk.tell(id, 'ses_child');
  assert.equal(await desk.conversations.look(id), null);
  desk.tell(id, 'ses_1');
  assert.equal(await desk.conversations.look(id), 'ses_1');
  desk.tell(id, 'ses_child');
  assert.equal(await desk.conversations.look(id), 'ses_1');
});

test('what was told last counts after the end', async (t) => {
  const desk = new Desk(t);
  const id = await desk.session('opencode', null);
  desk.opens('ses_1');
  desk.opens('ses_2');
  desk.tell(id, 'ses_2');
  await desk.table.patch(id, { status: 'lost', completed: '2026-01-02T04:00:00.000Z' });
  assert.equal(await desk.conversations.look(id), 'ses_2');
});

test('Gemini’s chats are told apart by the ids that they were given', async (t) => {
  const desk = new Desk(t);
  const projectHash = createHash('sha256').update(desk.folder).digest('hex');
  const ids = [await desk.session('gemini', SECOND), await desk.session('gemini', FIRST)];
  assert.equal(await desk.conversations.look(ids[0] ?? ''), null, 'nothing was said in it');
  for (const sessionId of [FIRST, SECOND]) {
    const head = { sessionId, projectHash, startTime: '2026-01-02T03:04:06.000Z', kind: 'main' };
    const said = { id: 'm', timestamp: '2026-01-02T03:04:07.000Z', type: 'user', content: [{ text: 'fix' }] };
    desk.write(`tmp/p/chats/session-2026-${sessionId.slice(0, 8)}.jsonl`, head, said);
  }
  for (const [index, expected] of [SECOND, FIRST].entries()) {
    assert.equal(await desk.conversations.look(ids[index] ?? ''), expected);
  }
});

test('of what one Codex holds open the conversation is the one that a person wrote to last', async (t) => {
  const desk = new Desk(t);
  const id = await desk.session('codex', null);
  const rollout = (name: string, source: unknown, minute: number): string => {
    const path = `sessions/2026/01/02/rollout-2026-01-02T03-04-05-${name}.jsonl`;
    const meta = { id: name, timestamp: CREATED, cwd: desk.folder, source };
    const said = { type: 'user_message', message: 'fix' };
    const timestamp = `2026-01-02T03:${minute}:00.000Z`;
    desk.write(path, { type: 'session_meta', payload: meta }, { timestamp, type: 'event_msg', payload: said });
    return join(desk.home, path);
  };
  const hold = async (...paths: readonly string[]): Promise<void> => {
    const open = paths.map((path, index) => `exec ${index + 3}>>'${path}'`).join('; ');
    const env = { PATH: '/usr/bin:/bin', CM_SESSION: id };
    const child = spawn('/bin/sh', ['-c', `${open}; echo; exec sleep 60`], {
      env,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    t.after(() => child.kill('SIGKILL'));
    await once(child.stdout, 'data');
  };
  await hold(rollout(FIRST, 'cli', 10), rollout(SECOND, 'cli', 20), rollout(THIRD, { subagent: 'review' }, 30));
  assert.equal(await desk.conversations.look(id), SECOND);
  rollout(FIRST, 'cli', 40);
  assert.equal(await desk.conversations.look(id), FIRST, 'gone back to');
  await hold(rollout(FOURTH, 'exec', 50));
  assert.equal(await desk.conversations.look(id), FIRST, 'a command that an agent runs');
});
