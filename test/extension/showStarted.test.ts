import assert from 'node:assert/strict';
import { test } from 'node:test';
import { showStarted } from '../../src/extension/newSession/showStarted.js';

/** What is in front at the end, when somebody attaches at this moment of a start. */
async function inFront(attached: 'before' | 'while the log opens' | 'never'): Promise<string | undefined> {
  let front: string | undefined;
  let hasTerminal = false;
  const attachments = {
    has: () => hasTerminal,
    show: () => {
      if (hasTerminal) front = 'terminal';
    },
  };
  const attach = (): void => {
    hasTerminal = true;
    attachments.show();
  };
  if (attached === 'before') attach();
  await showStarted('id', attachments, async () => {
    if (attached === 'while the log opens') attach();
    await Promise.resolve();
    front = 'log';
  });
  return front;
}

test('the log of a session that was started never covers a terminal that somebody attached meanwhile', async () => {
  assert.equal(await inFront('before'), 'terminal');
  assert.equal(await inFront('while the log opens'), 'terminal');
  assert.equal(await inFront('never'), 'log');
});
