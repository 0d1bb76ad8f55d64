import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import type { Client } from '../../src/client/api.js';
import { hasEnded, type Session } from '../../src/protocol/session.js';
import { LogReader } from '../conformance/logReader.js';
import { RemoteHost } from '../helpers/remoteHost.js';
import { TestServer } from '../helpers/testServer.js';
import { until } from '../helpers/until.js';

/** An agent server of another person's machine that reaches the same host. */
class Hub {
  readonly server: TestServer;
  readonly client: Client;
  readonly #ends: string[] = [];

  private constructor(server: TestServer, client: Client) {
    this.server = server;
    this.client = client;
    client.onDidChange(({ change }) => {
      if (change.type !== 'session/changed' || !hasEnded(change.session)) return;
      const { id, status, exitCode, completed } = change.session;
      this.#ends.push([id, status, exitCode, completed].join(' '));
    });
  }

  static async open(t: TestContext, host: RemoteHost, alias = 'shared-box'): Promise<Hub> {
    // The home is that of the process at the moment when the agent server is started.
    const server = new TestServer(t, { env: { SHELL: '/bin/bash' } });
    host.introduce(server.home.user, alias);
    const client = server.client({ subscribe: true });
    await client.request('ping', {});
    await client.request('context/add', { name: 'shared', path: host.work, machine: { type: 'ssh', host: alias } });
    return new Hub(server, client);
  }

  shell(task: string, name: string): Promise<Session> {
    return this.client.request('session/create', {
      requestId: `request ${name}`,
      tool: 'shell',
      task,
      name,
      context: 'shared',
    });
  }

  async is(id: string, what: string, condition: (session: Session) => boolean): Promise<Session> {
    let last: Session | undefined;
    return until(`${id} ${what}`, () => {
      last = this.client.snapshot.sessions.find((session) => session.id === id);
      return last !== undefined && condition(last) && last;
    }).catch((error: unknown) => {
      throw new Error(`${String(error)}; it is ${JSON.stringify(last)}`, { cause: error });
    });
  }

  send(id: string, text: string): Promise<unknown> {
    return this.client.request('session/send', { session: id, text });
  }

  /** Different ends that were told of a session. */
  ends(id: string): string[] {
    return [...new Set(this.#ends.filter((end) => end.startsWith(id)))];
  }
}

const ECHO = 'stty -opost -echo; echo up; while read -r line; do echo "<$line>"; [ "$line" = quit ] && exit 9; done';

test(
  'two agent servers reach one host: both see everything, either acts, and nothing is doubled',
  {
    timeout: 200_000,
  },
  async (t) => {
    const host = await RemoteHost.start(t);
    const a = await Hub.open(t, host);
    const b = await Hub.open(t, host);
    const { id } = await a.shell(ECHO, 'of-a');
    await b.is(id, 'is seen by the other', ({ status }) => status === 'running');
    const readers = [new LogReader(a.client, id), new LogReader(b.client, id)];
    t.after(() => readers.forEach((reader) => reader.dispose()));
    await Promise.all(readers.map((reader) => reader.shows('up')));
    const texts = Array.from({ length: 8 }, (_, n) => `text ${n}`);
    for (const [n, text] of texts.entries()) {
      await (n % 2 === 0 ? a : b).send(id, text);
      await Promise.all(readers.map((reader) => reader.shows(`<${text}>`)));
    }
    const other = await b.shell('exit 4', 'of-b');
    for (const hub of [a, b]) assert.equal((await hub.is(other.id, 'has ended', hasEnded)).exitCode, 4);
    await a.client.request('session/rename', { session: id, name: 'renamed-by-a' });
    await b.is(id, 'has its new name', ({ name }) => name === 'renamed-by-a');
    await b.send(id, 'quit');
    for (const hub of [a, b]) {
      const ended = await hub.is(id, 'has ended', hasEnded);
      assert.deepEqual([ended.status, ended.exitCode], ['failed', 9]);
    }
    await Promise.all(readers.map((reader) => reader.whole()));
    const wanted = ['up', ...texts.map((text) => `<${text}>`), '<quit>', ''].join('\n');
    assert.deepEqual(
      readers.map(({ text }) => text),
      [wanted, wanted],
    );
    for (const hub of [a, b]) assert.equal(hub.ends(id).length, 1, hub.ends(id).join('; '));
    assert.deepEqual(a.ends(id), b.ends(id));
  },
);

test('the agent server that watches goes on when the one that acted is gone', { timeout: 200_000 }, async (t) => {
  const host = await RemoteHost.start(t);
  const a = await Hub.open(t, host);
  const b = await Hub.open(t, host);
  const { id } = await a.shell(ECHO, 'of-a');
  await b.is(id, 'is seen by the other', ({ status }) => status === 'running');
  a.client.dispose();
  await a.server.kill();
  await b.send(id, 'still here');
  const reader = new LogReader(b.client, id);
  t.after(() => reader.dispose());
  await reader.shows('<still here>');
  await b.send(id, 'quit');
  const ended = await b.is(id, 'has ended', hasEnded);
  assert.deepEqual([ended.status, ended.exitCode], ['failed', 9]);
});
