import assert from 'node:assert/strict';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { TestServer } from '../helpers/testServer.js';
import { distDir } from '../helpers/testHome.js';
import { until } from '../helpers/until.js';

test('where somebody develops, a server that was built anew takes over by itself, and no older client takes it back', async (t) => {
  const hub = new TestServer(t, { env: { SHELL: '/bin/bash', CM_DEV: '1' } });
  const dist = join(hub.home.root, 'dist');
  cpSync(distDir, dist, { recursive: true });
  const serverPath = join(dist, 'server.js');
  const options = { serverPath, replaceOtherBuild: true };
  const client = hub.client({ ...options, subscribe: true });
  const { id } = await hub.shell(client, 'sleep 600');
  const before = (await client.request('server/status', {})).server;

  const file = join(dist, 'build.txt');
  const build = readFileSync(file, 'utf8').trim();
  const other = build.replace(/^./, (digit) => (digit === '0' ? '1' : '0'));
  writeFileSync(serverPath, readFileSync(serverPath, 'utf8').replaceAll(`"${build}"`, `"${other}"`));
  writeFileSync(file, `${other}\n`);

  const after = await until('the other build', async () => {
    const { server } = await client.request('server/status', {});
    return server.build === other ? server : undefined;
  });
  assert.notEqual(after.pid, before.pid);
  // This client was built from the former sources, like a window that was not reloaded.
  const again = hub.client(options);
  assert.equal((await again.request('server/status', {})).server.pid, after.pid);
  assert.equal((await again.request('session/get', { session: id })).exitCode, null);
});
