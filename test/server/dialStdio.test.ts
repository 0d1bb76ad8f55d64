import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import test, { type TestContext } from 'node:test';
import { afterMarker } from '../../src/client/dialStream.js';
import type { Client } from '../../src/client/api.js';
import { sha256, TestServer } from '../helpers/testServer.js';
import { until } from '../helpers/until.js';

/** Reaches a server as ssh would: a shell there runs its program. */
class Host {
  readonly children: ChildProcess[] = [];
  readonly #server: TestServer;
  readonly #script: (dial: string) => string;
  readonly #env: Readonly<Record<string, string>>;

  constructor(
    t: TestContext,
    server: TestServer,
    script: (dial: string) => string = (dial) => dial,
    env: Readonly<Record<string, string>> = {},
  ) {
    this.#server = server;
    this.#script = script;
    this.#env = { CM_HOME: server.cm, ...env };
    // Waiting for the next try of a client alone does not keep the test alive.
    const alive = setInterval(() => {}, 1000);
    t.after(() => {
      clearInterval(alive);
      for (const child of this.children) child.kill('SIGKILL');
    });
  }

  readonly open = (signal: AbortSignal): Promise<Duplex> => {
    const dial = `exec '${process.execPath}' '${this.#server.serverPath}' --dial-stdio`;
    const child = spawn('/bin/sh', ['-c', this.#script(dial)], { env: { ...process.env, ...this.#env } });
    child.stdin.on('error', () => undefined);
    this.children.push(child);
    return afterMarker(Duplex.from({ readable: child.stdout, writable: child.stdin }), signal);
  };

  client(): Client {
    return this.#server.client({
      serverPath: undefined,
      subscribe: true,
      transport: { kind: 'stream', open: this.open },
      retry: { firstMs: 10, maxMs: 50 },
    });
  }
}

test('the program there finds or starts the server and joins it to its standard streams, whatever a shell prints first', async (t) => {
  const server = new TestServer(t);
  const host = new Host(t, server, (dial) => `echo "Welcome to $(hostname)"; printf 'no line end \\033[31m'; ${dial}`);
  const client = host.client();
  const status = await client.request('server/status', {});
  assert.equal(status.server.pid, server.pid, 'it was started');
  const { id } = await server.shell(client, 'echo hello; exit 3');
  assert.equal((await server.ended(server.client(), id)).exitCode, 3);
  await until('the far client sees the end', () => client.snapshot.sessions.some((session) => session.exitCode === 3));
});

test('a log that is followed over it survives cuts without a lost or doubled byte', async (t) => {
  const server = new TestServer(t);
  const host = new Host(t, server);
  const client = host.client();
  const { id } = await server.shell(client, 'for i in $(seq 1 250); do seq 1 3000; sleep 0.01; done');
  const hash = createHash('sha256');
  let at = 0;
  let cuts = 0;
  const ended = await new Promise<number>((resolve, reject) => {
    client.followLog(id, {
      onChunk: ({ offset, bytes }) => {
        assert.equal(offset, at);
        at += bytes.length;
        hash.update(bytes);
        if (at > (cuts + 1) * 50_000 && cuts < 5 && host.children.length > cuts) {
          cuts++;
          host.children.at(-1)?.kill('SIGKILL');
        }
      },
      onEnd: resolve,
      onError: reject,
    });
  });
  assert.equal(cuts, 5);
  assert.equal(host.children.length, 6);
  assert.equal(ended, at);
  assert.equal(hash.digest('hex'), await sha256(server.log(id)));
});

test('it ends with the server and with its client', async (t) => {
  const server = new TestServer(t);
  const host = new Host(t, server);
  const client = host.client();
  await client.request('ping', {});
  const first = host.children.at(-1);
  await server.kill();
  await until('the program has ended', () => first?.exitCode !== null || first.signalCode !== null);
  await until('it is reached again', () => client.state.kind === 'connected');
  const second = host.children.at(-1);
  assert.notEqual(first, second);
  client.dispose();
  await until('the program has ended', () => second?.exitCode === 0);
});

test('a server that cannot start says why to the other end, and so does a host without the program', async (t) => {
  const server = new TestServer(t);
  const file = join(server.home.root, 'file');
  writeFileSync(file, '');
  const signal = new AbortController().signal;
  const blocked = new Host(t, server, (dial) => dial, { CM_HOME: file });
  await assert.rejects(blocked.open(signal), { code: 'conflict', message: /is not a folder/, hint: /CM_HOME/ });
  const missing = new Host(t, server, () => 'echo "sh: 1: node: \x1b[31mnot found"');
  await assert.rejects(missing.open(signal), { code: 'unavailable', message: /: sh: 1: node: not found$/ });
  const endless = new Host(t, server, () => 'exec yes');
  await assert.rejects(endless.open(signal), { code: 'unavailable', message: /prints too much/ });
  const silent = new Host(t, server, () => 'exec sleep 100');
  const controller = new AbortController();
  const opening = silent.open(controller.signal);
  controller.abort();
  await assert.rejects(opening, { code: 'cancelled' });
});
