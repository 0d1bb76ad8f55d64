import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import type { Client } from '../../src/client/api.js';
import { TestServer } from '../helpers/testServer.js';
import { until } from '../helpers/until.js';

const MARK = 'the log was removed or changed from outside';
const ECHO = 'stty -echo; while read line; do echo "heard $line"; done';

/** What somebody can do to a log. */
const DEEDS: Readonly<Record<string, (log: string) => void>> = {
  removed: (log) => rmSync(log),
  renamed: (log) => renameSync(log, `${log}.mine`),
  emptied: (log) => truncateSync(log),
  cut: (log) => truncateSync(log, 5),
  'replaced by less': (log) => {
    writeFileSync(`${log}.mine`, 'x');
    renameSync(`${log}.mine`, log);
  },
  'replaced by as much': (log) => {
    writeFileSync(`${log}.mine`, readFileSync(log));
    renameSync(`${log}.mine`, log);
  },
  'replaced by more': (log) => {
    writeFileSync(`${log}.mine`, 'x'.repeat(100_000));
    renameSync(`${log}.mine`, log);
  },
  'replaced by a link': (log) => {
    writeFileSync(`${log}.mine`, 'mine');
    rmSync(log);
    symlinkSync(`${log}.mine`, log);
  },
  'replaced by a pipe': (log) => {
    rmSync(log);
    execFileSync('mkfifo', [log]);
  },
  'replaced by a folder': (log) => {
    rmSync(log);
    mkdirSync(log);
  },
};

interface Followed {
  text: string;
  end: number;
}

function follow(client: Client, id: string): Followed {
  const followed: Followed = { text: '', end: 0 };
  client.followLog(id, {
    onChunk: ({ offset, bytes }) => {
      assert.ok(offset >= followed.end, `${offset} is not before ${followed.end}`);
      followed.end = offset + bytes.length;
      followed.text += Buffer.from(bytes).toString();
    },
  });
  return followed;
}

test('a log that somebody removes, replaces or cuts is made anew and says so, and offsets only grow', async (t) => {
  const server = new TestServer(t);
  const client = server.client();
  await Promise.all(
    Object.entries(DEEDS).map(async ([deed, run]) => {
      const { id } = await server.shell(client, ECHO);
      const send = (text: string): Promise<unknown> => client.request('session/send', { session: id, text });
      const followed = follow(client, id);
      await send('one');
      await until(`${deed}: it is followed`, () => followed.text.includes('heard one\r\n'));
      const before = await client.request('log/info', { session: id });
      // Its file has been looked at.
      await new Promise((resolve) => setTimeout(resolve, 2_500));
      run(server.log(id));
      await until(`${deed}: it is said to who follows`, () => followed.text.includes(MARK));
      await send('two');
      await until(`${deed}: it goes on`, () => followed.text.includes('heard two\r\n'));
      const after = await client.request('log/info', { session: id });
      assert.ok(after.base > before.size, deed);
      assert.equal(statSync(server.log(id)).size, after.size);
      assert.ok(lstatSync(server.log(id)).isFile());
      // Who comes later gets what there is, at the same offsets.
      const later = follow(client, id);
      await until(`${deed}: it can be read`, () => later.text.includes('heard two\r\n'));
      assert.equal(later.end, followed.end);
      assert.ok(later.text.trimStart().startsWith(`[Code Manager: ${MARK}`), deed);
      assert.equal(followed.text.split(MARK).length, 2, `${deed}: once`);
      const { reason } = await client.request('session/get', { session: id });
      assert.match(reason ?? '', /its log was removed or changed from outside/);
      await client.request('session/kill', { session: id });
    }),
  );
});

test('a log that was removed while no agent server ran is made anew behind all that was read of it', async (t) => {
  const server = new TestServer(t);
  const first = server.client({ reconnect: false });
  const { id } = await server.shell(first, ECHO);
  await first.request('session/send', { session: id, text: 'one' });
  await until('it is written', () => server.logText(id).includes('heard one'));
  await server.kill();
  const { size } = statSync(server.log(id));
  rmSync(server.log(id));
  const client = server.client();
  await client.request('ping', {});
  await until('it is made anew', () => server.logText(id).includes(MARK));
  const { base } = await client.request('log/info', { session: id });
  assert.ok(base > size);
  await client.request('session/send', { session: id, text: 'two' });
  await until('it goes on', () => server.logText(id).includes('heard two'));
});

test('what another one put in the place of a log is kept, and nothing is written into it', async (t) => {
  const server = new TestServer(t);
  const client = server.client();
  const { id } = await server.shell(client, ECHO);
  await client.request('session/send', { session: id, text: 'one' });
  await until('it is written', () => server.logText(id).includes('heard one'));
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  const own = join(server.work, 'own.txt');
  writeFileSync(own, 'as it was\n');
  rmSync(server.log(id));
  symlinkSync(own, server.log(id));
  await until('it is made anew', () => server.logText(id).includes(MARK));
  await client.request('session/send', { session: id, text: 'two' });
  await until('it goes on', () => server.logText(id).includes('heard two'));
  assert.equal(readFileSync(own, 'utf8'), 'as it was\n');
});
