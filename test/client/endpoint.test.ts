import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { createClient } from '../../src/client/client.js';
import { readServerFile } from '../../src/client/endpoint.js';
import { serverEnvironment, startFailure } from '../../src/client/serverProcess.js';
import { serverFilePath } from '../../src/common/home.js';
import { CodeManagerError } from '../../src/protocol/errors.js';
import { tempDir } from '../helpers/tempDir.js';

/** What a request says when the server is this program. */
async function requestWith(t: TestContext, program: string): Promise<CodeManagerError> {
  const home = tempDir(t);
  const serverPath = join(home, 'server.js');
  writeFileSync(serverPath, program);
  const client = createClient({ name: 'test', home, serverPath });
  t.after(() => client.dispose());
  try {
    await client.request('ping', {});
  } catch (error) {
    assert.ok(error instanceof CodeManagerError);
    return error;
  }
  throw new Error('The request succeeded');
}

test('what a server says before it leaves is the error of the request', async (t) => {
  const error = await requestWith(
    t,
    `console.error('(node:1) Warning: something else');
     console.error(JSON.stringify({ code: 'dependencyMissing', message: 'No place for a socket', hint: 'Make room.' }));
     process.exit(1);`,
  );
  assert.deepEqual(error.toWire(), { code: 'dependencyMissing', message: 'No place for a socket', hint: 'Make room.' });
});

test('a server that crashes is told with its own words, and one that is not there as well', async (t) => {
  const crash = await requestWith(t, `throw new TypeError('boom')`);
  assert.equal(crash.code, 'unavailable');
  assert.match(crash.message, /did not start \(exit 1\).*TypeError: boom/);
  const client = createClient({ name: 'test', home: tempDir(t), serverPath: '/nowhere/server.js' });
  t.after(() => client.dispose());
  await assert.rejects(client.request('ping', {}), { code: 'unavailable', message: /Cannot find module/ });
});

test('a death by a signal is told as one', () => {
  assert.match(startFailure('', null, 'SIGKILL').message, /\(SIGKILL\)$/);
});

test('a server inherits neither an editor nor another agent nor a tmux', () => {
  const env = {
    HOME: '/home/me',
    PATH: '/bin',
    LANG: 'C',
    CM_HOME: '/stale',
    VSCODE_PID: '1',
    ELECTRON_RUN_AS_NODE: '1',
    CLAUDECODE: '1',
    CLAUDE_CODE_ENTRYPOINT: 'cli',
    TMUX: '/tmp/x,1,0',
    TMUX_PANE: '%1',
    NODE_OPTIONS: '--require /x/ms-vscode.js-debug/bootloader.js',
  };
  const clean = { HOME: '/home/me', PATH: '/bin', LANG: 'C' };
  assert.deepEqual(serverEnvironment('/home/me/.cm', env, false), clean);
  assert.deepEqual(serverEnvironment('/other', env, false), { ...clean, CM_HOME: '/other' });
  assert.deepEqual(serverEnvironment('/home/me/.cm', env, true), { ...clean, ELECTRON_RUN_AS_NODE: '1' });
  const own = { ...clean, NODE_OPTIONS: '--max-old-space-size=4096' };
  assert.deepEqual(serverEnvironment('/home/me/.cm', own, false), own);
});

test('a damaged or half-written server file is no server', async (t) => {
  const home = tempDir(t);
  const file = serverFilePath(home);
  assert.equal(await readServerFile(home), undefined);
  mkdirSync(dirname(file), { recursive: true });
  for (const text of ['', '{"pid":', '[]', 'null', '{"pid":-1}']) {
    writeFileSync(file, text);
    assert.equal(await readServerFile(home), undefined, text);
  }
});
