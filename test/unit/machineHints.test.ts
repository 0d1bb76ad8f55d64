import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unreachable } from '../../src/core/machine/reachable.js';
import { editCommand } from '../../src/core/contexts/editCommand.js';
import { Context, type Machine } from '../../src/protocol/context.js';
import { errorText } from '../../src/protocol/errors.js';

function offline(message: string | null): Machine {
  const problem = message === null ? null : { message, command: null };
  return { host: 'box', connection: 'offline', problem } as Machine;
}

test('of a host that cannot be reached it is told why and what to do, in two sentences', () => {
  for (const [message, text] of [
    [null, 'box cannot be reached. Connect it: cm machine connect box'],
    [
      'The connection has ended.',
      'box cannot be reached: the connection has ended. Connect it: cm machine connect box',
    ],
    [
      'Nothing listens on port 22 of 127.0.0.1. Check that sshd runs there.',
      'box cannot be reached: nothing listens on port 22 of 127.0.0.1. Check that sshd runs there, then: cm machine connect box',
    ],
  ] as const) {
    assert.equal(errorText(unreachable(offline(message))), text);
  }
});

test('a setting is changed in the context by which its host is reached', () => {
  const at = (name: string, path: string): Context =>
    Context.parse({ id: name, name, path, machine: { type: 'ssh', host: 'box' }, created: '2026-01-31T12:00:00Z' });
  const contexts = [at('first', '/a'), at('last', '/b')];
  // Where contexts of one host say different things the last one counts.
  assert.equal(editCommand(contexts, 'ssh:box', '--tmux PATH'), 'cm ctx edit last --tmux PATH');
  assert.equal(editCommand(contexts, 'ssh:box', '--path PATH', '/a'), 'cm ctx edit first --path PATH');
});
