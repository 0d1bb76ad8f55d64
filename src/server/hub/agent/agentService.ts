import { KeyedMutex } from '../../../common/async.js';
import type { Disposable } from '../../../common/disposable.js';
import { Emitter } from '../../../common/emitter.js';
import type { Logger } from '../../../common/logger.js';
import type { Terminal, TerminalSize } from '../../../core/machine/machine.js';
import type {
  LogPosition,
  LogSink,
  LogSubscription,
  MachineService,
  SessionMethod,
} from '../../../core/machine/machineService.js';
import type { Operation } from '../../../core/machine/operation.js';
import { RECONNECT_WAIT_MS } from '../../../core/machine/reachable.js';
import type { ContextDirectory } from '../../../core/sessions/sessionCreation.js';
import { editCommand } from '../../../core/contexts/editCommand.js';
import { missingFolder } from '../../../core/engine/machineChecks.js';
import { takeSteps } from '../../../core/machine/steps.js';
import type { MachineCache, Remembered } from '../../../core/store/machineCache.js';
import type { Machine as MachineInfo } from '../../../protocol/context.js';
import { machineId, type AgentMachineSpec } from '../../../protocol/machineKinds.js';
import type { AuditEntry } from '../../../protocol/audit.js';
import { CodeManagerError, errorText, toCodeManagerError } from '../../../protocol/errors.js';
import type { Change } from '../../../protocol/events.js';
import { SessionRecord, toSession } from '../../../protocol/files.js';
import type { Snapshot } from '../../../protocol/collections.js';
import type { Check, Params, ParamsInput, Result } from '../../../protocol/requests.js';
import type { Attaching } from '../../../protocol/sessionRequests.js';
import { PolicyDraft } from '../../../protocol/policy.js';
import { hasEnded, Session } from '../../../protocol/session.js';
import { AgentLink } from './agentLink.js';
import { AgentMirror } from './agentMirror.js';
import { AgentPolicies } from './agentPolicies.js';
import type { SshConnect } from './agentRoute.js';
import { contextThere } from './contextThere.js';
import { agentSteps } from './agentSteps.js';
import { line, toTheirs } from './agentStates.js';

/** A person's keys, screen and bus on this host lead nowhere on another one. */
function withoutSeat<P extends object>(params: P): Omit<P, 'seat'> {
  const { seat: _seat, ...others } = params as P & { readonly seat?: unknown };
  return others;
}

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

/** The sessions of another agent server: a picture of them kept current, and requests passed on. */
export class AgentService implements MachineService {
  readonly id: string;
  readonly #options: AgentServiceOptions;
  readonly #link: AgentLink;
  readonly #mirror: AgentMirror;
  readonly #changes: Emitter<Change>;
  readonly #making = new KeyedMutex();
  readonly policies: AgentPolicies;
  #disposed = false;

  readonly onDidChange;

  constructor(options: AgentServiceOptions) {
    const { id, contexts, remembered, log } = options;
    this.id = id;
    this.#options = options;
    this.#changes = new Emitter<Change>((error) => log.error(`a listener failed: ${errorText(error)}`));
    this.onDidChange = this.#changes.event;
    this.#mirror = new AgentMirror(id, () => contexts.all());
    this.#mirror.remember(remembered?.records.map(toSession) ?? []);
    this.#link = new AgentLink({
      ...options,
      type: options.type ?? 'agent',
      onReset: (snapshot) => this.#tell(this.#mirror.reset(this.#own(snapshot))),
      onChange: (change) => this.#onChange(change),
      onInfo: (machine) => this.#changes.fire({ type: 'machine/changed', machine }),
      onHeard: () => this.#remember(),
    });
    this.policies = new AgentPolicies({
      machine: id,
      reached: () => this.#link.reached(),
      connected: () => this.#link.connected,
      contexts: () => contexts.all().filter(({ machine }) => machineId(machine) === id),
      timeoutMs: RECONNECT_WAIT_MS,
    });
  }

  get info(): MachineInfo {
    return this.#link.info;
  }

  sessions(): readonly Session[] {
    return this.#mirror.sessions;
  }

  get busy(): number {
    return this.#mirror.sessions.filter((session) => !hasEnded(session)).length;
  }

  connect(operation?: Operation): Promise<void> {
    return this.#link.connect(operation);
  }

  disconnect(): Promise<void> {
    this.#link.disconnect();
    return this.#options.cache.flush();
  }

  #onChange(change: Change): void {
    if (change.type === 'notice') {
      const message = `${this.info.host}: ${line(change.message)}`;
      this.#changes.fire({ type: 'notice', level: change.level, message });
      return;
    }
    if (change.type === 'policy/changed') {
      // Whoever hears of it reads all rules anew.
      this.#changes.fire(change);
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

  #own(snapshot: Snapshot): Snapshot {
    return { ...snapshot, sessions: snapshot.sessions.filter(({ id }) => !this.#isForeign(id)) };
  }

  /** A host that claims another machine's session would be sent what is meant for that one. */
  #isForeign(session: string): boolean {
    return !this.#mirror.has(session) && this.#options.isTaken?.(session) === true;
  }

  async call<M extends SessionMethod>(method: M, params: Params<M>): Promise<Result<M>> {
    // It is reached by connections of ours, never by a command on this host.
    if (method === 'session/attach') return null as Result<M>;
    if (method === 'session/create') {
      return (await this.#start(params as Params<'session/create'>)) as Result<M>;
    }
    if (method === 'session/get' && this.#link.connected === undefined) {
      // Its last word, as in every list.
      const { session } = params as Params<'session/get'>;
      const known = this.#mirror.sessions.find(({ id }) => id === session);
      if (known !== undefined) return known as Result<M>;
    }
    if (method === 'policy/test') return (await this.#testPolicy(params as Params<'policy/test'>)) as Result<M>;
    const client = this.#link.reached();
    const sent = toTheirs(method, withoutSeat(params));
    const answer = await client.request(method, sent as ParamsInput<M>, { timeoutMs: RECONNECT_WAIT_MS });
    if (method === 'policy/propose') return this.#ourDraft(params, answer) as Result<M>;
    return this.#toOurs(method, answer) as Result<M>;
  }

  /** Judged by the rules there, where its paths lead somewhere. */
  async #testPolicy({ context: ref, ...params }: Params<'policy/test'>): Promise<Result<'policy/test'>> {
    const client = this.#link.reached();
    const context = ref === undefined ? undefined : await contextThere(client, this.#options.contexts.get(ref));
    const sent = { ...params, ...(context === undefined ? {} : { context }) };
    const verdict = await client.request('policy/test', sent, { timeoutMs: RECONNECT_WAIT_MS });
    return { ...verdict, why: line(verdict.why) };
  }

  /** The start is for our context, as the session is. */
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
    const client = this.#link.reached();
    const there = await this.#making.run(context.path, () => contextThere(client, context));
    const sent = { ...withoutSeat(params), context: there, path: undefined };
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
    throw new CodeManagerError('notFound', `${this.info.host} itself has no such session`);
  }

  async subscribeLog(session: string, from: LogPosition, sink: LogSink): Promise<LogSubscription> {
    this.#link.reached();
    return this.#link.logs.subscribe(session, from, sink);
  }

  openTerminal(session: string, size: TerminalSize, how: Attaching): Promise<Terminal> {
    return this.#link.openTerminal(session, size, how);
  }

  async test(folder: string, operation: Operation, onCheck: (check: Check) => void): Promise<void> {
    const steps = agentSteps({
      isConnected: () => this.#link.connected !== undefined,
      connect: (onStep) => this.#link.connect(operation, onStep),
      info: () => this.info,
      onCheck,
    });
    if (!(await steps.reach())) return;
    const client = this.#link.reached();
    const toFolder = folder === '' ? [] : [{ name: 'folder', run: () => this.#folderThere(folder) }];
    if (!(await takeSteps(toFolder, operation.signal, onCheck))) return;
    const checks = await client.request('machine/test', { machine: 'local' }, { signal: operation.signal });
    for (const check of checks) onCheck({ ...check, name: line(check.name), detail: line(check.detail) });
  }

  async audit(params: Params<'audit/list'>): Promise<readonly AuditEntry[]> {
    const { context: _ours, ...rest } = params;
    const entries = await this.#link.reached().request('audit/list', rest);
    return entries
      .filter(({ session }) => !this.#isForeign(session))
      .map((entry) => {
        // The contexts there have names of their own.
        const known = this.#mirror.sessions.find(({ id }) => id === entry.session);
        return known === undefined ? entry : { ...entry, contextName: known.contextName };
      });
  }

  folders(path: string): Promise<Result<'machine/folders'>> {
    return this.#link.reached().request('machine/folders', { machine: 'local', path });
  }

  async resolveFolder(path: string): Promise<string> {
    return (await this.folders(path)).path;
  }

  async #folderThere(folder: string): Promise<string> {
    return this.resolveFolder(folder).catch((error: unknown) => {
      throw toCodeManagerError(error).reason === 'folderMissing'
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
        node: this.info.node,
        lastSeen: this.#link.lastSeen,
        records: this.#mirror.sessions.map((session) => SessionRecord.parse(session)),
      };
    });
  }

  dispose(): void {
    if (this.#disposed) return;
    void this.#options.cache.flush();
    this.#disposed = true;
    this.#link.dispose();
    this.#changes.dispose();
    this.#options.owned?.dispose();
  }
}
