import type { Client } from '../../../client/api.js';
import type { Disposable } from '../../../common/disposable.js';
import type { LogPosition, LogSink, LogSubscription } from '../../../core/machine/machineService.js';
import { AgentLog } from './agentLog.js';
import { isChannelRefused } from './agentStates.js';

const KEEP_CLIENT_MS = 2_000;

export interface AgentLogsOptions {
  /** The client that knows the picture; its end is followed by another one. */
  readonly main: () => Client | undefined;
  /** A further connection, which comes back by itself while the main one stands. */
  readonly create: () => Client;
}

/**
 * All logs of one agent server that are followed: over a connection of their own, so that a flood of bytes never delays
 * what the main one tells; over that one where the host allows no second.
 */
export class AgentLogs implements Disposable {
  readonly #options: AgentLogsOptions;
  readonly #logs = new Set<AgentLog>();
  #client: Client | undefined;
  #isSingle = false;

  constructor(options: AgentLogsOptions) {
    this.#options = options;
  }

  /** The host allows no second connection. */
  get isSingle(): boolean {
    return this.#isSingle;
  }

  async subscribe(session: string, from: LogPosition, sink: LogSink): Promise<LogSubscription> {
    const log = new AgentLog(
      () => this.#source(),
      session,
      from,
      sink,
      () => this.#onDone(log),
    );
    this.#logs.add(log);
    return log.open();
  }

  /** The main client is about to be replaced; {@link mainReplaced} follows. */
  mainGoes(): void {
    if (this.#isSingle) for (const log of this.#logs) log.suspend();
  }

  mainReplaced(): void {
    if (this.#isSingle) for (const log of this.#logs) log.restart();
  }

  /** The main client is connected. */
  connected(): void {
    if (this.#isSingle) return;
    // The one before may wait long for its next try, or for an answer by the way that is gone.
    this.disconnect();
    for (const log of this.#logs) log.restart();
  }

  /** Until the main client is connected again. */
  disconnect(): void {
    for (const log of this.#logs) log.suspend();
    this.#client?.dispose();
    this.#client = undefined;
  }

  dispose(): void {
    this.disconnect();
    for (const log of [...this.#logs]) log.dispose();
  }

  #source(): Client {
    const main = this.#options.main();
    if (this.#isSingle && main !== undefined) return main;
    this.#client ??= this.#open();
    return this.#client;
  }

  #open(): Client {
    const client = this.#options.create();
    client.onDidChangeState((state) => {
      if (this.#client !== client || state.kind !== 'disconnected' || !isChannelRefused(state.error)) return;
      this.#isSingle = true;
      this.#client = undefined;
      for (const log of [...this.#logs]) log.restart();
      client.dispose();
    });
    return client;
  }

  #onDone(log: AgentLog): void {
    this.#logs.delete(log);
    if (this.#logs.size > 0) return;
    // Later, since the next one mostly follows at once.
    const client = this.#client;
    setTimeout(() => {
      if (this.#logs.size > 0 || this.#client !== client) return;
      client?.dispose();
      this.#client = undefined;
    }, KEEP_CLIENT_MS).unref();
  }
}
