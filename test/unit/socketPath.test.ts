import assert from 'node:assert/strict';
import test from 'node:test';
import { socketPath } from '../../src/server/socketPath.js';

test('the agent server listens in its folder, on Windows on a named pipe of its folder', () => {
  assert.equal(socketPath('/home/anna/.cm/run', 'linux'), '/home/anna/.cm/run/server.sock');
  const pipe = socketPath('C:\\Users\\anna\\.cm\\run', 'win32');
  assert.match(pipe, /^\\\\\.\\pipe\\code-manager-[0-9a-f]{16}$/);
  assert.equal(socketPath('c:\\users\\Anna\\.cm\\run', 'win32'), pipe, 'Windows does not mind the case of a path');
  assert.notEqual(socketPath('C:\\Users\\bert\\.cm\\run', 'win32'), pipe);
});
