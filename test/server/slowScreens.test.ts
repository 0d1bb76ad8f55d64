import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { TestServer } from '../helpers/testServer.js';
import { until } from '../helpers/until.js';

const NEVER = `${'a'.repeat(60)}!`;
/** Takes input, and then shows what made the server stand still. */
const AGENT = `#!/bin/sh
stty -echo
printf '\\033[2J\\033[Hready>\\n'
read -r go
printf '\\033[2J\\033[H'
cat "$1"
while read -r line; do printf '\\033[2J\\033[Hready>\\n'; done
`;

test('screens that are made to take for ever stop nobody, and the session says why it is unknown', async (t) => {
  const server = new TestServer(t);
  const program = join(server.home.root, 'fake-agent');
  writeFileSync(program, AGENT);
  chmodSync(program, 0o755);
  const blank = join(server.home.root, 'blank');
  writeFileSync(
    blank,
    `❯ go\n────────\n Bash command\n\n   a${'\n'.repeat(42)}   b\n\n Do you want to proceed?\n ❯ 1. Yes\n   2. No\n\n Esc to cancel\n`,
  );
  const never = join(server.home.root, 'never');
  writeFileSync(never, `${NEVER}\n`);
  const startup = { dialogs: [], ready: ['^ready>$'], stableMs: 0 };
  server.tool('claude', { command: [program, blank], startup, hooks: undefined, task: { delivery: 'typed' } });
  server.tool('own', {
    name: 'Own',
    command: [program, never],
    versionArgs: null,
    startup,
    screen: { working: ['^(a+)+$'], idle: ['^ready>$'] },
  });
  const client = server.client();
  const sessions = await Promise.all(['claude', 'own', 'claude', 'own'].map((tool) => server.start(client, tool, '')));
  for (const { id } of sessions) await server.session(client, id, 'runs', ({ status }) => status === 'running');
  for (const window of new Set((await server.tmux('list-windows', '-a', '-F', '#{window_id}')).split('\n'))) {
    await server.tmux('resize-window', '-t', window, '-x', '120', '-y', '100');
  }
  for (const { id } of sessions) await client.request('session/key', { session: id, keys: ['Enter'] });

  const [asking, unknown] = sessions;
  assert.ok(asking && unknown);
  await server.session(client, asking.id, 'asks', ({ state }) => state === 'waiting');
  const why = await until('it says why', async () => {
    const told = await client.request('session/explain', { session: unknown.id });
    return told.why?.includes('took too long') === true ? told : undefined;
  });
  assert.match(why.why ?? '', /\^\(a\+\)\+\$/u);
  await server.session(client, unknown.id, 'is unknown', ({ state }) => state === 'unknown' || state === null);
  await client.request('ping', {});
  const { problems } = (await client.request('doctor/run', {})) as unknown as { problems?: readonly unknown[] };
  assert.match(
    JSON.stringify(problems ?? (await client.request('doctor/run', {}))),
    /own\.json: own\.screen\.working\.0/u,
  );
});
