import assert from 'node:assert/strict';
import test from 'node:test';
import { SessionInput } from '../../src/core/live/sessionInput.js';
import type { TaskMark } from '../../src/core/tmux/tmuxServer.js';
import type { SessionRecord } from '../../src/protocol/files.js';
import type { SessionScope } from '../../src/core/live/sessionScope.js';

/** A session whose agent takes the Enter with this number, counted over all servers; tmux keeps the mark between them. */
class Agent {
  readonly untaken: string[] = [];
  readonly taken: string[] = [];
  pastes = 0;
  enters = 0;
  record = { id: 's', name: 'gemini-1', task: 'fix the tests', delivery: 'pending' } as SessionRecord;
  box: string | null = null;
  mark: TaskMark = '';
  readonly takes: number;

  constructor(takes: number) {
    this.takes = takes;
  }

  /** As a server does that begins. */
  async deliver(): Promise<void> {
    const session = { pane: { pane: '%1' }, outputs: 0 };
    const scope = {
      tmux: {
        mark: () => Promise.resolve(this.mark),
        paste: (_pane: string, text: string, mark: TaskMark) => {
          this.pastes++;
          this.mark = mark;
          this.box = text;
          session.outputs++;
          return Promise.resolve();
        },
        keys: (_pane: string, _keys: readonly string[], mark: TaskMark) => {
          this.mark = mark;
          if (++this.enters === this.takes) {
            this.taken.push(this.box ?? '');
            this.box = null;
          }
          return Promise.resolve();
        },
      },
      table: {
        get: () => this.record,
        patch: (_id: string, changes: Partial<SessionRecord>) => {
          this.record = { ...this.record, ...changes };
          return Promise.resolve(true);
        },
      },
      live: { need: () => session },
    } as unknown as SessionScope;
    const input = new SessionInput(scope, {
      box: () => () => Promise.resolve({ draft: this.box, lines: [this.box ?? ''] }),
    });
    input.onTaskUntaken(({ reason }) => this.untaken.push(reason));
    await input.deliverTask('s');
  }
}

test('a task that is taken is delivered', async () => {
  const agent = new Agent(1);
  await agent.deliver();
  await agent.deliver();
  assert.deepEqual([agent.record.delivery, agent.taken, agent.pastes], ['done', ['fix the tests'], 1]);
  assert.deepEqual([agent.enters, agent.untaken], [1, []]);
});

test('a task that stands in the input box all the same is not delivered, and the next server submits it', async () => {
  const agent = new Agent(7);
  await agent.deliver();
  assert.deepEqual([agent.record.delivery, agent.taken], ['typing', []]);
  assert.deepEqual(agent.untaken, ['The task stands in its input box and was not taken']);
  await agent.deliver();
  assert.deepEqual([agent.record.delivery, agent.taken, agent.pastes], ['done', ['fix the tests'], 1]);
});

for (const [what, box] of [
  ['nothing', null],
  ['what a person types', 'and then'],
] as const) {
  test(`a server that begins when ${what} stands in the box presses nothing`, async () => {
    const agent = new Agent(Infinity);
    agent.record = { ...agent.record, delivery: 'typing' };
    agent.mark = 'sent';
    agent.box = box;
    await agent.deliver();
    assert.deepEqual([agent.record.delivery, agent.enters, agent.pastes, agent.untaken], ['done', 0, 0, []]);
  });
}
