import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import type { Client } from '../../src/client/api.js';
import type { SessionHistory } from '../../src/protocol/history.js';
import type { SessionState } from '../../src/protocol/session.js';
import { TestServer } from '../helpers/testServer.js';

const REPORTS = ['state=working', 'state=blocked:kind=permission', 'state=working', 'state=done'];

test('how long a session worked and waited is known after the server was killed, while it runs and when it has ended', async (t) => {
  const server = new TestServer(t);
  const program = join(server.work, 'reporting');
  const says = REPORTS.map((report) => `read -r line\nprintf '\\033]7501;${report}\\033\\\\'`).join('\n');
  writeFileSync(program, `#!/bin/sh\nstty -echo\necho ready\n${says}\nread -r line\n`);
  chmodSync(program, 0o755);
  server.tool('reporting', {
    name: 'Reporting',
    command: [program],
    versionArgs: null,
    reportsState: true,
    startup: { ready: ['^ready$'], stableMs: 0 },
  });

  const first = server.client();
  const { id } = await server.start(first, 'reporting', '');
  await server.session(first, id, 'runs', ({ status }) => status === 'running');
  const goesOn = async (client: Client, wanted: SessionState): Promise<void> => {
    await client.request('session/key', { session: id, keys: ['Enter'] });
    await server.session(client, id, wanted, ({ state }) => state === wanted);
  };
  const history = async (client: Client): Promise<SessionHistory> =>
    (await client.request('session/explain', { session: id })).history;
  await goesOn(first, 'working');
  await goesOn(first, 'waiting');
  const before = await history(first);
  assert.deepEqual(
    before.spans.map(({ doing, kind }) => [doing, kind]),
    [
      ['starting', null],
      ['unknown', null],
      ['working', null],
      ['waiting', 'permission'],
    ],
  );

  await server.kill();
  const second = server.client();
  await server.session(second, id, 'waits', ({ state }) => state === 'waiting');
  assert.deepEqual((await history(second)).spans.slice(0, 4), before.spans);
  await goesOn(second, 'working');
  await goesOn(second, 'idle');
  await second.request('session/key', { session: id, keys: ['Enter'] });
  await server.ended(second, id);
  const { spans } = await history(second);
  assert.deepEqual(spans.slice(0, 4), before.spans);
  assert.deepEqual(
    spans.slice(4).map(({ doing }) => doing),
    ['working', 'idle', 'ended'],
  );
  const times = spans.map(({ from }) => from);
  assert.deepEqual(times, [...times].sort());

  // A long wait is told to people.
  const [starting] = spans;
  assert.ok(starting);
  const record = server.record(id);
  const long = [
    starting,
    { doing: 'waiting', kind: 'permission', from: at(starting.from, 0) },
    { ...starting, doing: 'ended', from: at(starting.from, 200) },
  ];
  await server.kill();
  writeFileSync(
    join(server.active, `${id}.json`),
    JSON.stringify({ ...record, history: { spans: long, earlier: { working: 65_000 } } }),
  );
  for (const command of ['status', 'explain']) {
    assert.match(await server.home.ok(command, id), /^time +worked 1m 5s, waited for you 3m 20s$/m, command);
  }
  assert.match(await server.home.ok('explain', id), /^ +\S.* waiting \(permission\) for 3m 20s\n +\S.* ended$/m);
});

function at(from: string, seconds: number): string {
  return new Date(Date.parse(from) + seconds * 1000).toISOString();
}
