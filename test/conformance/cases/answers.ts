import assert from 'node:assert/strict';
import type { Client } from '../../../src/client/api.js';
import type { AnswerResult, PendingRequest } from '../../../src/protocol/pendingRequest.js';
import { askingScript, askingTool } from '../../helpers/askingAgent.js';
import { until } from '../../helpers/until.js';
import type { Case, Desk } from '../desk.js';

const ALLOW = { type: 'allow' } as const;

/** A session that asks for these commands, each of which writes a file. */
async function asking(desk: Desk, ...steps: readonly string[]): Promise<string> {
  const id = `asking-${desk.key}`;
  await desk.tool(id, askingTool(desk.script('asking', askingScript(steps)), true));
  const session = await desk.start(id, '');
  await desk.is(session.id, 'runs', ({ status }) => status === 'running');
  await desk.client.request('session/key', { session: session.id, keys: ['Enter'] });
  return session.id;
}

async function pending(desk: Desk, session: string, command: string): Promise<PendingRequest> {
  const { request } = await desk.is(session, `asks for ${command}`, (now) => now.request?.command === command);
  assert.ok(request);
  return request;
}

function answer(
  client: Client,
  session: string,
  { id }: PendingRequest,
  given: { type: 'allow'; always?: boolean } | { type: 'deny'; reason?: string },
): Promise<AnswerResult> {
  return client.request('session/answer', { session, request: id, answer: given });
}

/** What of the record is the same everywhere. */
async function audit(desk: Desk, session: string): Promise<unknown[]> {
  const entries = await desk.client.request('audit/list', { session });
  // Who may answer there, this user or a token, is a matter of how it is reached.
  return entries.map(({ id: _id, from: _from, request: { id: _request, ...request }, ...entry }) => ({
    ...entry,
    request,
  }));
}

/** What agents ask, and how they are answered. */
export const answerCases: readonly Case[] = [
  {
    name: 'one answer allows what an agent asks once, another denies, and both are on record',
    run: async (desk) => {
      const id = await asking(desk, 'ask "touch one" one', 'ask "touch two" two');
      const first = await pending(desk, id, 'touch one');
      assert.equal(desk.has('one'), false);
      const allowed = await answer(desk.client, id, first, ALLOW);
      const second = await pending(desk, id, 'touch two');
      const denied = await answer(desk.client, id, second, { type: 'deny' });
      const idle = await desk.is(id, 'is idle', ({ state }) => state === 'idle');
      assert.equal(idle.request, null);
      assert.deepEqual([desk.read('one'), desk.has('two')], ['x\n', false]);
      const found = await audit(desk, id);
      assert.equal(found.length, 2);
      return [{ request: first }, allowed, { request: second }, denied, found];
    },
  },
  {
    name: 'an answer to another request than the pending one reaches nobody',
    run: async (desk) => {
      const id = await asking(desk, 'ask "touch one" one', 'ask "touch two" two');
      const first = await pending(desk, id, 'touch one');
      const wrong = await desk.fails(answer(desk.client, id, { ...first, id: 'nothing' }, ALLOW));
      assert.equal(wrong.code, 'conflict');
      await answer(desk.client, id, first, { type: 'deny' });
      await pending(desk, id, 'touch two');
      const late = await desk.fails(answer(desk.client, id, first, ALLOW));
      assert.equal(late.message, 'The request has changed.');
      assert.deepEqual([desk.has('one'), desk.has('two')], [false, false]);
      const reason = await desk.fails(
        answer(desk.client, id, await pending(desk, id, 'touch two'), { type: 'deny', reason: 'no' }),
      );
      return [wrong, late.code, reason];
    },
  },
  {
    name: 'several clients that answer at once give one answer and one line of the record',
    run: async (desk) => {
      const id = await asking(desk, 'ask "touch one" one');
      const first = await pending(desk, id, 'touch one');
      const clients = [desk.client, desk.otherClient(), desk.otherClient(), desk.client];
      const answers = await Promise.allSettled(clients.map((client) => answer(client, id, first, ALLOW)));
      assert.equal(answers.filter(({ status }) => status === 'fulfilled').length, 1);
      await until('it is written', () => desk.read('one') === 'x\n');
      await desk.is(id, 'is idle', ({ state }) => state === 'idle');
      assert.equal(desk.read('one'), 'x\n');
      const found = await audit(desk, id);
      assert.equal(found.length, 1);
      return found;
    },
  },
  {
    name: 'five equal requests in a row are five requests with five answers',
    run: async (desk) => {
      const id = await asking(desk, ...Array<string>(5).fill('ask "touch it" it'));
      const seen = new Set<string>();
      for (let i = 0; i < 5; i++) {
        const { request } = await desk.is(id, 'asks', (now) => now.request !== null && !seen.has(now.request.id));
        assert.ok(request);
        seen.add(request.id);
        await answer(desk.client, id, request, ALLOW);
      }
      await desk.is(id, 'is idle', ({ state }) => state === 'idle');
      assert.equal(desk.read('it'), 'x\n'.repeat(5));
      assert.equal((await audit(desk, id)).length, 5);
      return [...seen].length;
    },
  },
];
