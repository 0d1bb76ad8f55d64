import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { createClient } from '../../src/client/client.js';
import type { LogSize } from '../../src/protocol/logSize.js';
import { ScriptedServer, type Peer } from '../helpers/scriptedServer.js';
import { tempDir } from '../helpers/tempDir.js';

const CONTENT = 'abcdefghijklmnop';

/** Follows a log whose server says the sizes and plays the bytes; gives what came, in order. */
async function follow(
  t: TestContext,
  sizes: readonly LogSize[] | undefined,
  play: (peer: Peer, subscription: number) => void,
): Promise<string[]> {
  const home = tempDir(t);
  const server = await ScriptedServer.start(t, home);
  let subscription = 0;
  server.on('log/subscribe', ({ from }: { from: number }, peer: Peer) => {
    const id = ++subscription;
    setImmediate(() => play(peer, id));
    return { subscription: id, base: 0, offset: from, size: CONTENT.length, path: '/log', ...(sizes && { sizes }) };
  });
  const client = createClient({ name: 'test', home });
  t.after(() => client.dispose());
  const seen: string[] = [];
  await new Promise<void>((resolve, reject) => {
    client.followLog('s', {
      onResize: ({ offset, columns, rows }) => void seen.push(`${offset}: ${columns}x${rows}`),
      onChunk: ({ bytes }) => void seen.push(Buffer.from(bytes).toString()),
      onEnd: () => resolve(),
      onError: reject,
    });
  });
  return seen;
}

const send = (peer: Peer, subscription: number, from: number, to: number): void =>
  peer.sendLog(subscription, from, Buffer.from(CONTENT.slice(from, to)));

test('sizes come between the bytes, whether they were known before or are told on the way', async (t) => {
  const sizes = [
    { offset: 0, columns: 120, rows: 40 },
    { offset: 2, columns: 80, rows: 24 },
    { offset: 4, columns: 90, rows: 30 },
  ];
  const seen = await follow(t, sizes, (peer, subscription) => {
    send(peer, subscription, 0, 8);
    peer.notify('log/resized', { subscription, offset: 12, columns: 91, rows: 30 });
    peer.notify('log/resized', { subscription, offset: 12, columns: 92, rows: 30 });
    send(peer, subscription, 8, 16);
    peer.notify('log/resized', { subscription, offset: 16, columns: 93, rows: 30 });
    peer.notify('log/end', { subscription, offset: 16 });
  });
  assert.deepEqual(seen, ['0: 120x40', 'ab', '2: 80x24', 'cd', '4: 90x30', 'efgh', 'ijkl', '12: 92x30', 'mnop']);
});

test('after a cut a size is told only when it is another one', async (t) => {
  const sizes = [
    { offset: 0, columns: 120, rows: 40 },
    { offset: 12, columns: 80, rows: 24 },
  ];
  const seen = await follow(t, sizes, (peer, subscription) => {
    if (subscription === 1) {
      send(peer, subscription, 0, 8);
      setImmediate(() => peer.socket.close());
    } else {
      send(peer, subscription, 8, 16);
      peer.notify('log/end', { subscription, offset: 16 });
    }
  });
  assert.deepEqual(seen, ['0: 120x40', 'abcdefgh', 'ijkl', '12: 80x24', 'mnop']);
});

test('a server that tells no sizes is followed all the same', async (t) => {
  const seen = await follow(t, undefined, (peer, subscription) => {
    send(peer, subscription, 0, 16);
    peer.notify('log/end', { subscription, offset: 16 });
  });
  assert.deepEqual(seen, [CONTENT]);
});
