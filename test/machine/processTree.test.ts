import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { delay } from '../../src/common/async.js';
import {
  Look,
  markersInPs,
  parseProcStat,
  parsePs,
  systemProcessTable,
  type ProcessTable,
} from '../../src/machines/local/processTable.js';
import { isAlive, killTree, processesOf, processStart, signalGroup } from '../../src/machines/local/processTree.js';
import { until } from '../helpers/until.js';
import { killAfter, need, newMarker, sleepers, startPane } from './processes.js';

/** A number of seconds that nobody else sleeps. */
function newSeconds(): string {
  return `7${Math.floor(Math.random() * 1e8)
    .toString()
    .padStart(8, '0')}`;
}

/** Each script leaves `count` sleepers; the pane itself may end. */
const escapes: readonly [name: string, script: string, count: number][] = [
  ['a plain child', 'sleep $S & wait', 1],
  ['a child in the background whose parent has ended', '(sleep $S &) ; exec sleep $S', 2],
  ['a child of nohup', 'nohup sleep $S >/dev/null 2>&1 & exec sleep $S', 2],
  ['a child in a session of its own', 'setsid sleep $S & exec sleep $S', 2],
  ['a daemon that forks twice into a session of its own', '(setsid sh -c "sleep $S & exit" &) ; exec sleep $S', 2],
  ['a daemon whose pane has ended', '(setsid sh -c "sleep $S & exit" &) ; exit', 1],
  ['children in process groups of their own', 'set -m; sleep $S & sleep $S & wait', 2],
  ['a child without an environment', 'env -i sleep $S & wait', 1],
  ['a child without an environment and group', 'set -m; env -i /bin/sh -c "sleep $S & wait" & wait', 1],
  ['an orphan without an environment in the session of the pane', '(env -i sleep $S &) ; exec sleep $S', 2],
  ['children that ignore every polite signal', "trap '' HUP TERM INT QUIT; sleep $S & sleep $S & wait", 2],
  ['a stopped child', 'sleep $S & until grep -q sleep /proc/$!/comm; do :; done; kill -STOP $!; wait', 1],
  ['a deep tree', 'sh -c "sh -c \\"sh -c \'sleep $S; :\'; :\\"; :"', 1],
];

for (const [name, script, count] of escapes) {
  test(`ends ${name}`, async (t) => {
    need('setsid');
    const seconds = newSeconds();
    const marker = newMarker();
    killAfter(t, seconds);
    const bystander = newSeconds();
    killAfter(t, bystander);
    startPane(t, `exec sleep ${bystander}`, { CM_SESSION: `${marker}x` });
    const pane = startPane(t, script.replaceAll('$S', seconds), { CM_SESSION: marker });
    const all = await until('the processes to run', () => {
      const pids = sleepers(seconds);
      return pids.length === count && pids;
    });
    const ended = await killTree(pane.exitCode === null ? pane.pid : null, marker);
    assert.deepEqual(sleepers(seconds), []);
    assert.ok(ended >= all.length, `${ended} of ${all.length}`);
    assert.equal(sleepers(bystander).length, 1);
    assert.equal(await killTree(null, marker), 0);
  });
}

test('ends what is started while it is being ended', async (t) => {
  const seconds = newSeconds();
  const marker = newMarker();
  killAfter(t, seconds);
  // Each generation starts the next one in a session of its own and ends, so that no two looks see the same process.
  const chain = `(setsid sh -c 'x() { sleep ${seconds} & (setsid sh -c "$0" "$0" &); sleep 0.02; }; x' "$0" &)`;
  const script = `i=0; while [ $i -lt 400 ]; do (setsid sleep ${seconds} &); sleep 0.01; i=$((i+1)); done; ${chain}`;
  const pane = startPane(t, script, { CM_SESSION: marker });
  await until('some to run', () => sleepers(seconds).length > 5);
  await killTree(pane.pid, marker);
  assert.deepEqual(sleepers(seconds), []);
  assert.equal(await isAlive(pane.pid), false);
});

const seemsToRun: ProcessTable['seemsToRun'] = (entry) => systemProcessTable().seemsToRun(entry);

test('many trees that are ended at a time are looked for together', async (t) => {
  const seconds = newSeconds();
  killAfter(t, seconds);
  const markers = Array.from({ length: 30 }, newMarker);
  for (const marker of markers) startPane(t, `sleep ${seconds} & wait`, { CM_SESSION: marker });
  await until('all to run', () => sleepers(seconds).length === markers.length);
  const looks = new Set<Look>();
  const table = {
    look: async () => {
      const look = await systemProcessTable().look();
      looks.add(look);
      return look;
    },
    seemsToRun,
  };
  const ended = await Promise.all(markers.map((marker) => killTree(null, marker, [], { table })));
  assert.ok(ended.every((count) => count >= 2));
  assert.deepEqual(sleepers(seconds), []);
  // One finds them, one that none came meanwhile, one that none is left; on a busy machine some take longer to go.
  assert.ok(looks.size < markers.length / 3, `${looks.size} looks`);
});

test('how long looking takes is no reason to call a process one that cannot be ended', async (t) => {
  const seconds = newSeconds();
  killAfter(t, seconds);
  const marker = newMarker();
  startPane(t, `sleep ${seconds} & wait`, { CM_SESSION: marker });
  await until('it to run', () => sleepers(seconds).length === 1);
  const giveUpMs = 100;
  const slow = {
    look: async () => {
      await delay(3 * giveUpMs);
      return systemProcessTable().look();
    },
    seemsToRun,
  };
  assert.ok((await killTree(null, marker, [], { table: slow, giveUpMs })) >= 2);

  const stuck = { pid: 2 ** 22 + 1, ppid: 1, pgid: 1, sid: 1, start: '1', isZombie: false };
  const table = {
    look: () => Promise.resolve(new Look([stuck], new Map([[marker, new Set([stuck.pid])]]))),
    seemsToRun: () => true,
  };
  await assert.rejects(killTree(null, marker, [], { table, giveUpMs }), {
    code: 'timeout',
    message: `These processes cannot be ended: ${stuck.pid}`,
  });
});

test('a process that becomes another program counts by what that was started with', async (t) => {
  const seconds = newSeconds();
  killAfter(t, seconds);
  const marker = newMarker();
  const script = `read -r go; CM_SESSION=${marker} exec sleep ${seconds}`;
  const child = spawn('/bin/sh', ['-c', script], {
    env: { PATH: '/usr/bin:/bin' },
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const marked = async (): Promise<boolean> =>
    (await systemProcessTable().look()).marked(marker).has(child.pid ?? assert.fail('it runs'));
  assert.equal(await marked(), false);
  assert.equal(await marked(), false);
  child.stdin.write('\n');
  await until('it to run', () => sleepers(seconds).length === 1);
  assert.equal(await marked(), true);
  assert.equal(await killTree(null, marker), 1);
});

test('what was found before belongs to a tree, and what got its number since does not', async (t) => {
  const seconds = newSeconds();
  killAfter(t, seconds);
  const { pid } = startPane(t, `exec sleep ${seconds}`, {});
  await until('it to run', () => sleepers(seconds).length === 1);
  const start = (await processStart(pid)) ?? assert.fail('it runs');
  const tree = { root: null, marker: newMarker(), known: [{ pid, start }] };
  const other = { ...tree, known: [{ pid, start: `${start}0` }] };
  assert.deepEqual(await processesOf([tree, other]), [tree.known, []]);
  assert.equal(await killTree(null, other.marker, other.known), 0);
  assert.equal(await killTree(null, tree.marker, tree.known), 1);
});

test('never ends itself, even when it is a part of the session', async (t) => {
  const seconds = newSeconds();
  killAfter(t, seconds);
  const marker = newMarker();
  // This process as the root; its child carries the marker.
  spawn('sleep', [seconds], { env: { ...process.env, CM_SESSION: marker }, stdio: 'ignore' });
  await until('it to run', () => sleepers(seconds).length === 1);
  assert.equal(await killTree(process.pid, marker), 1);
  assert.deepEqual(sleepers(seconds), []);
  for (const pid of [0, 1, -1, process.pid]) assert.equal(await killTree(pid, newMarker()), 0);
});

test('a marker that only begins or ends alike is another one, and none at all finds nothing', async (t) => {
  const seconds = newSeconds();
  killAfter(t, seconds);
  const marker = newMarker();
  startPane(t, `exec sleep ${seconds}`, {
    CM_SESSION: `${marker}0`,
    XCM_SESSION: marker,
    OTHER: `CM_SESSION=${marker}`,
  });
  await until('it to run', () => sleepers(seconds).length === 1);
  assert.equal(await killTree(null, marker), 0);
  assert.equal(await killTree(null, ''), 0);
  assert.equal(sleepers(seconds).length, 1);
});

test('a process is known by its pid and start, a dead one and a zombie are not alive', async () => {
  const start = await processStart(process.pid);
  assert.ok(start);
  assert.equal(await processStart(process.pid), start);
  assert.equal(await isAlive(process.pid, start), true);
  assert.equal(await isAlive(process.pid), true);
  assert.equal(await isAlive(process.pid, `${start}0`), false);
  assert.equal(await isAlive(1), true);
  for (const pid of [0, -1, 1.5, NaN]) assert.equal(await isAlive(pid), false);
  const { pid } = spawnSync('true');
  assert.equal(await isAlive(pid), false);
  assert.equal(await processStart(pid), undefined);
});

test('a zombie is not alive', async (t) => {
  // What the shell has become never asks how its child ended.
  const seconds = newSeconds();
  const parent = startPane(t, `true & exec sleep ${seconds}`, {});
  const zombie = await until('the zombie', () => {
    const children = readFileSync(`/proc/${parent.pid}/task/${parent.pid}/children`, 'utf8').trim();
    return children !== '' && /\) Z /.test(readFileSync(`/proc/${children}/stat`, 'utf8')) && Number(children);
  });
  assert.equal(await isAlive(zombie), false);
  assert.equal(await processStart(zombie), undefined);
});

test('a signal reaches a whole group except its leader, and never every process', async (t) => {
  const seconds = newSeconds();
  killAfter(t, seconds);
  const pane = startPane(t, `sleep ${seconds} & sleep ${seconds} & wait; exec sleep ${seconds}`, {});
  await until('them to run', () => sleepers(seconds).length === 2);
  assert.equal(await signalGroup(pane.pid, 'SIGTERM'), true);
  await until('them to end, and the leader to go on', () => {
    const left = sleepers(seconds);
    return left.length === 1 && left[0] === pane.pid;
  });
  assert.equal(await signalGroup(pane.pid, 'SIGTERM'), false, 'nobody is left but the leader');
  for (const pid of [0, 1, -1, NaN]) assert.equal(await signalGroup(pid, 'SIGTERM'), false);
});

test('the line of a process is read whatever its name', () => {
  const rest = 'S 10 11 12 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 98765 1 2 3';
  for (const name of ['sh', 'a b', ') R 1 (', '((', 'x\ny']) {
    assert.deepEqual(parseProcStat(`42 (${name}) ${rest}\n`), {
      pid: 42,
      ppid: 10,
      pgid: 11,
      sid: 12,
      start: '98765',
      isZombie: false,
    });
  }
  assert.equal(parseProcStat(`42 (sh) ${rest.replace('S', 'Z')}`)?.isZombie, true);
  assert.equal(parseProcStat(''), undefined);
});

test('the listing of ps is read where there is no /proc', () => {
  const text =
    '    1     0     1 Ss   Mon Mar  2 09:00:01 2026    \n  501     1   501 Z    Mon Mar  2 09:00:02 2026\n\n';
  assert.deepEqual(parsePs(text), [
    { pid: 1, ppid: 0, pgid: 1, sid: undefined, start: 'Mon Mar 2 09:00:01 2026', isZombie: false },
    { pid: 501, ppid: 1, pgid: 501, sid: undefined, start: 'Mon Mar 2 09:00:02 2026', isZombie: true },
  ]);
  const bare = '  7 sleep 5\n  8 grep CM_SESSION=abc\n  9 sh\n';
  const full = '  7 sleep 5 HOME=/h CM_SESSION=abc TERM=x\n  8 grep CM_SESSION=abc HOME=/h\n  9 sh CM_SESSION=abcd\n';
  assert.deepEqual(
    [...markersInPs(bare, full)].map(([marker, pids]) => [marker, ...pids]),
    [
      ['abc', 7],
      ['abcd', 9],
    ],
  );
});
