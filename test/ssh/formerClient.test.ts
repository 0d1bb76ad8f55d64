import assert from 'node:assert/strict';
import test from 'node:test';
import { signalProcess } from '../helpers/testServer.js';
import { until } from '../helpers/until.js';
import { Far, FAR_KINDS } from './far.js';

test(
  'a tmux client that a cut left behind does not keep its own server from acting',
  { timeout: 200_000 },
  async (t) => {
    const [ssh] = FAR_KINDS;
    assert.ok(ssh);
    const far = await Far.open(t, ssh);
    const { desk, link, host } = far;
    const { id } = await desk.shell('while [ ! -e go ]; do sleep 0.05; done; exit 3');
    await desk.is(id, 'runs', ({ status }) => status === 'running');
    const clients = async (): Promise<number[]> => {
      const list = await host.tmux('list-clients', '-t', '=_cm', '-F', '#{client_pid}');
      return list.trim().split('\n').map(Number);
    };
    const [former] = await clients();
    assert.ok(former !== undefined && former > 1);
    // It neither reads nor leaves.
    signalProcess(former, 'SIGSTOP');
    link.cut();
    await far.offline();
    link.mend();
    await far.connected(60_000);
    // Nothing is asked of the server that would make it act.
    desk.write('go', '');
    const ended = await until('the end is told', () =>
      far.client.snapshot.sessions.find((session) => session.id === id && session.completed !== null),
    );
    assert.deepEqual([ended.status, ended.exitCode], ['failed', 3]);
    await until('the former client has gone', async () => !(await clients()).includes(former));
  },
);
