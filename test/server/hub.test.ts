import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { endHome } from '../../scripts/lib/cmHome.mjs';
import { EngineService } from '../../src/core/engine/engineService.js';
import { LocalLogs } from '../../src/core/logs/localLogs.js';
import type { LogSink, Operation } from '../../src/core/machine/machineService.js';
import { openServerData } from '../../src/core/engine/serverData.js';
import { logPath } from '../../src/core/engine/sessionEngine.js';
import { MachineCache, rememberedMachines, type Remembered } from '../../src/core/store/machineCache.js';
import { RecordStore } from '../../src/core/store/recordStore.js';
import { LocalMachine } from '../../src/machines/local/localMachine.js';
import { machineId, type SshMachineSpec } from '../../src/protocol/machineKinds.js';
import { CodeManagerError } from '../../src/protocol/errors.js';
import { SessionRecord } from '../../src/protocol/files.js';
import { CreateSession, hasEnded, type Session } from '../../src/protocol/session.js';
import type { Change } from '../../src/protocol/events.js';
import { createHostService } from '../../src/server/hub/hostService.js';
import { Hub } from '../../src/server/hub/hub.js';
import { describe } from '../../src/protocol/word.js';
import { KeptUpdates } from '../../src/server/hub/keptUpdates.js';
import { PretendHost } from '../helpers/pretendHost.js';
import { silentLogger as log } from '../helpers/silentLogger.js';
import { tempDir } from '../helpers/tempDir.js';
import { until } from '../helpers/until.js';

const nobody: Operation = { asker: undefined, signal: new AbortController().signal, progress: () => undefined };
const SPEC: SshMachineSpec = { type: 'ssh', host: 'far' };
const FAR = machineId(SPEC);

/** A person's own machine and one far away, both with nothing on them. */
function setUp(t: TestContext): {
  root: string;
  host: PretendHost;
  work: string;
  /** The server of this machine, begun anew. */
  hub: (home?: string, host?: PretendHost) => Promise<Hub>;
  another: () => PretendHost;
} {
  const hubs: Hub[] = [];
  // Before the folder goes: what lives there is found by its sockets.
  t.after(async () => {
    for (const hub of hubs) hub.dispose();
    for (const home of [join('far', '.cm'), 'near', 'other']) await endHome(join(root, home));
  });
  const root = tempDir(t);
  const user = join(root, 'far');
  const work = join(root, 'work');
  mkdirSync(user);
  mkdirSync(work);
  const host = new PretendHost(FAR, user);
  const hub = async (home = 'near', through = host): Promise<Hub> => {
    const path = join(root, home);
    const machine = new LocalMachine({ env: { ...process.env, CM_HOME: path } });
    const data = await openServerData(path, log);
    const store = new RecordStore({ machine: new LocalMachine() });
    await store.load(data.paths);
    const remembered = await rememberedMachines(path);
    const made = new Hub({
      data,
      kept: await KeptUpdates.open(path, log),
      createLocal: (links) =>
        new EngineService({
          id: 'local',
          host: undefined,
          machine,
          store,
          logs: new LocalLogs({ path: (session) => logPath(data.paths, session), base: () => 0, log }),
          data,
          tmux: () => Promise.resolve({ program: undefined, searchLogin: false }),
          contexts: links.contexts,
          otherNames: () => links.otherNames('local'),
          placeholders: null,
          log,
        }),
      createService: (id, spec, links) =>
        createHostService({
          host: (spec as SshMachineSpec).host,
          id,
          spec: spec,
          machine: through,
          cache: new MachineCache(path, id, log),
          remembered: remembered.get(id),
          data,
          links,
          log,
        }),
      resolvePath: (each) => machine.resolvePath(each),
      remembered: new Map([...remembered].map(([id, { spec }]: [string, Remembered]) => [id, spec])),
      onForgotten: () => undefined,
      hosts: () => Promise.resolve([]),
      install: (spec) => Promise.resolve(spec),
      log,
    });
    hubs.push(made);
    await made.local.arrive();
    made.start();
    return made;
  };
  return { root, host, work, hub, another: () => new PretendHost(FAR, user) };
}

const request = (task: string, more: Partial<CreateSession> = {}): CreateSession =>
  CreateSession.parse({ requestId: randomUUID(), tool: 'shell', task, context: 'work', ...more });

const session = (hub: Hub, id: string): Session => {
  const found = hub.snapshot().sessions.find((each) => each.id === id);
  assert.ok(found, `session ${id}`);
  return found;
};

const ended = (hub: Hub, id: string): Promise<Session> =>
  until('it has ended', () => {
    const found = session(hub, id);
    return hasEnded(found) ? found : undefined;
  });

/** Takes a log as a client would. */
class Reader implements LogSink {
  text = '';
  offset = 0;
  ended = false;
  error: unknown;

  write(offset: number, bytes: Uint8Array): undefined {
    assert.equal(offset, this.offset, 'nothing is lost or doubled');
    this.offset += bytes.length;
    this.text += Buffer.from(bytes).toString();
  }
  resized(): void {
    // Not looked at.
  }
  end(offset: number): void {
    assert.equal(offset, this.offset);
    this.ended = true;
  }
  fail(error: unknown): void {
    this.error = error;
  }
}

async function follow(hub: Hub, id: string): Promise<Reader> {
  const reader = new Reader();
  const { service } = await hub.find(id);
  const { start } = await service.subscribeLog(id, 0, reader);
  start();
  return reader;
}

const addWork = (hub: Hub, path: string): Promise<unknown> =>
  hub.contexts.add({ name: 'work', path, machine: SPEC, tags: [] }, nobody);

const code = (expected: string) => (error: unknown) => error instanceof CodeManagerError && error.code === expected;

test('a session on another machine is started, spoken to, read and stopped there, and its files are on its disk', async (t) => {
  const { root, hub: open, work } = setUp(t);
  const hub = await open();
  await assert.rejects(addWork(hub, join(work, 'nothing')), code('invalid'));
  assert.deepEqual(hub.contexts.all(), []);
  await addWork(hub, work);
  const { id } = await hub.create(request('echo hello; read line; echo got $line; sleep 1000'), nobody);
  assert.equal(session(hub, id).machineId, FAR);
  const reader = await follow(hub, id);
  await until('its first words', () => reader.text.includes('hello'));
  await hub.call('session/send', { session: id, text: 'words', enter: true, force: false });
  await until('its answer', () => reader.text.includes('got words'));
  assert.equal(await hub.call('session/attach', { session: id, readOnly: false }), null);
  const record = SessionRecord.parse(
    JSON.parse(readFileSync(join(root, 'far', '.cm', 'sessions', 'active', `${id}.json`), 'utf8')),
  );
  assert.equal(record.machineId, 'local', 'an agent server there would take it for its own');
  const stopped = await hub.call('session/stop', { session: id, timeoutMs: 5_000 });
  assert.deepEqual([stopped.status, stopped.machineId], ['stopped', FAR]);
  await until('the log ends', () => reader.ended);
  assert.equal(reader.error, undefined);
});

test('while the way is cut all is told from memory, and afterwards everything is as if it had not been', async (t) => {
  const { host, hub: open, work } = setUp(t);
  const hub = await open();
  await addWork(hub, work);
  const changes: Change[] = [];
  hub.onDidChange((change) => changes.push(change));
  const gate = join(work, 'gate');
  const task = `for i in 1 2 3 4 5; do echo line $i; sleep 0.1; done; until [ -e ${gate} ]; do sleep 0.1; done; echo last; exit 3`;
  const { id } = await hub.create(request(task), nobody);
  const reader = await follow(hub, id);
  await until('some lines', () => reader.text.includes('line 2'));
  host.cut();
  const { connection, lastSeen } = hub.machineInfos().find((info) => info.id === FAR) ?? {};
  assert.equal(connection, 'offline');
  assert.ok(lastSeen);
  assert.equal(session(hub, id).status, 'running', 'only a machine that answers may say otherwise');
  assert.equal((await hub.list({ archived: true })).length, 1);
  assert.equal((await hub.list({ archived: false, state: 'offline' })).length, 1);
  await assert.rejects(
    hub.call('session/send', { session: id, text: 'x', enter: true, force: false }),
    code('unavailable'),
  );
  writeFileSync(gate, '');
  host.up();
  const end = await ended(hub, id);
  assert.deepEqual([end.status, end.exitCode], ['failed', 3]);
  await until('the log ends', () => reader.ended);
  assert.deepEqual([...reader.text.matchAll(/line \d|last/g)].map(String), [
    'line 1',
    'line 2',
    'line 3',
    'line 4',
    'line 5',
    'last',
  ]);
  await until('it is connected', () => hub.machineInfos().find((info) => info.id === FAR)?.connection === 'connected');
  assert.equal(changes.filter((change) => change.type === 'notice').length, 0);
});

test('what is marked on a session while its machine is away is shown at once and carried out when it is back', async (t) => {
  const { root, host, hub: open, work } = setUp(t);
  const hub = await open();
  await addWork(hub, work);
  const run = async (task: string): Promise<string> => (await hub.create(request(task), nobody)).id;
  const gate = join(work, 'gate');
  const ids = [await run('exit 3'), await run('exit 4'), await run(`until [ -e ${gate} ]; do sleep 0.1; done; exit 5`)];
  const [read = '', pinned = '', news = ''] = ids;
  for (const id of [read, pinned]) await ended(hub, id);
  await until('it runs', () => session(hub, news).status === 'running');
  const there = (id: string): SessionRecord =>
    SessionRecord.parse(JSON.parse(readFileSync(join(root, 'far', '.cm', 'sessions', 'active', `${id}.json`), 'utf8')));
  await until('they are unread', () => there(read).unread && there(pinned).unread);
  const changes: Change[] = [];
  hub.onDidChange((change) => changes.push(change));
  host.cut();
  assert.equal((await hub.update({ session: read, unread: false })).unread, false);
  assert.equal((await hub.update({ session: pinned, pinned: true })).pinned, true);
  await hub.update({ session: news, unread: false });
  const marks = (of: Hub): unknown[] => [read, pinned].map((id) => [session(of, id).unread, session(of, id).pinned]);
  const wanted = [
    [false, false],
    [true, true],
  ];
  assert.deepEqual(marks(hub), wanted);
  assert.ok(changes.some((change) => change.type === 'session/changed' && change.session.id === read));
  assert.equal((await hub.list({ archived: false })).find(({ id }) => id === read)?.unread, false);
  assert.deepEqual([there(read).unread, there(pinned).pinned], [true, false], 'nobody can know there yet');
  await assert.rejects(hub.update({ session: 'nobody', unread: false }), code('notFound'));

  // What nobody has seen yet stays unread.
  writeFileSync(gate, '');
  await hub.flush();
  hub.dispose();
  const next = await open();
  assert.deepEqual(marks(next), wanted, 'the next server knows too');
  host.up();
  await until('it is carried out', () => !there(read).unread && there(pinned).pinned);
  assert.deepEqual([there(read).pinned, there(pinned).unread], [false, true]);
  assert.equal((await ended(next, news)).exitCode, 5);
  await until('its end is to be seen', () => there(news).unread);
  assert.deepEqual(marks(next), wanted);
  const kept = (): unknown => JSON.parse(readFileSync(join(root, 'near', 'machines', 'updates.json'), 'utf8'));
  await until('nothing is kept any more', () => JSON.stringify(kept()) === '{"version":1,"sessions":{}}');
  await next.update({ session: read, unread: true });
  assert.equal(there(read).unread, true);
});

test('a start that is cut at any moment makes one session when it is asked for again', async (t) => {
  const { host, hub: open, work } = setUp(t);
  const hub = await open();
  await addWork(hub, work);
  const moments = ['.launch', '.json', 'tmux'];
  for (const moment of moments) {
    const file = join(work, `ran${moments.indexOf(moment)}`);
    const wanted = request(`echo once >>${file}; sleep 1000`);
    let cuts = 0;
    host.before = (method, path) => {
      const isIt =
        moment === 'tmux'
          ? method === 'readFile' && path.endsWith('.exit')
          : method === 'writeFile' && path.endsWith(moment);
      if (!isIt || cuts++ > 0) return;
      // What was asked is done, and the answer is lost.
      setImmediate(() => host.cut());
    };
    const first = await hub.create(wanted, nobody).then(
      ({ id }) => id,
      () => undefined,
    );
    assert.ok(cuts > 0, `cut at ${moment}`);
    host.cut();
    host.before = undefined;
    const { id } = await hub.create(wanted, nobody);
    if (first !== undefined) assert.equal(id, first);
    await until(`it runs after a cut at ${moment}`, () => session(hub, id).status === 'running');
    await until('it has begun', () => {
      try {
        return readFileSync(file, 'utf8');
      } catch {
        return undefined;
      }
    });
    await hub.call('session/kill', { session: id });
    assert.equal(readFileSync(file, 'utf8'), 'once\n', moment);
  }
  assert.equal(hub.snapshot().sessions.length, moments.length, 'nothing else was made');
});

test('the next server shows what was known before the machine is reached, and how old that is', async (t) => {
  const { host, hub: open, work } = setUp(t);
  const hub = await open();
  await addWork(hub, work);
  const { id } = await hub.create(request('sleep 1000'), nobody);
  await until('it runs', () => session(hub, id).status === 'running');
  host.cut();
  await hub.flush();
  hub.dispose();
  // Nobody is there who could say the password.
  host.password = 'secret';
  const next = await open();
  const info = next.machineInfos().find((each) => each.id === FAR);
  assert.equal(info?.connection, 'signInNeeded');
  assert.ok(info.lastSeen);
  assert.equal(session(next, id).status, 'running');
  await assert.rejects(next.call('session/interrupt', { session: id, force: false }), code('unauthorized'));
  const asked: string[] = [];
  const asker = {
    ask: ({ kind, title }: { kind: string; title: string }) => {
      asked.push(`${kind}: ${title}`);
      return Promise.resolve('secret');
    },
  };
  await next.machine('far').connect({ ...nobody, asker });
  assert.deepEqual(asked, [`password: Password of ${FAR}`]);
  assert.equal((await next.call('session/kill', { session: id })).status, 'stopped');
});

test('what another server does with sessions there is seen', async (t) => {
  const { hub: open, another, work } = setUp(t);
  const hub = await open();
  await addWork(hub, work);
  const other = await open('other', another());
  await addWork(other, work);
  const { id } = await hub.create(request('sleep 1000'), nobody);
  await until('the other one sees it', () =>
    other.snapshot().sessions.some((each) => each.id === id && each.status === 'running'),
  );
  const renamed = await other.call('session/rename', { session: id, name: 'theirs' });
  assert.equal(renamed.name, 'theirs');
  await until('its name is seen', () => session(hub, id).name === 'theirs');
  await hub.call('session/stop', { session: id, timeoutMs: 5_000 });
  assert.equal((await ended(other, id)).status, 'stopped');
});

test('after a restart of the host its sessions are lost; on another node behind the same name they are not', async (t) => {
  const { host, hub: open, work } = setUp(t);
  const hub = await open();
  await addWork(hub, work);
  const { id } = await hub.create(request('sleep 1000'), nobody);
  await until('it runs', () => session(hub, id).status === 'running');
  const here = await host.identity();
  host.cut();
  host.pretended = { host: 'other-node', bootId: 'other-boot' };
  host.up();
  const info = (): string | undefined => hub.machineInfos().find((each) => each.id === FAR)?.connection;
  await until('it is connected', () => info() === 'connected');
  assert.equal(session(hub, id).status, 'running');
  await assert.rejects(hub.call('session/interrupt', { session: id, force: false }), code('unavailable'));
  host.cut();
  host.pretended = { host: here.host, bootId: 'next-boot' };
  host.booted = Date.now();
  // A restart ends its tmux too.
  await endHome(join(work, '..', 'far', '.cm'));
  host.up();
  const lost = await ended(hub, id);
  assert.deepEqual([lost.status, lost.reason], ['lost', `host restarted ${new Date(host.booted).toISOString()}`]);
  const { word, detail } = describe(lost, Date.now());
  assert.match(`${word} ${detail}`, /^Lost host restarted (?:\d{4}-\d\d-\d\d )?\d\d:\d\d$/);
});

test('names are unique over all machines, and an ambiguous one names the machines', async (t) => {
  const { root, hub: open, work, another } = setUp(t);
  const hub = await open();
  await addWork(hub, work);
  await hub.contexts.add({ name: 'near', path: root, machine: 'local', tags: [] }, nobody);
  const far = await hub.create(request('sleep 1000', { name: 'twin' }), nobody);
  await assert.rejects(hub.create(request('sleep 1000', { name: 'twin', context: 'near' }), nobody), code('conflict'));
  const near = await hub.create(request('sleep 1000', { context: 'near' }), nobody);
  assert.notEqual(near.name, far.name);
  // Another server knows nothing of the names here.
  const other = await open('other', another());
  await addWork(other, work);
  await until('it is seen there', () => other.snapshot().sessions.length === 1);
  await other.call('session/rename', { session: far.id, name: near.name });
  await until('its name is seen', () => session(hub, far.id).name === near.name);
  await assert.rejects(
    hub.find(near.name),
    (error: CodeManagerError) => error.code === 'conflict' && /far/.test(error.hint ?? ''),
  );
  const ids = async (machine: string): Promise<string[]> =>
    (await hub.list({ archived: false, machine })).map(({ id }) => id);
  assert.deepEqual(await ids('far'), [far.id]);
  assert.deepEqual(await ids(FAR), [far.id]);
  assert.deepEqual(await ids('local'), [near.id]);
  for (const { id } of [near, far]) await hub.call('session/kill', { session: id });
});

test('of two servers one acts and the other watches, until the first has gone or the other is asked to act', async (t) => {
  const { root, hub: open, another, work } = setUp(t);
  const hub = await open();
  await addWork(hub, work);
  const far = another();
  const other = await open('other', far);
  await addWork(other, work);
  const owner = async (): Promise<string> => {
    const { stdout } = await new LocalMachine().run([
      'tmux',
      '-S',
      join(root, 'far', '.cm', 'run', 'tmux.sock'),
      'show-options',
      '-sv',
      '@cm_owner',
    ]);
    return stdout.trim();
  };
  const gate = join(work, 'gate');
  const { id } = await hub.create(request(`echo begun; until [ -e ${gate} ]; do sleep 0.1; done; exit 4`), nobody);
  await until('the other one sees it', () => other.snapshot().sessions.some((each) => each.id === id));
  const first = await until('one acts', owner);
  await other.call('session/key', { session: id, keys: ['x'], force: false });
  const second = await owner();
  assert.notEqual(second, first, 'who is asked to do something acts from then on');
  // It hears of that within a second.
  await until('the first one acts again', async () => {
    await hub.call('session/key', { session: id, keys: ['x'], force: false });
    return (await owner()) === first;
  });
  const reader = await follow(other, id);
  hub.dispose();
  await until('the other one acts', async () => (await owner()) === second);
  writeFileSync(gate, '');
  assert.deepEqual([(await ended(other, id)).exitCode, session(other, id).status], [4, 'failed']);
  await until('the log ends', () => reader.ended);
  assert.match(reader.text, /begun/);
});
