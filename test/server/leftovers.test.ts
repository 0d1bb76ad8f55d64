import assert from 'node:assert/strict';
import test from 'node:test';
import { describe } from '../../src/protocol/word.js';
import { isRunning, TestServer } from '../helpers/testServer.js';
import { TestHome } from '../helpers/testHome.js';

const LEAVES = 'nohup sleep 1000 >/dev/null 2>&1 & nohup sleep 1000 >/dev/null 2>&1 &';

test('what an ended session left running is shown, kept over a restart of the server, and ended by kill', async (t) => {
  const server = new TestServer(t);
  const client = server.client();
  const { id } = await server.shell(client, `${LEAVES} exit 3`);
  const { left } = await server.session(client, id, 'has left two', (session) => session.left.length === 2);
  assert.ok(left.every(({ pid }) => isRunning(pid)));
  await server.kill();
  const after = await client.request('session/get', { session: id });
  assert.equal(describe(after, Date.now()).detail, 'exit 3 · 2 processes go on');
  // Its record is what names them.
  await assert.rejects(client.request('session/purge', { session: id }), { code: 'conflict', message: /go on/ });
  const killed = await client.request('session/kill', { session: id });
  assert.deepEqual([killed.status, killed.left], ['failed', []]);
  assert.ok(!left.some(({ pid }) => isRunning(pid)));
  await assert.rejects(client.request('session/kill', { session: id }), { code: 'conflict', message: /has ended/ });
  await client.request('session/purge', { session: id });
});

test('doctor counts what sessions left running, archived ones too, and cm stop ends it', async (t) => {
  const home = new TestHome(t);
  const id = await home.ok('start', 'shell', LEAVES, '--name', 'leaver');
  await home.ok('wait', id);
  await home.ok('rm', id);
  const { stdout } = await home.run(['doctor']);
  assert.match(stdout, /2 processes go on that a session has left running/);
  assert.match(stdout, new RegExp(`cm stop ${id}`));
  assert.equal(await home.ok('stop', id), id);
  assert.doesNotMatch((await home.run(['doctor'])).stdout, /left running/);
});
