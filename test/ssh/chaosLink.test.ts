import assert from 'node:assert/strict';
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import type { Machine } from '../../src/protocol/context.js';
import type { Session } from '../../src/protocol/session.js';
import { hostNamespace } from '../helpers/namespace.js';
import { tempDir } from '../helpers/tempDir.js';
import { signalProcess } from '../helpers/testServer.js';
import { until } from '../helpers/until.js';
import { Far, FAR_KINDS } from './far.js';

/** Counts on, whatever happens to the link. */
const COUNTER = 'stty -opost -echo; i=0; while [ ! -e stop ]; do i=$((i+1)); echo "$i"; sleep 0.05; done; exit 3';
const counted = (text: string): number => text.split('\n').length - 1;
const inOrder = (text: string): string => Array.from({ length: counted(text) }, (_, n) => `${n + 1}\n`).join('');

for (const kind of FAR_KINDS) {
  test(
    `while ${kind.name} is cut off its sessions keep their last word with its age, and everything goes on afterwards`,
    {
      timeout: 200_000,
    },
    async (t) => {
      const far = await Far.open(t, kind);
      const { desk, link, hub, client } = far;
      const { id } = await desk.shell(COUNTER, { name: 'counter' });
      const reader = desk.log(id);
      await reader.shows('5\n');
      await desk.is(id, 'runs', ({ status }) => status === 'running');
      link.cut();
      const row = await far.offline();
      assert.ok(row.lastSeen !== null && !Number.isNaN(Date.parse(row.lastSeen)));
      assert.equal((await desk.get(id)).status, 'running', 'never lost');

      const table = await hub.home.run(['status']);
      assert.equal(table.code, 0, table.stderr);
      assert.match(table.stdout, /counter .*Offline.*was running, seen (?:just now|\d+\w ago)/);
      const [listed] = await hub.home.json<Session[]>('status');
      assert.deepEqual([listed?.id, listed?.status], [id, 'running']);
      const machines = await hub.home.json<Machine[]>('machine', 'list');
      assert.ok(machines.some((machine) => machine.id === desk.machineId && machine.connection !== 'connected'));
      const refused = await desk.fails(client.request('session/send', { session: id, text: 'x' }));
      assert.equal(refused.code, 'unavailable');
      const started = await desk.fails(desk.shell('exit 0'));
      assert.equal(started.code, 'unavailable');
      // The records are there without the host, also for an agent server that is started now.
      await hub.kill();
      assert.deepEqual(
        (await hub.home.json<Session[]>('status')).map((session) => session.id),
        [id],
      );

      const before = counted(reader.text);
      link.mend();
      await far.connected(60_000);
      await until('the counter goes on', () => counted(reader.text) > before + 20);
      desk.write('stop', '');
      const ended = await desk.ended(id);
      assert.deepEqual([ended.status, ended.exitCode], ['failed', 3]);
      await reader.whole();
      assert.equal(reader.text, inOrder(reader.text));
      assert.equal(reader.text, far.host.log(id));
    },
  );

  test(`a link to ${kind.name} that is half open is noticed and made anew`, { timeout: 300_000 }, async (t) => {
    const far = await Far.open(t, kind);
    const { desk, link } = far;
    const { id } = await desk.shell(COUNTER);
    const reader = desk.log(id);
    await reader.shows('5\n');
    link.hold();
    await far.offline(120_000);
    link.mend();
    await far.connected(60_000);
    const before = counted(reader.text);
    await until('the counter goes on', () => counted(reader.text) > before + 20);
    desk.write('stop', '');
    await reader.whole();
    assert.equal(reader.text, inOrder(reader.text));
    assert.equal((await desk.ended(id)).exitCode, 3);
  });

  test(`what ended on ${kind.name} while the link was cut is told as it was`, { timeout: 200_000 }, async (t) => {
    const far = await Far.open(t, kind);
    const { desk, link } = far;
    const wait = 'while [ ! -e go ]; do sleep 0.05; done;';
    const codes = [0, 7, 130];
    const ids = await Promise.all(codes.map(async (code) => (await desk.shell(`${wait} echo bye; exit ${code}`)).id));
    const killed = await desk.shell(`${wait} kill -KILL $$`);
    await desk.is(killed.id, 'runs', ({ status }) => status === 'running');
    link.cut();
    await far.offline();
    desk.write('go', '');
    await until('they have ended there', () => ids.every((id) => far.host.log(id).includes('bye')));
    link.mend();
    await far.connected(60_000);
    const ended = await Promise.all([...ids, killed.id].map((id) => desk.ended(id)));
    assert.deepEqual(
      ended.map(({ status, exitCode, signal }) => [status, exitCode, signal]),
      [
        ['completed', 0, null],
        ['failed', 7, null],
        ['failed', 130, null],
        ['failed', null, 'SIGKILL'],
      ],
    );
  });

  test(
    `${kind.name} whose sshd is restarted is current again, and nothing of it was ended`,
    {
      timeout: 200_000,
    },
    async (t) => {
      const far = await Far.open(t, kind);
      const { desk } = far;
      const { id } = await desk.shell(COUNTER);
      const reader = desk.log(id);
      await reader.shows('5\n');
      await far.host.sshd.stop();
      await far.offline();
      await far.host.sshd.start();
      await far.connected(60_000);
      const before = counted(reader.text);
      await until('the counter goes on', () => counted(reader.text) > before + 10);
      desk.write('stop', '');
      await reader.whole();
      assert.equal(reader.text, inOrder(reader.text));
      assert.equal((await desk.ended(id)).exitCode, 3);
    },
  );

  test(
    `after a reboot of ${kind.name} its sessions are lost, with what is known, and new ones start`,
    {
      timeout: 200_000,
    },
    async (t) => {
      const dir = tempDir(t);
      const uptime = join(dir, 'uptime');
      copyFileSync('/proc/uptime', uptime);
      const itself = hostNamespace(dir, 'rebooted', [['/proc/uptime', uptime]]);
      const far = await Far.open(t, kind, { wrapper: itself.wrapper });
      const { desk, host } = far;
      const { id } = await desk.shell('echo before the reboot; sleep 1000', { name: 'long' });
      await desk.shows(id, 'before the reboot');
      await desk.is(id, 'runs', ({ status }) => status === 'running');
      const { machine } = await desk.get(id);
      assert.equal(machine.host, 'rebooted');
      await host.switchOff();
      await far.offline();
      assert.equal((await desk.get(id)).status, 'running', 'nobody can know yet');
      itself.reboot();
      writeFileSync(uptime, '0.20 0.10\n');
      await host.sshd.start();
      await far.connected(60_000);
      const lost = await desk.is(id, 'is lost', ({ status }) => status === 'lost');
      const [, time = ''] = /^host restarted (.+)$/.exec(lost.reason ?? '') ?? [];
      assert.ok(Date.parse(time) > Date.parse(lost.started ?? '') && Date.parse(time) <= Date.now(), lost.reason ?? '');
      assert.equal(lost.exitCode, null);
      assert.equal((await desk.log(id).whole()).text.trim(), 'before the reboot');
      assert.equal((await desk.ran('exit 4')).exitCode, 4);
    },
  );
}

test(
  'an agent server that is killed on its host is started again by the next connection, and nothing is lost',
  {
    timeout: 200_000,
  },
  async (t) => {
    const [, agent] = FAR_KINDS;
    assert.ok(agent);
    const far = await Far.open(t, agent);
    const { desk } = far;
    const { id } = await desk.shell(COUNTER);
    const reader = desk.log(id);
    for (let kill = 0; kill < 3; kill++) {
      const before = counted(reader.text);
      await until('the counter goes on', () => counted(reader.text) > before + 10);
      const server = await until('the agent server there', () => far.host.serverPid);
      signalProcess(server, 'SIGKILL');
      await until('there is another one', () => (far.host.serverPid ?? server) !== server, 60_000);
      await far.connected(60_000);
    }
    desk.write('stop', '');
    await reader.whole();
    assert.equal(reader.text, inOrder(reader.text));
    assert.equal((await desk.ended(id)).exitCode, 3);
  },
);
