import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { createClient } from '../../src/client/client.js';
import type { Client } from '../../src/client/api.js';
import { CodeManagerError } from '../../src/protocol/errors.js';
import type { Params } from '../../src/protocol/requests.js';
import { ScriptedServer, type Peer } from '../helpers/scriptedServer.js';
import { tempDir } from '../helpers/tempDir.js';
import { until } from '../helpers/until.js';

const SIZE = { columns: 80, rows: 24 };
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');
const bytes = (value: string): Uint8Array => Buffer.from(value);

async function serve(t: TestContext): Promise<{ server: ScriptedServer; client: Client }> {
  const home = tempDir(t);
  const server = await ScriptedServer.start(t, home);
  server.on('terminal/open', (_: Params<'terminal/open'>, peer: Peer) => {
    setImmediate(() => peer.sendLog(7, 0, bytes('first ')));
    return { terminal: 7 };
  });
  server.on('terminal/resize', () => ({}));
  server.on('terminal/close', () => ({}));
  const client = createClient({ name: 'test', home });
  t.after(() => client.dispose());
  return { server, client };
}

test('a terminal gives every byte, also what came before anybody listened, takes what is typed and tells its end', async (t) => {
  const { server, client } = await serve(t);
  const terminal = await client.openTerminal('api', { ...SIZE, readOnly: true });
  assert.deepEqual(server.requestsOf('terminal/open'), [{ session: 'api', columns: 80, rows: 24, readOnly: true }]);
  await client.request('ping', {});
  const [peer] = server.peers;
  assert.ok(peer);
  let seen = '';
  terminal.onData((data) => void (seen += text(data)));
  peer.sendLog(7, 6, bytes('second'));
  peer.sendLog(8, 0, bytes('of another'));
  terminal.write(bytes('ls'));
  terminal.write(bytes('\r'));
  terminal.resize(100, 30);
  await until('all has arrived', () => seen.length >= 12 && server.requestsOf('terminal/resize').length === 1);
  assert.equal(seen, 'first second');
  assert.deepEqual(
    peer.frames.map((frame) => [frame.subscription, frame.offset, text(frame.bytes)]),
    [
      [7, 0, 'ls'],
      [7, 2, '\r'],
    ],
  );
  assert.deepEqual(server.requestsOf('terminal/resize'), [{ terminal: 7, columns: 100, rows: 30 }]);
  const codes: (number | null)[] = [];
  terminal.onExit((code) => codes.push(code));
  peer.notify('terminal/exit', { terminal: 7, code: 3 });
  await until('its end', () => codes.length > 0);
  terminal.onExit((code) => codes.push(code));
  terminal.write(bytes('too late'));
  terminal.dispose();
  await client.request('ping', {});
  assert.deepEqual(codes, [3, 3], 'who asks late is told as well, and each once');
  assert.equal(peer.frames.length, 2);
  assert.deepEqual(server.requestsOf('terminal/close'), []);
});

test('a terminal that is disposed is closed there and says nothing more', async (t) => {
  const { server, client } = await serve(t);
  const terminal = await client.openTerminal('api', SIZE);
  const codes: (number | null)[] = [];
  terminal.onExit((code) => codes.push(code));
  terminal.dispose();
  await until('it is closed', () => server.requestsOf('terminal/close').length === 1);
  assert.deepEqual(codes, []);
});

test('a terminal ends without a code when the connection breaks, and the next one works', async (t) => {
  const { server, client } = await serve(t);
  const terminal = await client.openTerminal('api', SIZE);
  const codes: (number | null)[] = [];
  terminal.onExit((code) => codes.push(code));
  server.cut();
  await until('its end', () => codes.length > 0);
  assert.deepEqual(codes, [null]);
  await client.openTerminal('api', SIZE);
});

test('a listener that takes its time holds the server back', async (t) => {
  const { server, client } = await serve(t);
  const terminal = await client.openTerminal('api', SIZE);
  const seen: string[] = [];
  let release = (): void => {};
  terminal.onData((data) => {
    seen.push(text(data));
    return new Promise((resolve) => (release = resolve));
  });
  await until('the first bytes', () => seen.length === 1);
  const answer = client.request('ping', {});
  const [peer] = server.peers;
  peer?.sendLog(7, 6, bytes('second'));
  await until('the server has answered', () => server.requestsOf('ping').length > 0);
  assert.deepEqual(seen, ['first ']);
  release();
  await until('the rest', () => seen.length === 2);
  release();
  await answer;
});

test('a terminal that cannot be opened says why, and one that is not wanted any more is closed', async (t) => {
  const { server, client } = await serve(t);
  const controller = new AbortController();
  controller.abort();
  await client.request('ping', {});
  await assert.rejects(client.openTerminal('api', { ...SIZE, signal: controller.signal }), { code: 'cancelled' });
  await until('it is closed', () => server.requestsOf('terminal/close').length === 1);
  server.on('terminal/open', () => {
    throw new CodeManagerError('unavailable', 'build-box cannot be reached', { hint: 'Wait.' });
  });
  await assert.rejects(client.openTerminal('api', SIZE), { code: 'unavailable', hint: 'Wait.' });
});
