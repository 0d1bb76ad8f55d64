import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createClient } from '../../src/client/client.js';
import { FixtureServer, twelveWords } from '../helpers/fixtureServer.js';
import { tempDir } from '../helpers/tempDir.js';
import { until } from '../helpers/until.js';

test('a client shows what the fixture server says', async (t) => {
  const home = tempDir(t);
  const server = await FixtureServer.start(t, home, twelveWords(), '0.0.0');
  const client = createClient({ name: 'test', home, subscribe: true });
  t.after(() => client.dispose());
  await until('the picture', () => client.snapshot.sessions.length > 0);
  server.change('refactor-auth', { unread: true });
  await until('the change', () => client.snapshot.sessions.find(({ name }) => name === 'refactor-auth')?.unread);
  assert.equal(client.snapshot.sessions.length, 13);
});
