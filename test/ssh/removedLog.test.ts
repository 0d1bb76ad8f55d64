import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync, renameSync, rmSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { RemoteHost } from '../helpers/remoteHost.js';
import { TestServer } from '../helpers/testServer.js';
import { until } from '../helpers/until.js';

const MARK = 'the log was removed or changed from outside';

/** What somebody can do to a log. */
const DEEDS: Readonly<Record<string, (log: string) => void>> = {
  removed: (log) => rmSync(log),
  emptied: (log) => truncateSync(log),
  'replaced by as much': (log) => {
    writeFileSync(`${log}.mine`, readFileSync(log));
    renameSync(`${log}.mine`, log);
  },
  'replaced by a link': (log) => {
    writeFileSync(`${log}.mine`, 'as it was');
    rmSync(log);
    symlinkSync(`${log}.mine`, log);
  },
};

test('a log on a host that somebody removes, replaces or cuts is made anew and says so, and offsets only grow', async (t) => {
  const hub = new TestServer(t, { env: { SHELL: '/bin/sh' } });
  const host = await RemoteHost.start(t);
  host.introduce(hub.home.user, 'far-box');
  const client = hub.client({ subscribe: true });
  await client.request('context/add', { name: 'far', path: host.work, machine: { type: 'ssh', host: 'far-box' } });
  await Promise.all(
    Object.entries(DEEDS).map(async ([deed, run]) => {
      const { id } = await client.request('session/create', {
        requestId: randomBytes(8).toString('hex'),
        tool: 'shell',
        task: 'stty -echo; while read line; do echo "heard $line"; done',
        context: 'far',
      });
      const log = join(host.active, `${id}.log`);
      const send = (text: string): Promise<unknown> => client.request('session/send', { session: id, text });
      const followed = { text: '', end: 0 };
      client.followLog(id, {
        onChunk: ({ offset, bytes }) => {
          assert.ok(offset >= followed.end, `${offset} is not before ${followed.end}`);
          followed.end = offset + bytes.length;
          followed.text += Buffer.from(bytes).toString();
        },
      });
      await send('one');
      await until(`${deed}: it is followed`, () => followed.text.includes('heard one\r\n'));
      const before = await client.request('log/info', { session: id });
      // Its file has been looked at.
      await new Promise((resolve) => setTimeout(resolve, 4_000));
      run(log);
      await until(`${deed}: it is said to who follows`, () => followed.text.includes(MARK));
      await send('two');
      await until(`${deed}: it goes on`, () => followed.text.includes('heard two\r\n'));
      const after = await client.request('log/info', { session: id });
      assert.ok(after.base > before.size, deed);
      assert.equal(statSync(log).size, after.size);
      assert.equal(followed.text.split(MARK).length, 2, `${deed}: once`);
      assert.equal(followed.text.split('heard two').length, 2, `${deed}: nothing twice`);
      const { reason } = await client.request('session/get', { session: id });
      assert.match(reason ?? '', /its log was removed or changed from outside/);
      if (deed === 'replaced by a link') assert.equal(readFileSync(`${log}.mine`, 'utf8'), 'as it was');
    }),
  );
});
