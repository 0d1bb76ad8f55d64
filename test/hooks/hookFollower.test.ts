import assert from 'node:assert/strict';
import test from 'node:test';
import { systemClock } from '../../src/common/async.js';
import type { Machine } from '../../src/core/machine/machine.js';
import { HookFollower } from '../../src/core/hooks/hookFollower.js';
import { until } from '../helpers/until.js';

/** A file with these lines. */
function fileOf(lines: readonly string[]): Pick<Machine, 'stat' | 'readFile'> {
  const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
  return {
    stat: () => Promise.resolve({ size: bytes.length, mtimeMs: 0 } as Awaited<ReturnType<Machine['stat']>>),
    readFile: (_path, from = 0, length = bytes.length) => Promise.resolve(bytes.subarray(from, from + length)),
  };
}

const asks = (ticket: string, command: string): string =>
  `7/${ticket} ${JSON.stringify({ hook_event_name: 'PermissionRequest', session_id: 'a', tool_name: 'Bash', tool_input: { command } })}`;
const answered = (command: string) =>
  ({ kind: 'permission', command, path: null, question: null, exact: 'event' }) as const;

test('once a request is answered the one that was told meanwhile is told again, and nothing once none is left', async () => {
  const told: unknown[] = [];
  const over: string[] = [];
  const follower = new HookFollower({
    machine: fileOf([asks('first', 'touch a'), asks('second', 'touch b')]),
    path: '/hooks',
    run: 7,
    folder: '/p',
    format: 'claude',
    clock: systemClock,
    onEvidence: (evidence) => Promise.resolve(void told.push(evidence?.asked?.request?.command)),
    onConversation: () => undefined,
    onOver: (ticket) => over.push(ticket),
    onError: (error) => assert.fail(String(error)),
  });
  await until('what was there is read', () => Promise.resolve(told.length > 0 ? true : undefined));
  assert.deepEqual(told, ['touch a'], 'the second stands behind the first');
  await follower.onAnswered(answered('touch a'), 'first');
  assert.deepEqual([told, over], [['touch a', 'touch b'], ['first']]);
  await follower.onAnswered(answered('touch b'), 'second');
  assert.deepEqual(
    [told, over],
    [
      ['touch a', 'touch b'],
      ['first', 'second'],
    ],
  );
});
