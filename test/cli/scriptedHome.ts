import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Context, Machine } from '../../src/protocol/context.js';
import { CodeManagerError } from '../../src/protocol/errors.js';
import type { Snapshot } from '../../src/protocol/collections.js';
import type { Params } from '../../src/protocol/requests.js';
import { contextRecord, machineRecord, sessionRecord } from '../helpers/records.js';
import { ScriptedServer, type Peer } from '../helpers/scriptedServer.js';
import { Terminal } from '../helpers/terminal.js';
import { distDir, TestHome } from '../helpers/testHome.js';
import { until } from '../helpers/until.js';
import { NO_POLICY } from '../../src/protocol/policy.js';

export const BUILD_BOX: Machine = machineRecord({
  id: 'ssh:anna@build-box',
  host: 'build-box',
  type: 'ssh',
  node: 'build-box',
});
export const API: Context = contextRecord({
  id: 'c-api',
  name: 'api',
  path: '/srv/api',
  machine: { type: 'ssh', host: 'build-box', user: 'anna' },
});
const LOCAL: Context = contextRecord({ id: 'c-demo', name: 'demo' });

/** This host and build-box, with a session on each. */
export function twoMachines(buildBox: Partial<Machine> = {}): Snapshot {
  return {
    machines: [machineRecord({ host: 'laptop' }), { ...BUILD_BOX, ...buildBox }],
    policy: NO_POLICY,
    contexts: [LOCAL, API],
    sessions: [
      sessionRecord({ id: '000000000001', name: 'here', contextId: 'c-demo', contextName: 'demo', state: 'working' }),
      sessionRecord({
        id: '000000000002',
        name: 'there',
        contextId: 'c-api',
        contextName: 'api',
        path: '/srv/api',
        state: 'working',
        machineId: BUILD_BOX.id,
        machine: { host: 'build-box', bootId: 'b' },
      }),
    ],
  };
}

export interface ScriptedHome {
  readonly home: TestHome;
  readonly server: ScriptedServer;
  /** Runs `cm` in a terminal. */
  open(...args: string[]): Promise<Terminal>;
  /** Runs it there by a shell, as `"$@"`. */
  shell(script: string, ...args: string[]): Promise<Terminal>;
}

/** A `cm` whose agent server a test speaks for. */
export async function scriptedHome(t: TestContext, snapshot = twoMachines()): Promise<ScriptedHome> {
  const home = new TestHome(t);
  mkdirSync(home.cm, { recursive: true });
  const server = await ScriptedServer.start(t, home.cm, { version: '0.1.0', snapshot });
  const { contexts } = snapshot;
  const find = <T extends { id: string; name: string }>(all: readonly T[], ref: string): T => {
    const found = all.find(({ id, name }) => id === ref || name === ref);
    if (found === undefined) throw new CodeManagerError('notFound', `There is no ${ref}`);
    return found;
  };
  server.on('machine/list', () => server.snapshot.machines);
  server.on('context/list', () => contexts);
  server.on('context/get', ({ context }: Params<'context/get'>) => find(contexts, context));
  server.on('session/list', () => server.snapshot.sessions);
  server.on('session/get', ({ session }: Params<'session/get'>) => find(server.snapshot.sessions, session));
  server.on('question/answer', () => ({}));
  server.on('log/unsubscribe', () => ({}));
  const terminal = (command: readonly string[]): Promise<Terminal> =>
    Terminal.open(t, { dir: home.root, command, env: home.env, cwd: home.work });
  const cm = [process.execPath, join(distDir, 'cm.js')];
  return {
    home,
    server,
    open: (...args) => terminal([...cm, ...args]),
    shell: (script, ...args) => terminal(['sh', '-c', script, 'sh', ...cm, ...args]),
  };
}

/** Lets a request ask first; it then gives what `done` makes of the answer. */
export function asks<T>(
  server: ScriptedServer,
  question: object,
  done: (answer: string | null) => T,
): (params: unknown, peer: Peer) => Promise<T> {
  return async (_, peer) => {
    const before = server.requestsOf('question/answer').length;
    peer.notify('question', question);
    const answered = (): unknown => server.requestsOf('question/answer')[before];
    const { answer } = (await until('an answer', answered)) as Params<'question/answer'>;
    return done(answer);
  };
}
