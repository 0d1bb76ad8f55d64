import type { Client, ConnectionState } from '../../client/api.js';
import { createClient } from '../../client/client.js';
import type { Transport } from '../../client/transport.js';
import { KeyedMutex } from '../../common/async.js';
import type { Disposable } from '../../common/disposable.js';
import { Emitter } from '../../common/emitter.js';
import { shortHostName } from '../../common/home.js';
import type { Logger } from '../../common/logger.js';
import type { Terminal, TerminalSize } from '../../core/machine.js';
import type {
  LogPosition,
  LogSink,
  LogSubscription,
  MachineService,
  SessionMethod,
} from '../../core/machineService.js';
import type { Operation } from '../../core/operation.js';
import { RECONNECT_WAIT_MS, unreachable } from '../../core/reachable.js';
import type { ContextDirectory } from '../../core/sessions/sessions.js';
import { editCommand } from '../../core/editCommand.js';
import { missingFolder } from '../../core/machineFolders.js';
import { takeSteps } from '../../core/steps.js';
import type { MachineCache, Remembered } from '../../core/store/machineCache.js';
import { machineId, type AgentMachineSpec, type Machine as MachineInfo } from '../../protocol/context.js';
import type { AuditEntry } from '../../protocol/audit.js';
import { CodeManagerError, errorText, toCodeManagerError } from '../../protocol/errors.js';
import type { Change } from '../../protocol/events.js';
import { SessionRecord, toSession } from '../../protocol/files.js';
import type { Check, Params, ParamsInput, Result } from '../../protocol/requests.js';
import { PolicyDraft } from '../../protocol/policy.js';
import { hasEnded, Session } from '../../protocol/session.js';
import { AgentLogs } from './agentLogs.js';
import { AgentMirror } from './agentMirror.js';
import { AgentPolicies } from './agentPolicies.js';
import { AgentRoute, type SshConnect } from './agentRoute.js';
import { contextThere } from './contextThere.js';
import { agentSteps } from './agentSteps.js';
import {
  attempted,
  failureInfo,
  hostOf,
  isChannelRefused,
  isFinal,
  isThisProcess,
  isTrying,
  line,
  needsPerson,
  now,
  problemThere,
  toTheirs,
} from './agentStates.js';
import { AgentTerminal } from './agentTerminal.js';

export interface AgentServiceOptions {
  /** As `machineId` gives it. */
  readonly id: string;
  /** Kind under which it is shown; `ssh` where a server was found on a host that has one of that kind. */
  readonly type?: 'ssh' | 'agent';
  readonly spec: AgentMachineSpec;
  readonly connectSsh: SshConnect;
  /** Goes with the service. */
  readonly owned?: Disposable;
  /** The token for a port or URL, asked for each connection. */
  readonly token: () => Promise<string | undefined>;
  /** All contexts of this server. */
  readonly contexts: ContextDirectory;
  /** Whether another machine has a session with this id: ids of a host are only believed when they are its own. */
  readonly isTaken?: (session: string) => boolean;
  /** Where it is remembered, and what was known of it last. */
  readonly cache: MachineCache;
  readonly remembered: Remembered | undefined;
  readonly log: Logger;
}

const FIRST_RETRY_MS = 500;
const MAX_RETRY_MS = 30_000;
const FURTHER_RETRY_MS = 100;
const MAX_FURTHER_RETRY_MS = 5_000;

/** The sessions of another agent server: a picture of them kept current, and requests passed on. */
export class AgentService implements MachineService {
  readonly id: string;
  readonly #options: AgentServiceOptions;
  readonly #route: AgentRoute;
  readonly #mirror: AgentMirror;
  readonly #changes: Emitter<Change>;
  readonly #logs: AgentLogs;
  readonly #making = new KeyedMutex();
  readonly policies: AgentPolicies;
  #client: Client | undefined;
  #info: MachineInfo;
  #disposed = false;

  readonly onDidChange;

  constructor(options: AgentServiceOptions) {
    const { id, spec, log } = options;
    this.id = id;
    this.#options = options;
    this.#route = new AgentRoute(options);
    this.#logs = new AgentLogs({
      main: () => this.#client,
      create: () => this.#create(this.#further, false, { firstMs: FURTHER_RETRY_MS, maxMs: MAX_FURTHER_RETRY_MS }),
    });
    this.policies = new AgentPolicies({
      machine: id,
      reached: () => this.#reached(),
      connected: () => (this.#client?.state.kind === 'connected' ? this.#client : undefined),
      contexts: () => options.contexts.all().filter(({ machine }) => machineId(machine) === id),
      timeoutMs: RECONNECT_WAIT_MS,
    });
    this.#mirror = new AgentMirror(id, () => options.contexts.all());
    this.#changes = new Emitter<Change>((error) => log.error(`a listener failed: ${errorText(error)}`));
    this.onDidChange = this.#changes.event;
    this.#info = {
      id,
      host: hostOf(spec),
      type: options.type ?? 'agent',
      node: options.remembered?.node ?? null,
      version: null,
      connection: 'offline',
      since: now(),
      problem: null,
      lastSeen: options.remembered?.lastSeen ?? null,
      nextTry: null,
    };
    this.#mirror.remember(options.remembered?.records.map(toSession) ?? []);
  }

  get info(): MachineInfo {
    return this.#info;
  }

  sessions(): readonly Session[] {
    return this.#mirror.sessions;
  }

  get busy(): number {
    return this.#mirror.sessions.filter((session) => !hasEnded(session)).length;
  }

  async connect(operation?: Operation): Promise<void> {
    for (let tries = 0; this.#client?.state.kind !== 'connected'; tries++) {
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

  disconnect(): Promise<void> {
    this.#drop();
    this.#setInfo({ connection: 'offline', problem: null, nextTry: null, since: now() });
    return this.#options.cache.flush();
  }

  /** One try to connect, the one that is under way or a new one. */
  async #attempt(signal: AbortSignal | undefined): Promise<void> {
    const client = this.#client === undefined || isFinal(this.#client) ? this.#open() : this.#client;
    client.retry();
    await attempted(client, signal);
  }

  #open(): Client {
    this.#logs.mainGoes();
    this.#client?.dispose();
    const { log } = this.#options;
    const client = this.#create(this.#route.first, true, {
      firstMs: FIRST_RETRY_MS,
      maxMs: MAX_RETRY_MS,
      isFinal: needsPerson,
    });
    this.#client = client;
    client.onDidReset((snapshot) => {
      this.#tell(this.#mirror.reset(this.#own(snapshot)));
    });
    client.onDidChange(({ change }) => this.#onChange(change));
    client.onDidChangeState((state) => {
      if (this.#client !== client) return;
      if (state.kind === 'connected' && isThisProcess(state.server)) {
        log.warn(`${this.id} is this agent server itself`);
        this.#drop();
        const message = 'This is the agent server of this host itself';
        this.#setInfo({ connection: 'offline', problem: { message, command: null }, since: now() });
        return;
      }
      this.#onState(state);
    });
    this.#onState(client.state);
    this.#logs.mainReplaced();
    return client;
  }

  #create(transport: Transport, subscribe: boolean, retry: Parameters<typeof createClient>[0]['retry']): Client {
    return createClient({
      name: `agent server on ${shortHostName()}`,
      transport,
      subscribe,
      reconnect: retry !== undefined,
      ...(retry === undefined ? {} : { retry }),
      log: (message) => this.#options.log.debug(`${this.id}: ${message}`),
    });
  }

  #onState(state: ConnectionState): void {
    const { host } = this.#info;
    switch (state.kind) {
      case 'connecting':
        this.#setInfo({ connection: 'connecting', lastSeen: this.#lastSeen, nextTry: null });
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
        this.#logs.connected();
        break;
      }
      case 'disconnected':
        this.#setInfo({ ...failureInfo(state, this.#info.connection), lastSeen: this.#lastSeen });
        break;
    }
    this.#remember();
  }

  /** When the host was heard of last, ISO 8601. */
  get #lastSeen(): string | null {
    const heard = this.#client?.lastHeard;
    return heard === undefined ? this.#info.lastSeen : new Date(heard).toISOString();
  }

  #problemThere(): Pick<MachineInfo, 'connection' | 'problem'> {
    return problemThere(this.#client?.snapshot.machines ?? []);
  }

  #onChange(change: Change): void {
    if (change.type === 'notice') {
      const message = `${this.#info.host}: ${line(change.message)}`;
      this.#changes.fire({ type: 'notice', level: change.level, message });
      return;
    }
    if (change.type === 'policy/changed') {
      // Whoever hears of it reads all rules anew.
      this.#changes.fire(change);
      return;
    }
    if (change.type === 'machine/changed' && change.machine.id === 'local') {
      this.#setInfo({ ...this.#problemThere(), since: now() });
      return;
    }
    if (change.type === 'session/changed' && this.#isForeign(change.session.id)) return;
    const ours = this.#mirror.apply(change);
    if (ours !== undefined) this.#tell([ours]);
  }

  #tell(changes: readonly Change[]): void {
    for (const change of changes) this.#changes.fire(change);
    if (changes.length > 0) this.#remember();
  }

  #own<T extends { readonly sessions: Session[] }>(snapshot: T): T {
    return { ...snapshot, sessions: snapshot.sessions.filter(({ id }) => !this.#isForeign(id)) };
  }

  /** A host that claims another machine's session would be sent what is meant for that one. */
  #isForeign(session: string): boolean {
    return !this.#mirror.has(session) && this.#options.isTaken?.(session) === true;
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
    this.#changes.fire({ type: 'machine/changed', machine: next });
  }

  /** The client of a machine that can be reached; a connection that is just coming back is waited for. */
  #reached(): Client {
    const client = this.#client;
    if (client !== undefined && (client.state.kind === 'connected' || isTrying(client))) return client;
    throw unreachable(this.#info);
  }

  async call<M extends SessionMethod>(method: M, params: Params<M>): Promise<Result<M>> {
    // It is reached by connections of ours, never by a command on this host.
    if (method === 'session/attach') return null as Result<M>;
    if (method === 'session/create') {
      return (await this.#start(params as Params<'session/create'>)) as Result<M>;
    }
    if (method === 'session/get' && this.#client?.state.kind !== 'connected') {
      // Its last word, as in every list.
      const { session } = params as Params<'session/get'>;
      const known = this.#mirror.sessions.find(({ id }) => id === session);
      if (known !== undefined) return known as Result<M>;
    }
    if (method === 'policy/test') return (await this.#testPolicy(params as Params<'policy/test'>)) as Result<M>;
    const client = this.#reached();
    const sent = toTheirs(method, params);
    const answer = await client.request(method, sent as ParamsInput<M>, { timeoutMs: RECONNECT_WAIT_MS });
    if (method === 'policy/propose') return this.#ourDraft(params, answer) as Result<M>;
    return this.#toOurs(method, answer) as Result<M>;
  }

  /** Judged by the rules there, where its paths lead somewhere. */
  async #testPolicy({ context: ref, ...params }: Params<'policy/test'>): Promise<Result<'policy/test'>> {
    const client = this.#reached();
    const context = ref === undefined ? undefined : await contextThere(client, this.#options.contexts.get(ref));
    const sent = { ...params, ...(context === undefined ? {} : { context }) };
    const verdict = await client.request('policy/test', sent, { timeoutMs: RECONNECT_WAIT_MS });
    return { ...verdict, why: line(verdict.why) };
  }

  /** It is for our context, as the session is. */
  #ourDraft(params: unknown, draft: unknown): PolicyDraft {
    const { session } = params as Params<'policy/propose'>;
    const known = this.#mirror.sessions.find(({ id }) => id === session);
    const { contextId = null } = known ?? {};
    return { ...PolicyDraft.parse(draft), context: contextId };
  }

  /** Starts a session in the context there that has the path of ours. */
  async #start({ context: ref = '', ...params }: Params<'session/create'>): Promise<Session> {
    const { contexts, log } = this.#options;
    const context = contexts.get(ref);
    const client = this.#reached();
    const there = await this.#making.run(context.path, () => contextThere(client, context));
    const sent = { ...params, context: there, path: undefined };
    const answer = await client.request('session/create', sent, { timeoutMs: RECONNECT_WAIT_MS });
    const moved = this.#mirror.choose(answer.id, context);
    if (moved !== undefined) this.#tell([moved]);
    await contexts.touch(context.id).catch((error: unknown) => log.warn(errorText(error)));
    return this.#toOurs('session/create', answer) as Session;
  }

  #toOurs(method: SessionMethod, answer: unknown): unknown {
    const take = (theirs: unknown): Session[] => {
      const session = Session.safeParse(theirs).data;
      const ours = session === undefined ? undefined : this.#mirror.take(session);
      return ours === undefined || this.#isForeign(ours.id) ? [] : [ours];
    };
    if (method === 'session/list') return (answer as readonly unknown[]).flatMap(take);
    if (!Session.safeParse(answer).success) return answer;
    const [session] = take(answer);
    if (session !== undefined) return session;
    throw new CodeManagerError('notFound', `${this.#info.host} itself has no such session`);
  }

  async subscribeLog(session: string, from: LogPosition, sink: LogSink): Promise<LogSubscription> {
    this.#reached();
    return this.#logs.subscribe(session, from, sink);
  }

  get #further(): Transport {
    return this.#route.further(() => this.#client?.state.kind === 'connected');
  }

  async openTerminal(session: string, size: TerminalSize, readOnly: boolean): Promise<Terminal> {
    const main = this.#reached();
    const options = { ...size, readOnly };
    if (!this.#logs.isSingle) {
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

  async test(folder: string, operation: Operation, onCheck: (check: Check) => void): Promise<void> {
    const steps = agentSteps({
      isConnected: () => this.#client?.state.kind === 'connected',
      connect: (listener) => {
        this.#route.onStep = listener;
        return this.connect(operation).finally(() => (this.#route.onStep = () => undefined));
      },
      info: () => this.#info,
      onCheck,
    });
    if (!(await steps.reach())) return;
    const client = this.#reached();
    const toFolder = folder === '' ? [] : [{ name: 'folder', run: () => this.#folderThere(folder) }];
    if (!(await takeSteps(toFolder, operation.signal, onCheck))) return;
    const checks = await client.request('machine/test', { machine: 'local' }, { signal: operation.signal });
    for (const check of checks) onCheck({ ...check, name: line(check.name), detail: line(check.detail) });
  }

  async audit(params: Params<'audit/list'>): Promise<readonly AuditEntry[]> {
    const { context: _ours, ...rest } = params;
    const entries = await this.#reached().request('audit/list', rest);
    return entries
      .filter(({ session }) => !this.#isForeign(session))
      .map((entry) => {
        // The contexts there have names of their own.
        const known = this.#mirror.sessions.find(({ id }) => id === entry.session);
        return known === undefined ? entry : { ...entry, contextName: known.contextName };
      });
  }

  folders(path: string): Promise<Result<'machine/folders'>> {
    return this.#reached().request('machine/folders', { machine: 'local', path });
  }

  async resolveFolder(path: string): Promise<string> {
    return (await this.folders(path)).path;
  }

  async #folderThere(folder: string): Promise<string> {
    return this.resolveFolder(folder).catch((error: unknown) => {
      throw toCodeManagerError(error).message === `${folder} does not exist`
        ? missingFolder(folder, editCommand(this.#options.contexts.all(), this.id, '--path PATH', folder))
        : error;
    });
  }

  /** Notes what is known, for the next server and for the time when the host is away. */
  #remember(): void {
    const { cache, spec } = this.#options;
    cache.save(() => {
      return {
        spec,
        node: this.#info.node,
        lastSeen: this.#lastSeen,
        records: this.#mirror.sessions.map((session) => SessionRecord.parse(session)),
      };
    });
  }

  /** Ends all connections; what was known stays. */
  #drop(): void {
    this.#info = { ...this.#info, lastSeen: this.#lastSeen };
    // They go on when it is connected again.
    this.#logs.disconnect();
    const client = this.#client;
    this.#client = undefined;
    client?.dispose();
    this.#route.close();
  }

  dispose(): void {
    if (this.#disposed) return;
    void this.#options.cache.flush();
    this.#disposed = true;
    this.#drop();
    this.#logs.dispose();
    this.#changes.dispose();
    this.#options.owned?.dispose();
  }
}
