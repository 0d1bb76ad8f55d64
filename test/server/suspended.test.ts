import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import type { Client } from '../../src/client/api.js';
import { noticeOf } from '../../src/protocol/notice.js';
import type { Session } from '../../src/protocol/session.js';
import { describe } from '../../src/protocol/word.js';
import { TestServer } from '../helpers/testServer.js';
import { until } from '../helpers/until.js';

/** What it gets goes into a file. */
const READER = 'stty -echo; echo ready; exec cat >received';

interface Stopped {
  readonly server: TestServer;
  readonly client: Client;
  readonly id: string;
  readonly received: () => string;
  readonly until: (what: string, condition: (session: Session) => boolean) => Promise<Session>;
}

/** A session whose program a signal has stopped. */
async function stop(t: TestContext): Promise<Stopped> {
  const server = new TestServer(t);
  const client = server.client();
  const { id } = await server.shell(client, READER);
  await until('it is ready', () => server.logText(id).includes('ready'));
  const wait: Stopped['until'] = (what, condition) => server.session(client, id, what, condition);
  const { pid } = await wait('runs', ({ pid }) => pid !== null);
  const tool = execFileSync('ps', ['-o', 'pid=', '--ppid', String(pid)], { encoding: 'utf8' });
  process.kill(Number(tool), 'SIGSTOP');
  // A busy machine takes its time.
  await until('it is stopped', () => / T /u.test(readFileSync(`/proc/${Number(tool)}/stat`, 'utf8')));
  const file = join(server.work, 'received');
  return { server, client, id, received: () => (existsSync(file) ? readFileSync(file, 'utf8') : ''), until: wait };
}

const isSuspended = ({ suspended }: Session): boolean => suspended !== null;

test('what a signal has stopped is shown as suspended, without a notice, until it goes on', async (t) => {
  const { client, id, until } = await stop(t);
  const session = await until('is suspended', isSuspended);
  const { word, detail, group } = describe(session, Date.now());
  assert.deepEqual([word, detail, group], ['Suspended', 'SIGSTOP', 'Idle']);
  assert.equal(noticeOf({ session, machineName: 'here' }), undefined);
  const listed = await client.request('session/list', { state: 'suspended' });
  assert.deepEqual(
    listed.map((each) => each.id),
    [id],
  );
  const resumed = await client.request('session/resume', { session: id, requestId: 'r'.repeat(8) });
  assert.deepEqual(
    [resumed.suspended, resumed.status, describe(resumed, Date.now()).word],
    [null, 'running', 'Running'],
  );
  await assert.rejects(client.request('session/resume', { session: id, requestId: 's'.repeat(8) }), /is running/);
});

test('text and keys for what is suspended let it go on first, known as suspended or not', async (t) => {
  const { client, id, received, until: wait } = await stop(t);
  await client.request('session/send', { session: id, text: 'first' });
  await until('it has the text', () => received() === 'first\n');
  assert.equal((await wait('goes on', (session) => !isSuspended(session))).status, 'running');
});

test('what is suspended ends as politely as anything else', async (t) => {
  const { client, id, until: wait } = await stop(t);
  await wait('is suspended', isSuspended);
  const begun = performance.now();
  const { status } = await client.request('session/stop', { session: id, timeoutMs: 30_000 }, { timeoutMs: 60_000 });
  assert.equal(status, 'stopped');
  assert.ok(performance.now() - begun < 30_000, 'it heard the signal');
});
