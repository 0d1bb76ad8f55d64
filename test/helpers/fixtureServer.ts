import { mkdirSync } from 'node:fs';
import type { TestContext } from 'node:test';
import type { Context, Machine } from '../../src/protocol/context.js';
import { machineId } from '../../src/protocol/machineKinds.js';
import { CodeManagerError } from '../../src/protocol/errors.js';
import type { Question } from '../../src/protocol/question.js';
import type { Snapshot } from '../../src/protocol/collections.js';
import type { Params } from '../../src/protocol/requests.js';
import type { Session } from '../../src/protocol/session.js';
import type { ToolInfo } from '../../src/protocol/tool.js';
import { contextRecord, machineRecord, sessionRecord } from './records.js';
import { ScriptedServer, type Handler, type Peer } from './scriptedServer.js';
import { NO_POLICY } from '../../src/protocol/policy.js';

const MINUTE = 60_000;

/** ISO time so many minutes before now. */
export function minutesAgo(minutes: number): string {
  return new Date(Date.now() - minutes * MINUTE).toISOString();
}

const HOST = 'build-box';

/** One session for each word that people see, in contexts of two machines, one of which is away. */
export function twelveWords(): Snapshot {
  const api = contextRecord({ id: 'api', name: 'api', path: '/src/api', lastUsed: minutesAgo(3), tags: ['backend'] });
  const web = contextRecord({ id: 'web', name: 'web', path: '/src/web', lastUsed: minutesAgo(40) });
  const infra = contextRecord({
    id: 'infra',
    name: 'infra',
    path: '/srv/infra',
    machine: { type: 'ssh', host: 'lab-3' },
  });
  let count = 0;
  const session = (name: string, minutes: number, fields: Partial<Session>): Session => {
    const context = fields.contextId === 'web' ? web : fields.contextId === 'infra' ? infra : api;
    const id = `00000000${String(count++).padStart(4, '0')}`;
    return sessionRecord({
      id,
      name,
      contextId: context.id,
      contextName: context.name,
      path: context.path,
      machine: { host: context === infra ? 'lab-3' : HOST, bootId: 'boot' },
      machineId: machineId(context.machine),
      tool: 'claude',
      toolVersion: '2.1.4',
      task: `Please ${name.replaceAll('-', ' ')}.`,
      created: minutesAgo(minutes + 20),
      started: minutesAgo(minutes + 20),
      changed: minutesAgo(minutes),
      lastOutput: minutesAgo(minutes),
      ...fields,
    });
  };
  const ended = (minutes: number, ran: number): Partial<Session> => ({
    state: null,
    created: minutesAgo(minutes + ran),
    started: minutesAgo(minutes + ran),
    completed: minutesAgo(minutes),
  });
  return {
    machines: [
      machineRecord({ host: HOST, since: minutesAgo(600) }),
      machineRecord({ id: 'ssh:lab-3', host: 'lab-3', type: 'ssh', connection: 'offline', since: minutesAgo(3) }),
    ],
    policy: NO_POLICY,
    contexts: [api, web, infra],
    sessions: [
      session('refactor-auth', 3, { state: 'waiting', waiting: { kind: 'permission', text: 'npm publish' } }),
      session('theme-colours', 1, {
        contextId: 'web',
        tool: 'codex',
        state: 'waiting',
        waiting: { kind: 'question', text: 'Which colour?' },
      }),
      session('flaky-tests', 12, { status: 'failed', unread: true, exitCode: 3, ...ended(12, 34) }),
      session('write-changelog', 5, { state: 'idle', unread: true, contextId: 'web' }),
      session('bump-deps', 18, { status: 'completed', unread: true, exitCode: 0, tool: 'codex', ...ended(18, 7) }),
      session('old-branch', 95, { status: 'lost', unread: true, reason: 'host restarted 12:02', ...ended(95, 60) }),
      session('payment-retries', 2, { state: 'working', phase: 'editing' }),
      session('nightly-build', 26, { state: 'unknown', tool: 'shell', lastOutput: minutesAgo(0.2) }),
      session('new-endpoint', 0, { status: 'starting', state: null, created: minutesAgo(0), started: null }),
      session('docs-search', 33, {
        contextId: 'web',
        state: 'limited',
        limitedUntil: new Date(Date.now() + 90 * MINUTE).toISOString(),
      }),
      session('api-examples', 51, { state: 'idle', tool: 'opencode' }),
      session('rotate-keys', 8, { contextId: 'infra', state: 'working', phase: 'running' }),
      session('spike-cache', 140, { status: 'stopped', tool: 'gemini', ...ended(140, 15) }),
    ],
  };
}

/** Machines in every state that a row of the Contexts view can tell of, with sessions on some of them. */
export function machinesOfAllKinds(): Snapshot {
  const ssh = (host: string, fields: Partial<Machine> = {}): Machine =>
    machineRecord({ id: `ssh:${host}`, host, type: 'ssh', node: host, since: minutesAgo(3), ...fields });
  const context = (name: string, path: string, machine: Context['machine']): Context =>
    contextRecord({ id: name, name, path, machine, lastUsed: minutesAgo(name.length) });
  const session = (name: string, on: string, fields: Partial<Session>): Session =>
    sessionRecord({
      id: `0000${name
        .replace(/[^a-z]/g, '')
        .padEnd(8, '0')
        .slice(0, 8)}`,
      name,
      contextId: 'api',
      contextName: 'api',
      path: '/srv/api',
      machine: { host: on.replace(/^.*:/, ''), bootId: 'boot' },
      machineId: on,
      tool: 'claude',
      created: minutesAgo(40),
      started: minutesAgo(40),
      changed: minutesAgo(12),
      ...fields,
    });
  return {
    policy: NO_POLICY,
    machines: [
      machineRecord({ host: 'laptop', node: 'laptop', since: minutesAgo(600) }),
      ssh('build-box'),
      ssh('lab-3', { connection: 'offline', lastSeen: minutesAgo(3), nextTry: minutesAgo(-0.14) }),
      ssh('gpu-1', {
        connection: 'signInNeeded',
        problem: { message: 'gpu-1 refused the password of anna.', command: null },
      }),
      ssh('old-server', {
        connection: 'hostKeyChanged',
        problem: {
          message: 'The key of old-server is not the one in /home/anna/.ssh/known_hosts:14.',
          command: "ssh-keygen -R old-server -f '/home/anna/.ssh/known_hosts'",
        },
      }),
      ssh('tiny', {
        connection: 'dependencyMissing',
        problem: { message: 'tmux was not found on tiny.', command: 'sudo apt-get install -y tmux' },
      }),
      machineRecord({
        id: 'agent:render-farm',
        host: 'render-farm',
        type: 'agent',
        node: 'render-farm',
        version: '1.4.2',
        since: minutesAgo(90),
      }),
      ssh('cluster', { node: 'login1' }),
    ],
    contexts: [
      context('notes', '/home/anna/notes', 'local'),
      context('api', '/srv/api', { type: 'ssh', host: 'build-box' }),
      context('web', '/srv/web', { type: 'ssh', host: 'build-box' }),
      context('infra', '/srv/infra', { type: 'ssh', host: 'lab-3' }),
      context('train', '/data/train', { type: 'ssh', host: 'gpu-1' }),
      context('legacy', '/opt/legacy', { type: 'ssh', host: 'old-server' }),
      context('sensors', '/home/pi/sensors', { type: 'ssh', host: 'tiny' }),
      context('frames', '/render/frames', { type: 'agent', host: 'render-farm' }),
      context('simulation', '/home/anna/sim', { type: 'ssh', host: 'cluster' }),
    ],
    sessions: [
      session('refactor-auth', 'ssh:build-box', {
        state: 'waiting',
        waiting: { kind: 'permission', text: 'npm publish' },
        changed: minutesAgo(3),
      }),
      session('write-notes', 'local', { contextId: 'notes', contextName: 'notes', state: 'working', phase: 'editing' }),
      session('rotate-keys', 'ssh:lab-3', { contextId: 'infra', contextName: 'infra', state: 'working' }),
      session('simulate', 'ssh:cluster', {
        contextId: 'simulation',
        contextName: 'simulation',
        machine: { host: 'login3', bootId: 'boot' },
        state: 'working',
        phase: 'running',
      }),
      session('old-branch', 'ssh:build-box', {
        status: 'lost',
        state: null,
        unread: true,
        reason: 'host restarted 14:02',
      }),
    ],
  };
}

export const NO_SESSIONS: Snapshot = {
  machines: [machineRecord({ host: HOST })],
  contexts: [],
  sessions: [],
  policy: NO_POLICY,
};

export const TMUX_MISSING: Snapshot = {
  machines: [
    machineRecord({
      host: HOST,
      connection: 'dependencyMissing',
      since: minutesAgo(1),
      problem: {
        message: `Agents run in tmux, which was not found on ${HOST}`,
        command: 'sudo apt-get install -y tmux',
      },
    }),
  ],
  contexts: [],
  sessions: [],
  policy: NO_POLICY,
};

const tool = (id: string, name: string, version: string | null, installCommand: string | null = null): ToolInfo => ({
  id,
  name,
  installed: version !== null,
  runs: null,
  path: version === null ? null : `/usr/local/bin/${id}`,
  version,
  installCommand,
  installUrl: null,
  takesTask: true,
  modes:
    id === 'claude'
      ? [
          { id: 'plan', label: 'Plan first' },
          { id: 'acceptEdits', label: 'Accept edits' },
        ]
      : [],
  models: id === 'claude' ? ['opus', 'sonnet'] : null,
});

export const FIXTURE_TOOLS: readonly ToolInfo[] = [
  tool('claude', 'Claude Code', '2.1.4'),
  tool('codex', 'Codex', '0.88.0'),
  tool('opencode', 'opencode', '1.4.2'),
  tool('gemini', 'Gemini', null, 'npm install -g @google/gemini-cli'),
  tool('aider', 'aider', null, 'python -m pip install aider-install'),
  tool('shell', 'Command', ''),
  tool('demo', 'Demo agent', '1.0'),
];

const LOG = [
  '> Refactor the sign-in code so that tokens are checked in one place.',
  '',
  '● I will look at where tokens are read first.',
  '  Searched for "verifyToken" in src: 14 matches in 6 files',
  '  Read src/auth/session.ts (212 lines)',
  '  Read src/auth/middleware.ts (88 lines)',
  '',
  '● Three places check the token on their own. I am moving them into verifyRequest().',
  '  Edited src/auth/middleware.ts (+31 −64)',
  '  Edited src/auth/session.ts (+12 −40)',
  '',
  '● Running the tests.',
  '  $ npm test',
  '  214 passed, 0 failed (11.2 s)',
  '',
  '● All tests pass. To release it I need to run: npm publish',
  '',
].join('\r\n');

/** Speaks for an agent server whose contents a test decides, for pictures and for what real agents rarely do. */
export class FixtureServer {
  readonly scripted: ScriptedServer;
  readonly home: string;
  readonly #questions = new Map<string, (answer: string | null) => void>();
  #asked = 0;

  private constructor(scripted: ScriptedServer, home: string) {
    this.scripted = scripted;
    this.home = home;
  }

  /** @param version what the client was built as: an older server would be asked to leave */
  static async start(t: TestContext, home: string, snapshot: Snapshot, version = '0.1.0'): Promise<FixtureServer> {
    mkdirSync(home, { recursive: true });
    const scripted = await ScriptedServer.start(t, home, { version, snapshot });
    const server = new FixtureServer(scripted, home);
    server.#answer();
    return server;
  }

  session(name: string): Session {
    const found = this.scripted.snapshot.sessions.find((session) => session.name === name || session.id === name);
    if (found === undefined) throw new CodeManagerError('notFound', `There is no session ${name}`);
    return found;
  }

  /** Changes a session and tells every client. */
  change(name: string, fields: Partial<Session>): Session {
    const session = { ...this.session(name), ...fields };
    const { snapshot } = this.scripted;
    this.scripted.snapshot = {
      ...snapshot,
      sessions: snapshot.sessions.map((one) => (one.id === session.id ? session : one)),
    };
    this.scripted.emit({ type: 'session/changed', session });
    return session;
  }

  /** Changes a machine and tells every client. */
  changeMachine(id: string, fields: Partial<Machine>): void {
    const { snapshot } = this.scripted;
    const machines = snapshot.machines.map((machine) => (machine.id === id ? { ...machine, ...fields } : machine));
    const machine = machines.find((one) => one.id === id);
    if (machine === undefined) throw new CodeManagerError('notFound', `There is no machine ${id}`);
    this.scripted.snapshot = { ...snapshot, machines };
    this.scripted.emit({ type: 'machine/changed', machine });
  }

  /** Asks one client as a machine does while it signs in. */
  async ask(peer: Peer, question: Omit<Question, 'id'>): Promise<string | null> {
    const id = `q${++this.#asked}`;
    const answer = new Promise<string | null>((resolve) => this.#questions.set(id, resolve));
    peer.notify('question', { ...question, id });
    return await answer;
  }

  #answer(): void {
    const { scripted } = this;
    scripted.on('question/answer', ({ id, answer }: Params<'question/answer'>) => {
      this.#questions.get(id)?.(answer);
      this.#questions.delete(id);
      return {};
    });
    let subscriptions = 0;
    const on = (method: Parameters<ScriptedServer['on']>[0], handler: Handler): ScriptedServer =>
      scripted.on(method, handler);
    on('tool/list', () => FIXTURE_TOOLS);
    on('session/get', ({ session }: Params<'session/get'>) => this.session(session));
    on('session/update', ({ session, unread, pinned }: Params<'session/update'>) => {
      const known = this.session(session);
      return this.change(session, { unread: unread ?? known.unread, pinned: pinned ?? known.pinned });
    });
    on('session/changes', () => ({ root: '/src/api', branch: 'tokens', files: [{ path: 'a.ts', status: 'M' }] }));
    on('session/attach', () => ({ command: ['/bin/cat'], env: {} }));
    on('session/create', () => {
      throw new CodeManagerError('internal', `The disk of ${HOST} is full`, {
        hint: 'Free some space in /home, then start the session again.',
      });
    });
    on('context/forPath', () => null);
    on('log/unsubscribe', () => ({}));
    on('log/subscribe', ({ session }: Params<'log/subscribe'>, peer) => {
      const subscription = ++subscriptions;
      const bytes = new TextEncoder().encode(LOG);
      const { status } = this.session(session);
      setImmediate(() => {
        peer.sendLog(subscription, 0, bytes);
        if (status !== 'running' && status !== 'starting') {
          peer.notify('log/end', { subscription, offset: bytes.length });
        }
      });
      return { subscription, base: 0, offset: 0, size: bytes.length, path: '/tmp/log' };
    });
  }
}
