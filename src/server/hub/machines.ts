import { systemClock } from '../../common/async.js';
import { DisposableStore, type Disposable } from '../../common/disposable.js';
import type { Logger } from '../../common/logger.js';
import type { MachineService } from '../../core/machine/machineService.js';
import { resolveRef } from '../../core/store/names.js';
import type { Context } from '../../protocol/context.js';
import { machineId, remoteSpec, type MachineSpec, type FarSpec } from '../../protocol/machineKinds.js';
import { CodeManagerError, errorText } from '../../protocol/errors.js';
import type { Change } from '../../protocol/events.js';

/** Makes the service of a machine, which is not connected yet; undefined for a kind that this version does not know. */
export type ServiceFactory = (id: string, spec: FarSpec, token?: string) => MachineService | undefined;

export interface MachinesOptions {
  readonly local: MachineService;
  readonly create: ServiceFactory;
  readonly onChange: (change: Change) => void;
  /** A machine that is not needed any more need not be remembered. */
  readonly onForgotten: (id: string) => void;
  readonly log: Logger;
}

/** How long a machine that no context is on stays connected: a context may be added to it next. */
const PASSING_MS = 5 * 60_000;

interface Entry extends Disposable {
  readonly service: MachineService;
  readonly spec: FarSpec | undefined;
  /** Clients know of it. */
  shown: boolean;
  passing: { cancel(): void } | undefined;
}

/** The machines that are needed: this one, those of all contexts, and those where sessions still run. */
export class Machines implements Disposable {
  readonly #options: MachinesOptions;
  readonly #entries = new Map<string, Entry>();

  constructor(options: MachinesOptions) {
    this.#options = options;
    this.#add(options.local, undefined).shown = true;
  }

  /** The services that clients know of. */
  all(): MachineService[] {
    return [...this.#entries.values()].filter(({ shown }) => shown).map(({ service }) => service);
  }

  get(id: string): MachineService | undefined {
    return this.#entries.get(id)?.service;
  }

  spec(id: string): FarSpec | undefined {
    return this.#entries.get(id)?.spec;
  }

  /**
   * By id, by the name that people see, by what it calls itself, or by a context on it.
   *
   * @throws CodeManagerError `notFound`, or `conflict` when the name fits several
   */
  find(ref: string, contexts: readonly Context[]): MachineService {
    const shown = this.all();
    const byId = shown.find(({ id }) => id === ref);
    if (byId) return byId;
    const byName = shown.filter(({ info }) => info.host === ref || info.node === ref);
    const [first, ...more] = byName;
    if (first && more.length === 0) return first;
    if (first) {
      throw new CodeManagerError('conflict', `${ref} is the name of several machines`, {
        hint: `Name a context on the one that is meant, or ${byName.flatMap(({ id }) => (id === 'local' ? [] : [id])).join(' or ')}.`,
      });
    }
    try {
      return this.of(resolveRef(contexts, ref, 'machine').machine);
    } catch (error) {
      if (!(error instanceof CodeManagerError) || error.code !== 'notFound') throw error;
      const names = shown.map(({ info }) => info.host).join(', ');
      throw new CodeManagerError('notFound', error.message, { hint: `Known are ${names}.` });
    }
  }

  /**
   * The service of a machine, made when there is none: until a context is on it nobody is told of it.
   *
   * @param token for an agent server whose token is not kept
   * @throws CodeManagerError `invalid` for kinds that this version does not know
   */
  of(spec: MachineSpec, token?: string): MachineService {
    const id = machineId(spec);
    const known = this.#entries.get(id);
    if (known) {
      if (known.passing) this.#pass(id, known);
      return known.service;
    }
    const service = spec === 'local' ? undefined : this.#options.create(id, spec, token);
    if (spec === 'local' || service === undefined) {
      throw new CodeManagerError('invalid', 'Machines of this kind are not supported by this version', {
        hint: 'Update Code Manager, or change the context with cm ctx edit.',
      });
    }
    const entry = this.#add(service, spec);
    this.#pass(id, entry);
    return entry.service;
  }

  /** Makes and connects what contexts need, and lets go of what nobody needs. */
  reconcile(contexts: readonly Context[], running: ReadonlyMap<string, FarSpec> = new Map()): void {
    const needed = new Map(running);
    for (const { machine } of contexts) {
      if (machine !== 'local') needed.set(machineId(machine), machine);
    }
    for (const [id, entry] of [...this.#entries]) {
      const spec = needed.get(id);
      if (entry.spec === undefined) continue;
      if (spec === undefined) {
        if (entry.shown && entry.service.busy === 0) {
          this.#remove(id, entry);
          this.#options.onForgotten(id);
        }
      } else if (JSON.stringify(spec) !== JSON.stringify(entry.spec)) {
        // Reached in another way from now on.
        this.#remove(id, entry);
      }
    }
    for (const [id, spec] of needed) {
      const entry = this.#entries.get(id) ?? this.#create(id, spec);
      if (entry === undefined) continue;
      entry.passing?.cancel();
      entry.passing = undefined;
      if (entry.shown) continue;
      entry.shown = true;
      this.#options.onChange({ type: 'machine/changed', machine: entry.service.info });
      for (const session of entry.service.sessions()) this.#options.onChange({ type: 'session/changed', session });
      // Nobody is there to be asked: what needs a person is said by the machine's state.
      entry.service.connect().catch((error: unknown) => this.#options.log.info(`${id}: ${errorText(error)}`));
    }
  }

  /** Lets go of a machine whose sessions another service has now. */
  drop(id: string): void {
    const entry = this.#entries.get(id);
    if (entry?.spec !== undefined) this.#remove(id, entry);
  }

  /** Whether a machine other than this one has a session; not one that is the same host reached in another way. */
  hasElsewhere(id: string, session: string): boolean {
    const host = hostOf(this.spec(id));
    return [...this.#entries.values()].some(
      ({ service, spec }) =>
        service.id !== id &&
        (host === undefined || hostOf(spec) !== host) &&
        service.sessions().some((each) => each.id === session),
    );
  }

  #create(id: string, spec: FarSpec): Entry | undefined {
    const service = this.#options.create(id, spec);
    return service === undefined ? undefined : this.#add(service, spec);
  }

  #add(service: MachineService, spec: FarSpec | undefined): Entry {
    const store = new DisposableStore();
    const entry: Entry = { service, spec, shown: false, passing: undefined, dispose: () => store.dispose() };
    store.add(service);
    store.add(
      service.onDidChange((change) => {
        if (entry.shown) this.#options.onChange(change);
      }),
    );
    this.#entries.set(service.id, entry);
    return entry;
  }

  #pass(id: string, entry: Entry): void {
    entry.passing?.cancel();
    entry.passing = systemClock.after(PASSING_MS, () => this.#remove(id, entry));
  }

  #remove(id: string, entry: Entry): void {
    if (this.#entries.get(id) !== entry) return;
    this.#entries.delete(id);
    entry.passing?.cancel();
    if (entry.shown) {
      const others = new Map(this.all().flatMap((service) => service.sessions().map((each) => [each.id, each])));
      for (const { id: session, name } of entry.service.sessions()) {
        const moved = others.get(session);
        this.#options.onChange(
          moved ? { type: 'session/changed', session: moved } : { type: 'session/removed', id: session, name },
        );
      }
      this.#options.onChange({ type: 'machine/removed', id, name: entry.service.info.host });
    }
    entry.dispose();
  }

  dispose(): void {
    for (const [, entry] of this.#entries) {
      entry.passing?.cancel();
      entry.dispose();
    }
    this.#entries.clear();
  }
}

/** What two ways to one host have in common. */
function hostOf(spec: FarSpec | undefined): string | undefined {
  const known = spec === undefined ? undefined : remoteSpec(spec);
  if (known === undefined || 'url' in known) return undefined;
  const { host, user, port } = known;
  return JSON.stringify([host, user ?? null, port ?? null]);
}
