import { DisposableStore, type Disposable } from '../../../common/disposable.js';
import { Emitter, type Event } from '../../../common/emitter.js';
import type { Logger } from '../../../common/logger.js';
import type {
  ForeignPolicies,
  LogPosition,
  LogSink,
  LogSubscription,
  MachineService,
  Operation,
  SessionMethod,
  Terminal,
  TerminalSize,
} from '../../../core/machine/machineService.js';
import { findAgentServer } from '../../../machines/install/agentDial.js';
import type { SshConnection, SshConnectOptions, SshReach } from '../../../machines/ssh/sshConnection.js';
import { ConnectionFailure } from '../../../machines/connectionFailure.js';
import type { AuditEntry } from '../../../protocol/audit.js';
import type { Machine as MachineInfo } from '../../../protocol/context.js';
import { CodeManagerError, errorText } from '../../../protocol/errors.js';
import type { Change } from '../../../protocol/events.js';
import type { Check, Params, Result } from '../../../protocol/requests.js';
import type { Attaching } from '../../../protocol/sessionRequests.js';
import type { Session } from '../../../protocol/session.js';
import type { SshConnect } from '../agent/agentRoute.js';
import { AGENT_STEP } from '../agent/agentSteps.js';

const LOOK_MS = 30_000;

/** Makes a connection, as `connectSsh` does. */
export type ConnectHost = (reach: SshReach, options: SshConnectOptions) => Promise<SshConnection>;

/** Drives the host from here. */
interface DrivenService extends MachineService {
  /** Fires when another server acts on its sessions from now on. */
  readonly onDidLoseLead: Event<void>;
}

export interface SshServiceOptions {
  readonly id: string;
  /** Signs in with what belongs to the machine. */
  readonly connect: ConnectHost;
  readonly createEngine: (connect: ConnectHost) => DrivenService;
  readonly createAgent: (connect: SshConnect) => MachineService;
  /** Goes with the service. */
  readonly owned: Disposable;
  readonly log: Logger;
}

/**
 * A host that is reached by ssh. Where an agent server of the same user runs there, that one is used; else its tmux is
 * driven from here. So one tmux never has two masters.
 */
export class SshService implements MachineService {
  readonly id: string;
  readonly #options: SshServiceOptions;
  readonly #engine: MachineService;
  readonly #changes: Emitter<Change>;
  readonly #disposables = new DisposableStore();
  #agent: MachineService | undefined;
  #listening: Disposable;
  /** The connection that is open, to be used further without signing in again. */
  #connection: SshConnection | undefined;

  readonly onDidChange;

  constructor(options: SshServiceOptions) {
    this.id = options.id;
    this.#options = options;
    this.#changes = new Emitter<Change>((error) => options.log.error(`a listener failed: ${errorText(error)}`));
    this.onDidChange = this.#changes.event;
    const engine = this.#disposables.add(options.createEngine((reach, more) => this.#connectEngine(reach, more)));
    engine.onDidLoseLead(() => void this.#lookForAgent());
    this.#engine = engine;
    this.#listening = this.#engine.onDidChange((change) => this.#changes.fire(change));
  }

  get #current(): MachineService {
    return this.#agent ?? this.#engine;
  }

  async #connectEngine(reach: SshReach, more: SshConnectOptions): Promise<SshConnection> {
    const given = new ConnectionFailure('cancelled', 'Its own agent server is used');
    if (this.#usesAgent()) throw given;
    const connection = await this.#options.connect(reach, more);
    this.#connection = connection;
    if ((await findAgentServer(connection, more.signal)) === undefined) return connection;
    this.#useAgent();
    throw given;
  }

  /** Another server acts on the host's sessions: maybe its own. */
  async #lookForAgent(): Promise<void> {
    const connection = this.#connection;
    if (this.#agent !== undefined || connection === undefined || connection.isClosed) return;
    if ((await findAgentServer(connection, AbortSignal.timeout(LOOK_MS))) === undefined) return;
    // It goes with what drives the host from here.
    this.#connection = undefined;
    this.#useAgent();
  }

  #useAgent(): void {
    if (this.#agent !== undefined || this.#disposables.isDisposed) return;
    this.#options.log.info(`${this.id} has an agent server of its own, which is used`);
    const agent = this.#options.createAgent((reach, { operation, signal, onStep }) => {
      const known = this.#connection;
      this.#connection = undefined;
      if (known !== undefined && !known.isClosed) return Promise.resolve(known);
      return this.#options.connect(reach, { asker: operation?.asker, signal, onStep, log: this.#options.log });
    });
    this.#switch(agent);
    // Not from within its own connecting.
    setImmediate(() => {
      const say = (error: unknown): void => this.#options.log.info(`${this.id}: ${errorText(error)}`);
      this.#engine.disconnect().catch(say);
      agent.connect().catch(say);
    });
  }

  #switch(agent: MachineService | undefined): void {
    const before = this.#current;
    this.#listening.dispose();
    this.#agent = agent;
    const current = this.#current;
    this.#listening = current.onDidChange((change) => this.#changes.fire(change));
    this.#changes.fire({ type: 'machine/changed', machine: current.info });
    const kept = new Set(current.sessions().map(({ id }) => id));
    for (const { id, name } of before.sessions()) {
      // What it remembers is told anew as soon as it is reached.
      if (agent === undefined && !kept.has(id)) this.#changes.fire({ type: 'session/removed', id, name });
    }
    for (const session of current.sessions()) this.#changes.fire({ type: 'session/changed', session });
    if (before !== this.#engine) before.dispose();
  }

  get info(): MachineInfo {
    return this.#current.info;
  }

  sessions(): readonly Session[] {
    return this.#current.sessions();
  }

  get problems(): readonly string[] {
    return this.#current.problems ?? [];
  }

  get busy(): number {
    return this.#current.busy;
  }

  isAway(session: string): boolean {
    return this.#current.isAway?.(session) === true;
  }

  async connect(operation?: Operation): Promise<void> {
    if (this.#agent === undefined) {
      try {
        await this.#engine.connect(operation);
        return;
      } catch (error) {
        if (!this.#usesAgent()) throw error;
      }
    }
    try {
      await this.#agent?.connect(operation);
    } catch (error) {
      if (!(error instanceof CodeManagerError) || error.code !== 'dependencyMissing') throw error;
      // It was taken away.
      this.#switch(undefined);
      await this.#engine.connect(operation);
    }
  }

  // A method, since connecting may change it.
  #usesAgent(): boolean {
    return this.#agent !== undefined;
  }

  disconnect(): Promise<void> {
    return this.#current.disconnect();
  }

  call<M extends SessionMethod>(method: M, params: Params<M>): Promise<Result<M>> {
    return this.#current.call(method, params);
  }

  subscribeLog(session: string, from: LogPosition, sink: LogSink): Promise<LogSubscription> {
    return this.#current.subscribeLog(session, from, sink);
  }

  openTerminal(session: string, size: TerminalSize, how: Attaching): Promise<Terminal> {
    return this.#current.openTerminal(session, size, how);
  }

  async test(folder: string, operation: Operation, onCheck: (check: Check) => void): Promise<void> {
    if (this.#agent === undefined) {
      await this.#engine.test(folder, operation, (check) => {
        if (!this.#usesAgent()) onCheck(check);
      });
    }
    const agent = this.#agent;
    if (agent === undefined) return;
    // Also one that was found on the way: it goes on from there, over the same connection.
    const told = new Set<string>();
    const gone: Check[] = [];
    await agent.test(folder, operation, (check) => {
      if (check.name === AGENT_STEP && check.code === 'dependencyMissing') {
        gone.push(check);
        return;
      }
      if (check.status === 'ok') told.add(check.name);
      onCheck(check);
    });
    if (gone.length === 0) return;
    // It was taken away. The way there was told already.
    if (this.#agent === agent) this.#switch(undefined);
    await this.#engine.test(folder, operation, (check) => {
      if (check.status !== 'ok' || !told.has(check.name)) onCheck(check);
    });
  }

  get policies(): ForeignPolicies | undefined {
    return this.#current.policies;
  }

  async audit(params: Params<'audit/list'>): Promise<readonly AuditEntry[]> {
    return (await this.#current.audit?.(params)) ?? [];
  }

  folders(path: string): Promise<Result<'machine/folders'>> {
    return this.#current.folders(path);
  }

  resolveFolder(path: string): Promise<string> {
    return this.#current.resolveFolder(path);
  }

  async flush(): Promise<void> {
    await this.#current.flush?.();
  }

  dispose(): void {
    this.#listening.dispose();
    this.#agent?.dispose();
    this.#disposables.dispose();
    this.#connection?.dispose();
    this.#changes.dispose();
    this.#options.owned.dispose();
  }
}
