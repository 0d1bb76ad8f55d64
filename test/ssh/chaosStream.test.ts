import assert from 'node:assert/strict';
import test from 'node:test';
import { sha256, sha256Of } from '../helpers/testServer.js';
import { until } from '../helpers/until.js';
import { Far, FAR_KINDS, seeded } from './far.js';

const MB = 1024 * 1024;
const CUTS = 20;
/** An agent server sends its logs itself; the large stream is for what reads files from afar. */
const STREAMS = FAR_KINDS.map((kind, n) => ({ kind, megabytes: n === 0 ? 100 : 20 }));

/** Numbered lines, so that a part that is missing, doubled or moved is seen. */
function numbered(size: number): Buffer {
  const lines: string[] = [];
  for (let n = 0; n < size / 64; n++) lines.push(`${String(n).padStart(12, '0')}${'x'.repeat(50)}\r\n`);
  return Buffer.from(lines.join('').slice(0, size));
}

for (const { kind, megabytes } of STREAMS) {
  const size = megabytes * MB;

  test(
    `a stream of ${megabytes} MB from ${kind.name} whose link is cut at 20 random offsets reaches two clients and cm logs -f whole`,
    {
      timeout: 200_000,
    },
    async (t) => {
      const far = await Far.open(t, kind);
      const { desk, link, hub } = far;
      desk.write('data', numbered(size));
      const { id } = await desk.shell('stty -opost -echo; printf up; read -r line; exec cat data');
      const second = hub.client({ subscribe: true });
      const readers = [desk.log(id), desk.log(id, { client: second })];
      const cm = hub.home.spawn(['logs', id, '-f', '--raw', '-n', 'all']);
      t.after(() => cm.child.kill('SIGKILL'));
      await Promise.all(readers.map((reader) => reader.shows('up')));
      await until('cm follows', () => cm.stdout.startsWith('up'));

      const random = seeded(20);
      await desk.client.request('session/key', { session: id, keys: ['Enter'] });
      // As somebody would who waits for it: links that break at once again are tried less and less often.
      const connect = () => desk.client.request('machine/connect', { machine: desk.machineId }, { timeoutMs: 60_000 });
      for (let cut = 0; cut < CUTS; cut++) {
        // Armed at once, so that no more than this gets through.
        link.cutAfter({ received: Math.floor(1 + (random() * size) / 25) });
        if (cut > 0) connect().catch(() => undefined);
        await until(`cut ${cut + 1} of ${CUTS}`, () => link.isCut, 60_000);
        assert.ok(
          readers.some(({ end }) => end === undefined),
          'the stream was over too early',
        );
        await far.offline();
        link.mend();
      }
      // One that joins a try that the last cut has already broken is told so.
      await until('it connects', () =>
        connect().then(
          () => true,
          () => false,
        ),
      );
      await Promise.all(readers.map((reader) => reader.whole(100_000)));
      const { code } = await cm.result();
      const wanted = sha256Of(Buffer.concat([Buffer.from('up'), numbered(size)]));
      assert.deepEqual(
        readers.map(({ digest }) => digest),
        [wanted, wanted],
      );
      assert.deepEqual([code, sha256Of(cm.stdout)], [0, wanted]);
      assert.equal(await sha256(`${far.host.active}/${id}.log`), wanted);
    },
  );

  test(`lines that ${kind.name} prints reach a follower once and in order over a slow link with losses`, async (t) => {
    const far = await Far.open(t, kind);
    const { desk, link } = far;
    link.slow(100, { every: 10, ms: 400 });
    const { id } = await desk.shell(
      'stty -opost -echo; i=0; while [ $i -lt 80 ]; do i=$((i+1)); echo "line $i"; sleep 0.02; done',
    );
    const reader = desk.log(id);
    await reader.whole(60_000);
    assert.equal(reader.text, Array.from({ length: 80 }, (_, n) => `line ${n + 1}\n`).join(''));
    await desk.ended(id);
  });
}
