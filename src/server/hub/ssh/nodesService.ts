import { systemClock, type Clock } from '../../../common/async.js';
import type { Disposable } from '../../../common/disposable.js';
import { Emitter } from '../../../common/emitter.js';
import type { Logger } from '../../../common/logger.js';
import { stripTerminal } from '../../../common/terminalText.js';
import { truncate } from '../../../common/text.js';
import type { EngineService } from '../../../core/engine/engineService.js';
import type {
  LogPosition,
  LogSink,
  LogSubscription,
  MachineService,
  Operation,
  SessionMethod,
  Terminal,
  TerminalSize,
} from '../../../core/machine/machineService.js';
import { reconnected } from '../../../core/machine/reachable.js';
import { connectNode, isNodeName } from '../../../machines/ssh/connectNode.js';
import type { SshConnection } from '../../../machines/ssh/sshConnection.js';
import { ConnectionFailure } from '../../../machines/connectionFailure.js';
import type { Machine as MachineInfo } from '../../../protocol/context.js';
import { CodeManagerError, errorText } from '../../../protocol/errors.js';
import type { Change } from '../../../protocol/events.js';
import type { Check, Params, Result } from '../../../protocol/requests.js';
import type { Attaching } from '../../../protocol/sessionRequests.js';
import { hasEnded, type Session } from '../../../protocol/session.js';
import type { ConnectHost } from './sshService.js';

export interface NodesServiceOptions {
  /** Connects to where the alias leads. */
  readonly connect: ConnectHost;
  /** The service of the node that the alias leads to. */
  readonly createMain: (connect: ConnectHost) => EngineService;
  /** The service of another node with the same home. */
  readonly createNode: (node: string, connect: ConnectHost) => EngineService;
  readonly log: Logger;
  readonly clock?: Clock;
}

/** Nodes that are reached at a time: their names come from files of the host. */
const MAX_NODES = 8;
/** What a session leaves to be done when it has ended. */
const LINGER_MS = 3_000;
/** A node that could not be reached is kept for so long: a person may want to answer what it asks. */
const ANSWER_MS = 5 * 60_000;

/** What can be told from the home that the nodes share; the node itself knows more. */
const READS: ReadonlySet<SessionMethod> = new Set(['session/transcript', 'session/explain', 'session/changes']);

interface Node extends Disposable {
  readonly service: EngineService;
  leaving: { cancel(): void } | undefined;
  /** What is being done there that no session shows yet. */
  uses: number;
}

/**
 * A host whose name may lead to another node each time, as that of a cluster with several login nodes and one home. The
 * node that it leads to is driven directly. Sessions that run on others are driven there, through this one: each node by
 * an engine of its own, so that nobody but it writes about its sessions. To clients all of them are one machine.
 */
export class NodesService implements MachineService {
  readonly id: string;
  readonly #options: NodesServiceOptions;
  readonly #clock: Clock;
  readonly #main: EngineService;
  readonly #nodes = new Map<string, Node>();
  readonly #changes: Emitter<Change>;
  /** To where the alias leads. */
  #jump: SshConnection | undefined;
  #disposed = false;

  readonly onDidChange;
  /** Fires when another server acts on the sessions of the node that the alias leads to. */
  readonly onDidLoseLead;

  constructor(options: NodesServiceOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#changes = new Emitter<Change>((error) => options.log.error(`a listener failed: ${errorText(error)}`));
    this.onDidChange = this.#changes.event;
    this.#main = options.createMain(async (reach, more) => {
      const connection = await options.connect(reach, more);
      if (this.#jump?.isClosed !== false) this.#jump = connection;
      return connection;
    });
    this.id = this.#main.id;
    this.onDidLoseLead = this.#main.onDidLoseLead;
    this.#main.onDidChange((change) => {
      this.#changes.fire(change);
      if (change.type === 'machine/changed') this.#reconcile();
      else if (change.type === 'session/changed' && this.#main.isElsewhere(change.session)) this.#reconcile();
      else if (change.type === 'session/removed' && this.#nodes.size > 0) {
        // Archived or deleted from here, where its node has not seen it.
        for (const { service } of this.#nodes.values()) service.forget(change.id);
        this.#reconcile();
      }
    });
  }

  /** Reaches the nodes where sessions run, and leaves the others. */
  #reconcile(): void {
    if (this.#disposed) return;
    if (!isUp(this.#main.info)) {
      // Where it leads next is known by then.
      for (const name of [...this.#nodes.keys()]) this.#leave(name);
      return;
    }
    const needed = new Set(
      this.#main
        .sessions()
        .filter((session) => !hasEnded(session) && this.#main.isElsewhere(session))
        .map(({ machine }) => machine.host),
    );
    for (const [name, node] of this.#nodes) {
      if (needed.has(name) || node.uses > 0) {
        node.leaving?.cancel();
        node.leaving = undefined;
      } else {
        node.leaving ??= this.#clock.after(LINGER_MS, () => void this.#leaveInPeace(name, node));
      }
    }
    for (const name of needed) {
      if (isNodeName(name) && !this.#nodes.has(name) && this.#nodes.size < MAX_NODES) this.#open(name);
    }
  }

  #open(name: string): void {
    const { createNode, log } = this.#options;
    const isOf = ({ machine }: Pick<Session, 'machine'>): boolean =>
      machine.host === name && this.#main.isElsewhere({ machine });
    const service = createNode(name, async (reach, more) => {
      const jump = this.#jump;
      if (jump === undefined || jump.isClosed) {
        throw new ConnectionFailure('closed', `${this.#main.info.host} is not connected`);
      }
      return connectNode(reach, name, jump, more);
    });
    service.onDidChangeRecord((record) => {
      if (this.#nodes.get(name)?.service === service && isOf(record)) this.#main.take(record);
    });
    const listening = service.onDidChange((change) => {
      if (change.type === 'notice') this.#changes.fire(change);
      // Its sessions can be reached again, which is a change of the machine that all nodes are together.
      if (change.type === 'machine/changed' && change.machine.connection === 'connected') {
        this.#changes.fire({ type: 'machine/changed', machine: this.#main.info });
      }
      if (change.type !== 'session/removed') return;
      const session = this.#main.sessions().find(({ id }) => id === change.id);
      if (session !== undefined && isOf(session)) this.#main.forget(change.id);
    });
    this.#nodes.set(name, {
      service,
      leaving: undefined,
      uses: 0,
      dispose: () => {
        listening.dispose();
        service.dispose();
      },
    });
    log.info(`${this.id}: sessions run on ${name}, which is reached through ${this.#main.info.node ?? 'it'}`);
    // Nobody is there to be asked; it is tried again as the way to any machine is.
    service.connect().catch((error: unknown) => log.info(`${name}: ${errorText(error)}`));
  }

  async #leaveInPeace(name: string, node: Node): Promise<void> {
    await node.service.flush().catch((error: unknown) => this.#options.log.warn(`${name}: ${errorText(error)}`));
    // Meanwhile one may have been started there.
    if (this.#nodes.get(name) === node && node.leaving !== undefined) this.#leave(name);
  }

  #leave(name: string): void {
    const node = this.#nodes.get(name);
    this.#nodes.delete(name);
    node?.leaving?.cancel();
    node?.dispose();
  }

  get info(): MachineInfo {
    return this.#main.info;
  }

  sessions(): readonly Session[] {
    return this.#main.sessions();
  }

  get problems(): readonly string[] {
    return this.#main.problems;
  }

  get busy(): number {
    return this.#main.busy;
  }

  isAway(id: string): boolean {
    const session = this.sessions().find((each) => each.id === id);
    if (session === undefined || hasEnded(session) || !this.#main.isElsewhere(session)) return false;
    const service = this.#nodes.get(session.machine.host)?.service;
    return service === undefined || !isUp(service.info);
  }

  async connect(operation?: Operation): Promise<void> {
    await this.#main.connect(operation);
    if (operation?.asker === undefined) return;
    for (const [name, { service }] of this.#nodes) {
      // What is tried again by itself is not waited for.
      if (isUp(service.info) || service.info.nextTry !== null) continue;
      await service
        .connect(operation)
        .catch((error: unknown) => this.#options.log.info(`${name}: ${errorText(error)}`));
    }
  }

  async disconnect(): Promise<void> {
    for (const name of [...this.#nodes.keys()]) this.#leave(name);
    await this.#main.disconnect();
  }

  async call<M extends SessionMethod>(method: M, params: Params<M>): Promise<Result<M>> {
    const session = 'session' in params ? params.session : undefined;
    if (session !== undefined && method === 'session/resume') {
      const ended = await this.#endedElsewhere(session);
      if (ended !== undefined) return this.#onNode(ended, (there) => there.call(method, params));
    }
    const elsewhere = session === undefined ? undefined : await this.#elsewhere(session);
    if (elsewhere === undefined || method === 'session/get' || method === 'log/info') {
      return this.#main.call(method, params);
    }
    const service = this.#nodes.get(elsewhere.machine.host)?.service;
    const isThere = service !== undefined && isUp(service.info);
    if (!isThere && READS.has(method)) return this.#main.call(method, params);
    // A node that has gone for ever leaves records that can go.
    const isForced = 'force' in params && params.force && (method === 'session/archive' || method === 'session/purge');
    if (!isThere && isForced) return this.#main.call(method, params);
    return this.#there(elsewhere, (there) => there.call(method, params));
  }

  /** A session that runs on another node; undefined for all others. */
  async #elsewhere(id: string): Promise<Session | undefined> {
    const session = this.#main.sessions().find((each) => each.id === id);
    if (session === undefined || hasEnded(session)) return undefined;
    await this.#connected();
    return isUp(this.#main.info) && this.#main.isElsewhere(session) ? session : undefined;
  }

  /** A session whose conversation is on another node, where it is taken up again. */
  async #endedElsewhere(id: string): Promise<Session | undefined> {
    await this.#connected();
    if (!isUp(this.#main.info)) return undefined;
    const session = await this.#main.call('session/get', { session: id });
    return hasEnded(session) && this.#main.isElsewhere(session) ? session : undefined;
  }

  /** A connection that is just coming back is waited for. */
  async #connected(): Promise<void> {
    if (this.#main.info.connection === 'connecting') await reconnected(() => this.#main.connect(), this.#clock);
  }

  /** Does something on the node of a session, which is reached for it. */
  async #onNode<T>({ machine: { host: name } }: Session, run: (service: EngineService) => Promise<T>): Promise<T> {
    if (isNodeName(name) && !this.#nodes.has(name) && this.#nodes.size < MAX_NODES) this.#open(name);
    const node = this.#nodes.get(name);
    if (node === undefined) throw this.#unreachable(name, undefined);
    node.uses++;
    node.leaving?.cancel();
    node.leaving = undefined;
    let isReached = false;
    try {
      await node.service.connect().catch((error: unknown) => {
        this.#options.log.info(`${name}: ${errorText(error)}`);
      });
      isReached = isUp(node.service.info);
      if (!isReached) throw this.#unreachable(name, node.service.info);
      return await run(node.service);
    } finally {
      node.uses--;
      if (!isReached) node.leaving = this.#clock.after(ANSWER_MS, () => void this.#leaveInPeace(name, node));
      this.#reconcile();
    }
  }

  async #there<T>({ machine }: Session, run: (service: EngineService) => Promise<T>): Promise<T> {
    const service = this.#nodes.get(machine.host)?.service;
    if (service === undefined) throw this.#unreachable(machine.host, undefined);
    try {
      return await run(service);
    } catch (error) {
      if (isUp(service.info)) throw error;
      throw this.#unreachable(machine.host, service.info);
    }
  }

  #unreachable(name: string, info: MachineInfo | undefined): CodeManagerError {
    const { host } = this.#main.info;
    const why = info?.problem == null ? [] : [info.problem.message];
    const command = info !== undefined && info.nextTry !== null ? [] : [`cm machine connect ${host}`];
    return new CodeManagerError(
      'unavailable',
      `${truncate(stripTerminal(name), 100)} cannot be reached through ${host}`,
      { hint: [...why, ...command].join(' ') },
    );
  }

  /** The home that the nodes share has the logs of all of them. */
  subscribeLog(session: string, from: LogPosition, sink: LogSink): Promise<LogSubscription> {
    return this.#main.subscribeLog(session, from, sink);
  }

  async openTerminal(id: string, size: TerminalSize, how: Attaching): Promise<Terminal> {
    const elsewhere = await this.#elsewhere(id);
    if (elsewhere === undefined) return this.#main.openTerminal(id, size, how);
    return this.#there(elsewhere, (there) => there.openTerminal(id, size, how));
  }

  test(folder: string, operation: Operation, onCheck: (check: Check) => void): Promise<void> {
    return this.#main.test(folder, operation, onCheck);
  }

  folders(path: string): Promise<Result<'machine/folders'>> {
    return this.#main.folders(path);
  }

  resolveFolder(path: string): Promise<string> {
    return this.#main.resolveFolder(path);
  }

  async flush(): Promise<void> {
    await Promise.all(
      [this.#main, ...[...this.#nodes.values()].map(({ service }) => service)].map((each) => each.flush()),
    );
  }

  dispose(): void {
    this.#disposed = true;
    for (const name of [...this.#nodes.keys()]) this.#leave(name);
    this.#main.dispose();
    this.#changes.dispose();
  }
}

/** Whether a node answers, also one that cannot run sessions. */
function isUp({ connection }: MachineInfo): boolean {
  return connection === 'connected' || connection === 'dependencyMissing';
}
