import { Emitter } from '../../src/common/emitter.js';
import { toDisposable, type Disposable } from '../../src/common/disposable.js';
import type {
  FileSink,
  LinkState,
  LoginOptions,
  Machine,
  MachineLink,
  ProcessStream,
} from '../../src/core/machine/machine.js';
import { LocalMachine } from '../../src/machines/local/localMachine.js';
import { CodeManagerError } from '../../src/protocol/errors.js';
import type { MachineIdentity } from '../../src/protocol/session.js';

/** This machine with another home, as if it were far away: the way to it can be cut at any call. */
export class PretendHost implements Machine {
  readonly id: string;
  readonly type = 'ssh';
  readonly capabilities = { isOwnHost: false, isFar: true };
  readonly link: MachineLink;
  readonly #local: LocalMachine;
  readonly #changed = new Emitter<LinkState>();
  readonly #cuts = new Set<() => void>();
  #state: LinkState = {
    connection: 'offline',
    since: new Date().toISOString(),
    problem: null,
    node: null,
    lastSeen: null,
    nextTry: null,
  };
  /** What the machine says it is, when it is not this one. */
  pretended: MachineIdentity | undefined;
  /** When it was started; default: as this one. */
  booted: number | undefined;
  /** Called before each call that changes something there; throws to cut the way in the middle. */
  before: ((method: string, path: string) => void) | undefined;
  /** Connecting asks this of a person. */
  password: string | undefined;

  /** @param user HOME there */
  constructor(id: string, user: string) {
    this.id = id;
    this.#local = new LocalMachine({ env: { ...process.env, HOME: user, CM_HOME: undefined }, home: user });
    this.link = {
      get state() {
        return host.#state;
      },
      onDidChange: this.#changed.event,
      connect: async (operation) => {
        if (host.#state.connection === 'connected') return;
        if (host.password !== undefined) {
          const answer = await operation?.asker?.ask(
            { machine: id, kind: 'password', title: `Password of ${id}`, text: '', secret: true, timeoutMs: 60_000 },
            operation.signal,
          );
          if (answer !== host.password) {
            host.#set({ connection: 'signInNeeded' });
            throw new CodeManagerError('unauthorized', `${id} did not let you in`);
          }
        }
        host.up();
        return Promise.resolve();
      },
      disconnect: async () => Promise.resolve(host.cut()),
      test: async (_operation, onCheck) => {
        onCheck({ name: 'connect', status: 'ok', detail: id, fix: null, ms: 1, code: null });
        host.up();
        return Promise.resolve(true);
      },
    };
    // eslint-disable-next-line @typescript-eslint/no-this-alias -- the link's getters speak of the host
    const host = this;
  }

  get isUp(): boolean {
    return this.#state.connection === 'connected';
  }

  #set(changes: Partial<LinkState>): void {
    const lastSeen = this.isUp ? new Date().toISOString() : this.#state.lastSeen;
    this.#state = { ...this.#state, since: new Date().toISOString(), lastSeen, ...changes };
    this.#changed.fire(this.#state);
  }

  up(): void {
    if (!this.isUp) this.#set({ connection: 'connected', lastSeen: null });
  }

  cut(): void {
    if (!this.isUp) return;
    this.#set({ connection: 'offline' });
    for (const cut of [...this.#cuts]) cut();
  }

  #there(method: string, path = ''): LocalMachine {
    this.before?.(method, path);
    if (!this.isUp) throw new CodeManagerError('unavailable', `${this.id} cannot be reached`);
    return this.#local;
  }

  /** An answer that is on its way when the way is cut does not arrive. */
  async #answer<T>(promise: Promise<T>): Promise<T> {
    const result = await promise;
    if (!this.isUp) throw new CodeManagerError('unavailable', `${this.id} cannot be reached`);
    return result;
  }

  async identity(): ReturnType<Machine['identity']> {
    const identity = await this.#answer(this.#there('identity').identity());
    return this.pretended ?? identity;
  }
  async bootTime(): Promise<number | undefined> {
    return this.booted ?? (await this.#answer(this.#there('bootTime').bootTime()));
  }
  async place(): ReturnType<Machine['place']> {
    return this.#answer(this.#there('place').place());
  }
  async now(): Promise<number> {
    return this.#answer(this.#there('now').now());
  }
  knownLogin(options: LoginOptions): ReturnType<Machine['knownLogin']> {
    return this.#there('knownLogin').knownLogin(options);
  }

  async loginEnvironment(options?: LoginOptions): ReturnType<Machine['loginEnvironment']> {
    return this.#answer(this.#there('loginEnvironment').loginEnvironment(options));
  }
  async run(...[command, options]: Parameters<Machine['run']>): ReturnType<Machine['run']> {
    return this.#answer(this.#there('run', command.join(' ')).run(command, options));
  }
  open(...[command, options]: Parameters<Machine['open']>): ProcessStream {
    if (!this.isUp) return this.#local.open(['false']);
    const stream = this.#there('open').open(command, options);
    const cut = (): void => stream.dispose();
    this.#cuts.add(cut);
    stream.onExit(() => this.#cuts.delete(cut));
    return stream;
  }
  async openTerminal(...args: Parameters<Machine['openTerminal']>): ReturnType<Machine['openTerminal']> {
    return this.#answer(this.#there('openTerminal').openTerminal(...args));
  }
  async findProgram(name: string, path: string): Promise<string | undefined> {
    return this.#answer(this.#there('findProgram').findProgram(name, path));
  }
  resolvePath(path: string): string {
    return this.#local.resolvePath(path);
  }
  async stat(path: string): ReturnType<Machine['stat']> {
    return this.#answer(this.#there('stat', path).stat(path));
  }
  async readFile(path: string, from?: number, length?: number): Promise<Uint8Array> {
    return this.#answer(this.#there('readFile', path).readFile(path, from, length));
  }
  followFile(path: string, from: number, sink: FileSink): Disposable {
    if (!this.isUp) {
      let wanted = true;
      queueMicrotask(() => {
        if (wanted) sink.fail(new CodeManagerError('unavailable', 'cut'));
      });
      return toDisposable(() => {
        wanted = false;
      });
    }
    const follow = this.#local.followFile(path, from, sink);
    const cut = (): void => {
      end.dispose();
      sink.fail(new CodeManagerError('unavailable', 'cut'));
    };
    const end = toDisposable(() => {
      this.#cuts.delete(cut);
      follow.dispose();
    });
    this.#cuts.add(cut);
    return end;
  }
  async append(path: string, data: string): Promise<void> {
    return this.#answer(this.#there('append', path).append(path, data));
  }
  async rename(from: string, to: string): Promise<boolean> {
    return this.#answer(this.#there('rename', from).rename(from, to));
  }
  async freeSpace(folder: string): ReturnType<Machine['freeSpace']> {
    return this.#answer(this.#there('freeSpace').freeSpace(folder));
  }
  async writeFile(path: string, data: string | Uint8Array): Promise<void> {
    return this.#answer(this.#there('writeFile', path).writeFile(path, data));
  }
  async makeDirectory(path: string): Promise<void> {
    return this.#answer(this.#there('makeDirectory', path).makeDirectory(path));
  }
  async list(directory: string): Promise<readonly string[]> {
    return this.#answer(this.#there('list', directory).list(directory));
  }
  async remove(path: string): Promise<void> {
    return this.#answer(this.#there('remove', path).remove(path));
  }
  watch(...[directory, listener, onLost]: Parameters<Machine['watch']>): Disposable {
    const watch = this.#local.watch(directory, listener, onLost);
    const cut = (): void => {
      end.dispose();
      onLost(new CodeManagerError('unavailable', 'cut'));
    };
    const end = toDisposable(() => {
      this.#cuts.delete(cut);
      watch.dispose();
    });
    this.#cuts.add(cut);
    return end;
  }
  async releaseHead(path: string, offset: number): Promise<boolean> {
    return this.#answer(this.#there('releaseHead', path).releaseHead(path, offset));
  }
  async signalGroup(leader: number, signal: NodeJS.Signals): Promise<boolean> {
    return this.#answer(this.#there('signalGroup').signalGroup(leader, signal));
  }
  async stopped(launchers: readonly number[]): Promise<ReadonlySet<number>> {
    return this.#answer(this.#there('stopped').stopped(launchers));
  }
  async killTree(...args: Parameters<Machine['killTree']>): Promise<number> {
    return this.#answer(this.#there('killTree').killTree(...args));
  }
  async processesOf(...args: Parameters<Machine['processesOf']>): ReturnType<Machine['processesOf']> {
    return this.#answer(this.#there('processesOf').processesOf(...args));
  }
  async openFiles(...args: Parameters<Machine['openFiles']>): ReturnType<Machine['openFiles']> {
    return this.#answer(this.#there('openFiles').openFiles(...args));
  }
}
