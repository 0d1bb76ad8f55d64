import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { promisify } from 'node:util';
import type { Client } from '../../src/client/api.js';
import type { Machine } from '../../src/protocol/context.js';
import type { Question } from '../../src/protocol/question.js';
import { toCodeManagerError, type CodeManagerError } from '../../src/protocol/errors.js';
import { hasEnded, type Session } from '../../src/protocol/session.js';
import { LinkProxy } from '../helpers/linkProxy.js';
import { hostNamespace } from '../helpers/namespace.js';
import { RemoteHost } from '../helpers/remoteHost.js';
import { tempDir } from '../helpers/tempDir.js';
import { TestHome } from '../helpers/testHome.js';
import { TestServer } from '../helpers/testServer.js';
import { until } from '../helpers/until.js';

type NodeName = 'login1' | 'login3';

/** Two login nodes with one home, and one name for both. */
class Cluster {
  readonly hub: TestServer;
  readonly client: Client;
  readonly home: TestHome;
  /** What the person was asked; the answer is yes. */
  readonly asked: string[] = [];
  readonly work: string;
  readonly #nodes: Readonly<Record<NodeName, RemoteHost>>;
  readonly #runs: Readonly<Record<NodeName, string>>;
  /** The way from one node to another. */
  readonly inside: Readonly<Record<NodeName, LinkProxy>>;

  private constructor(
    hub: TestServer,
    home: TestHome,
    nodes: Readonly<Record<NodeName, RemoteHost>>,
    runs: Readonly<Record<NodeName, string>>,
    inside: Readonly<Record<NodeName, LinkProxy>>,
  ) {
    this.hub = hub;
    this.home = home;
    this.work = home.work;
    this.#nodes = nodes;
    this.#runs = runs;
    this.inside = inside;
    this.client = hub.client({ subscribe: true, onQuestion: (question) => Promise.resolve(this.answer(question)) });
  }

  /** @param sharedSockets the folder of sockets is on the disk of both */
  static async start(t: TestContext, { sharedSockets = false } = {}): Promise<Cluster> {
    const hub = new TestServer(t, { env: { SHELL: '/bin/bash' } });
    const home = new TestHome(t);
    const dir = tempDir(t);
    const runtime = join(home.user, '.cm', 'run');
    for (const folder of [join(home.user, '.cm'), runtime]) mkdirSync(folder, { mode: 0o700 });
    const hosts = join(dir, 'hosts');
    writeFileSync(hosts, '127.0.0.1 localhost login1.inside login3.inside\n');
    const runs = { login1: join(dir, 'login1'), login3: join(dir, 'login3') };
    const start = async (name: NodeName): Promise<RemoteHost> => {
      mkdirSync(runs[name], { mode: 0o700 });
      const { wrapper } = hostNamespace(dir, name, [
        ['/etc/hosts', hosts],
        // Sockets are of one node alone.
        [sharedSockets ? '/var/tmp' : runtime, runs[name]],
      ]);
      const [unshare = '', ...more] = wrapper;
      // Neither sees the processes of the other.
      const own = [unshare, '--pid', '--fork', '--kill-child', '--mount-proc', ...more];
      return RemoteHost.start(t, { wrapper: own, sharedHome: home.user });
    };
    const nodes = { login1: await start('login1'), login3: await start('login3') };
    return new Cluster(hub, home, nodes, runs, {
      login1: await LinkProxy.open(t, { port: nodes.login1.sshd.port }),
      login3: await LinkProxy.open(t, { port: nodes.login3.sshd.port }),
    });
  }

  node(name: NodeName): RemoteHost {
    return this.#nodes[name];
  }

  answer(question: Question): string | null {
    this.asked.push(`${question.machine}: ${question.kind}`);
    return 'yes';
  }

  /** From now on `cluster` leads to this node. Nodes are known by names that only they themselves can resolve. */
  leadTo(name: NodeName, known: readonly NodeName[] = ['login1', 'login3']): void {
    const folder = join(this.hub.home.user, '.ssh');
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const knownHosts = join(folder, 'known_hosts');
    const names = ['login1', 'login3'] as const;
    const block = (alias: string, hostName: string, port: number, keys: readonly string[]): string =>
      [
        `Host ${alias}`,
        `  HostName ${hostName}`,
        `  Port ${port}`,
        `  HostKeyAlias ${alias}`,
        `  UserKnownHostsFile ${knownHosts}`,
        ...keys.map((key) => `  IdentityFile ${key}`),
        '',
      ].join('\n');
    const keys = names.map((each) => this.node(each).sshd.keyFile);
    writeFileSync(
      join(folder, 'config'),
      [
        block('cluster', '127.0.0.1', this.node(name).link.port, keys),
        // No key: that of the alias is used.
        ...names.map((each) => block(each, `${each}.inside`, this.inside[each].port, [])),
      ].join(''),
    );
    writeFileSync(
      knownHosts,
      names
        .flatMap((each) => {
          const { hostKey } = this.node(each).sshd;
          return [`cluster ${hostKey}`, ...(known.includes(each) ? [`${each} ${hostKey}`] : [])];
        })
        .join('\n') + '\n',
    );
  }

  /** The connection is cut, and the name leads to another node afterwards. */
  async moveTo(name: NodeName, known?: readonly NodeName[]): Promise<void> {
    const from = name === 'login1' ? 'login3' : 'login1';
    this.leadTo(name, known);
    this.node(from).link.cut();
    await this.landedOn(name);
    this.node(from).link.mend();
  }

  add(): Promise<unknown> {
    return this.client.request('context/add', {
      name: 'far',
      path: this.work,
      machine: { type: 'ssh', host: 'cluster' },
    });
  }

  get row(): Machine | undefined {
    return this.client.snapshot.machines.find(({ id }) => id === 'ssh:cluster');
  }

  async landedOn(name: NodeName): Promise<void> {
    await until(
      `cluster leads to ${name}`,
      () => this.row?.connection === 'connected' && this.row.node === name,
      60_000,
    );
  }

  start(task: string, name: string): Promise<Session> {
    const requestId = randomBytes(8).toString('hex');
    return this.client.request('session/create', { requestId, tool: 'shell', task, context: 'far', name });
  }

  runs(id: string): Promise<Session> {
    return this.hub.session(this.client, id, 'runs', ({ status }) => status === 'running');
  }

  /** What `cm status` shows: name, status and node of each session. */
  async status(): Promise<string[]> {
    const sessions = await this.hub.home.json<Session[]>('status');
    return sessions.map(({ name, status, machine }) => `${name} ${status} ${machine.host}`).sort();
  }

  /** The node that has the folder of sockets in the home. */
  get owner(): string | undefined {
    return readFileSync(join(this.home.user, '.cm', 'run', 'node'), 'utf8').split('\n')[0];
  }

  /** The socket of tmux on a node's own disk. */
  #socket(name: NodeName): string {
    const own = this.#runs[name];
    if (existsSync(join(own, 'node'))) return join(own, 'tmux.sock');
    if (this.owner === name) return join(this.home.user, '.cm', 'run', 'tmux.sock');
    const place = readdirSync(own, { recursive: true, encoding: 'utf8' }).find((path) => path.endsWith('/tmux.sock'));
    return join(own, place ?? 'tmux.sock');
  }

  /** The windows of sessions in the tmux of a node. */
  async windows(name: NodeName): Promise<string[]> {
    const args = ['-N', '-S', this.#socket(name), 'list-panes', '-a', '-F', '#{@cm_session}'];
    const { stdout } = await promisify(execFile)('tmux', args).catch(() => ({ stdout: '' }));
    return [...new Set(stdout.split('\n').filter((line) => line !== ''))];
  }

  record(id: string): { readonly text: string; readonly mtimeMs: number } {
    const path = join(this.home.user, '.cm', 'sessions', 'active', `${id}.json`);
    return { text: readFileSync(path, 'utf8'), mtimeMs: statSync(path).mtimeMs };
  }

  log(id: string): string {
    return this.node('login1').log(id);
  }

  refusal(request: Promise<unknown>): Promise<CodeManagerError> {
    return request.then(
      () => assert.fail('it was not refused'),
      (error: unknown) => toCodeManagerError(error),
    );
  }
}

const ECHO = 'stty -echo; while read line; do echo "got $line"; done';

test(
  'a session on another login node behind the alias is driven there through it, and neither node touches what is of the other',
  { timeout: 200_000 },
  async (t) => {
    const cluster = await Cluster.start(t);
    const { client, hub } = cluster;
    cluster.leadTo('login1');
    await cluster.add();
    const first = await cluster.start(ECHO, 'first');
    await cluster.runs(first.id);
    const short = await cluster.start(ECHO, 'short');
    await cluster.runs(short.id);
    assert.equal((await client.request('session/get', { session: first.id })).machine.host, 'login1');

    await cluster.moveTo('login3');
    assert.deepEqual(await cluster.status(), ['first running login1', 'short running login1']);
    await client.request('session/send', { session: first.id, text: 'one' });
    await until('it came', () => cluster.log(first.id).includes('got one'));
    const stopped = await client.request('session/stop', { session: short.id, timeoutMs: 5_000 });
    assert.deepEqual([stopped.status, stopped.machineId], ['stopped', 'ssh:cluster']);

    const before = cluster.record(first.id);
    const second = await cluster.start(ECHO, 'second');
    await cluster.runs(second.id);
    assert.deepEqual(await cluster.status(), ['first running login1', 'second running login3', 'short stopped login1']);
    assert.deepEqual([await cluster.windows('login1'), await cluster.windows('login3')], [[first.id], [second.id]]);
    await client.request('session/send', { session: second.id, text: 'two' });
    await until('it came', () => cluster.log(second.id).includes('got two'));
    assert.deepEqual(cluster.record(first.id), before, 'nothing that is done on login3 writes it');

    await cluster.moveTo('login1');
    const other = cluster.record(second.id);
    await client.request('session/send', { session: first.id, text: 'three' });
    await until('it came', () => cluster.log(first.id).includes('got three'));
    assert.deepEqual(cluster.record(second.id), other, 'nothing that is done on login1 writes it');
    await client.request('session/send', { session: second.id, text: 'four' });
    await until('it came', () => cluster.log(second.id).includes('got four'));
    assert.deepEqual([await cluster.windows('login1'), await cluster.windows('login3')], [[first.id], [second.id]]);
    assert.equal(client.snapshot.sessions.filter(({ status }) => status === 'lost').length, 0);
    assert.equal(client.snapshot.machines.filter(({ type }) => type === 'ssh').length, 1);

    for (const { id } of [first, second]) {
      const ended = await client.request('session/kill', { session: id });
      assert.ok(hasEnded(ended));
    }
    const texts = (id: string): string[] => cluster.log(id).match(/got \w+/g) ?? [];
    assert.deepEqual(
      [texts(first.id), texts(second.id)],
      [
        ['got one', 'got three'],
        ['got two', 'got four'],
      ],
    );
    await until('nothing is connected to login3 any more', () => cluster.inside.login3.open === 0);
    assert.doesNotMatch(hub.serverLog, /is lost|is recovered/);
  },
);

test(
  'while another login node cannot be reached its sessions keep their last word, what is asked of them says so, and what is marked waits',
  { timeout: 200_000 },
  async (t) => {
    const cluster = await Cluster.start(t);
    const { client } = cluster;
    cluster.leadTo('login1');
    await cluster.add();
    const { id } = await cluster.start(ECHO, 'first');
    await cluster.runs(id);
    cluster.inside.login1.cut();
    await cluster.moveTo('login3');
    assert.deepEqual(await cluster.status(), ['first running login1']);
    const refused = await cluster.refusal(client.request('session/send', { session: id, text: 'x' }));
    assert.deepEqual([refused.code, refused.message], ['unavailable', 'login1 cannot be reached through cluster']);
    const renamed = await cluster.refusal(client.request('session/rename', { session: id, name: 'other' }));
    assert.equal(renamed.code, 'unavailable');
    const pinned = (): unknown => (JSON.parse(cluster.record(id).text) as Session).pinned;
    const marked = await client.request('session/update', { session: id, pinned: true });
    assert.deepEqual([marked.pinned, pinned()], [true, false]);
    await until('it is shown', () => client.snapshot.sessions.find((each) => each.id === id)?.pinned === true);
    cluster.inside.login1.mend();
    await until('it is tried again by itself', () =>
      client.request('session/send', { session: id, text: 'again' }).then(
        () => true,
        () => false,
      ),
    );
    await until('it came', () => cluster.log(id).includes('got again'));
    await until('what was marked is written where it is', () => pinned() === true);
    assert.deepEqual(await cluster.status(), ['first running login1']);
  },
);

test(
  'the key of another login node is checked under its own name, and nobody is asked by itself',
  { timeout: 200_000 },
  async (t) => {
    const cluster = await Cluster.start(t);
    const { client } = cluster;
    cluster.leadTo('login1', []);
    await cluster.add();
    const { id } = await cluster.start(ECHO, 'first');
    await cluster.runs(id);
    await cluster.moveTo('login3', []);
    const refused = await until('it is refused', async () => {
      const error = await cluster.refusal(client.request('session/send', { session: id, text: 'x' }));
      return error.hint?.includes('is not known') === true ? error : undefined;
    });
    assert.equal(refused.message, 'login1 cannot be reached through cluster');
    assert.match(refused.hint ?? '', /cm machine connect cluster/);
    assert.deepEqual(cluster.asked, []);
    await client.request('machine/connect', { machine: 'cluster' });
    assert.deepEqual(cluster.asked, ['login1: hostKey']);
    await client.request('session/send', { session: id, text: 'trusted' });
    await until('it came', () => cluster.log(id).includes('got trusted'));
    assert.deepEqual(await cluster.status(), ['first running login1']);
  },
);

test(
  'two nodes whose shared home looks like a disk of their own have sockets of their own, the same after a change of nodes',
  { timeout: 200_000 },
  async (t) => {
    const cluster = await Cluster.start(t, { sharedSockets: true });
    cluster.leadTo('login1');
    await cluster.add();
    const first = await cluster.start(ECHO, 'first');
    await cluster.runs(first.id);
    await cluster.moveTo('login3');
    const second = await cluster.start(ECHO, 'second');
    await cluster.runs(second.id);
    assert.equal(cluster.owner, 'login1');
    assert.deepEqual([await cluster.windows('login1'), await cluster.windows('login3')], [[first.id], [second.id]]);
    await cluster.moveTo('login1');
    await cluster.client.request('session/send', { session: first.id, text: 'one' });
    await cluster.client.request('session/send', { session: second.id, text: 'two' });
    await until('both came', () =>
      [cluster.log(first.id).includes('got one'), cluster.log(second.id).includes('got two')].every(Boolean),
    );
    assert.deepEqual(await cluster.status(), ['first running login1', 'second running login3']);
    assert.equal(cluster.owner, 'login1');
    assert.doesNotMatch(cluster.hub.serverLog, /is lost|is recovered/);
  },
);

/** Stands for an agent that keeps its records as Claude Code does. */
const AGENT = `#!/bin/sh
echo "on $(uname -n): $*"
folder=$CLAUDE_CONFIG_DIR/projects/work
mkdir -p "$folder"
while [ $# -gt 1 ] && [ "$1" != --session-id ]; do shift; done
[ "$1" != --session-id ] || printf '{"type":"user","message":{"content":"first"}}\\n' >"$folder/$2.jsonl"
while read -r line; do echo "got $line"; [ "$line" != exit ] || exit 7; done
`;

test(
  'a session that ended on another login node is resumed there, and what keeps it from that is said',
  { timeout: 200_000 },
  async (t) => {
    const cluster = await Cluster.start(t);
    const { client, hub, home } = cluster;
    const program = join(home.user, 'agent.sh');
    writeFileSync(program, AGENT, { mode: 0o755 });
    const tools = join(hub.cm, 'tools');
    mkdirSync(tools, { recursive: true });
    const startup = { dialogs: [], ready: [], loading: [], stableMs: 0 };
    // It does not ask its terminal, and reads lines: nothing is to be typed into it unasked.
    const claude = { id: 'claude', command: [program], startup };
    writeFileSync(join(tools, 'claude.json'), JSON.stringify(claude));
    cluster.leadTo('login1');
    await cluster.add();
    const created = await client.request('session/create', {
      ...{ requestId: randomBytes(8).toString('hex'), tool: 'claude', task: 'first', context: 'far', name: 'talk' },
      env: { CLAUDE_CONFIG_DIR: join(home.user, 'config') },
    });
    const { id } = created;
    await cluster.runs(id);
    const end = async (): Promise<void> => {
      await client.request('session/send', { session: id, text: 'exit' });
      await hub.ended(client, id);
    };
    await end();
    await until('its conversation is known', async () => {
      return (await client.request('session/get', { session: id })).conversationId !== null;
    });
    await cluster.moveTo('login3');
    cluster.inside.login1.cut();
    const resume = (): Promise<Session> =>
      client.request('session/resume', { session: id, requestId: randomBytes(8).toString('hex'), env: {} });
    const refused = await cluster.refusal(resume());
    assert.deepEqual([refused.code, refused.message], ['unavailable', 'login1 cannot be reached through cluster']);
    cluster.inside.login1.mend();
    const resumed = await until('it is reached', () => resume().catch(() => undefined));
    assert.deepEqual([resumed.status, resumed.machine.host, resumed.machineId], ['running', 'login1', 'ssh:cluster']);
    await until('it goes on', () => /^on login1: .*--resume /m.test(cluster.log(id)));
    assert.deepEqual([await cluster.windows('login1'), await cluster.windows('login3')], [[id], []]);
    assert.deepEqual(await cluster.status(), ['talk running login1']);
    await end();

    await client.request('session/archive', { session: id });
    assert.equal((await resume()).machine.host, 'login1');
    await until('it is listed again', async () => (await cluster.status()).includes('talk running login1'));
    await client.request('session/kill', { session: id });
  },
);
