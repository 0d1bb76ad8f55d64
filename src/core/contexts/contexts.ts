import { basename } from 'node:path';
import type { Context } from '../../protocol/context.js';
import { machineId, type MachineSpec } from '../../protocol/machineKinds.js';
import { CodeManagerError, toCodeManagerError } from '../../protocol/errors.js';
import type { Change } from '../../protocol/events.js';
import type { Params } from '../../protocol/requests.js';
import { KeyedMutex } from '../../common/async.js';
import type { MachineService, Operation } from '../machine/machineService.js';
import type { ContextStore } from './contextStore.js';
import type { CredentialsStore } from '../store/credentialsStore.js';
import { uniqueName } from '../store/names.js';

export interface ContextsOptions {
  readonly store: ContextStore;
  readonly credentials: CredentialsStore;
  /** The service of a machine, made when there is none. @throws CodeManagerError `unavailable` for an unknown kind */
  readonly service: (spec: MachineSpec) => MachineService;
  /** Absolute path on this host. */
  readonly resolvePath: (path: string) => string;
  /** How many sessions that have not ended a context has. */
  readonly running: (context: string) => number;
  /** The context of the session whose worktree holds a folder of this host. */
  readonly ofWorktree: (folder: string) => string | undefined;
  readonly onChange: (change: Change) => void;
}

/** Folders in which agents work, on any machine. */
export class Contexts {
  readonly #options: ContextsOptions;
  readonly #making = new KeyedMutex();
  /** The contexts that were made for a start that has not succeeded yet. */
  readonly #fresh = new Set<string>();
  /** How many starts are under way in each of those. */
  readonly #starts = new Map<string, number>();

  constructor(options: ContextsOptions) {
    this.#options = options;
  }

  all(): readonly Context[] {
    return this.#options.store.all();
  }

  get(ref: string): Context {
    return this.#options.store.get(ref);
  }

  /** People may edit the file by hand: tells clients what they changed. */
  async refresh(): Promise<void> {
    const { store, onChange } = this.#options;
    const before = new Map(store.all().map((context) => [context.id, context]));
    if (!(await store.refresh())) return;
    for (const context of store.all()) {
      const known = before.get(context.id);
      before.delete(context.id);
      if (JSON.stringify(known) !== JSON.stringify(context)) onChange({ type: 'context/changed', context });
    }
    for (const { id, name } of before.values()) onChange({ type: 'context/removed', id, name });
  }

  /** The context on this host whose folder holds the path; the deepest one wins. */
  async forPath(path: string): Promise<Context | undefined> {
    return this.#options.store.forPath(this.#options.resolvePath(path));
  }

  /** Asked by several at once it makes one. */
  async forPathOrNew(path: string): Promise<Context> {
    return this.#making.run('', async () => {
      const known = await this.forPath(path);
      if (known) this.#fresh.delete(known.id);
      return known ?? (await this.#make(path));
    });
  }

  #make(path: string): Promise<Context> {
    const taken = new Set(this.all().map(({ name }) => name));
    const name = uniqueName(contextName(this.#options.resolvePath(path)), taken);
    return this.add({ name, path, machine: 'local', tags: [] });
  }

  /**
   * Has something start in a folder of this host: in the deepest context that holds it, in that of the session whose worktree
   * it is, else in a new one, which goes again when nothing could be started there.
   */
  async startAt<T>(path: string, start: (context: Context, folder: string) => Promise<T>): Promise<T> {
    const folder = this.#options.resolvePath(path);
    const { id } = await this.#making.run('', async () => {
      const known = (await this.forPath(folder)) ?? this.#ofWorktree(folder);
      const context = known ?? (await this.#make(folder));
      if (!known) this.#fresh.add(context.id);
      this.#starts.set(context.id, (this.#starts.get(context.id) ?? 0) + 1);
      return context;
    });
    try {
      const started = await start(this.get(id), folder);
      this.#fresh.delete(id);
      return started;
    } finally {
      await this.#making.run('', () => this.#startIsOver(id));
    }
  }

  #ofWorktree(folder: string): Context | undefined {
    const id = this.#options.ofWorktree(folder);
    return this.all().find((context) => context.id === id);
  }

  async #startIsOver(id: string): Promise<void> {
    const left = (this.#starts.get(id) ?? 1) - 1;
    if (left > 0) return void this.#starts.set(id, left);
    this.#starts.delete(id);
    if (!this.#fresh.delete(id)) return;
    const { store, onChange } = this.#options;
    const { name } = await store.remove(id);
    onChange({ type: 'context/removed', id, name });
  }

  /** Connects its machine first, and keeps nothing when that cannot be done or the folder is not there. */
  async add({ name, path, machine, token, tags }: Params<'context/add'>, operation?: Operation): Promise<Context> {
    const { store, onChange } = this.#options;
    return this.#withToken(machine, token, async () => {
      const folder = await this.#folder(machine, path, operation);
      const context = await store.add({ name, path: folder, machine, tags });
      onChange({ type: 'context/changed', context });
      return context;
    });
  }

  /** Keeps the token of a machine when what is done with it works. */
  async #withToken<T>(machine: MachineSpec, token: string | undefined, run: () => Promise<T>): Promise<T> {
    if (token === undefined) return run();
    const { credentials } = this.#options;
    const id = machineId(machine);
    const before = await credentials.get(id);
    await credentials.set(id, token);
    try {
      return await run();
    } catch (error) {
      await (before === undefined ? credentials.delete(id) : credentials.set(id, before));
      throw error;
    }
  }

  async edit({ token, ...changes }: Params<'context/edit'>, operation?: Operation): Promise<Context> {
    const known = this.get(changes.context);
    return this.#withToken(changes.machine ?? known.machine, token, () => this.#edit(known, changes, operation));
  }

  async #edit(
    known: Context,
    { name, path, machine, tags }: Omit<Params<'context/edit'>, 'token'>,
    operation: Operation | undefined,
  ): Promise<Context> {
    const moved = machine !== undefined || path !== undefined;
    const folder = moved ? await this.#folder(machine ?? known.machine, path ?? known.path, operation) : undefined;
    const context = await this.#options.store.edit(known.id, {
      ...(name === undefined ? {} : { name }),
      ...(folder === undefined ? {} : { path: folder }),
      ...(machine === undefined ? {} : { machine }),
      ...(tags === undefined ? {} : { tags }),
    });
    this.#options.onChange({ type: 'context/changed', context });
    // Reached in another way it signs in anew, which only somebody who is there can do.
    if (machine !== undefined && machine !== 'local') {
      await this.#options
        .service(machine)
        .connect(operation)
        .catch(() => undefined);
    }
    return context;
  }

  /** Removes a context; its sessions go on and keep their records. */
  async remove({ context: ref, force }: Params<'context/remove'>): Promise<Context> {
    const context = this.get(ref);
    const running = this.#options.running(context.id);
    if (running > 0 && !force) {
      throw new CodeManagerError(
        'conflict',
        `${running} ${running === 1 ? 'session is' : 'sessions are'} running in ${context.name}`,
        {
          hint: 'Stop them first.',
          anyway: 'lets them go on, and their records stay',
        },
      );
    }
    await this.#options.store.remove(context.id);
    this.#options.onChange({ type: 'context/removed', id: context.id, name: context.name });
    return context;
  }

  /** Used just now; to the minute, so that many starts at once are not as many writes. */
  async touch(ref: string): Promise<void> {
    const { lastUsed } = this.get(ref);
    if (lastUsed !== null && Date.now() - Date.parse(lastUsed) < 60_000) return;
    await this.#options.store.touch(ref);
    this.#options.onChange({ type: 'context/changed', context: this.get(ref) });
  }

  /** Absolute path of a folder that is there. */
  async #folder(machine: MachineSpec, path: string, operation: Operation | undefined): Promise<string> {
    const service = this.#options.service(machine);
    // This host is checked by its folder alone: a context may be added before tmux is there.
    if (machine !== 'local') {
      await service.connect(operation).catch((error: unknown) => {
        // A context may be added, or told where tmux is, before tmux is there.
        if (toCodeManagerError(error).code !== 'dependencyMissing') throw error;
      });
    }
    return service.resolveFolder(path);
  }
}

/** Name of a new context: that of its folder, without what a name cannot hold. */
function contextName(folder: string): string {
  return (
    basename(folder)
      .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '')
      .trim()
      .slice(0, 100) || 'root'
  );
}
