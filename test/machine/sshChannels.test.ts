import assert from 'node:assert/strict';
import test from 'node:test';
import { Emitter } from '../../src/common/emitter.js';
import { Channels } from '../../src/machines/shell/channels.js';
import type { Channel, ChannelExit } from '../../src/machines/shell/connection.js';
import type { SshConnection } from '../../src/machines/ssh/sshConnection.js';
import { ConnectionFailure } from '../../src/machines/connectionFailure.js';

const ENDED: ChannelExit = { code: 0, signal: null, error: undefined };

/** So many steps later, in the same turn of the event loop: as when what was waited for comes in one packet. */
async function steps(count: number): Promise<void> {
  for (let step = 0; step < count; step++) await Promise.resolve();
}

/** A host with MaxSessions 1 that answers `answerSteps` later, and counts the end of a session `lagMs` after it. */
class NarrowHost {
  made = 0;
  readonly #ends: (() => void)[] = [];

  constructor(
    private readonly lagMs = 0,
    private readonly answerSteps = 1,
  ) {}

  connect(): SshConnection {
    this.made += 1;
    let isTaken = false;
    const exec = async (): Promise<Channel> => {
      await steps(this.answerSteps);
      if (isTaken) throw new ConnectionFailure('channels', 'the host opens no further session');
      isTaken = true;
      const exited = new Emitter<ChannelExit>();
      const end = (): void => {
        setTimeout(() => (isTaken = false), this.lagMs);
        exited.fire(ENDED);
      };
      this.#ends.push(end);
      return { onExit: exited.event, dispose: end } as Partial<Channel> as Channel;
    };
    const connection: Partial<SshConnection> = {
      exec,
      isClosed: false,
      onClose: () => ({ dispose: () => undefined }),
      dispose: () => undefined,
    };
    return connection as SshConnection;
  }

  endAll(): void {
    for (const end of this.#ends.splice(0)) end();
  }
}

test('as many channels at once as connections may be made are opened on a host with one session on each', async () => {
  for (let answer = 1; answer < 12; answer++) {
    for (let connect = 1; connect < 30; connect++) {
      const host = new NarrowHost(0, answer);
      const channels = new Channels(host.connect(), async () => {
        await steps(connect);
        return host.connect();
      });
      await Promise.all(
        Array.from({ length: 6 }, async (_, index) => {
          await steps(index * 3);
          return channels.open('true');
        }),
      );
      assert.equal(host.made, 6);
      await assert.rejects(channels.open('true'), (error: ConnectionFailure) => error.reason === 'channels');
    }
  }
});

test('a host that counts the end of its sessions late is asked again', async () => {
  const host = new NarrowHost(300);
  const channels = new Channels(host.connect(), () => Promise.resolve(host.connect()));
  await Promise.all(Array.from({ length: 6 }, () => channels.open('true')));
  host.endAll();
  await channels.open('true');
  assert.equal(host.made, 6);
});
