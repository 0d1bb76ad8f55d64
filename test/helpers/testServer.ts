import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  createReadStream,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';
import type { Client, ConnectOptions } from '../../src/client/api.js';
import { createClient } from '../../src/client/client.js';
import { delay } from '../../src/common/async.js';
import { killTree } from '../../src/machines/local/processTree.js';
import { chooseRuntimeDirectory } from '../../src/machines/runtimeDirectory.js';
import { SessionRecord } from '../../src/protocol/files.js';
import { hasEnded, type CreateSessionInput, type Session } from '../../src/protocol/session.js';
import { distDir, TestHome } from './testHome.js';
import { until } from './until.js';

export interface TestServerOptions {
  /** Added to the environment of the server, which inherits that of the test; undefined takes out. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** CM_HOME, when it is not to be a plain folder. */
  readonly cm?: string;
  /** The agent server; default: the one that was built. */
  readonly serverPath?: string;
}

/** A home with an agent server and a tmux of its own, used through the client that `cm` and the editor use. */
export class TestServer {
  readonly home: TestHome;
  readonly cm: string;
  readonly serverPath: string;
  readonly #t: TestContext;
  readonly #clients: Client[] = [];

  /** Ends everything that was started in it when the test is over: also what left its session. */
  constructor(t: TestContext, { env = {}, cm, serverPath = join(distDir, 'server.js') }: TestServerOptions = {}) {
    this.#t = t;
    this.serverPath = serverPath;
    // After the hooks are called in the order of their making; sessions have to end before their home goes.
    t.after(() => this.#end());
    this.home = new TestHome(t);
    this.cm = cm ?? this.home.cm;
    this.setEnvironment({ HOME: this.home.user, ...env });
  }

  /** Changes the environment in which clients start servers, until the test is over. */
  setEnvironment(env: Readonly<Record<string, string | undefined>>): void {
    for (const [name, value] of Object.entries(env)) {
      const before = process.env[name];
      this.#t.after(() => setVariable(name, before));
      setVariable(name, value);
    }
  }

  client(options: Partial<ConnectOptions> = {}): Client {
    const client = createClient({ name: 'test', home: this.cm, serverPath: this.serverPath, ...options });
    this.#clients.push(client);
    return client;
  }

  get work(): string {
    return this.home.work;
  }

  get active(): string {
    return join(this.cm, 'sessions', 'active');
  }

  get runtimeDirectory(): Promise<string> {
    return chooseRuntimeDirectory(this.cm);
  }

  /** Process of the server by its file; undefined when there is none. */
  get pid(): number | undefined {
    const folder = join(this.cm, 'servers');
    const file = existsSync(folder) ? readdirSync(folder).find((name) => name.endsWith('.json')) : undefined;
    if (file === undefined) return undefined;
    return (JSON.parse(readFileSync(join(folder, file), 'utf8')) as { pid: number }).pid;
  }

  /** Kills the server and waits until it has gone. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const { pid } = this;
    if (pid === undefined) return;
    signalProcess(pid, signal);
    await until(`server ${pid} has gone`, () => !isRunning(pid));
  }

  /** Runs a command of the private tmux. */
  async tmux(...args: string[]): Promise<string> {
    const socket = join(await this.runtimeDirectory, 'tmux.sock');
    const { stdout } = await promisify(execFile)('tmux', ['-N', '-S', socket, ...args]);
    return stdout.replace(/\n$/, '');
  }

  async tmuxPid(): Promise<number> {
    return Number(await this.tmux('display-message', '-p', '#{pid}'));
  }

  /** Makes a tool known as a person does. @param data all but its id */
  tool(id: string, data: object): void {
    const tools = join(this.cm, 'tools');
    mkdirSync(tools, { recursive: true });
    writeFileSync(join(tools, `${id}.json`), JSON.stringify(data));
  }

  start(client: Client, tool: string, task: string, more: Partial<CreateSessionInput> = {}): Promise<Session> {
    const requestId = randomBytes(8).toString('hex');
    return client.request('session/create', { requestId, tool, task, path: this.work, ...more });
  }

  shell(client: Client, task: string, more: Partial<CreateSessionInput> = {}): Promise<Session> {
    return this.start(client, 'shell', task, more);
  }

  /** The session once `condition` holds. */
  async session(client: Client, id: string, what: string, condition: (session: Session) => boolean): Promise<Session> {
    // Many sessions are waited for at a time: not by asking for each of them as fast as possible.
    let pauseMs = 10;
    return until(`${id} ${what}`, async () => {
      const session = await client.request('session/get', { session: id });
      if (condition(session)) return session;
      await delay(pauseMs);
      pauseMs = Math.min(125, pauseMs * 1.5);
      return undefined;
    });
  }

  ended(client: Client, id: string): Promise<Session> {
    return this.session(client, id, 'has ended', hasEnded);
  }

  log(id: string): string {
    return join(this.active, `${id}.log`);
  }

  logText(id: string): string {
    return existsSync(this.log(id)) ? readFileSync(this.log(id), 'utf8') : '';
  }

  record(id: string): SessionRecord {
    return SessionRecord.parse(JSON.parse(readFileSync(join(this.active, `${id}.json`), 'utf8')));
  }

  get serverLog(): string {
    const file = join(this.cm, 'server.log');
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  }

  async #end(): Promise<void> {
    // They would start the server again.
    for (const client of this.#clients) client.dispose();
    await this.kill();
    if (!existsSync(this.cm)) return;
    const sessions = ['active', 'archive'].map((name) => join(this.cm, 'sessions', name)).filter(existsSync);
    const names = sessions.flatMap((folder) => readdirSync(folder));
    const ids = new Set(names.flatMap((name) => /^([0-9a-z]{12})\./.exec(name)?.[1] ?? []));
    await this.tmux('kill-server').catch(() => undefined);
    for (const id of ids) await killTree(null, id);
    const runtime = await this.runtimeDirectory.catch(() => undefined);
    if (runtime !== undefined && basename(runtime) !== 'run') rmSync(runtime, { recursive: true, force: true });
  }
}

function setVariable(name: string, value: string | undefined): void {
  if (value === undefined) Reflect.deleteProperty(process.env, name);
  else process.env[name] = value;
}

export function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has gone.
  }
}

/** Whether a process runs; one that has ended and waits to be collected does not. */
export function isRunning(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
  } catch {
    return false;
  }
}

/** Memory of a process in bytes. */
export function residentBytes(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * 4096;
}

/** Bytes that a file takes on its disk. */
export function diskBytes(path: string): number {
  return statSync(path).blocks * 512;
}

export async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

export function sha256Of(data: Uint8Array | string): string {
  return createHash('sha256').update(data).digest('hex');
}

/** A POSIX shell word. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
