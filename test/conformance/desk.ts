import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Client } from '../../src/client/api.js';
import { delay } from '../../src/common/async.js';
import { shortHostName } from '../../src/common/home.js';
import type { Context } from '../../src/protocol/context.js';
import { machineId } from '../../src/protocol/machineKinds.js';
import { toCodeManagerError } from '../../src/protocol/errors.js';
import { hasEnded, type CreateSessionInput, type Session } from '../../src/protocol/session.js';
import { until } from '../helpers/until.js';
import { LogReader, type LogReaderOptions } from './logReader.js';
import type { ConformanceMachine, HostSide } from './machine.js';
import { normalise } from './normalise.js';

/** One thing that has to be the same wherever the session is. */
export interface Case {
  readonly name: string;
  /** Fails when it is wrong; what it gives is compared between the machines. */
  readonly run: (desk: Desk) => Promise<unknown>;
}

/** Where one case works: a folder and a context of its own on the machine. */
export class Desk {
  readonly #machine: ConformanceMachine;
  readonly #key: string;
  readonly #readers: LogReader[] = [];
  readonly #texts: (readonly [string, string])[] = [];
  readonly client: Client;
  readonly context: Context;
  /** On the machine. */
  readonly folder: string;

  private constructor(machine: ConformanceMachine, client: Client, key: string, context: Context) {
    this.#machine = machine;
    this.#key = key;
    this.client = client;
    this.context = context;
    this.folder = context.path;
  }

  /** @param key a word that no other case has */
  static async setUp(machine: ConformanceMachine, client: Client, key: string): Promise<Desk> {
    const folder = join(machine.host.work, key);
    mkdirSync(folder);
    const context = await client.request('context/add', { name: key, path: folder, machine: machine.spec });
    return new Desk(machine, client, key, context);
  }

  get host(): HostSide {
    return this.#machine.host;
  }

  get machineId(): string {
    return machineId(this.#machine.spec);
  }

  get machine(): ConformanceMachine {
    return this.#machine;
  }

  /** A word that no other case uses, for names. */
  get key(): string {
    return this.#key;
  }

  /** Another client of the same agent server. */
  otherClient(): Client {
    return this.#machine.hub.client({ subscribe: true });
  }

  /** Starts a tool in the context, or where `more` says. */
  async start(tool: string, task: string, more: Partial<CreateSessionInput> = {}): Promise<Session> {
    const requestId = randomBytes(8).toString('hex');
    const session = await this.client.request('session/create', {
      requestId,
      tool,
      task,
      context: this.context.id,
      ...more,
    });
    this.differs(session.id, '<id>');
    return session;
  }

  shell(task: string, more: Partial<CreateSessionInput> = {}): Promise<Session> {
    return this.start('shell', task, more);
  }

  /** Starts a command and waits for its end. */
  async ran(task: string, more: Partial<CreateSessionInput> = {}): Promise<Session> {
    return this.ended((await this.shell(task, more)).id);
  }

  /** Everything that a command printed. */
  async printed(task: string, more: Partial<CreateSessionInput> = {}): Promise<string> {
    const { id } = await this.shell(`stty -opost; ${task}`, more);
    return (await this.log(id).whole()).text;
  }

  get(id: string): Promise<Session> {
    return this.client.request('session/get', { session: id });
  }

  async is(id: string, what: string, condition: (session: Session) => boolean): Promise<Session> {
    let last: Session | undefined;
    let pauseMs = 10;
    return until(`${id} ${what}`, async () => {
      last = await this.get(id);
      if (condition(last)) return last;
      await delay(pauseMs);
      pauseMs = Math.min(125, pauseMs * 1.5);
      return undefined;
    }).catch((error: unknown) => {
      throw new Error(`${String(error)}; it is ${JSON.stringify(last)}`, { cause: error });
    });
  }

  ended(id: string): Promise<Session> {
    return this.is(id, 'has ended', hasEnded);
  }

  log(id: string, options: LogReaderOptions & { readonly client?: Client } = {}): LogReader {
    const reader = new LogReader(options.client ?? this.client, id, options);
    this.#readers.push(reader);
    return reader;
  }

  /** A log that shows a text. */
  async shows(id: string, wanted: string | RegExp): Promise<LogReader> {
    const reader = this.log(id);
    await reader.shows(wanted);
    return reader;
  }

  /** The error of a request that must fail. */
  async fails(request: Promise<unknown>): Promise<{ code: string; message: string; hint: string | null }> {
    try {
      const value = await request;
      throw new Error(`It succeeded: ${JSON.stringify(value)}`);
    } catch (error) {
      const { code, message, hint } = toCodeManagerError(error);
      if (code === 'internal') throw error;
      return { code, message, hint: hint ?? null };
    }
  }

  path(...names: readonly string[]): string {
    return join(this.folder, ...names);
  }

  has(name: string): boolean {
    return existsSync(this.path(name));
  }

  read(name: string): string {
    return this.has(name) ? readFileSync(this.path(name), 'utf8') : '';
  }

  write(name: string, content: string | Uint8Array): string {
    writeFileSync(this.path(name), content);
    return this.path(name);
  }

  script(name: string, content: string): string {
    const path = this.write(name, content);
    chmodSync(path, 0o755);
    return path;
  }

  /** Makes a tool known as a person would, by a file on the machine and on that of the agent server. */
  async tool(id: string, tool: object): Promise<void> {
    for (const cm of new Set([this.#machine.hub.cm, this.host.cm])) {
      const folder = join(cm, 'tools');
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, `${id}.json`), JSON.stringify(tool));
    }
    await this.client.request('tool/list', { refresh: true, versions: false, machine: this.machineId });
  }

  /** Leaves a text out of the comparison. */
  differs(text: string, name: string): void {
    this.#texts.push([text, name]);
  }

  normalised(value: unknown): unknown {
    const { spec, host, hub } = this.#machine;
    const address = spec !== 'local' && 'host' in spec ? String(spec['host']) : hostname();
    const texts: readonly (readonly [string, string])[] = [
      ...this.#texts,
      [this.context.id, '<context>'],
      [this.context.name, '<context name>'],
      [this.folder, '<folder>'],
      [host.work, '<work>'],
      [host.cm, '<cm>'],
      [host.user, '<home>'],
      [hub.cm, '<cm of the agent server>'],
      [hostname(), '<host>'],
      [shortHostName(), '<host>'],
      [address, '<host>'],
    ];
    return normalise(value, { texts });
  }

  dispose(): void {
    for (const reader of this.#readers) reader.dispose();
  }
}
