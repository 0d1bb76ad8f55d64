import assert from 'node:assert/strict';
import test from 'node:test';
import { FileFollower } from '../../src/machines/fileFollower.js';
import { until } from '../helpers/until.js';

/** One file, and a watch that tells what a test says. */
class FakeMachine {
  text = '';
  listener: (name: string) => void = () => assert.fail('Nothing is watched');

  readFile(_path: string, from: number, length: number): Promise<Uint8Array> {
    return Promise.resolve(new TextEncoder().encode(this.text.slice(from, from + length)));
  }

  watch(_folder: string, listener: (name: string) => void): { dispose(): void } {
    this.listener = listener;
    return { dispose: () => undefined };
  }
}

test('what a file gets before the watch of its folder has begun is read once it has', async (t) => {
  const machine = new FakeMachine();
  let read = '';
  const following = new FileFollower(machine).follow('/sessions/a.log', 0, {
    data: (_offset, bytes) => {
      read += new TextDecoder().decode(bytes);
      return Promise.resolve();
    },
    fail: (error) => assert.fail(String(error)),
  });
  t.after(() => following.dispose());
  machine.text = 'early';
  machine.listener('.');
  await until('it is read', () => read === 'early');
  machine.text += ' late';
  machine.listener('b.log');
  machine.listener('a.log');
  await until('the rest is read', () => read === 'early late');
});
