import type { Client, ConnectionState } from '../../../client/api.js';
import { createClient } from '../../../client/client.js';
import type { Transport } from '../../../client/transport.js';
import type { Disposable } from '../../../common/disposable.js';
import { shortHostName } from '../../../common/home.js';
import type { Terminal, TerminalSize } from '../../../core/machine/machine.js';
import type { Operation } from '../../../core/machine/operation.js';
import { unreachable } from '../../../core/machine/reachable.js';
import type { ConnectStep } from '../../../machines/link/linkSteps.js';
import type { Machine as MachineInfo } from '../../../protocol/context.js';
import { toCodeManagerError } from '../../../protocol/errors.js';

import type { Change } from '../../../protocol/events.js';
import { describedHost } from '../../../protocol/machineKinds.js';
import type { Snapshot } from '../../../protocol/collections.js';
import type { Attaching } from '../../../protocol/sessionRequests.js';
import { AgentLogs } from './agentLogs.js';
import { AgentRoute, type AgentRouteOptions } from './agentRoute.js';
import {
  attempted,
  failureInfo,
  isChannelRefused,
  isFinal,
  isThisProcess,
  isTrying,
  line,
  needsPerson,
  now,
  problemThere,
} from './agentStates.js';
import { AgentTerminal } from './agentTerminal.js';

export interface AgentLinkOptions extends AgentRouteOptions {
  /** As `machineId` gives it. */
  readonly id: string;
  /** Kind under which it is shown. */
  readonly type: 'ssh' | 'agent';
  /** What was known of it last. */
  readonly remembered: Pick<MachineInfo, 'node' | 'lastSeen'> | undefined;
  /** The picture that it has of everything begins anew. */
  readonly onReset: (snapshot: Snapshot) => void;
  /** Something has changed there, but for its own host. */
  readonly onChange: (change: Change) => void;
  /** The machine is shown as another one than before. */
  readonly onInfo: (info: MachineInfo) => void;
  /** The agent server was heard of, or not any more. */
  readonly onHeard: () => void;
}

const FIRST_RETRY_MS = 500;
const MAX_RETRY_MS = 30_000;
const FURTHER_RETRY_MS = 100;
const MAX_FURTHER_RETRY_MS = 5_000;

/** How another agent server is reached, and how that is shown: the main connection and those beside it. */
export class AgentLink implements Disposable {
  readonly #options: AgentLinkOptions;
  readonly #route: AgentRoute;
  readonly logs: AgentLogs;
  #client: Client | undefined;
  #info: MachineInfo;

  constructor(options: AgentLinkOptions) {
    const { id, type, spec, remembered } = options;
    this.#options = options;
    this.#route = new AgentRoute(options);
    this.logs = new AgentLogs({
      main: () => this.#client,
      create: () => this.#create(this.#further, false, { firstMs: FURTHER_RETRY_MS, maxMs: MAX_FURTHER_RETRY_MS }),
    });
    this.#info = {
      id,
      host: describedHost(spec),
      type,
      node: remembered?.node ?? null,
      version: null,
      connection: 'offline',
      since: now(),
      problem: null,
      lastSeen: remembered?.lastSeen ?? null,
      nextTry: null,
    };
  }

  get info(): MachineInfo {
    return this.#info;
  }

  /** When the host was heard of last, ISO 8601. */
  get lastSeen(): string | null {
    const heard = this.#client?.lastHeard;
    return heard === undefined ? this.#info.lastSeen : new Date(heard).toISOString();
  }

  /** The client of a machine that is connected. */
  get connected(): Client | undefined {
    return this.#client?.state.kind === 'connected' ? this.#client : undefined;
  }

  /**
   * The client of a machine that can be reached; a connection that is just coming back is waited for.
   *
   * @throws CodeManagerError as {@link unreachable} makes it
   */
  reached(): Client {
    const client = this.#client;
    if (client !== undefined && (client.state.kind === 'connected' || isTrying(client))) return client;
    throw unreachable(this.#info);
  }

  /** @param onStep told of every step of a sign-in */
  async connect(operation?: Operation, onStep?: (step: ConnectStep, detail: string) => void): Promise<void> {
    if (onStep !== undefined) this.#route.onStep = onStep;
    try {
      await this.#connect(operation);
    } finally {
      if (onStep !== undefined) this.#route.onStep = () => undefined;
    }
  }

  async #connect(operation: Operation | undefined): Promise<void> {
    for (let tries = 0; this.connected === undefined; tries++) {
      // An attempt that is under way asks nobody; one that follows it may.
      const joins = isTrying(this.#client);
      this.#route.operation = operation;
      try {
        await this.#attempt(operation?.signal);
      } catch (error) {
        const mayAsk = joins && operation?.asker !== undefined && toCodeManagerError(error).code === 'unauthorized';
        if (!mayAsk || tries > 0) throw error;
      } finally {
        if (this.#route.operation === operation) this.#route.operation = undefined;
      }
    }
  }

  disconnect(): void {
    this.#drop();
    this.#setInfo({ connection: 'offline', problem: null, nextTry: null, since: now() });
  }

  /** One try to connect, the one that is under way or a new one. */
  async #attempt(signal: AbortSignal | undefined): Promise<void> {
    const client = this.#client === undefined || isFinal(this.#client) ? this.#open() : this.#client;
    client.retry();
    await attempted(client, signal);
  }

  #open(): Client {
    this.logs.mainGoes();
    this.#client?.dispose();
    const { id, onReset, log } = this.#options;
    const client = this.#create(this.#route.first, true, {
      firstMs: FIRST_RETRY_MS,
      maxMs: MAX_RETRY_MS,
      isFinal: needsPerson,
    });
    this.#client = client;
    client.onDidReset(onReset);
    client.onDidChange(({ change }) => this.#onChange(change));
    client.onDidChangeState((state) => {
      if (this.#client !== client) return;
      if (state.kind === 'connected' && isThisProcess(state.server)) {
        log.warn(`${id} is this agent server itself`);
        this.#drop();
        const message = 'This is the agent server of this host itself';
        this.#setInfo({ connection: 'offline', problem: { message, command: null }, since: now() });
        return;
      }
      this.#onState(state);
    });
    this.#onState(client.state);
    this.logs.mainReplaced();
    return client;
  }

  #create(transport: Transport, subscribe: boolean, retry: Parameters<typeof createClient>[0]['retry']): Client {
    return createClient({
      name: `agent server on ${shortHostName()}`,
      transport,
      subscribe,
      reconnect: retry !== undefined,
      ...(retry === undefined ? {} : { retry }),
      log: (message) => this.#options.log.debug(`${this.#options.id}: ${message}`),
    });
  }

  get #further(): Transport {
    return this.#route.further(() => this.connected !== undefined);
  }

  #onState(state: ConnectionState): void {
    const { host } = this.#info;
    switch (state.kind) {
      case 'connecting':
        this.#setInfo({ connection: 'connecting', lastSeen: this.lastSeen, nextTry: null });
        break;
      case 'connected': {
        const { server } = state;
        const node = line(server.host);
        this.#setInfo({
          ...this.#problemThere(),
          version: line(server.version),
          node,
          lastSeen: null,
          nextTry: null,
          since: now(),
        });
        this.#options.log.info(`${host} is connected (agent server ${line(server.version)} on ${node})`);
        this.logs.connected();
        break;
      }
      case 'disconnected':
        this.#setInfo({ ...failureInfo(state, this.#info.connection), lastSeen: this.lastSeen });
        break;
    }
    this.#options.onHeard();
  }

  #problemThere(): Pick<MachineInfo, 'connection' | 'problem'> {
    return problemThere(this.#client?.snapshot.machines ?? []);
  }

  #onChange(change: Change): void {
    if (change.type === 'machine/changed' && change.machine.id === 'local') {
      this.#setInfo({ ...this.#problemThere(), since: now() });
    } else {
      this.#options.onChange(change);
    }
  }

  #setInfo(changes: Partial<MachineInfo>): void {
    const known = this.#info;
    const next = { ...known, ...changes };
    if (next.node === null) next.node = known.node;
    const { since: _before, ...before } = known;
    const { since: _after, ...after } = next;
    if (JSON.stringify(before) === JSON.stringify(after)) return;
    if (changes.since === undefined && next.connection !== known.connection) next.since = now();
    this.#info = next;
    this.#options.onInfo(next);
  }

  /** A terminal on a connection of its own; over the main one where the host allows no second. */
  async openTerminal(session: string, size: TerminalSize, how: Attaching): Promise<Terminal> {
    const main = this.reached();
    const options = { ...size, ...how };
    if (!this.logs.isSingle) {
      const client = this.#create(this.#further, false, undefined);
      try {
        const terminal = await client.openTerminal(session, options);
        return new AgentTerminal(terminal, () => client.dispose());
      } catch (error) {
        client.dispose();
        if (!isChannelRefused(error)) throw error;
      }
    }
    return new AgentTerminal(await main.openTerminal(session, options), () => undefined);
  }

  /** Ends all connections; what was known stays. */
  #drop(): void {
    this.#info = { ...this.#info, lastSeen: this.lastSeen };
    // They go on when it is connected again.
    this.logs.disconnect();
    const client = this.#client;
    this.#client = undefined;
    client?.dispose();
    this.#route.close();
  }

  dispose(): void {
    this.#drop();
    this.logs.dispose();
  }
}
