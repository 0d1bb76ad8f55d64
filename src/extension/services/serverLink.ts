import type { Client } from '../../client/api.js';
import { runOperation, type OperationMethod, type OperationOptions } from '../../client/operation.js';
import { DisposableStore, type Disposable } from '../../common/disposable.js';
import { Emitter } from '../../common/emitter.js';
import type { Machine } from '../../protocol/context.js';
import type { Change } from '../../protocol/events.js';
import type { Snapshot } from '../../protocol/collections.js';
import type { Method, ParamsInput, Result } from '../../protocol/requests.js';
import { NO_POLICY } from '../../protocol/policy.js';
import type { Session } from '../../protocol/session.js';
import type { LinkStatus } from '../../view/serverMessage.js';

export type LinkChange =
  | { readonly type: 'status' }
  /** Everything may be different. */
  | { readonly type: 'reset' }
  | { readonly type: 'change'; readonly change: Change };

/** Makes a client; the one for the picture subscribes to all changes. */
export type ConnectFor = (purpose: 'picture' | 'logs' | 'terminals') => Client;

const EMPTY: Snapshot = { machines: [], contexts: [], sessions: [], policy: NO_POLICY };

/** The window's one connection to the agent server, made when somebody first needs it. */
export class ServerLink implements Disposable {
  readonly #connect: ConnectFor;
  readonly #changes: Emitter<LinkChange>;
  #client: Client | undefined;
  #logClient: Client | undefined;
  #terminalClient: Client | undefined;
  #subscriptions = new DisposableStore();
  #status: LinkStatus = { kind: 'idle' };
  #hasPicture = false;

  constructor(connect: ConnectFor, onError: (error: unknown) => void) {
    this.#connect = connect;
    this.#changes = new Emitter<LinkChange>(onError);
  }

  get onDidChange(): Emitter<LinkChange>['event'] {
    return this.#changes.event;
  }

  get status(): LinkStatus {
    return this.#status;
  }

  /** Whether there is, or was, something to show. */
  get isLoaded(): boolean {
    return this.#hasPicture;
  }

  /** Resolves when there is something to show, or nothing to wait for. */
  async untilKnown(): Promise<void> {
    const isKnown = (): boolean => this.isLoaded || this.status.kind === 'failed';
    if (isKnown()) return;
    await new Promise<void>((resolve) => {
      const subscription = this.onDidChange(() => {
        if (!isKnown()) return;
        subscription.dispose();
        resolve();
      });
    });
  }

  get snapshot(): Snapshot {
    return this.#hasPicture && this.#client !== undefined ? this.#client.snapshot : EMPTY;
  }

  session(id: string): Session | undefined {
    return this.snapshot.sessions.find((session) => session.id === id);
  }

  machine(id: string): Machine | undefined {
    return this.snapshot.machines.find((machine) => machine.id === id);
  }

  /** Starts to connect unless that was done before. */
  open(): Client {
    return this.#client ?? this.#use(this.#connect('picture'));
  }

  /** Connects anew, also after it had been given up. */
  reopen(): void {
    this.#drop();
    this.open();
  }

  /** A connection of its own for logs: a flood of output must not delay the news of a session that needs input. */
  get logClient(): Client {
    return (this.#logClient ??= this.#connect('logs'));
  }

  /** Another one for terminals: what a person types must not wait for a flood of output either. */
  get terminalClient(): Client {
    return (this.#terminalClient ??= this.#connect('terminals'));
  }

  async request<M extends Method>(
    method: M,
    params: ParamsInput<M>,
    options?: { signal?: AbortSignal; timeoutMs?: number },
  ): Promise<Result<M>> {
    return await this.open().request(method, params, options);
  }

  /** As {@link request}, for what takes long, tells how far it is and can be cancelled. */
  async operation<M extends OperationMethod>(
    method: M,
    params: Omit<ParamsInput<M>, 'operation'>,
    options?: OperationOptions,
  ): Promise<Result<M>> {
    return await runOperation(this.open(), method, params, options);
  }

  dispose(): void {
    this.#drop();
    this.#changes.dispose();
  }

  #use(client: Client): Client {
    this.#client = client;
    const subscriptions = new DisposableStore();
    this.#subscriptions = subscriptions;
    subscriptions.add(client.onDidChangeState(() => this.#updateStatus()));
    subscriptions.add(
      client.onDidReset(() => {
        this.#hasPicture = true;
        this.#updateStatus();
        this.#changes.fire({ type: 'reset' });
      }),
    );
    subscriptions.add(client.onDidChange(({ change }) => this.#changes.fire({ type: 'change', change })));
    this.#updateStatus();
    return client;
  }

  #updateStatus(): void {
    const state = this.#client?.state;
    if (state === undefined) this.#status = { kind: 'idle' };
    else if (state.kind === 'connected') this.#status = { kind: this.#hasPicture ? 'ready' : 'loading' };
    else if (state.kind === 'disconnected') {
      this.#status = { kind: this.#hasPicture ? 'interrupted' : 'failed', error: state.error };
    } else if (this.#status.kind !== 'failed' && this.#status.kind !== 'interrupted') {
      // What is wrong stays readable while the next try runs.
      this.#status = { kind: 'loading' };
    }
    this.#changes.fire({ type: 'status' });
  }

  #drop(): void {
    this.#subscriptions.dispose();
    this.#client?.dispose();
    this.#client = undefined;
    this.#logClient?.dispose();
    this.#logClient = undefined;
    this.#terminalClient?.dispose();
    this.#terminalClient = undefined;
    this.#hasPicture = false;
    this.#status = { kind: 'idle' };
  }
}
