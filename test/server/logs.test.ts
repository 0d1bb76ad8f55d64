import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import {
  diskBytes,
  isRunning,
  quote,
  residentBytes,
  sha256,
  sha256Of,
  signalProcess,
  TestServer,
} from '../helpers/testServer.js';
import { fill, removeDisk, smallDisk } from '../helpers/smallDisk.js';
import { until } from '../helpers/until.js';

const MB = 1024 * 1024;

function writeConfig(server: TestServer, config: object): void {
  mkdirSync(server.cm, { recursive: true });
  writeFileSync(join(server.cm, 'config.json'), JSON.stringify(config));
}

/** Processes whose arguments end like this. */
function processesWith(...words: string[]): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => {
      try {
        const args = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
        return pid > 0 && words.every((word) => args.includes(word));
      } catch {
        return false;
      }
    });
}

test('a log has the bytes from the very first one to the very last one of fast commands', async (t) => {
  const server = new TestServer(t);
  const client = server.client();
  const texts = Array.from({ length: 60 }, (_, n) => `first ${n} \x1b[1mbold\x1b[0m ${'x'.repeat(n * 50)} last ${n}`);
  const ended = await Promise.all(
    texts.map(async (text) => server.ended(client, (await server.shell(client, `printf %s ${quote(text)}`)).id)),
  );
  for (const [n, { id, status }] of ended.entries()) {
    assert.equal(status, 'completed');
    assert.equal(await sha256(server.log(id)), sha256Of(texts[n] ?? ''), server.logText(id));
    assert.equal(statSync(server.log(id)).mode & 0o777, 0o600);
  }
});

test('a log whose writer is killed goes on, with a line that tells of the gap', async (t) => {
  const server = new TestServer(t);
  const client = server.client();
  const { id } = await server.shell(client, 'stty -echo; while read line; do echo "heard $line"; done');
  await client.request('session/send', { session: id, text: 'one' });
  await until('the log has it', () => server.logText(id).includes('heard one'));
  const writers = processesWith(join(await server.runtimeDirectory, 'pipe.sh'), id);
  assert.equal(writers.length, 1);
  const [writer = 0] = writers;
  const [cat = 0] = readFileSync(`/proc/${writer}/task/${writer}/children`, 'utf8').trim().split(' ').map(Number);
  signalProcess(cat, 'SIGKILL');
  signalProcess(writer, 'SIGKILL');
  // tmux learns of it when it has something to write.
  await client.request('session/send', { session: id, text: 'lost' });
  await until('the gap is told', () =>
    server.logText(id).includes('[Code Manager: output before this line may be missing'),
  );
  await client.request('session/send', { session: id, text: 'two' });
  await until('the log goes on', () => server.logText(id).includes('heard two'));
  const session = await server.session(client, id, 'tells of the gap', ({ reason }) => reason !== null);
  assert.match(session.reason ?? '', /its log has a gap/);
});

test('a full disk stops the log and nothing else, until there is room again', async (t) => {
  const mount = smallDisk('1536k');
  const server = new TestServer(t, { cm: join(mount, 'cm') });
  t.after(() => removeDisk(mount));
  const client = server.client();
  const echo = await server.shell(client, 'stty -echo; while read line; do echo "heard $line"; done');
  const counter = await server.shell(
    client,
    `n=0; while [ ! -e ${quote(join(server.work, 'stop'))} ]; do n=$((n+1)); echo "$n" >${quote(join(server.work, 'count'))}; printf 'line %d %4000s\\n' $n .; sleep 0.2; done; exit 9`,
  );
  await until('it prints', () => server.logText(counter.id).includes('line 3'));
  const filler = fill(join(mount, 'filler'));

  const counted = (): number =>
    existsSync(join(server.work, 'count')) ? Number(readFileSync(join(server.work, 'count'), 'utf8')) : 0;
  const before = counted();
  await until('the agent goes on', () => counted() > before + 10);
  assert.equal((await client.request('session/list', {})).length, 2, 'the server answers');
  await assert.rejects(server.shell(client, 'exit 0'), { code: 'unavailable', message: /the disk is full/ });
  await client.request('session/rename', { session: echo.id, name: 'renamed while full' });
  assert.equal((await client.request('session/list', {})).length, 2);
  fill(filler);

  rmSync(filler);
  const gap = 'output before this line may be missing';
  await until('the log goes on', () => /line \d+/.test(server.logText(counter.id).split(gap)[1] ?? ''));
  await until('the record is written', () => server.record(echo.id).name === 'renamed while full');
  writeFileSync(join(server.work, 'stop'), '');
  assert.equal((await server.ended(client, counter.id)).exitCode, 9);
  assert.equal(server.record(counter.id).exitCode, 9);
});

test('an end on a full disk is told as it was', async (t) => {
  const mount = smallDisk('1024k');
  const server = new TestServer(t, { cm: join(mount, 'cm') });
  t.after(() => removeDisk(mount));
  const client = server.client();
  const go = join(server.work, 'go');
  const wait = `while [ ! -e ${quote(go)} ]; do sleep 0.1; done`;
  const exits = await server.shell(client, `${wait}; exit 11`);
  const killed = await server.shell(client, `${wait}; kill -KILL $$`);
  const filler = fill(join(mount, 'filler'));
  writeFileSync(go, '');
  assert.equal((await server.ended(client, exits.id)).exitCode, 11);
  // The launcher cannot note what its shell says of the signal; the code is what every shell makes of it.
  const { signal, exitCode } = await server.ended(client, killed.id);
  assert.ok(signal === 'SIGKILL' || exitCode === 137, `${String(signal)} ${String(exitCode)}`);
  rmSync(filler);
  await until(
    'the records are written',
    () => server.record(exits.id).exitCode === 11 && server.record(killed.id).completed !== null,
  );
});

/** A disk of its own. Only root can make one. */
test('a log over its cap gives up its oldest bytes on disk, and its offsets never move', async (t) => {
  const server = new TestServer(t);
  writeConfig(server, { logCapMiB: 2 });
  const client = server.client();
  // Lines of 100 bytes whose numbers tell their offsets.
  const { id } = await server.shell(
    client,
    'stty -opost; awk \'BEGIN { for (i = 0; i < 160000; i++) printf "%-99d\\n", i }\'; sleep 1000',
  );
  await until('all is printed', () => existsSync(server.log(id)) && statSync(server.log(id)).size === 16_000_000);
  const info = await until('the head is given up', async () => {
    const found = await client.request('log/info', { session: id });
    return found.size - found.base <= 2 * MB && found;
  });
  await until('the disk has it back', () => diskBytes(server.log(id)) <= 2.5 * MB);
  assert.equal(info.size, 16_000_000);
  for (const from of [0, info.base + 12_345]) {
    const bytes: Buffer[] = [];
    let start = -1;
    const follower = client.followLog(id, {
      from,
      onStart: ({ offset }) => (start = offset),
      onChunk: (chunk) => void bytes.push(Buffer.from(chunk.bytes)),
    });
    await until('it is read', () => Buffer.concat(bytes).length === info.size - start && start >= 0);
    follower.dispose();
    assert.equal(start, Math.max(from, info.base));
    const lineStart = Math.ceil(start / 100) * 100;
    const text = Buffer.concat(bytes)
      .subarray(lineStart - start)
      .toString();
    assert.equal(Number(text.slice(0, 99)), lineStart / 100);
    assert.equal(Number(text.slice(-100)), 159_999);
  }
});

test('a burst of 100 MB reaches a follower whole, a slow one lags in the file, and events pass by', async (t) => {
  const server = new TestServer(t);
  const client = server.client();
  const watcher = server.client({ subscribe: true });
  await watcher.request('ping', {});
  await server.ended(client, (await server.shell(client, 'exit 0')).id);
  const pid = server.pid ?? 0;
  const before = residentBytes(pid);
  let peak = before;
  const sampler = setInterval(() => {
    if (isRunning(pid)) peak = Math.max(peak, residentBytes(pid));
  }, 50);
  t.after(() => clearInterval(sampler));

  const go = join(server.work, 'go');
  const { id } = await server.shell(
    client,
    `stty -opost; while [ ! -e ${quote(go)} ]; do sleep 0.05; done; yes 'a line that says nothing much, over and over again' | head -c 100000000`,
  );
  const hash = createHash('sha256');
  let seen = 0;
  let isWhole = false;
  client.followLog(id, {
    onChunk: ({ offset, bytes }) => {
      assert.equal(offset, seen);
      seen += bytes.length;
      hash.update(bytes);
    },
    onEnd: () => (isWhole = true),
  });
  let slowBytes = 0;
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  const slow = server.client();
  slow.followLog(id, {
    onChunk: ({ bytes }) => {
      slowBytes += bytes.length;
      return slowBytes > MB ? held : undefined;
    },
  });
  let renames = 0;
  watcher.onDidChange(({ change }) => {
    if (change.type === 'session/changed' && change.session.name.startsWith('during ')) renames++;
  });
  writeFileSync(go, '');
  const isDone = (): boolean => isWhole;
  for (let n = 0; !isDone(); n++) {
    const done = renames;
    await client.request('session/rename', { session: id, name: `during ${n}` });
    await until('the event arrives in the middle of the flood', () => renames > done);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.equal(seen, 100_000_000);
  assert.equal(hash.digest('hex'), await sha256(server.log(id)));
  assert.ok(slowBytes < 20 * MB, `the slow one has ${slowBytes} bytes`);
  t.diagnostic(`the server grew by ${((peak - before) / MB).toFixed(1)} MB`);
  assert.ok(peak - before < 60 * MB, `the server grew by ${peak - before} bytes`);
  release();
  await until('the slow one has everything', () => slowBytes === 100_000_000);
});
