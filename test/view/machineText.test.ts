import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VERSION } from '../../src/common/build.js';
import type { Machine } from '../../src/protocol/context.js';
import { awayMachines, awayText } from '../../src/view/awayMachines.js';
import { buildContextTree } from '../../src/view/contextTree.js';
import {
  machineContextValue,
  machineDescription,
  machineIcon,
  machineName,
  machineOf,
  otherNode,
} from '../../src/view/machineText.js';
import { HostKeyFinder } from '../../src/extension/model/hostKeyFinder.js';
import { RowNotices } from '../../src/view/notices.js';
import { OfflineNotes } from '../../src/view/offlineNotes.js';
import { matchesFilter, parseFilter } from '../../src/view/sessionFilter.js';
import { rowDescription, sessionContextValue, spokenLabel, tooltipMarkdown } from '../../src/view/sessionLabel.js';
import { contextRecord, machineRecord, sessionRecord } from '../helpers/records.js';
import { AWAY, NOW, rowOf, rowsOf } from '../extension/rows.js';

const at = (seconds: number): string => new Date(NOW + seconds * 1000).toISOString();
const remote = (fields: Partial<Machine> = {}): Machine =>
  machineRecord({ id: 'ssh:build-box', host: 'build-box', type: 'ssh', node: null, ...fields });

const MACHINES: [string, string, Partial<Machine>][] = [
  ['this host', 'vm-active', { id: 'local', type: 'local' }],
  ['this host · tmux missing', 'warning', { id: 'local', type: 'local', connection: 'dependencyMissing' }],
  ['ssh', 'vm-active', {}],
  ['agent server 1.4', 'vm-active', { type: 'agent', version: '1.4.2' }],
  ['ssh · connecting', 'vm-connect', { connection: 'connecting' }],
  [
    'ssh · offline 3m, next try 8s',
    'vm-outline',
    { connection: 'offline', since: at(-1), lastSeen: at(-180), nextTry: at(8) },
  ],
  ['ssh · sign-in needed', 'key', { connection: 'signInNeeded' }],
  ['ssh · host key changed', 'warning', { connection: 'hostKeyChanged' }],
  ['ssh · tmux missing', 'warning', { connection: 'dependencyMissing' }],
  [
    'ssh · tmux too old',
    'warning',
    {
      connection: 'dependencyMissing',
      problem: { message: 'tmux 2.1 on build-box is too old', command: null, reason: 'tooOld' },
    },
  ],
];
for (const [description, icon, fields] of MACHINES) {
  test(`a machine's row says “${description}”`, () => {
    const machine = remote(fields);
    assert.equal(machineDescription(machine, NOW), description);
    assert.equal(machineIcon(machine), icon);
  });
}

test('a machine is shown by its host, and by the way to it where two of a kind share a host', () => {
  const plain = remote();
  const asAnna = remote({ id: 'ssh:anna@build-box:2222' });
  const server = remote({ id: 'agent:build-box', type: 'agent' });
  assert.equal(machineName(plain, [plain, server]), 'build-box');
  assert.equal(machineName(asAnna, [plain, asAnna, server]), 'anna@build-box:2222');
});

test('a context belongs to the machine that its entry reaches', () => {
  const machines = [machineRecord(), remote(), remote({ id: 'ssh:anna@build-box:2222' })];
  const of = (machine: Parameters<typeof contextRecord>[0]) => machineOf(contextRecord(machine), machines)?.id;
  assert.equal(of({}), 'local');
  assert.equal(of({ machine: { type: 'ssh', host: 'build-box', tmux: '/opt/tmux' } }), 'ssh:build-box');
  assert.equal(
    of({ machine: { type: 'ssh', host: 'build-box', user: 'anna', port: 2222 } }),
    'ssh:anna@build-box:2222',
  );
  assert.equal(of({ machine: { type: 'cloud' } }), undefined);
});

test('contexts stand below their machines, and one of an unknown kind is not lost', () => {
  const tree = buildContextTree({
    machines: [remote(), machineRecord()],
    contexts: [
      contextRecord({ id: 'b', name: 'b', machine: { type: 'ssh', host: 'build-box' } }),
      contextRecord({ id: 'a', name: 'a' }),
      contextRecord({ id: 'c', name: 'c', machine: { type: 'cloud' } }),
    ],
  });
  assert.deepEqual(
    tree.roots.map(({ id }) => id),
    ['machine:local', 'machine:ssh:build-box', 'context:c'],
  );
  assert.deepEqual(
    tree.children.get('machine:ssh:build-box')?.map(({ id }) => id),
    ['context:b'],
  );
});

test('menus know what can be done with a machine', () => {
  assert.equal(machineContextValue(machineRecord()), 'machine+connected+local+tried');
  assert.equal(machineContextValue(remote({ connection: 'offline', nextTry: at(3) })), 'machine+offline+ssh+tried');
  assert.equal(machineContextValue(remote({ connection: 'offline' })), 'machine+offline+ssh');
  const server = remote({ id: 'agent:build-box', type: 'agent', version: VERSION });
  assert.equal(machineContextValue(server), 'machine+connected+agent+tried');
  assert.equal(machineContextValue({ ...server, version: '0.0.1' }), 'machine+connected+agent+tried+outdated');
  assert.equal(
    machineContextValue({ ...server, id: 'agent:wss://build-box:9876', version: '0.0.1' }),
    'machine+connected+agent+tried',
  );
});

test('an offline row says what was seen last and when, and offers nothing that cannot be done', () => {
  const machine = { ...AWAY, lastSeen: at(-180) };
  const row = rowOf({ machineId: machine.id, state: 'working' }, machine);
  assert.equal(row.group, 'Offline');
  assert.equal(rowDescription(row, { groupBy: 'status', now: NOW }), 'was working, seen 3m ago · 5m · demo @lab');
  assert.equal(sessionContextValue(row), 'session+offline');
  assert.match(spokenLabel(row, 'Codex', NOW), /demo on lab, offline, was working, seen 3m ago/);
});

test('a session that runs on another node than the name leads to now says so', () => {
  const machine = remote({ node: 'login1' });
  const row = rowOf({ machineId: machine.id, machine: { host: 'login3', bootId: 'b' }, state: 'working' }, machine);
  assert.equal(otherNode(row), 'on login3; this is login1');
  assert.equal(
    rowDescription(row, { groupBy: 'status', now: NOW }),
    'Working · 5m · on login3; this is login1 · demo @build-box',
  );
  assert.match(tooltipMarkdown(row, 'Codex', NOW), /on login3; this is login1/);
  assert.equal(otherNode(rowOf({ machineId: machine.id, machine: { host: 'login1', bootId: 'b' } }, machine)), '');
});

test('rows are filtered by the machine name that they show', () => {
  const machine = remote();
  const rows = rowsOf(
    [
      sessionRecord({ id: 'here' }),
      sessionRecord({ id: 'there', machineId: machine.id, machine: { host: 'node-7.cluster', bootId: 'b' } }),
    ],
    [machineRecord(), machine],
  );
  const shown = (source: string): string[] =>
    rows.filter((row) => matchesFilter(parseFilter(source), row)).map(({ session }) => session.id);
  assert.deepEqual(shown('machine:build-box'), ['there']);
  assert.deepEqual(shown('machine:test-host'), ['here']);
  assert.deepEqual(shown('machine:node-7'), []);
});

test('a lost session names the machine that was restarted', () => {
  const finder = new RowNotices();
  const machine = remote();
  const session = sessionRecord({ name: 'refactor-auth', machineId: machine.id, state: 'working' });
  finder.look(rowsOf([session], [machine]), 'needsInput');
  const lost = { ...session, status: 'lost', state: null, unread: true, reason: 'host restarted 14:02' } as const;
  assert.deepEqual(
    finder.look(rowsOf([lost], [machine]), 'needsInput').map(({ text }) => text),
    ['refactor-auth was lost: build-box restarted at 14:02'],
  );
});

test('a log tells once of a cut that was worth a line', () => {
  const notes = new OfflineNotes();
  const offline = remote({ connection: 'offline', lastSeen: at(-300) });
  assert.equal(notes.look(remote(), 'build-box', NOW), undefined);
  assert.equal(notes.look(offline, 'build-box', NOW), undefined);
  assert.equal(notes.look({ ...offline, connection: 'connecting', lastSeen: at(-1) }, 'build-box', NOW), undefined);
  const text = notes.look(remote(), 'build-box', NOW) ?? '';
  assert.match(text, /^— build-box offline \d\d:\d\d, reconnected \d\d:\d\d, nothing lost —$/);
  assert.equal(notes.look(remote(), 'build-box', NOW), undefined);
  notes.look(remote({ connection: 'offline', lastSeen: at(-2) }), 'build-box', NOW);
  assert.equal(notes.look(remote(), 'build-box', NOW), '');
});

test('a machine that is away is told after ten seconds, and only while something runs there', () => {
  const machine = remote({ connection: 'offline', lastSeen: at(-11) });
  const running = sessionRecord({ id: 'a', machineId: machine.id });
  const ended = sessionRecord({ id: 'b', machineId: machine.id, status: 'stopped', state: null });
  const look = (fields: Partial<Machine>, sessions = [running, ended]) => {
    const machines = [machineRecord(), { ...machine, ...fields }];
    return awayMachines(rowsOf(sessions, machines), machines, NOW);
  };
  assert.deepEqual(awayText(look({})), {
    parts: [{ icon: 'debug-disconnect', text: 'build-box' }],
    spoken: 'build-box cannot be reached, with 1 session running. Reconnect',
  });
  assert.deepEqual(look({ lastSeen: at(-4) }), { machines: [], nextIn: 6000 });
  assert.equal(awayText(look({ connection: 'connected' })), undefined);
  assert.equal(awayText(look({}, [ended])), undefined);
  for (const connection of ['connecting', 'signInNeeded', 'hostKeyChanged'] as const) {
    assert.equal(look({ connection }).machines.length, 1, connection);
  }
});

test('a new host key is found once, and not by whoever looks for the first time', () => {
  const finder = new HostKeyFinder();
  const changed = remote({ connection: 'hostKeyChanged' });
  assert.deepEqual(finder.look([changed]), []);
  assert.deepEqual(finder.look([remote()]), []);
  assert.deepEqual(finder.look([changed]), [changed]);
  assert.deepEqual(finder.look([changed]), []);
});
