import assert from 'node:assert/strict';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { TestServer } from '../helpers/testServer.js';
import { until } from '../helpers/until.js';

/** Flashes its input box, asks for trust, takes an answer, and then writes down every line that it is sent. */
const AGENT = `#!/bin/sh
stty -echo
printf '\\033[2J\\033[H> Type your message\\n'
sleep "$FLASH"
printf '\\033[2J\\033[HDo you trust the files in this folder?\\n 1. Yes\\n 2. No\\n'
read -r answer
echo "$answer" >>answers
printf '\\033[2J\\033[H> Type your message\\n'
while read -r line; do echo "$line" >>tasks; echo "working on $line"; done
`;

function setUp(t: TestContext): TestServer {
  const server = new TestServer(t, { env: { CM_TEST_CRASH: '' } });
  const program = join(server.home.root, 'fake-agent');
  writeFileSync(program, AGENT);
  chmodSync(program, 0o755);
  server.tool('fake', {
    name: 'Fake agent',
    command: [program],
    versionArgs: null,
    env: { FLASH: '0.4' },
    task: { delivery: 'typed' },
    startup: {
      dialogs: [{ id: 'trust', kind: 'trust', text: 'trust this folder?', all: ['Do you trust the files'] }],
      ready: ['^> Type your message'],
      stableMs: 1200,
    },
  });
  return server;
}

const lines = (file: string): string[] => (existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : []);

test('a dialog that follows a flash of the input box is shown, never answered, and the task is typed after it', async (t) => {
  const server = setUp(t);
  const client = server.client();
  const { id, status } = await server.start(client, 'fake', 'write a poem');
  assert.equal(status, 'starting');
  const waiting = await server.session(client, id, 'needs input', ({ state }) => state === 'waiting');
  assert.deepEqual([waiting.status, waiting.waiting], ['starting', { kind: 'trust', text: 'trust this folder?' }]);
  await assert.rejects(client.request('session/send', { session: id, text: 'x' }), {
    code: 'conflict',
    message: /needs input: trust this folder\?/,
  });
  assert.deepEqual(lines(join(server.work, 'answers')), [], 'nobody answered');
  await client.request('session/key', { session: id, keys: ['1', 'Enter'] });
  await until('the task arrives', () => lines(join(server.work, 'tasks')).length > 0);
  await server.session(client, id, 'runs', (session) => session.status === 'running' && session.waiting === null);
  await client.request('session/send', { session: id, text: 'and another' });
  await until('the next arrives', () => lines(join(server.work, 'tasks')).length > 1);
  assert.deepEqual(lines(join(server.work, 'tasks')), ['write a poem', 'and another']);
  assert.deepEqual(lines(join(server.work, 'answers')), ['1']);
  assert.equal(server.record(id).delivery, 'done');
});

for (const point of ['before-paste', 'after-paste', 'after-submit']) {
  test(`a task is typed exactly once when the server is killed ${point.replace('-', ' ')}`, async (t) => {
    const server = setUp(t);
    const client = server.client();
    const { id } = await server.start(client, 'fake', 'only once');
    await server.session(client, id, 'needs input', ({ state }) => state === 'waiting');
    // From a server that dies at this point, over one that does not, to a session that is whole.
    server.setEnvironment({ CM_TEST_CRASH: point });
    await server.kill();
    await client.request('ping', {});
    const fragile = server.pid;
    await client.request('session/key', { session: id, keys: ['1', 'Enter'] });
    await until('it typed and died', () => {
      server.setEnvironment({ CM_TEST_CRASH: '' });
      return server.record(id).delivery === 'typing' && fragile !== server.pid;
    });
    await until('the task is delivered', () => server.record(id).delivery === 'done');
    await client.request('session/send', { session: id, text: 'the next' });
    await until('both have arrived', () => lines(join(server.work, 'tasks')).includes('the next'));
    assert.deepEqual(lines(join(server.work, 'tasks')), ['only once', 'the next']);
  });
}

test('a server that is killed while a dialog is shown shows it again', async (t) => {
  const server = setUp(t);
  const client = server.client();
  const { id } = await server.start(client, 'fake', 'a task');
  await server.session(client, id, 'needs input', ({ state }) => state === 'waiting');
  await server.kill();
  const again = await server.session(client, id, 'needs input', ({ state }) => state === 'waiting');
  assert.equal(again.status, 'starting');
  await client.request('session/key', { session: id, keys: ['2', 'Enter'] });
  await until('the task arrives', () => lines(join(server.work, 'tasks'))[0] === 'a task');
});
