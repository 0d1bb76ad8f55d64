import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { quote, sha256Of } from '../../helpers/testServer.js';
import { until } from '../../helpers/until.js';
import { LogReader } from '../logReader.js';
import type { Case } from '../desk.js';

const MB = 1024 * 1024;
/** Numbered, so that a part that is missing, doubled or moved is seen. */
const burst = (bytes: number): string =>
  Array.from({ length: Math.ceil(bytes / 64) }, (_, n) => `${String(n).padStart(12, '0')}${'x'.repeat(50)}\r\n`)
    .join('')
    .slice(0, bytes);

/** Logs, by offset, live, and whole. */
export const logCases: readonly Case[] = [
  {
    name: 'a log has the bytes from the very first one to the very last one of fast commands',
    run: async (desk) => {
      const texts = Array.from(
        { length: 12 },
        (_, n) => `first ${n} \x1b[1mbold\x1b[0m ${'x'.repeat(n * 90)} last ${n}`,
      );
      const logs = await Promise.all(
        texts.map(async (text) => (await desk.log((await desk.shell(`printf %s ${quote(text)}`)).id).whole()).text),
      );
      assert.deepEqual(logs, texts);
      return logs;
    },
  },
  {
    name: 'a log is read from the beginning, from an offset, from before its end and from behind it',
    run: async (desk) => {
      const { id } = await desk.ran('stty -opost; printf 0123456789abcdef');
      const froms = [0, 4, 15, 16, 99, { tail: 3 }, { tail: 0 }, { tail: 99 }];
      const read = [];
      for (const from of froms) {
        const { start, text, end } = await desk.log(id, { from }).whole();
        read.push([start, text, end]);
      }
      assert.deepEqual(read, [
        [0, '0123456789abcdef', 16],
        [4, '456789abcdef', 16],
        [15, 'f', 16],
        [16, '', 16],
        [16, '', 16],
        [13, 'def', 16],
        [16, '', 16],
        [0, '0123456789abcdef', 16],
      ]);
      return read;
    },
  },
  {
    name: 'a log is followed while it grows, by those who come early and late',
    run: async (desk) => {
      const { id } = await desk.shell(
        'stty -opost -echo; printf begin; while read -r line; do printf "<%s>" "$line"; done',
      );
      const early = await desk.shows(id, 'begin');
      for (const text of ['one', 'two', 'three']) {
        await desk.client.request('session/send', { session: id, text });
        await early.shows(`<${text}>`);
      }
      const late = desk.log(id, { from: { tail: 7 } });
      await desk.client.request('session/send', { session: id, text: 'four' });
      await Promise.all([early.shows('<four>'), late.shows('<four>')]);
      await desk.client.request('session/kill', { session: id });
      await Promise.all([early.whole(), late.whole()]);
      assert.deepEqual([early.text, late.text], ['begin<one><two><three><four>', '<three><four>']);
      return [early.text, late.text];
    },
  },
  {
    name: 'every byte value arrives unchanged',
    run: async (desk) => {
      const every = Buffer.from(Array.from({ length: 256 }, (_, n) => n));
      const data = Buffer.concat([every, randomBytes(300_000), every]);
      desk.write('data', data);
      const { id } = await desk.shell('stty -opost; cat data');
      const reader = await desk.log(id).whole();
      assert.equal(reader.digest, sha256Of(data));
      assert.equal(sha256Of(readFileSync(join(desk.host.cm, 'sessions', 'active', `${id}.log`))), sha256Of(data));
      return reader.length;
    },
  },
  {
    name: 'a burst of 5 MB reaches two clients whole, and one that begins in its middle',
    run: async (desk) => {
      const data = burst(5 * MB);
      desk.write('data', data);
      const { id } = await desk.shell('stty -opost -echo; printf up; read -r line; cat data');
      const other = desk.otherClient();
      const readers = [desk.log(id), desk.log(id, { client: other })];
      await Promise.all(readers.map((reader) => reader.shows('up')));
      const middle = desk.log(id, { from: 2 });
      await desk.client.request('session/key', { session: id, keys: ['Enter'] });
      await until('it is on its way', () => (readers[0]?.length ?? 0) > 2);
      const late = desk.log(id, { from: { tail: 1000 } });
      await Promise.all([...readers, middle, late].map((reader) => reader.whole(90_000)));
      assert.deepEqual(new Set(readers.map(({ digest }) => digest)), new Set([sha256Of(`up${data}`)]));
      assert.equal(middle.digest, sha256Of(data));
      assert.equal(late.text, `up${data}`.slice(late.start));
      return readers.map(({ digest }) => digest);
    },
  },
  {
    name: 'a slow reader gets every byte, and the others do not wait for it',
    run: async (desk) => {
      const data = burst(2 * MB);
      desk.write('data', data);
      const { id } = await desk.shell('stty -opost; cat data');
      let open: () => void = () => undefined;
      const gate = new Promise<void>((resolve) => (open = resolve));
      const slow = new LogReader(desk.otherClient(), id, { onChunk: () => gate });
      const quick = await desk.log(id).whole();
      assert.equal(slow.end, undefined, 'the slow one is behind');
      open();
      await slow.whole();
      assert.equal(slow.digest, sha256Of(data));
      return [quick.digest, slow.digest];
    },
  },
  {
    name: 'what is known of a log fits its bytes',
    run: async (desk) => {
      const { id } = await desk.shell('stty -opost; printf 12345; read -r line; exit 0');
      await desk.shows(id, '12345');
      const info = () => desk.client.request('log/info', { session: id });
      const before = await info();
      await desk.client.request('session/send', { session: id, text: '' });
      await desk.ended(id);
      const { base, closed, path } = await info();
      assert.deepEqual([before.base, before.size, before.closed, base, closed], [0, 5, false, 0, true]);
      return path;
    },
  },
  {
    name: 'the size of the terminal is told before the first byte',
    run: async (desk) => {
      const { id } = await desk.ran('stty size');
      const { sizes, text } = await desk.log(id).whole();
      assert.equal(sizes.length, 1);
      const [rows, columns] = text.trim().split(' ');
      assert.deepEqual(sizes, [`${columns}x${rows}`]);
      return sizes;
    },
  },
  {
    name: 'the log of a session that is not there is refused',
    run: async (desk) => [
      await desk.fails(desk.client.request('log/subscribe', { session: 'nobody' })),
      await desk.fails(desk.client.request('log/info', { session: 'nobody' })),
      await desk.fails(desk.client.request('log/subscribe', { session: 'nobody', from: -1 })),
    ],
  },
  {
    name: 'thirty sessions that print at once have thirty whole logs',
    run: async (desk) => {
      const ids = await Promise.all(
        Array.from({ length: 30 }, async (_, n) => {
          const task = `stty -opost; i=0; while [ $i -lt 40 ]; do i=$((i+1)); echo "${n} $i"; sleep 0.02; done`;
          return (await desk.shell(task)).id;
        }),
      );
      const logs = await Promise.all(ids.map(async (id) => (await desk.log(id).whole(60_000)).text));
      assert.deepEqual(
        logs,
        ids.map((_, n) => Array.from({ length: 40 }, (__, i) => `${n} ${i + 1}\n`).join('')),
      );
      return logs.length;
    },
  },
];
