import assert from 'node:assert/strict';
import test from 'node:test';
import { CodexCalls } from '../../src/core/conversations/codexCalls.js';
import type { ScreenRequest } from '../../src/protocol/screen.js';

const FOLDER = '/work/project';

const item = (payload: object): string => `${JSON.stringify({ type: 'response_item', payload })}\n`;
const called = (args: object, id = 'c1'): string =>
  item({ type: 'function_call', call_id: id, name: 'exec_command', arguments: JSON.stringify(args) });
const patch = (...lines: readonly string[]): string =>
  item({ type: 'custom_tool_call', call_id: 'c1', name: 'apply_patch', input: lines.join('\n') });

function open(...lines: readonly string[]): CodexCalls['open'] {
  const calls = new CodexCalls(FOLDER);
  for (const line of lines) calls.read(line);
  return calls.open;
}

/** What the one open call asks; null where that is not known exactly. */
function asked(line: string): ScreenRequest | null {
  const [call, ...more] = open(line);
  assert.ok(call && more.length === 0);
  return call.request;
}

test('a call asks its command to the byte, and nothing that is known when it has more than its words', () => {
  for (const command of ['./mark yes', './mark\u200b yes', 'a\n  b', ' x ']) {
    for (const args of [{ cmd: command }, { command }, { command: ['bash', '-lc', command] }]) {
      const request = asked(called({ ...args, justification: 'x' }));
      assert.deepEqual([request?.command, request?.exact, request?.folder], [command, 'record', undefined]);
    }
  }
  for (const more of [{ env: { PATH: '.' } }, { shell: './mine' }, { unheard: 1 }, { workdir: 7 }]) {
    assert.equal(asked(called({ cmd: './mark yes', ...more })), null, JSON.stringify(more));
  }
  assert.equal(asked(called({ cmd: 'ls', workdir: '/else' }))?.folder, '/else');
});

test('a list of words is a command of a shell only where it is one', () => {
  for (const words of [
    ['./bash', '-c'],
    ['python3', '-c'],
    ['bash', '-x'],
    ['bash', '--rcfile'],
    ['env', 'A=1'],
  ]) {
    assert.equal(asked(called({ command: [...words, './mark yes'] })), null, words.join(' '));
  }
  assert.equal(asked(called({ command: ['bash', '-c', './mark yes', 'more'] })), null);
});

test('a call is over with its output, and all of them with their turn', () => {
  const output = item({ type: 'function_call_output', call_id: 'c1', output: '' });
  const two = [called({ cmd: 'a' }), called({ cmd: 'b' }, 'c2')];
  assert.deepEqual(
    open(...two, output).map(({ id }) => id),
    ['c2'],
  );
  const aborted = `${JSON.stringify({ type: 'event_msg', payload: { type: 'turn_aborted' } })}\n`;
  assert.deepEqual(open(...two, aborted), []);
});

test('a patch is known that makes or changes one file where it is', () => {
  const end = '*** End Patch';
  const made = asked(patch('*** Begin Patch', '*** Add File: a/b', '+x', end));
  assert.deepEqual([made?.action, made?.path, made?.exact], ['create', `${FOLDER}/a/b`, 'record']);
  const edited = asked(patch('*** Begin Patch', '*** Update File: a', '@@', '-x', '+y', '*** End of File', end));
  assert.deepEqual([edited?.action, edited?.path], ['edit', `${FOLDER}/a`]);
  for (const lines of [
    ['*** Update File: a', '*** Move to: b', '@@', '+y', end],
    ['*** Add File: a', '+x', '*** Add File: b', '+x', end],
    ['*** Add File: a', '+x', '*** Delete File: b', end],
    ['*** Add File: a', '+x', ' *** Update File: b', '+x', end],
    ['*** Delete File: a', end],
    ['*** Add File: a', '+x', end, '*** Add File: b', '+x', end],
  ]) {
    assert.equal(asked(patch('*** Begin Patch', ...lines)), null, lines.join(' / '));
  }
  assert.equal(asked(patch('x', '*** Add File: a', end))?.path, undefined);
});
