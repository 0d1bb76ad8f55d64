import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import type { Client } from '../../src/client/api.js';
import { hasEnded, type Session } from '../../src/protocol/session.js';
import { LogReader } from '../conformance/logReader.js';
import { hostNamespace } from '../helpers/namespace.js';
import { RemoteHost } from '../helpers/remoteHost.js';
import { tempDir } from '../helpers/tempDir.js';
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

test(
  'two login nodes behind one alias share a home: nothing is lost, adopted twice or written by two',
  {
    timeout: 300_000,
  },
  async (t) => {
    const dir = tempDir(t);
    const home = join(dir, 'home');
    mkdirSync(home, { mode: 0o700 });
    const nodes = await Promise.all(
      ['login1', 'login3'].map(async (name) => {
        // Sockets are of one node, also where the home is shared.
        const run = join(dir, `run-${name}`);
        mkdirSync(run, { mode: 0o700 });
        mkdirSync(join(home, '.cm', 'run'), { recursive: true, mode: 0o700 });
        const { wrapper } = hostNamespace(dir, name, [[join(home, '.cm', 'run'), run]]);
        return RemoteHost.start(t, { wrapper, sharedHome: home });
      }),
    );
    const [first, second] = nodes;
    assert.ok(first !== undefined && second !== undefined);
    const hub = await Hub.open(t, first, 'cluster');
    const { id } = await hub.shell(ECHO, 'on-login1');
    const running = await hub.is(id, 'runs', ({ status }) => status === 'running');
    assert.equal(running.machine.host, 'login1');

    // The alias leads to the other node from now on, which is the same machine to its users: one key for both.
    for (const file of ['host_key', 'host_key.pub', 'authorized_keys']) {
      copyFileSync(join(first.sshd.dir, file), join(second.sshd.dir, file));
    }
    await second.sshd.restart();
    first.link.retarget(second.sshd.port);
    first.link.interrupt();
    const row = () => hub.client.snapshot.machines.find((machine) => machine.id === 'ssh:cluster');
    await until('the other node answers', () => row()?.node === 'login3' && row()?.connection === 'connected', 60_000);
    const elsewhere = await hub.client.request('session/get', { session: id });
    assert.deepEqual([elsewhere.status, elsewhere.machine.host], ['running', 'login1']);
    const here = await hub.shell('echo here; exit 6', 'on-login3');
    const ended = await hub.is(here.id, 'has ended', hasEnded);
    assert.deepEqual([ended.exitCode, ended.machine.host], [6, 'login3']);
    const table = await hub.server.home.ok('status');
    assert.match(table, /on-login1 .*on login1; this is login3/);

    first.link.retarget(first.sshd.port);
    first.link.interrupt();
    await until(
      'the first node answers again',
      () => row()?.node === 'login1' && row()?.connection === 'connected',
      60_000,
    );
    await hub.send(id, 'quit');
    const last = await hub.is(id, 'has ended', hasEnded);
    assert.deepEqual([last.status, last.exitCode, hub.ends(id).length], ['failed', 9, 1]);
  },
);
