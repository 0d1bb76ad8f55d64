import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Check } from '../../src/protocol/requests.js';
import { checksText } from '../../src/extension/commands/doctor.js';

const check = (fields: Partial<Check>): Check => ({
  name: 'Shell',
  status: 'ok',
  detail: '/bin/bash',
  fix: null,
  ms: 4.4,
  code: null,
  ...fields,
});

test('a test is told step by step, what is wrong with the command that mends it below', () => {
  const text = checksText([
    check({}),
    check({
      name: 'tmux',
      status: 'failed',
      detail: 'tmux was not found',
      fix: 'sudo apt-get install -y tmux',
      ms: null,
    }),
  ]);
  assert.deepEqual(text.split('\n'), [
    '✓ Shell  /bin/bash (4 ms)',
    '✗ tmux   tmux was not found',
    '         → sudo apt-get install -y tmux',
    '',
    '1 of 2 checks failed. The lines with → say what to do.',
    '',
  ]);
});

test('what a host says in a test is text and nothing else', () => {
  const text = checksText([check({ detail: 'a\u001b[31mb\u001b]0;title\u0007c\u202ed\u0000' })]);
  assert.equal(text.split('\n')[0], '✓ Shell  abc<U+202E>d (4 ms)');
  const forged = checksText([check({ detail: 'one\n✓ tmux   3.4' })]);
  assert.equal(forged.split('\n')[1], '         ✓ tmux   3.4', 'no line of it is a check of its own');
});
