import { setAsideFiles } from '../../core/store/setAsideFiles.js';
import { SESSION_ID_PATTERN } from '../../common/ids.js';
import { Emitter } from '../../common/emitter.js';
import type { Disposable } from '../../common/disposable.js';
import type { Logger } from '../../common/logger.js';
import { Contexts } from '../../core/contexts/contexts.js';
import { isIn } from '../../core/contexts/contextStore.js';
import type { EngineService } from '../../core/engine/engineService.js';
import type { MachineService, Operation } from '../../core/machine/machineService.js';
import type { ServerData } from '../../core/engine/serverData.js';
import { sessionFilter } from '../../core/records/sessionFilter.js';
import type { ContextDirectory } from '../../core/sessions/sessionCreation.js';
import { resolveRef } from '../../core/store/names.js';
import type { AuditEntry } from '../../protocol/audit.js';
import type { Context, Machine as MachineInfo } from '../../protocol/context.js';
import { machineId, remoteSpec, type FarSpec, type RemoteSpec } from '../../protocol/machineKinds.js';
import { CodeManagerError, errorText } from '../../protocol/errors.js';
import type { Change } from '../../protocol/events.js';
import type { PlacedSession } from '../../protocol/notice.js';
import type { Snapshot } from '../../protocol/collections.js';
import type { AboutSession, Check, Params, Result } from '../../protocol/requests.js';
import { hasEnded, type CreateSession, type Session } from '../../protocol/session.js';
import type { KeptUpdates } from './keptUpdates.js';
import { Machines, type ServiceFactory } from './machines.js';
import { Policies } from './policies.js';

/** What is wrong with more files is as good as these. */
const MAX_PROBLEMS = 200;

export interface HubOptions {
  readonly data: ServerData;
  /** The service of this host; what it needs to know of contexts and of other machines comes from the hub. */
  readonly createLocal: (links: HubLinks) => EngineService;
  readonly createService: (id: string, spec: FarSpec, links: HubLinks, token?: string) => MachineService | undefined;
  readonly resolvePath: (path: string) => string;
  /** Machines with sessions that ran when they were heard of last. */
  readonly remembered: ReadonlyMap<string, FarSpec>;
  /** What was marked on sessions while they could not be reached. */
  readonly kept: KeptUpdates;
  /** A machine that is not needed any more need not be remembered. */
  readonly onForgotten: (id: string) => void;
  /** Hosts that the person's ssh configuration names. */
  readonly hosts: () => Promise<Result<'machine/hosts'>>;
  /** Puts our agent server on a host, and says how it is reached from now on. */
  readonly install: (spec: RemoteSpec, operation: Operation) => Promise<RemoteSpec>;
  readonly log: Logger;
}

/** What a machine's service knows of everything else. */
export interface HubLinks {
  readonly contexts: ContextDirectory;
  /** Names of the sessions of all other machines. */
  readonly otherNames: (id: string) => Iterable<string>;
  /** Whether another machine than this one has a session with an id. */
  readonly hasElsewhere: (id: string, session: string) => boolean;
}

/** A session and the machine that has it. */
interface Place {
  readonly id: string;
  readonly service: MachineService;
}

/** So many answers of one agent server are looked through. */
const MAX_AUDIT = 10_000;

/** All machines as one: finds who has a session, and makes one list and one stream of changes of all. */
export class Hub implements Disposable {
  readonly contexts: Contexts;
  readonly machines: Machines;
  readonly local: EngineService;
  readonly data: ServerData;
  readonly #options: HubOptions;
  readonly policies: Policies;
  readonly #changes: Emitter<Change>;

  /** Every change of what clients see, in order. */
  readonly onDidChange;

  constructor(options: HubOptions) {
    const { data, log } = options;
    this.#options = options;
    this.data = data;
    this.#changes = new Emitter<Change>((error) => log.error(`a listener failed: ${errorText(error)}`));
    this.onDidChange = this.#changes.event;
    this.contexts = new Contexts({
      store: data.contexts,
      credentials: data.credentials,
      service: (spec) => this.machines.of(spec),
      resolvePath: options.resolvePath,
      running: (context) =>
        this.#sessions().filter((session) => session.contextId === context && !hasEnded(session)).length,
      ofWorktree: (folder) =>
        this.local.sessions().find(({ worktree }) => worktree !== null && isIn(folder, worktree.path))?.contextId,
      onChange: (change) => {
        // A context is shown before its machine's sessions, and a machine before its context.
        if (change.type === 'context/changed') this.#reconcile();
        this.#changes.fire(change);
        if (change.type === 'context/removed') this.#reconcile();
      },
    });
    const links: HubLinks = {
      contexts: this.contexts,
      otherNames: (id) =>
        this.machines
          .all()
          .filter((service) => service.id !== id)
          .flatMap((service) => service.sessions().map(({ name }) => name)),
      hasElsewhere: (id, session) => this.machines.hasElsewhere(id, session),
    };
    this.local = options.createLocal(links);
    const create: ServiceFactory = (id, spec, token) => options.createService(id, spec, links, token);
    this.machines = new Machines({
      local: this.local,
      create,
      onChange: (change) => this.#onChange(change),
      onForgotten: options.onForgotten,
      log,
    });
    this.policies = this.#createPolicies();
  }

  #createPolicies(): Policies {
    return new Policies({
      store: this.data.policies,
      contexts: this.contexts,
      machines: () => this.machines.all(),
      machineOf: ({ machine }) => this.machines.of(machine),
      findSession: (ref) => this.find(ref),
      onChange: (change) => this.#changes.fire(change),
    });
  }

  #onChange(change: Change): void {
    const { kept } = this.#options;
    if (change.type === 'policy/changed') return this.policies.tell();
    if (change.type === 'session/changed') {
      this.#changes.fire({ type: 'session/changed', session: kept.shown(change.session) });
      return;
    }
    this.#changes.fire(change);
    if (change.type === 'machine/changed' || change.type === 'machine/removed') this.policies.tell();
    if (change.type !== 'machine/changed' || change.machine.connection !== 'connected') return;
    const service = this.machines.get(change.machine.id);
    if (service === undefined) return;
    kept.carryOut(service).catch((error: unknown) => this.#options.log.warn(errorText(error)));
  }

  /** Begins to reach the other machines. */
  start(): void {
    this.machines.reconcile(this.contexts.all(), this.#options.remembered);
  }

  #reconcile(): void {
    this.machines.reconcile(this.contexts.all());
  }

  #sessions(): Session[] {
    const { kept } = this.#options;
    return this.machines.all().flatMap((service) => service.sessions().map((session) => kept.shown(session)));
  }

  snapshot(): Snapshot {
    return {
      machines: this.machineInfos(),
      contexts: [...this.contexts.all()],
      sessions: this.#sessions(),
      policy: this.policies.state,
    };
  }

  /** All sessions with the names of their machines. */
  placedSessions(): PlacedSession[] {
    return this.machines
      .all()
      .flatMap((service) => service.sessions().map((session) => ({ session, machineName: service.info.host })));
  }

  /** What could not be read on the disks of all machines, one sentence each. */
  async problems(): Promise<string[]> {
    const { data, machines } = this;
    await Promise.all([data.contexts.refresh(), data.policies.refresh(), data.refreshConfig()]);
    const own = [...data.problems, ...data.catalog.tooSlow, ...(await setAsideFiles(data.paths.root))];
    const all = machines.all().flatMap(({ info, problems = [] }) => {
      return info.type === 'local' ? problems : problems.map((problem) => `${info.host}: ${problem}`);
    });
    return [...new Set([...own, ...all])].slice(0, MAX_PROBLEMS);
  }

  machineInfos(): MachineInfo[] {
    return this.machines.all().map(({ info }) => info);
  }

  /** Sessions that this server cares for: those of other agent servers go on without it. */
  get busy(): number {
    return this.machines
      .all()
      .filter(({ info }) => info.type !== 'agent')
      .reduce((sum, { busy }) => sum + busy, 0);
  }

  /** From memory alone unless archived ones are asked for. */
  async list(filter: Params<'session/list'>): Promise<Session[]> {
    const matches = sessionFilter(filter, {
      contexts: this.contexts.all(),
      machines: this.machineInfos(),
      now: Date.now(),
    });
    const lists = await Promise.all(
      this.machines.all().map(async (service) => {
        if (!filter.archived || !isThere(service)) return service.sessions();
        return service.call('session/list', { archived: true }).catch(() => service.sessions());
      }),
    );
    return lists
      .flat()
      .map((session) => this.#options.kept.shown(session))
      .filter(matches)
      .sort((a, b) => (a.id < b.id ? 1 : -1));
  }

  /** Starts a session on the machine of its context, which is connected first. */
  async create(params: CreateSession, operation: Operation): Promise<Session> {
    await this.contexts.refresh();
    const { context: ref, path, ...rest } = params;
    const known = this.contexts;
    if (ref === undefined && path === undefined) {
      throw new CodeManagerError('invalid', 'No context and no folder was given', {
        hint: 'Name a context with --ctx, or start in its folder.',
      });
    }
    if (ref === undefined) {
      return known.startAt(path ?? '', (context, folder) =>
        this.#startIn(context, { ...rest, path: folder }, operation),
      );
    }
    return this.#startIn(known.get(ref), rest, operation);
  }

  async #startIn(
    context: Context,
    params: Omit<Params<'session/create'>, 'context'>,
    operation: Operation,
  ): Promise<Session> {
    const service = this.machines.of(context.machine);
    // What is missing on this host is told by the start itself.
    if (service !== this.local && !isThere(service)) await service.connect(operation);
    const session = await service.call('session/create', { ...params, context: context.id });
    await this.contexts.touch(context.id).catch((error: unknown) => {
      this.#options.log.warn(`context ${context.id}: ${errorText(error)}`);
    });
    return session;
  }

  /** Has a session's machine do something. @throws CodeManagerError `notFound`, `conflict` when the reference is ambiguous */
  async call<M extends AboutSession>(method: M, params: Params<M>): Promise<Result<M>> {
    const { id, service } = await this.find(params.session);
    return service.call(method, { ...params, session: id });
  }

  async get(params: Params<'session/get'>): Promise<Session> {
    return this.#options.kept.shown(await this.call('session/get', params));
  }

  /** Marks a session. While it cannot be reached that is kept, and shown, until it can. */
  async update(params: Params<'session/update'>): Promise<Session> {
    const { kept } = this.#options;
    const { id, service } = await this.find(params.session);
    try {
      const session = await service.call('session/update', { ...params, session: id });
      await kept.drop(id);
      return session;
    } catch (error) {
      const known = service.sessions().find((session) => session.id === id);
      if (known === undefined || (isThere(service) && service.isAway?.(id) !== true)) throw error;
      const session = await kept.keep(known, params);
      this.#changes.fire({ type: 'session/changed', session });
      return session;
    }
  }

  /** Which machine has a session: active ones first, then archived ones. */
  async find(ref: string): Promise<Place> {
    const services = this.machines.all();
    const items = services.flatMap((service) => {
      const where = services.length > 1 ? { where: service.info.host } : {};
      return service.sessions().map(({ id, name }) => ({ id, name, ...where, service }));
    });
    try {
      const { id, service } = resolveRef(items, ref, 'session');
      return { id, service };
    } catch (error) {
      if (!(error instanceof CodeManagerError) || error.code !== 'notFound') throw error;
      const archived = await this.#findArchived(ref);
      // The nearest active name is the better hint.
      if (archived === undefined) throw error;
      return archived;
    }
  }

  async #findArchived(ref: string): Promise<Place | undefined> {
    for (const service of this.machines.all().filter(isThere)) {
      try {
        const { id } = await service.call('session/get', { session: ref });
        return { id, service };
      } catch (error) {
        if (error instanceof CodeManagerError && error.code === 'conflict') throw error;
      }
    }
    return undefined;
  }

  /** What was answered, newest first, by this server and by the agent servers that are connected. */
  async audit({ session, context, limit, since }: Params<'audit/list'>): Promise<AuditEntry[]> {
    const id = session === undefined ? undefined : await this.#sessionId(session);
    const contextName = context === undefined ? undefined : this.contexts.get(context).name;
    const filter = { session: id, limit, since };
    const lists = await Promise.all([
      this.data.audit.list({ ...filter, contextName }),
      ...this.machines.all().map(async (service) => {
        if (!isThere(service)) return [];
        // Those of other contexts are left out only here.
        const all = contextName === undefined ? filter : { ...filter, limit: MAX_AUDIT };
        return (await service.audit?.(all).catch(() => [])) ?? [];
      }),
    ]);
    return lists
      .flat()
      .filter((entry) => contextName === undefined || entry.contextName === contextName)
      .sort((a, b) => (a.time < b.time ? 1 : -1))
      .slice(0, limit);
  }

  /** Of a session that has gone for good its id is all there is. */
  async #sessionId(ref: string): Promise<string> {
    try {
      return (await this.find(ref)).id;
    } catch (error) {
      if (SESSION_ID_PATTERN.test(ref)) return ref;
      throw error;
    }
  }

  tools({ machine, ...params }: Params<'tool/list'>): Promise<Result<'tool/list'>> {
    return this.machine(machine).call('tool/list', { ...params, machine: 'local' });
  }

  /** The other machines that are connected. */
  elsewhere(): readonly MachineService[] {
    return this.machines.all().filter((service) => service !== this.local && isThere(service));
  }

  /** @throws CodeManagerError `notFound`, or `conflict` when the name fits several */
  machine(ref: string): MachineService {
    return this.machines.find(ref, this.contexts.all());
  }

  /** Walks the real path to a folder of a machine; the steps up to the first that fails. */
  async test(service: MachineService, folder: string, operation: Operation): Promise<Check[]> {
    const checks: Check[] = [];
    await service.test(folder, operation, (check) => {
      checks.push(check);
      operation.progress(check.name);
    });
    return checks;
  }

  async folders(
    { machine, path, token }: Omit<Params<'machine/folders'>, 'operation'>,
    operation: Operation,
  ): Promise<Result<'machine/folders'>> {
    const service = this.machines.of(machine, token);
    // This host has its folders also while it has no tmux.
    if (service !== this.local) await service.connect(operation);
    return service.folders(path);
  }

  hosts(): Promise<Result<'machine/hosts'>> {
    return this.#options.hosts();
  }

  /** Puts our agent server on a host; its contexts use it from then on. */
  async install(ref: string, operation: Operation): Promise<MachineInfo> {
    const { id } = this.machine(ref);
    const far = this.machines.spec(id);
    const spec = far === undefined ? undefined : remoteSpec(far);
    if (spec === undefined) {
      throw new CodeManagerError('invalid', 'The agent server of this host runs already', {
        hint: 'Name another machine: cm machine list.',
      });
    }
    const installed = await this.#options.install(spec, operation);
    for (const context of this.contexts.all().filter(({ machine }) => machineId(machine) === id)) {
      await this.contexts.edit({ context: context.id, machine: installed }, operation);
    }
    const service = this.machines.of(installed);
    await service.connect(operation);
    // The agent server there has taken all sessions over.
    if (service.id !== id) this.machines.drop(id);
    return service.info;
  }

  /** Waits until everything is on disk. */
  async flush(): Promise<void> {
    for (const service of this.machines.all()) await service.flush?.();
  }

  dispose(): void {
    this.policies.dispose();
    this.machines.dispose();
    this.#changes.dispose();
  }
}

/** Whether a machine can be asked without waiting for a connection. */
function isThere({ info }: MachineService): boolean {
  return info.type === 'local' || info.connection === 'connected';
}
